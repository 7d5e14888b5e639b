import {
  type Document,
  isAlias,
  isCollection,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import * as z from 'zod/mini';
import { documentName } from '../document-name.ts';
import type { Fault } from '../errors.ts';
import { withoutClosing } from '../text/headings.ts';
import { quoted } from '../text/log-line.ts';
import { type Entry, inDependencyOrder, type Sprint } from './entry.ts';
import { markWord } from './marker.ts';

/** What a file turned out to be. A document without a filer block is not ours to judge. */
export type SprintFile =
  | { kind: 'sprint'; sprint: Sprint }
  | { kind: 'no-block'; file: string }
  /** `visions`: every number the document may have meant, so that none of them is closed meanwhile. */
  | { kind: 'faulty'; file: string; faults: Fault[]; visions: number[] };

const begin = '<!-- filer:begin -->';
const end = '<!-- filer:end -->';
/** A line that was meant to be one of them: ignoring it would file nothing, and say nothing. */
const nearMarker = /^ {0,3}<!--\s*\/?\s*filer\b/i;
const largest = 1024 * 1024;
/** The forge cuts a longer title without a word, and counts bytes of UTF-8. */
const longestTitle = 255;
const mostEntries = 500;
/** Aliases may repeat a text, but not blow a small block up. */
const mostAliases = 50;

/**
 * Reads a sprint document: the vision from `## Vision issues`, the entries from the filer block, as YAML 1.2 says.
 * Every fault is reported with line and column; a document with any fault gives no entries.
 */
export function parseSprint(file: string, bytes: Uint8Array): SprintFile {
  const faults: Fault[] = [];
  const fault = (line: number, column: number, message: string): void => {
    faults.push({ file, line, column, message });
  };
  const text = decode(bytes, fault);
  const lines = text.split('\n');
  const isText = faults.length === 0;
  const layout = layOut(lines, fault);
  if (layout.block === undefined && faults.length === 0) return { kind: 'no-block', file };

  const slug = documentName(file);
  if (!markWord.test(slug))
    fault(
      0,
      0,
      'the file name goes into the marker of every issue: use letters, digits, ".", "_" and "-" only, and rename the document',
    );
  const vision =
    layout.block === undefined ? undefined : readVision(layout.visions, layout.block.line, fault);
  const entries =
    layout.block === undefined || !isText
      ? []
      : readBlock(lines.slice(layout.block.line, layout.block.end).join('\n'), layout.block.line, fault);
  if (faults.length > 0 || vision === undefined) {
    const named = layout.visions?.bullets.map(({ number }) => number) ?? [];
    return { kind: 'faulty', file, faults, visions: named.length > 0 ? named : numbersIn(text) };
  }
  return {
    kind: 'sprint',
    sprint: {
      file,
      slug,
      vision: vision.number,
      visionAt: { line: vision.line, column: vision.column },
      entries,
    },
  };
}

type Report = (line: number, column: number, message: string) => void;

/** UTF-8 with LF line ends. What cannot be told apart on a screen, or cannot be stored, is a fault. */
function decode(bytes: Uint8Array, fault: Report): string {
  if (bytes.length > largest)
    fault(0, 0, `the document has ${bytes.length} bytes; at most ${largest} are read`);
  const text = new TextDecoder('utf-8').decode(bytes).replace(/\r\n?/g, '\n');
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const column = line.search(/[\u0000-\u0008\u000b-\u001f\u007f\ufffd]/);
    if (column < 0) continue;
    const code = line.charCodeAt(column);
    fault(
      index + 1,
      column + 1,
      code === 0xfffd
        ? 'not valid UTF-8: save the document as UTF-8'
        : `a control character (U+${code.toString(16).padStart(4, '0').toUpperCase()}): remove it`,
    );
  }
  return text;
}

interface VisionLine {
  number: number;
  line: number;
  column: number;
}

interface Layout {
  /** Lines from 0; `line` is the first inside the block, `end` the line of its end marker. */
  block: { line: number; end: number } | undefined;
  visions: { heading: number; headings: number; bullets: VisionLine[] } | undefined;
}

/**
 * Finds the block and the vision section outside code fences (CommonMark 4.5). Markers count only at the start of
 * a line, so that an entry's body, which YAML indents, may hold any of them.
 */
