// The parser reads TOML 1.1. Documents that people approve are held to 1.0, so that what a person reads in a review is what
// every parser reads: this file finds, in text that the parser took, what only 1.1 allows. ADR 17 says what cannot be told.

/** Something that only TOML 1.1 allows. Line and column count from 1. */
export interface Newer {
  line: number;
  column: number;
  what: string;
}

/** A time without seconds, and not the end of a longer time. */
const shortTime = /(?<![\d:])\d{2}:\d{2}(?![\d:])/y;

/** The first thing in a well-formed TOML 1.1 document that 1.0 does not allow, or undefined. Takes time in proportion to it. */
export function newerThanToml10(text: string): Newer | undefined {
  const open: ('[' | '{')[] = [];
  /** The last character that is no blank, line end or comment. */
  let last = '';
  let at = 0;
  const found = (index: number, what: string): Newer => {
    const before = text.slice(0, index).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, what };
  };
  while (at < text.length) {
    const sign = text[at] ?? '';
    if (sign === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
      continue;
    }
    if (sign === '\n' && open.at(-1) === '{') return found(at, 'a line break inside an inline table');
    if (sign === '"' || sign === "'") {
      const string = stringAt(text, at);
      if (string.newer !== undefined) return found(string.newer, 'an escape \\e or \\x');
      at = string.end;
      last = sign;
      continue;
    }
    if (sign === '[' || sign === '{') open.push(sign);
    if (sign === '}' && last === ',') return found(at, 'a comma at the end of an inline table');
    if (sign === ']' || sign === '}') open.pop();
    shortTime.lastIndex = at;
    if (shortTime.test(text)) return found(at, 'a time without seconds');
    if (!/\s/.test(sign)) last = sign;
    at += 1;
  }
  return undefined;
}

/** Where a string that begins at a place ends, and where it holds an escape that 1.0 does not know. */
export function stringAt(text: string, start: number): { end: number; newer: number | undefined } {
  const quote = text[start] ?? '';
  const isLong = text.startsWith(quote.repeat(3), start);
  const mark = isLong ? quote.repeat(3) : quote;
  let newer: number | undefined;
  let at = start + mark.length;
  while (at < text.length && !text.startsWith(mark, at)) {
    if (quote === '"' && text[at] === '\\') {
      if (text[at + 1] === 'e' || text[at + 1] === 'x') newer ??= at;
      at += 1;
    }
    at += 1;
  }
  at += mark.length;
  // Up to two quotes may stand directly before the three that end a long string.
  while (isLong && text[at] === quote) at += 1;
  return { end: at, newer };
}
