import { Composer, CST, type Document, isScalar, Lexer, Parser, visit } from 'yaml';

// YAML from outside, read in bounded time. The parser takes any text and goes on after every fault, which costs it far more
// than in proportion where things stand inside each other, where very many of one kind stand in a row, and for each fault it
// makes an error with a stack. So its own lexer, which goes over the text once, counts first: what is deeper, or has more
// pieces, than any document that people are asked to read is refused before it is parsed, and of the faults only the first
// are kept. `npm run fuzz` holds all of this to time in proportion to the text.

/** How much a document may hold. The text of block scalars (`body: |`) is one piece, however long it is. */
export interface YamlBounds {
  /** Names, values, signs, blanks and line ends. */
  pieces: number;
  /** Lists, maps and what stands in them, counted by their columns: a value three columns right of its key is three deep. */
  depth: number;
}

/** Something that the text cannot be read for, at a place in it. */
export interface YamlFault {
  offset: number;
  message: string;
}

/** A comment outside of every text: `#` and what stands behind it on its line. */
export interface YamlComment {
  offset: number;
  text: string;
}

export type YamlText =
  /** It was not parsed. */
  | { kind: 'too-much'; fault: YamlFault }
  | { kind: 'faulty'; faults: [YamlFault, ...YamlFault[]]; comments: YamlComment[] }
  /** `document` is undefined where the text says nothing. */
  | { kind: 'read'; document: Document.Parsed | undefined; comments: YamlComment[] };

/** Aliases may repeat a text, but not blow a small document up. */
const mostAliases = 50;
const secondDocument = 'a second YAML document ("---"): there is to be one';
/** Beyond these, faults are the same one again. */
const mostFaults = 200;

/** Without `logLevel` Node would print a warning for a list that is somebody's name for a value. */
const options = { version: '1.2', uniqueKeys: false, merge: false, logLevel: 'error' } as const;

/** Reads one YAML 1.2 document. Throws nothing. */
export function readYaml(text: string, bounds: YamlBounds): YamlText {
  const counted = count(text, bounds);
  if ('fault' in counted) return { kind: 'too-much', ...counted };
  const { comments } = counted;
  const faults: YamlFault[] = [];
  const take = (offset: number, message: string): void => {
    if (faults.length < mostFaults) faults.push({ offset, message: firstLineOf(message) });
  };
  const tokens: CST.Token[] = [];
  for (const token of new Parser().parse(text)) {
    if (token.type === 'error') take(token.offset, `not YAML 1.2: ${token.message}`);
    else tokens.push(token);
  }
  const second = tokens.filter(({ type }) => type === 'document')[1];
  if (second !== undefined)
    return { kind: 'faulty', comments, faults: [{ offset: second.offset, message: secondDocument }] };
  const composer = new Composer(options);
  // The composer's own way to take faults down makes an error with a stack for each.
  Object.assign(composer, {
    onError: (source: ErrorSource, _code: string, message: string) =>
      take(offsetOf(source), `not YAML 1.2: ${message}`),
  });
  const [document] = [...composer.compose(tokens)];
  if (document !== undefined) reportDoubleKeys(document, take);
  const [first, ...others] = faults;
  return first === undefined
    ? { kind: 'read', comments, document }
    : { kind: 'faulty', comments, faults: [first, ...others] };
}

/** The document's content as plain data; a fault where aliases repeat too much of it. */
export function yamlData(document: Document.Parsed, text: string): { data: unknown } | YamlFault {
  const offset = document.contents?.range?.[0] ?? 0;
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    return {
      offset,
      message: `the aliases cannot be followed (${error instanceof Error ? error.message : String(error)}): write the text out`,
    };
  }
  return isWithin(data, { things: 100_000, characters: Math.max(256 * 1024, 4 * text.length) })
    ? { data }
    : { offset, message: 'the aliases repeat very much: write the text out' };
}

/** Whether data is no larger than it should be when everything that aliases repeat is counted as often as it is there. */
function isWithin(data: unknown, left: { things: number; characters: number }): boolean {
  left.things -= 1;
  if (typeof data === 'string') left.characters -= data.length;
  if (left.things < 0 || left.characters < 0) return false;
  return (
    typeof data !== 'object' || data === null || Object.values(data).every((item) => isWithin(item, left))
  );
}

// ---------------------------------------------------------------------------------------------------------------
// Counting.

/** Goes over the text once: its comments, and the first thing that is too much. */
function count(text: string, bounds: YamlBounds): { comments: YamlComment[] } | { fault: YamlFault } {
  const comments: YamlComment[] = [];
  /** Columns at which something began that has not ended. */
  const open: number[] = [];
  let flow = 0;
  let pieces = 0;
  let aliases = 0;
  let documents = 0;
  let offset = 0;
  let lineStart = 0;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    // These three stand for no text.
    if (!isScalar && (lexeme === CST.DOCUMENT || lexeme === CST.FLOW_END || lexeme === CST.SCALAR)) {
      isScalar = lexeme === CST.SCALAR;
      if (lexeme === CST.FLOW_END) flow = 0;
      continue;
    }
    const type = isScalar ? 'scalar' : CST.tokenType(lexeme);
    isScalar = false;
    pieces += 1;
    if (type === 'comment') comments.push({ offset, text: lexeme });
    else if (type === 'flow-map-start' || type === 'flow-seq-start') flow += 1;
    else if (type === 'flow-map-end' || type === 'flow-seq-end') flow = Math.max(0, flow - 1);
    else if (type === 'alias') aliases += 1;
    else if (type === 'doc-start' || type === 'doc-end') {
      documents += 1;
      open.length = 0;
    } else if (type !== 'newline' && type !== 'space' && flow === 0) {
      const column = offset - lineStart;
      while ((open.at(-1) ?? -1) > column) open.pop();
      if (open.at(-1) !== column) open.push(column);
    }
    const message =
      pieces > bounds.pieces
        ? `more than ${bounds.pieces} pieces, block texts not counted: make it smaller`
        : open.length + flow > bounds.depth
          ? `things inside each other more than ${bounds.depth} deep: make it flatter`
          : aliases > 4 * mostAliases
            ? 'the aliases cannot be followed (very many): write the text out'
            : // One before it and one behind it is what some write.
              documents > 2
              ? secondDocument
              : undefined;
    if (message !== undefined) return { fault: { offset, message } };
    const lastEnd = lexeme.lastIndexOf('\n');
    if (lastEnd >= 0) lineStart = offset + lastEnd + 1;
    offset += lexeme.length;
  }
  return { comments };
}

// ---------------------------------------------------------------------------------------------------------------
// Faults.

/** Where the composer says that something is wrong. */
type ErrorSource = number | readonly number[] | { offset: number };

function offsetOf(source: ErrorSource): number {
  if (typeof source === 'number') return source;
  return 'offset' in source ? source.offset : (source[0] ?? 0);
}

function firstLineOf(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

/** A name twice in one map. Not left to the composer, which compares each name with all the ones before it. */
function reportDoubleKeys(document: Document.Parsed, take: (offset: number, message: string) => void): void {
  visit(document, {
    Map(_, map) {
      const names = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (names.has(key.value)) take(key.range?.[0] ?? 0, 'not YAML 1.2: Map keys must be unique');
        names.add(key.value);
      }
    },
  });
}
