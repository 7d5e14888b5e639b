/** A code fence that is open: which mark it is made of, and how many of them. */
export interface Fence {
  mark: string;
  length: number;
}

/**
 * The fence that is open after a line, given the one that was open before it (CommonMark 0.31.2, section 4.5). A line is
 * code, or the beginning or end of it, where a fence was open before the line or is open after it.
 *
 * What it does not know, on purpose, because nothing of ours is looked for there:
 * - list items and block quotes: a fence inside one is no fence here, and the end of one ends no fence;
 * - HTML blocks: marks inside one are a fence here.
 * It need not know indented code: a line with four spaces or a tab before its marks is no fence, whatever else it is.
 */
export function fenceAfter(open: Fence | undefined, line: string): Fence | undefined {
  // Nearly every line there is, and looking for text costs a small part of a pattern.
  if (!line.includes('```') && !line.includes('~~~')) return open;
  // `s`: a line separator of Unicode ends no line of Markdown, and hides no mark behind it.
  const [, marks, rest = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/s.exec(line) ?? [];
  if (marks === undefined) return open;
  const mark = marks.charAt(0);
  if (open !== undefined)
    return mark === open.mark && marks.length >= open.length && /^[ \t]*$/.test(rest) ? undefined : open;
  // Backticks with another backtick behind them are code in a line of text.
  return mark === '`' && rest.includes('`') ? undefined : { mark, length: marks.length };
}
