import { type Fence, fenceAfter } from './fences.ts';

/** A heading of a Markdown document, and what stands below it up to the next of level 1 or 2. */
export interface Part {
  level: 1 | 2;
  title: string;
  /** From 1. */
  line: number;
  text: string;
}

/** What stands behind so many lines is one more line, as it is, in which no heading is looked for. */
const mostLines = 10_000;

function upTo(most: number, text: string): string[] {
  const lines = text.split('\n', most + 1);
  if (lines.length <= most) return lines;
  const read = lines.slice(0, most);
  return [...read, text.slice(read.reduce((length, line) => length + line.length + 1, 0))];
}

function isClosing(character: string): boolean {
  return character === '#' || character === ' ' || /\s/.test(character);
}

/** A heading without the marks that may close it. Not by a pattern: one with an end takes quadratic time on a row of marks. */
export function withoutClosing(heading: string): string {
  let end = heading.length;
  while (end > 0 && isClosing(heading[end - 1] ?? '')) end -= 1;
  return heading.slice(0, end);
}

/**
 * The parts of a document by their headings (`#` and `##`), outside code fences and outside what is skipped: everything
 * from a line that is `begin` to the next that is `end`.
 */
export function partsOf(document: string, skip: { begin: string; end: string }): Part[] {
  const parts: Part[] = [];
  let fence: Fence | undefined;
  let isSkipping = false;
  for (const [index, given] of upTo(mostLines, document).entries()) {
    // Line by line: to replace half a million line ends at once takes a text many times as long as to read it.
    const line = given.endsWith('\r') ? given.slice(0, -1) : given;
    const trimmed = line.trimEnd();
    const heading =
      fence === undefined && !isSkipping && index < mostLines && line.startsWith('#')
        ? /^(#{1,2})\s+(.*)$/.exec(trimmed)
        : null;
    if (heading !== null) {
      const title = withoutClosing(heading[2] ?? '');
      parts.push({ level: heading[1] === '#' ? 1 : 2, title, line: index + 1, text: '' });
      continue;
    }
    const last = parts.at(-1);
    if (last !== undefined) last.text += `${line}\n`;
    if (isSkipping) {
      isSkipping = trimmed !== skip.end;
      continue;
    }
    isSkipping = fence === undefined && trimmed === skip.begin;
    fence = fenceAfter(fence, line);
  }
  return parts;
}
