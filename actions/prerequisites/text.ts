import { createHash } from 'node:crypto';
import { parsePrerequisites } from '../../core/prerequisites/document.ts';
import type { Edit } from '../../core/prerequisites/revise.ts';
import { code, literal } from '../../core/text/inert.ts';
import { quoted } from '../../core/text/log-line.ts';

/** The branch of the pull request; its name is what makes it one. */
export const treeBranch = 'prerequisites/update';

/** Of the commit and the pull request. No number and no name: a forge would make references of them. */
export const message = 'prerequisites: what the forge says';

/** The text with another day behind `Last updated:`. */
export function withDay(text: string, day: string): string {
  const { date } = parsePrerequisites(text);
  return date === null ? text : text.slice(0, date.start) + day + text.slice(date.end);
}

/** The day behind `Last updated:`, or undefined. */
export function dayOf(text: string): string | undefined {
  return parsePrerequisites(text).date?.text;
}

/** Tells a proposal apart from another one, whatever day it was made on. */
export function digestOf(text: string): string {
  return createHash('sha256').update(withDay(text, '0000-00-00')).digest('hex');
}

/** The last line of the pull request's text. */
export function digestLine(text: string): string {
  return `<!-- prerequisites: sha256:${digestOf(text)} -->`;
}

/** How many changes and names a text lists. */
const mostListed = 50;

function listed(lines: string[]): string[] {
  return lines.length <= mostListed
    ? lines
    : [...lines.slice(0, mostListed), `- and ${lines.length - mostListed} more`];
}

/** What is changed, for the log. */
export function editsText(edits: readonly Edit[]): string {
  const shown = edits.slice(0, 20).map(({ line, what }) => `line ${line}: ${what}`);
  return [...shown, ...(edits.length > 20 ? [`and ${edits.length - 20} more`] : [])].join('; ');
}

/** What objectives became free, for the log. */
export function freedText(freed: readonly string[]): string {
  const [only] = freed;
  return freed.length === 1 && only !== undefined
    ? `${quoted(only)} became free.`
    : `${freed.length} objectives became free: ${freed
        .slice(0, 10)
        .map((name) => quoted(name))
        .join(', ')}${freed.length > 10 ? ', …' : ''}.`;
}

/** The text of the pull request. What the document says itself is shown and never meant. */
export function pullBody(
  file: string,
  given: { before: string; after: string; edits: readonly Edit[]; freed: readonly string[] },
): string {
  const lines = given.before.split('\n');
  return [
    `${code(file)} as the forge has it now. Only what follows from the forge is changed; everything that people wrote is left as it is.`,
    '',
    ...listed(
      given.edits.map(
        ({ line, what }) =>
          `- line ${line} (${what}): ${literal((lines[line - 1] ?? '').trim().slice(0, 120))}`,
      ),
    ),
    ...(given.freed.length === 0
      ? []
      : ['', 'Became free:', '', ...listed(given.freed.map((name) => `- ${literal(name)}`))]),
    '',
    digestLine(given.after),
  ].join('\n');
}
