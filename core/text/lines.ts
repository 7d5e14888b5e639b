/** The first line that says something, cut to 120 characters. */
export function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((item) => item.trim())
    .find((item) => item !== '');
  return line === undefined ? '' : line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
