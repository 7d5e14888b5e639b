import { plain } from './log-line.ts';

/** Text from outside as code: nothing in it is markup, a link, a mention or a reference. */
export function code(text: string): string {
  const shown = text.length > 300 ? `${text.slice(0, 299)}…` : text;
  const quiet = plain(shown.toWellFormed()).replaceAll('`', '´');
  return `\`${quiet === '' ? ' ' : quiet}\``;
}

/** The first line that says something, cut to 120 characters. */
export function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((item) => item.trim())
    .find((item) => item !== '');
  return line === undefined ? '' : line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
