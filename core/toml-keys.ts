import { stringAt } from './toml-1-0.ts';

// The parser of TOML keeps no places. This file finds, in text that the parser took, where its keys stand, in one pass.

/** A key of a document, or the header of a table. */
export interface TomlKey {
  /** From the document's root; a member of an array of tables has its number, from 0. */
  path: string[];
  /** From 1. */
  line: number;
  column: number;
  /** The table that its header puts it into: how the header is written, and its line. Undefined above the first header. */
  table: { header: string; line: number } | undefined;
}

/** Every key and table header of a well-formed document, as they stand in it; not what is inside of values. */
export function tomlKeys(text: string): TomlKey[] {
  const keys: TomlKey[] = [];
  const members = new Map<string, number>();
  let table: TomlKey['table'];
  let prefix: string[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  /** Goes on to a place, counting the lines on the way. */
  const go = (to: number): void => {
    for (let feed = text.indexOf('\n', at); feed >= 0 && feed < to; feed = text.indexOf('\n', lineStart)) {
      line += 1;
      lineStart = feed + 1;
    }
    at = to;
  };
  while (at < text.length) {
    const begins = behind(space, text, at);
    if (begins > at) {
      go(begins);
      continue;
    }
    const sign = text[at];
    if (sign === '#') {
      go(lineEnd(text, at));
      continue;
    }
    const place = { line, column: at - lineStart + 1 };
    if (sign === '[') {
      const isMember = text[at + 1] === '[';
      const key = keyAt(text, at + (isMember ? 2 : 1), ']');
      const end = lineEnd(text, key.end);
      prefix = inside(key.parts, members);
      if (isMember) {
        const name = prefix.join('\n');
        const number = (members.get(name) ?? -1) + 1;
        members.set(name, number);
        prefix = [...prefix, String(number)];
      }
      table = { header: text.slice(at, key.end + (isMember ? 2 : 1)), line };
      keys.push({ path: prefix, ...place, table: undefined });
      go(end);
      continue;
    }
    const key = keyAt(text, at, '=');
    keys.push({ path: [...prefix, ...key.parts], ...place, table });
    go(valueEnd(text, key.end + 1));
  }
  return keys;
}

/** The path of a header: below an array of tables it goes on in the last member. */
function inside(parts: string[], members: ReadonlyMap<string, number>): string[] {
  const path: string[] = [];
  for (const [index, part] of parts.entries()) {
    path.push(part);
    const number = index === parts.length - 1 ? undefined : members.get(path.join('\n'));
    if (number !== undefined) path.push(String(number));
  }
  return path;
}

/** More names than this in one key, or in one header and a key below it, are not taken down: no document has them. */
export const mostNames = 32;

const space = /\s+/y;
const bareName = /[A-Za-z0-9_-]+/y;

/** The place behind what a sticky pattern finds at a place, which is the place itself where it finds nothing. */
function behind(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The names of a dotted key that ends with a sign, and where that sign is. Of very many, one more than are allowed. */
function keyAt(text: string, start: number, last: ']' | '='): { parts: string[]; end: number } {
  const parts: string[] = [];
  let at = start;
  while (at < text.length && text[at] !== last && text[at] !== '\n') {
    const sign = text[at] ?? '';
    if (sign === '"' || sign === "'") {
      const { end } = stringAt(text, at);
      if (parts.length <= mostNames) parts.push(unquoted(text.slice(at, end)));
      at = end;
      continue;
    }
    const end = behind(bareName, text, at);
    if (end > at && parts.length <= mostNames) parts.push(text.slice(at, end));
    at = Math.max(end, at + 1);
  }
  return { parts, end: at };
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    // An escape that JSON has not: the name is shown as it is written.
    return text.slice(1, -1);
  }
}

/** Where the line ends on which a value ends. */
function valueEnd(text: string, start: number): number {
  let open = 0;
  let at = start;
  while (at < text.length) {
    const sign = text[at];
    if (sign === '"' || sign === "'") {
      at = stringAt(text, at).end;
      continue;
    }
    if (sign === '#') {
      at = lineEnd(text, at);
      continue;
    }
    if (sign === '[' || sign === '{') open += 1;
    if (sign === ']' || sign === '}') open -= 1;
    if (sign === '\n' && open <= 0) return at;
    at += 1;
  }
  return at;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
