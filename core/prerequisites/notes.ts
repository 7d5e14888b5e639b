// What an item of a prerequisite tree says of issues: `(#12 — closed)`, `(#770 — backlog, depends on #769)`,
// `blocked-on-vault (vault/pending/x.md)`. Everything has its place in the text, so that what is changed is changed where it
// stands, and every other byte is left. Pure.

/** From the first character to before the last, in the whole document. */
export interface Span {
  start: number;
  end: number;
}

/** One word of a note, or several that go together. */
export type Word = Span & { text: string } & (
    | { kind: 'text' }
    /** `depends on #769+#770`: each number with its place; a range is one place with several numbers. */
    | { kind: 'depends'; refs: Ref[] }
  );

/** Numbers at one place: one, or a range such as `#73-#77`. */
export interface Ref extends Span {
  numbers: number[];
}

/** Numbers, and what is said of them: `#425, #688 — closed`. */
export interface Clause {
  refs: Ref[];
  /** Empty where only the numbers stand. */
  words: Word[];
}

/** What is said of a request to a person: `blocked-on-vault (vault/pending/x.md)`. */
export interface VaultBlock extends Span {
  /** `null` where none is named. */
  path: string | null;
}

export interface Notes {
  clauses: Clause[];
  /** `depends on #12` outside of a note; `isTail` at the end of the item, where it can be taken away. */
  depends: { span: Span; refs: Ref[]; isTail: boolean }[];
  vault: VaultBlock[];
  /** What looks like a note and is none, as sentences. */
  faults: string[];
}

/** More numbers than these are in no range that a person means. */
const mostInRange = 200;

const number = String.raw`#\d{1,9}(?!\d)`;
/** One number, or a range. */
const place = String.raw`${number}(?:-#?\d{1,9}(?!\d)|\s?–\s?${number})?`;
const joined = String.raw`\s*(?:\+|&|\/|\band\b)\s*`;
const list = `${place}(?:${joined}${place})*`;
const listWithCommas = String.raw`${place}(?:(?:${joined}|\s*,\s*(?:and\s+)?)${place}(?!\s*(?:[—–:]|-)))*`;

const dependsHere = new RegExp(String.raw`(?:depends on|blocked by|blocked on)\s+${listWithCommas}`, 'iy');
const subjectHere = new RegExp(String.raw`(PR\s+)?${list}`, 'iy');
const dashHere = /\s*(?:[—–]|:(?=\s)|(?<=\s)-{1,2}(?=\s))\s*|\s+(?=[\p{L}])/uy;
const wordHere = /[^,;+]+/y;
const between = /[\s,;+]*/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The numbers in a stretch of text, each with its place; `undefined` where a range is no range. */
export function refsIn(text: string, offset: number): Ref[] | undefined {
  const found: Ref[] = [];
  for (const match of text.matchAll(new RegExp(place, 'g'))) {
    const [first = 0, last = first] = [...match[0].matchAll(/\d+/g)].map(([digits]) => Number(digits));
    if (last < first || last - first >= mostInRange || first === 0) return undefined;
    found.push({
      start: offset + match.index,
      end: offset + match.index + match[0].length,
      numbers: Array.from({ length: last - first + 1 }, (_, index) => first + index),
    });
  }
  return found;
}

/** Stands for a character of code, and for one of what was read already; both are of no language. */
const [hidden, read] = ['\ue000', '\ue001'];

/** The text with everything that is code, a comment or the target of a link blanked out: nothing in it is a note. */
function withoutCode(text: string): string {
  // No blank: what is taken away with the blanks before it would take this along.
  const blank = (found: string): string => hidden.repeat(found.length);
  return text
    .replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, blank)
    .replace(/<!--[\s\S]*?(?:-->|$)/g, blank)
    .replace(/(?<=\])\([^)]*\)/g, blank);
}

