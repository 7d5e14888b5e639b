import { joiner, visible } from './visible.ts';

// Everything that makes some role do something when it stands at the start of a line, as data. Whoever adds a role that listens
// adds its words here; then no text of a model or a stranger can say them through a comment of ours.

/** Words that count at the start of a line, written just like this. */
export const commandWords = ['ACCEPT', 'REJECT', 'PITCH AGAIN', '/crew', '/approve'] as const;

/** What an answer to a numbered question begins with (`A1: ...`), as the source of a pattern whose group is the number. */
export const answerMark = String.raw`A(\d{1,2}):`;

/** The start of a line, with what Markdown puts before text in quotes and lists. */
const lineStart = String.raw`^(?:[ \t>]|[*+-](?=[ \t])|\d{1,9}[.)](?=[ \t]))*`;
const spoken = new RegExp(
  `(${lineStart})(?=(?:${commandWords.join('|')})(?![A-Za-z0-9])|${answerMark})`,
  'gim',
);

/** The text as it looked, no line of which is a command: a word joiner stands before those that would be one. */
export function withoutCommands(text: string): string {
  return text.replace(spoken, `$1${joiner}`);
}

/**
 * The lines of a comment as people see them, to look for commands in. A line that was made harmless before stays harmless when
 * somebody copies it out of a comment of ours: it is empty here.
 */
export function commandLines(comment: string): string[] {
  return comment
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => (line.trimStart().startsWith(joiner) ? '' : visible(line)));
}
