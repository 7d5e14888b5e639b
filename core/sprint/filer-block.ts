import {
  type Document,
  isAlias,
  isCollection,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  Document as YamlDocument,
} from 'yaml';
import * as z from 'zod/mini';
import { quoted } from '../text/log-line.ts';
import { type Entry, inDependencyOrder } from './entry.ts';
import { filerBegin, filerEnd, type ReportFault } from './layout.ts';
import { markWord } from './marker.ts';

// The list between the two lines of a filer block, as YAML 1.2 says: read, and written so that it reads the same.

/** The forge cuts a longer title without a word, and counts bytes of UTF-8. */
const longestTitle = 255;
const mostEntries = 500;
/** Aliases may repeat a text, but not blow a small block up. */
const mostAliases = 50;

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
export function parseFilerBlock(source: string, offset: number, report: ReportFault): Entry[] {
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
  report: ReportFault,
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

/** Entries as a filer block, with its two lines. */
export function filerBlockText(entries: Entry[]): string {
  const list = entries.map(({ id, title, labels, dependsOn, body }) => ({
    id,
    title,
    labels,
    depends_on: dependsOn,
    body,
  }));
  const document = new YamlDocument(list);
  visit(document, {
    Pair(_, { key, value }) {
      if (isSeq(value) && isScalar(key) && (key.value === 'labels' || key.value === 'depends_on'))
        value.flow = true;
    },
    Map(index, entry) {
      entry.spaceBefore = typeof index === 'number' && index > 0;
    },
  });
  const options = { lineWidth: 0, flowCollectionPadding: false, blockQuote: 'literal' } as const;
  return `${filerBegin}\n${document.toString(options).trimEnd()}\n${filerEnd}`;
}