/** Everything that an item's text says of issues and requests; `offset` is where the text begins in the document. */
export function notesIn(item: string, offset: number): Notes {
  const text = withoutCode(item);
  const notes: Notes = { clauses: [], depends: [], vault: [], faults: [] };
  let rest = text;
  const taken = (start: number, end: number): void => {
    rest = rest.slice(0, start) + read.repeat(end - start) + rest.slice(end);
  };

  for (const match of text.matchAll(/((?<!\s)\s*)\bblocked-on-vault\b(?:\s*\(([^()]*)\))?/gi)) {
    const [all, , path] = match;
    const start = match.index;
    notes.vault.push({ start: offset + start, end: offset + start + all.length, path: path?.trim() ?? null });
    taken(start, start + all.length);
  }

  for (const match of rest.matchAll(/\((?=\s*(?:PR\s+)?#\d)[^()]*\)/gi)) {
    const start = match.index + 1;
    const inner = match[0].slice(1, -1);
    const clauses = clausesIn(inner, offset + start);
    if (clauses === undefined) notes.faults.push(`${match[0]} names numbers that are none`);
    else notes.clauses.push(...clauses);
    taken(match.index, match.index + match[0].length);
  }

  for (const match of rest.matchAll(
    new RegExp(
      String.raw`(?:[,;]\s*|(?<![\s,;])\s*)\(?(?:depends on|blocked by|blocked on)\s+(${listWithCommas})\)?`,
      'gi',
    ),
  )) {
    const [all, refs = ''] = match;
    const start = match.index;
    const found = refsIn(refs, offset + start + all.lastIndexOf(refs));
    if (found !== undefined)
      notes.depends.push({
        span: { start: offset + start, end: offset + start + all.length },
        refs: found,
        isTail:
          rest
            .slice(start + all.length)
            .replaceAll(read, '')
            .trim() === '',
      });
    taken(start, start + all.length);
  }

  // A number that leads or ends the item is its own as well; any other is part of a sentence.
  if (notes.clauses.length === 0) {
    const alone =
      new RegExp(String.raw`^\s*((?:PR\s+)?${list})(?=$|\s|:)`, 'i').exec(rest) ??
      new RegExp(String.raw`(?:^|\s)((?:PR\s+)?${list})[\s${read}]*$`, 'i').exec(rest);
    if (alone !== null) {
      const [all, refs = ''] = alone;
      const start = alone.index + all.indexOf(refs);
      const found = refsIn(refs, offset + start);
      if (found !== undefined) notes.clauses.push({ refs: found, words: [] });
      taken(start, start + refs.length);
    }
  }
  if (notes.clauses.length === 0 && /(?<![\w/])#\d/.test(rest))
    notes.faults.push(
      'a number stands inside a sentence: whether it is the one of this item nobody can tell',
    );
  if (/[\w.-]+\/[\w.-]+#\d/.test(item)) notes.faults.push('a number of another repository is not followed');
  return notes;
}

/** The clauses of a note, or undefined where a number of it is none. */
function clausesIn(inner: string, offset: number): Clause[] | undefined {
  const clauses: Clause[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(between, inner, at)?.[0].length ?? 0;
    if (at >= inner.length) return clauses;
    const last = clauses.at(-1);
    const depends = last === undefined ? null : matchAt(dependsHere, inner, at);
    if (depends !== null && last !== undefined) {
      const [text] = depends;
      const refs = refsIn(text, offset + at);
      if (refs === undefined) return undefined;
      last.words.push({ kind: 'depends', text, refs, start: offset + at, end: offset + at + text.length });
      at += text.length;
      continue;
    }
    const subject = matchAt(subjectHere, inner, at);
    // A pull request that is named behind an issue tells how that was done, and is no item of its own.
    if (subject !== null && (last === undefined || subject[1] === undefined)) {
      const [text] = subject;
      const refs = refsIn(text, offset + at);
      if (refs === undefined) return undefined;
      // `#425, #688 — closed`: what is said of the last is said of all.
      if (last !== undefined && last.words.length === 0) last.refs.push(...refs);
      else clauses.push({ refs, words: [] });
      at += text.length;
      at += matchAt(dashHere, inner, at)?.[0].length ?? 0;
      continue;
    }
    const [word = ''] = matchAt(wordHere, inner, at) ?? [];
    const text = word.trimEnd();
    last?.words.push({ kind: 'text', text, start: offset + at, end: offset + at + text.length });
    at += Math.max(word.length, 1);
  }
}
