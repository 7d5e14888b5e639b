import { partsOf } from '../../core/text/headings.ts';

// A request to a person as it stands in `vault/pending/`: what of it is shown. What is missing is left out. Pure.

export interface Pending {
  title: string;
  /** Lines of `## Human action`. */
  action: string[];
  /** Lines of `## Unblocks`. */
  unblocks: string[];
  /** `YYYY-MM-DD` behind `Waiting since`. */
  since: string | null;
}

/** No request that a person reads comes near this. */
const largest = 100_000;
const noSkip = { begin: '\u0000', end: '\u0000' };

export function pendingOf(path: string, whole: string): Pending {
  const text = whole.slice(0, largest);
  const parts = partsOf(text, noSkip);
  const heading = parts.find(({ level, title }) => level === 1 && title.trim() !== '')?.title;
  const linesOf = (name: string): string[] =>
    (parts.find(({ level, title }) => level === 2 && title.trim().toLowerCase() === name)?.text ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const day = /\bWaiting since:? {0,3}\**(\d{4}-\d{2}-\d{2})\b/i.exec(text)?.[1];
  return {
    title: heading ?? path.slice(path.lastIndexOf('/') + 1),
    action: linesOf('human action'),
    unblocks: linesOf('unblocks'),
    since: day !== undefined && !Number.isNaN(Date.parse(day)) ? day : null,
  };
}
