import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type Scalar } from 'yaml';

// A workflow's file is read here by one parser and run by another one (of Go), so what both could read differently must not
// be believed. `doubt` says so; everything else of the file can still be used.

/** What a file of YAML holds, or why it cannot be read. */
export type PlainYaml =
  | { kind: 'unreadable'; why: string }
  | {
      kind: 'read';
      document: unknown;
      text: string;
      /** Why another parser could read something else, as a clause; undefined where every parser reads the same. */
      doubt: string | undefined;
    };

/** No workflow that people read before they approve it comes near this. */
const largest = 256 * 1024;
/** Nor these: folders of keys inside each other, and brackets that are not closed yet. */
const deepest = 64;

export function readPlainYaml(bytes: Uint8Array): PlainYaml {
  const unreadable = (why: string): PlainYaml => ({ kind: 'unreadable', why });
  if (bytes.length > largest)
    return unreadable(`is ${bytes.length} bytes long; at most ${largest} are read`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return unreadable('cannot be read as YAML');
  }
  if (isTooDeep(text)) return unreadable('nests too deep to be read');
  try {
    // Whether a key stands twice is looked for below: this parser takes time by the square of the keys for it.
    const parsed = parseDocument(text, { uniqueKeys: false });
    if (parsed.errors.length > 0 || hasTwins(parsed.contents)) return unreadable('cannot be read as YAML');
    const document: unknown = parsed.toJS({ maxAliasCount: 50 });
    const doubt =
      doubtOfText(text) ??
      (parsed.warnings.length > 0 ? 'it has tags' : doubtOfNode(parsed.contents, { text, isFlow: false }));
    return { kind: 'read', document, text, doubt };
  } catch {
    return unreadable('cannot be read as YAML');
  }
}

function hasTwins(node: unknown): boolean {
  if (isSeq(node)) return node.items.some(hasTwins);
  if (!isMap(node)) return false;
  const seen = new Set<unknown>();
  return node.items.some(({ key, value }) => {
    const name = isScalar(key) ? key.value : key;
    const isTwin = seen.has(name);
    seen.add(name);
    return isTwin || hasTwins(key) || hasTwins(value);
  });
}

/**
 * Whether a text could nest so deep that a parser takes very long for it or runs out of stack; told in time proportional to its
 * length, before any parser sees it. Rather too often: what looks like nesting inside a script counts as well.
 */
function isTooDeep(text: string): boolean {
  const indents: number[] = [];
  let open = 0;
  for (const line of text.split('\n')) {
    const lead = /^[ \t]*(?:[-?:][ \t]+)*/.exec(line)?.[0] ?? '';
    if (lead.length === line.trimEnd().length && !/[-?:]/.test(lead)) continue;
    if ((lead.match(/[-?:]/g) ?? []).length > deepest) return true;
    while ((indents.at(-1) ?? -1) >= lead.length) indents.pop();
    indents.push(lead.length);
    if (indents.length > deepest) return true;
    for (const character of line)
      if (character === '[' || character === '{') open += 1;
      else if ((character === ']' || character === '}') && open > 0) open -= 1;
    if (open > deepest) return true;
  }
  return false;
}

function doubtOfText(text: string): string | undefined {
  // Go's parsers end a line at each of these, this one does not: what stands behind one in a comment is a key to them.
  if (/[\u0085\u2028\u2029]|\r(?!\n)/.test(text)) return 'it has line ends of an unusual kind';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/.test(text))
    return 'it has control characters';
  if (/^ *\t/m.test(text) || /^[ ]*(?:[-?:] *)+\t/m.test(text)) return 'it is indented with tabs';
  if (/^%/m.test(text)) return 'it has directives for its parser';
  return undefined;
}

/** A key that means the same everywhere: no merge, no number with two spellings, nothing that spans lines. */
const plainKey = /^(?:[A-Za-z0-9_][A-Za-z0-9_ ./-]*|"[A-Za-z0-9_][A-Za-z0-9_ ./-]*"|'[A-Za-z0-9_][A-Za-z0-9_ ./-]*')$/;

interface Place {
  text: string;
  /** Whether it stands in brackets, where characters mean more. */
  isFlow: boolean;
}

function doubtOfNode(node: unknown, place: Place): string | undefined {
  if (node === null || node === undefined || isAlias(node)) return undefined;
  if (tagOf(node) !== undefined) return 'it has tags';
  if (isScalar(node)) return doubtOfScalar(node, place);
  const inside = (flow: boolean | undefined): Place => ({ ...place, isFlow: place.isFlow || flow === true });
  if (isSeq(node)) return firstDoubt(node.items, (item) => doubtOfNode(item, inside(node.flow)));
  if (isMap(node)) return firstDoubt(node.items, (item) => doubtOfPair(item, inside(node.flow)));
  return 'it has something that is no text, list or map';
}

function tagOf(node: unknown): string | undefined {
  return (node as Node & { tag?: string }).tag;
}

function firstDoubt<T>(items: T[], doubtOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const doubt = doubtOf(item);
    if (doubt !== undefined) return doubt;
  }
  return undefined;
}

/** A scalar as it is written, quotes and all. */
function writtenAs({ range }: Scalar, text: string): string {
  return range == null ? '' : text.slice(range[0], range[1]);
}

function doubtOfPair({ key, value }: Pair, place: Place): string | undefined {
  const written = isScalar(key) ? writtenAs(key as Scalar, place.text) : '';
  if (written === '<<') return 'it merges maps with `<<`';
  if (!isScalar(key) || tagOf(key) !== undefined || key.anchor !== undefined || !plainKey.test(written))
    return 'it has a key that is no plain word';
  // `{a:1}` is a key with a value to some, and one long word to others.
  if (place.isFlow && (value === null || (isScalar(value) && writtenAs(value as Scalar, place.text) === '')))
    return 'it has a key without a value in brackets';
  return doubtOfNode(value, place);
}

function doubtOfScalar(node: Scalar, { text, isFlow }: Place): string | undefined {
  const written = writtenAs(node, text);
  if (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED')
    return /^[|>][+-]?[1-9]/.test(written) ? 'it says itself how far a text is indented' : undefined;
  if (written.includes('\n')) return 'it has a text over several lines that is not marked with `|` or `>`';
  if (node.type === 'PLAIN' && isFlow && /[?#&*!|>%@`"']|:(?=$|[,[\]{}])/.test(written))
    return 'it has a text in brackets that needs quotes';
  return undefined;
}