function layOut(lines: string[], fault: Report): Layout {
  let fence: { marks: string; line: number; hides: boolean } | undefined;
  let opened: number | undefined;
  let block: Layout['block'];
  let visions: Layout['visions'];
  let inVisions = false;
  for (const [index, line] of lines.entries()) {
    const isBegin = line.trimEnd() === begin;
    const isEnd = line.trimEnd() === end;
    if (opened !== undefined) {
      if (isBegin)
        fault(
          index + 1,
          1,
          `a second ${begin} before the block of line ${opened + 1} ends: write ${end} first`,
        );
      if (isEnd) {
        if (block !== undefined)
          fault(opened + 1, 1, 'a second filer block: a document has one; put all entries into it');
        block ??= { line: opened + 1, end: index };
        opened = undefined;
      }
      continue;
    }
    const [, marks, info = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence !== undefined) {
      fence.hides ||= isBegin;
      if (marks?.startsWith(fence.marks) === true && info.trim() === '') fence = undefined;
      continue;
    }
    if (marks !== undefined && !(marks.startsWith('`') && info.includes('`'))) {
      fence = { marks, line: index + 1, hides: false };
      continue;
    }
    if (isBegin) {
      opened = index;
      inVisions = false;
    } else if (!isEnd && nearMarker.test(line)) {
      fault(
        index + 1,
        1,
        `almost a marker: write ${begin} or ${end}, alone on its line and at its very start`,
      );
    } else if (isEnd) {
      fault(index + 1, 1, `${end} without ${begin} before it`);
    } else if (/^#{1,2}(\s|$)/.test(line)) {
      inVisions = /^##\s+vision issues$/i.test(withoutClosing(line));
      if (inVisions) {
        if (visions === undefined) visions = { heading: index + 1, headings: 1, bullets: [] };
        else visions.headings += 1;
      }
    } else if (inVisions && visions !== undefined) {
      const bullet = /^ {0,3}[-*+]\s{1,4}#(\d{1,15})(?![\w-])/.exec(line);
      if (bullet !== null)
        visions.bullets.push({ number: Number(bullet[1]), line: index + 1, column: line.indexOf('#') + 1 });
    }
  }
  if (fence?.hides === true)
    fault(fence.line, 1, `this code fence never ends, so the ${begin} after it is not seen: close the fence`);
  if (opened !== undefined)
    fault(opened + 1, 1, `${begin} without ${end} after it: end the block with a line ${end}`);
  return { block, visions };
}

function readVision(visions: Layout['visions'], blockLine: number, fault: Report): VisionLine | undefined {
  const shape = 'expected one line "- #<number> — <title>" under "## Vision issues"';
  if (visions === undefined) {
    fault(blockLine, 1, `the filer block has no vision: there is no section "## Vision issues"; ${shape}`);
    return undefined;
  }
  if (visions.headings > 1)
    fault(visions.heading, 1, 'there are several sections "## Vision issues": keep one');
  const [first, second] = visions.bullets;
  if (second !== undefined)
    fault(
      second.line,
      second.column,
      `a second vision: ${shape}; put the entries of #${second.number} into a document of their own`,
    );
  if (first === undefined) fault(visions.heading, 1, `no vision is named: ${shape}`);
  else if (first.number === 0) fault(first.line, first.column, 'there is no issue #0');
  return first;
}

