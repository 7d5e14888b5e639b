import type { Prose } from '../../core/changes/fields.ts';
import type { Entry } from '../../core/sprint/entry.ts';
import { literal } from '../../core/text/inert.ts';

/**
 * The content of a filed issue: the entry's body byte for byte, then, where there are any, the issues it depends on.
 * Digest and marker are added when it is written.
 */
export function contentOf(entry: Entry, needed: (number | { made: string })[]): Prose {
  if (needed.length === 0) return [entry.body];
  const newline = entry.body === '' || entry.body.endsWith('\n') ? '' : '\n';
  return [`${entry.body}${newline}\n## Depends on\n`, ...needed.flatMap((issue) => ['- ', { issue }, '\n'])];
}

/** The same, once all numbers are known. */
export function contentText(entry: Entry, needed: number[]): string {
  return contentOf(entry, needed)
    .map((piece) => (typeof piece === 'string' ? piece : `#${JSON.stringify(piece.issue)}`))
    .join('');
}

/** The numbers that stand in the `## Depends on` list at the end of a content. */
export function listedNumbers(content: string): number[] {
  const start = content.lastIndexOf('\n## Depends on\n');
  if (start < 0) return [];
  return [...content.slice(start).matchAll(/^- #(\d{1,15})$/gm)].map((match) => Number(match[1]));
}

export interface Outcome {
  number: number;
  title: string;
  rejected: boolean;
}

/** The last word on a vision: what was filed for it, and what of that was turned down. */
export function closingComment(outcomes: Outcome[]): string {
  const rejected = outcomes.filter((outcome) => outcome.rejected);
  const done = outcomes.filter((outcome) => !outcome.rejected);
  const list = (items: Outcome[]): string =>
    items.map((item) => `- #${item.number} ${literal(item.title)}`).join('\n');
  const which =
    outcomes.length === 1 ? 'Its declared sub-issue is' : `All ${outcomes.length} declared sub-issues are`;
  const all = `${which} closed, so this vision is closed too. Reopen it if more is to come: it then stays open.`;
  return [
    all,
    ...(done.length === 0 ? [] : [`Done:\n\n${list(done)}`]),
    ...(rejected.length === 0 ? [] : [`Closed without being done:\n\n${list(rejected)}`]),
  ].join('\n\n');
}

/** The word on an issue that a second run filed at the same moment. */
export function duplicateComment(original: number): string {
  return `Duplicate of #${original}: two runs filed this entry at the same moment, and the lower number counts.`;
}

/** `1 entry`, `3 entries`. */
export function countEntries(entries: { length: number }): string {
  return `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`;
}
