import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  visit,
} from 'yaml';
import { readYaml, type YamlFault, yamlData } from '../yaml.ts';

// A workflow's file is read here by one parser and run by another one (of Go), so what both could read differently must not
// be believed. `doubt` says so; everything else of the file can still be used.

/** What a file of YAML holds, or why it cannot be read. */
export type PlainYaml =
  | { kind: 'unreadable'; why: string }
  | {
      kind: 'read';
      data: unknown;
      text: string;
      /** Why another parser could read something else, as a clause; undefined where every parser reads the same. */
      doubt: string | undefined;
    };

/** No workflow that people write comes near these. */
const largest = 256 * 1024;
const bounds = { pieces: 30_000, depth: 48 };

/** Reads a file that is run by others. Throws nothing. */
export function readPlainYaml(bytes: Uint8Array): PlainYaml {
  const unreadable = (why: string): PlainYaml => ({ kind: 'unreadable', why });
  if (bytes.length > largest)
    return unreadable(`it is ${bytes.length} bytes long; at most ${largest} are read`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return unreadable('it is no UTF-8');
  }
  const placed = ({ offset, message }: YamlFault): PlainYaml =>
    unreadable(`line ${text.slice(0, offset).split('\n').length}: ${message}`);
  const read = readYaml(text, bounds);
  if (read.kind === 'too-much') return placed(read.fault);
  if (read.kind === 'faulty') return placed(read.faults[0]);
  const { document } = read;
  const content = document === undefined ? { data: null } : yamlData(document, text);
  if (!('data' in content)) return placed(content);
  return { kind: 'read', data: content.data, text, doubt: doubtOf(document, text) };
}

function doubtOf(document: Document.Parsed | undefined, text: string): string | undefined {
  // Go's parsers end a line at each of these, this one does not: what stands behind one in a comment is a key to them.
  if (/[\u0085\u2028\u2029]|\r(?!\n)/.test(text)) return 'it has line ends of an unusual kind';
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/.test(text))
    return 'it has control characters';
  if (/^%/m.test(text)) return 'it has directives for its parser';
  if (document === undefined) return undefined;
  if (/^ *\t|^ *(?:[-?:] *)+\t/m.test(withoutBlocks(document, text))) return 'it is indented with tabs';
  return doubtOfNode(document.contents, { text, isFlow: false });
}

/** A text but its block scalars: a script in one may be indented as its author likes. */
function withoutBlocks(document: Document.Parsed, text: string): string {
  const pieces: string[] = [];
  let end = 0;
  visit(document, {
    Scalar(_, { type, range }) {
      if (range == null || (type !== 'BLOCK_LITERAL' && type !== 'BLOCK_FOLDED')) return;
      pieces.push(text.slice(end, range[0]), '\n');
      end = range[1];
    },
  });
  return [...pieces, text.slice(end)].join('');
}

/** A key that means the same everywhere: no merge, no number with two spellings, nothing that spans lines. */
const plainKey =
  /^(?:[A-Za-z_][A-Za-z0-9_ ./-]*|"[A-Za-z0-9_][A-Za-z0-9_ ./-]*"|'[A-Za-z0-9_][A-Za-z0-9_ ./-]*')$/;

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

function firstDoubt<T>(items: T[], doubtOfItem: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const doubt = doubtOfItem(item);
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