/** Every `#123` of a text, for documents whose vision cannot be made out. */
function numbersIn(text: string): number[] {
  return [...new Set([...text.matchAll(/#(\d{1,15})(?!\d)/g)].map((match) => Number(match[1])))];
}

const wellFormed = z
  .string()
  .check(
    z.refine(
      (text) => text.isWellFormed(),
      'half of a character (a lone surrogate): write the whole character',
    ),
  );
const word = (what: string) =>
  wellFormed.check(
    z.regex(
      markWord,
      `${what} is letters, digits, ".", "_" and "-", starting with a letter or digit, at most 100`,
    ),
  );
/** An empty `labels:` is YAML's null; people mean an empty list. */
const listOf = (item: z.ZodMiniType<string, string>) =>
  z.pipe(
    z.nullish(z.array(item)),
    z.transform((items: string[] | null | undefined) => items ?? []),
  );
const title = z.string().check(
  z.refine((text) => text !== '', 'a title that is not empty'),
  z.refine((text) => !/[\p{Cc}\u2028\u2029]/u.test(text), 'a title on one line, without control characters'),
  z.refine(
    (text) => Buffer.byteLength(text) <= longestTitle,
    `a title of at most ${longestTitle} bytes: the forge cuts a longer one`,
  ),
);

const entry = z.strictObject({
  id: word('an id'),
  title: z.pipe(
    z.pipe(
      wellFormed,
      z.transform((text: string) => text.trim()),
    ),
    title,
  ),
  labels: listOf(wellFormed.check(z.minLength(1, 'a label name that is not empty'))),
  depends_on: listOf(word('an id')),
  body: wellFormed.check(
    z.refine(
      (body) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(body),
      'a body without control characters',
    ),
  ),
});

/** The entries of a block; `offset` is how many lines of the document stand before it. */
function readBlock(source: string, offset: number, report: Report): Entry[] {
  const counter = new LineCounter();
  const at = (position: number): [line: number, column: number] => {
    const { line, col } = counter.linePos(position);
    return [line + offset, col];
  };
  const documents = parseAllDocuments(source, {
    lineCounter: counter,
    version: '1.2',
    prettyErrors: false,
    uniqueKeys: true,
    merge: false,
  });
  if (!Array.isArray(documents) || documents.length === 0) return [];
  const [document, second] = documents;
  if (document === undefined) return [];
  if (second !== undefined) {
    report(...at(second.range?.[0] ?? 0), 'a second YAML document ("---"): a filer block is one list');
    return [];
  }
  const problems = [...document.errors, ...document.warnings];
  for (const problem of problems)
    report(...at(problem.pos[0]), `not YAML 1.2: ${problem.message.split('\n')[0]}`);
  if (problems.length > 0) return [];

  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    report(
      ...at(document.contents?.range?.[0] ?? 0),
      `the aliases cannot be followed (${error instanceof Error ? error.message : String(error)}): write the text out`,
    );
    return [];
  }
  if (data === null || data === undefined) return [];
  const place = (path: PropertyKey[]): [line: number, column: number] =>
    at(nodeAt(document, path)?.range?.[0] ?? 0);
  if (!Array.isArray(data)) {
    report(...place([]), 'expected a list: each entry starts with "- id: ..."');
    return [];
  }
  if (data.length > mostEntries) {
    report(
      ...place([mostEntries]),
      `${data.length} entries; at most ${mostEntries} are read from one document`,
    );
    return [];
  }
  const entries: Entry[] = [];
  for (const [index, item] of data.entries()) {
    const parsed = entry.safeParse(item);
    if (parsed.success) {
      const [line, column] = place([index]);
      const { id, title, labels, depends_on: dependsOn, body } = parsed.data;
      entries.push({
        id,
        title,
        labels: [...new Set(labels)],
        dependsOn: [...new Set(dependsOn)],
        body,
        line,
        column,
      });
      continue;
    }
    for (const issue of parsed.error.issues) {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
      const path = [index, ...issue.path, ...(unknown === undefined ? [] : [unknown])];
      report(...place(path), explain(issue, path.slice(1), item));
    }
  }
  if (entries.length === data.length)
    checkGraph(entries, (entryIndex, path) => place([entryIndex, ...path]), report);
  return entries;
}

/** What was expected at a path, in words. */
function explain(issue: z.core.$ZodIssue, path: PropertyKey[], item: unknown): string {
  const name = path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return `unknown field ${quoted(String(issue.keys[0]))}: an entry has id, title, labels, depends_on and body`;
  if (issue.code === 'invalid_type') {
    const found = path.reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
      item,
    );
    if (name === '') return 'expected an entry with id, title, labels, depends_on and body';
    if (found === undefined) return `${name} is missing`;
    if (issue.expected === 'string' && (typeof found === 'number' || typeof found === 'boolean'))
      return `${name} is a ${typeof found} to YAML: write it in quotes`;
    return `${name}: expected ${issue.expected === 'array' ? 'a list' : `a ${issue.expected}`}`;
  }
  return `${name}: expected ${issue.message}`;
}

/** The node a path leads to, or the nearest one above it that has a place in the text. */
function nodeAt(document: Document.Parsed, path: PropertyKey[]): Node | undefined {
  let node: unknown = document.contents;
  let last: Node | undefined;
  for (const key of [undefined, ...path]) {
    if (key !== undefined) {
      if (isAlias(node)) node = node.resolve(document);
      if (!isCollection(node)) break;
      // A pair's key is where the eye should go: the value of `id:` may stand lines below.
      const pair = node.items.find(
        (item) =>
          typeof item === 'object' &&
          item !== null &&
          'key' in item &&
          isScalar(item.key) &&
          item.key.value === key,
      );
      if (
        pair !== undefined &&
        typeof pair === 'object' &&
        pair !== null &&
        'key' in pair &&
        isNode(pair.key)
      )
        last = pair.key;
      node = node.get(key, true);
    }
    if (isNode(node) && !(key !== undefined && isScalar(node))) last = node;
    if (isScalar(node) && typeof key === 'number') last = node;
  }
  return last;
}

/** Ids once each; dependencies on ids of the same document, without circles. */
function checkGraph(
  entries: Entry[],
  place: (entry: number, path: PropertyKey[]) => [line: number, column: number],
  report: Report,
): void {
  const byId = new Map<string, number>();
  for (const [index, { id }] of entries.entries()) {
    const first = byId.get(id);
    if (first === undefined) byId.set(id, index);
    else
      report(
        ...place(index, ['id']),
        `the id ${quoted(id)} is taken by the entry of line ${entries[first]?.line}: give this one its own`,
      );
  }
  let sound = true;
  for (const [index, { id, dependsOn }] of entries.entries()) {
    for (const [nth, needed] of dependsOn.entries()) {
      const problem =
        needed === id
          ? 'an entry cannot depend on itself'
          : byId.has(needed)
            ? undefined
            : `no entry has the id ${quoted(needed)}; this document has ${[...byId.keys()].join(', ')}`;
      if (problem !== undefined) report(...place(index, ['depends_on', nth]), problem);
      sound &&= problem === undefined;
    }
  }
  if (!sound) return;
  const ordered = new Set(inDependencyOrder(entries).map(({ id }) => id));
  const stuck = entries.filter(({ id }) => !ordered.has(id));
  if (stuck.length > 0)
    report(
      ...place(entries.indexOf(stuck[0] as Entry), ['depends_on']),
      `depends_on goes in a circle: ${stuck.map(({ id }) => id).join(', ')} wait for each other`,
    );
}
