import {
  type Document,
  isAlias,
  isCollection,
  isNode,
  isScalar,
  isSeq,
  type Node,
  visit,
  Document as YamlDocument,
} from 'yaml';
import * as z from 'zod/mini';
import type { ReportFault } from '../errors.ts';
import { quoted } from '../text/log-line.ts';
import { readYaml, type YamlComment, type YamlFault, type YamlText, yamlData } from '../yaml.ts';
import { causesIn } from './causes.ts';
import { type Entry, inDependencyOrder } from './entry.ts';
import { filerBegin, filerEnd } from './layout.ts';
import { markWord } from './marker.ts';

// The list between the two lines of a filer block, as YAML 1.2 says: read, and written so that it reads the same.

/** The forge cuts a longer title without a word, and counts bytes of UTF-8. */
const longestTitle = 255;
const mostEntries = 500;
/**
 * Of one entry's body, in bytes. As JSON it may be twice as long, and what proxies take at most is often one megabyte: what
 * they refuse would be found out half way through a document.
 */
const longestBody = 256 * 1024;
/** Labels of one entry. */
const mostLabels = 50;
/** Enough for all entries with everything that they may have. */
const bounds = { pieces: 60_000, depth: 24 };

const wellFormed = z
  .string()
  .check(
    z.refine(
      (text) => text.isWellFormed(),
      'half of a character (a lone surrogate): write the whole character',
    ),
  );
const id = wellFormed.check(
  z.regex(markWord, 'letters, digits, ".", "_" and "-", starting with a letter or digit, at most 100'),
);
/** An empty `labels:` is YAML's null; people mean an empty list. */
const listOf = (item: z.ZodMiniType<string, string>, most: number) =>
  z.pipe(
    z.nullish(z.array(item).check(z.maxLength(most, `at most ${most}`))),
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
  id,
  title: z.pipe(
    z.pipe(
      wellFormed,
      z.transform((text: string) => text.trim()),
    ),
    title,
  ),
  labels: listOf(wellFormed.check(z.minLength(1, 'a label name that is not empty')), mostLabels),
  depends_on: listOf(id, mostEntries),
  body: wellFormed.check(
    z.refine(
      (body) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(body),
      'a body without control characters',
    ),
    z.refine(
      (body) => Buffer.byteLength(body) <= longestBody,
      `a body of at most ${longestBody} bytes: put the rest into a file, and link it`,
    ),
  ),
});

/** Where something in the block stands in the document. */
type Place = (position: number) => [line: number, column: number];

/** The entries of a block; `offset` is how many lines of the document stand before it. */
export function parseFilerBlock(source: string, offset: number, report: ReportFault): Entry[] {
  const lines = withoutPragmas(source.split('\n'));
  const text = lines.join('\n');
  const at = placeIn(text, offset);
  const yaml = readYaml(text, bounds);
  const found: Parameters<ReportFault>[] = [];
  const entries = entriesOf(yaml, text, at, (...fault) => found.push(fault));
  // One cause makes several faults, and often none of them names it.
  const causes = found.length === 0 || yaml.kind === 'too-much' ? [] : causesIn(lines);
  if (causes.length > 0)
    for (const { line, column, message } of causes) report(line + offset, column, message);
  else for (const fault of found) report(...fault);
  return entries;
}

/** What formatters are told around the block, where it was put just inside; every line stays where it is. */
const pragma =
  /^<!-- *(?:prettier-ignore|dprint-ignore|deno-fmt-ignore|mdformat|markdownlint|remark|rumdl|textlint|vale|cspell|lint)[\w: ,.=/-]{0,200}-->[ \t]*$/i;

function withoutPragmas(lines: string[]): string[] {
  const isOutside = (line: string): boolean => line.trim() === '' || pragma.test(line);
  const first = lines.findIndex((line) => !isOutside(line));
  const last = lines.findLastIndex((line) => !isOutside(line));
  return lines.map((line, index) => ((index < first || index > last) && pragma.test(line) ? '' : line));
}

function placeIn(text: string, offset: number): Place {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (position) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return [low + 1 + offset, position - (starts[low] ?? 0) + 1];
  };
}

function entriesOf(yaml: YamlText, text: string, at: Place, report: ReportFault): Entry[] {
  if (yaml.kind === 'too-much') {
    report(...at(yaml.fault.offset), yaml.fault.message);
    return [];
  }
  const lost = yaml.comments.flatMap((comment) => lostText(text, comment) ?? []);
  for (const { offset, message } of lost) report(...at(offset), message);
  if (yaml.kind === 'faulty') {
    // What the missing text leads to is no fault of its own.
    if (lost.length === 0) for (const { offset, message } of yaml.faults) report(...at(offset), message);
    return [];
  }
  const { document } = yaml;
  if (document === undefined) return [];
  const content = yamlData(document, text);
  if ('offset' in content) {
    report(...at(content.offset), content.message);
    return [];
  }
  const { data } = content;
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
  const lostLines = new Set(lost.map(({ offset }) => at(offset)[0]));
  const entries: Entry[] = [];
  for (const [index, item] of data.entries()) {
    const folded = foldedBody(text, document, index);
    if (folded) report(...place([index, 'body']), folded);
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
      const [line, column] = place(path);
      if (!lostLines.has(line)) report(line, column, explain(issue, path.slice(1), item));
    }
  }
  if (entries.length === data.length)
    checkGraph(entries, (entryIndex, path) => place([entryIndex, ...path]), report);
  return entries;
}

/**
 * Text of an entry that is lost as a comment, `title: Mend #12` for one. A comment that is meant has a blank behind its sign
 * and, behind a title, two before it.
 */
function lostText(text: string, { offset, text: comment }: YamlComment): YamlFault | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(start, offset);
  const shown = quoted(comment, 40);
  if (before.trim() !== '') {
    const name = /^ *(?:- +)*(id|title|labels|depends_on|body) *:/.exec(before)?.[1];
    const isTight = name === 'title' && (/\S $/.test(before) || /: *$/.test(before));
    if (!/^#\S/.test(comment) && !isTight) return undefined;
    return {
      offset,
      message: `${shown} is a comment to YAML${name === undefined ? '' : `, so ${name} ends before it`}: put the value in quotes${name === 'body' ? ', or write it as `body: |`' : ''}`,
    };
  }
  // On a line of its own, and deeper than the body that it was meant to go on: a heading of Markdown, mostly.
  const above = text.slice(0, Math.max(0, start - 1)).trimEnd();
  const [, indent, value = ''] =
    /^( *(?:- +)*)body *: *(.*)$/.exec(above.slice(above.lastIndexOf('\n') + 1)) ?? [];
  if (indent === undefined || value === '' || before.length <= indent.length) return undefined;
  return { offset, message: `${shown} is a comment to YAML, so body ends before it: ${wholeBody}` };
}

const wholeBody = 'a body over several lines needs `body: |`, and its lines below, indented';

/** A break in a line that is shorter than this was made by a person, and means a new line; what wraps lines fills them. */
const shortLine = 76;

/** What is wrong with a body that YAML folds, where lines that a person broke become one; undefined where nothing is. */
function foldedBody(text: string, document: Document.Parsed, index: number): string | undefined {
  const node = document.getIn([index, 'body'], true);
  if (!isScalar(node) || !Array.isArray(node.range) || node.type === 'BLOCK_LITERAL') return undefined;
  const [from, to] = node.range;
  if (from === undefined || to === undefined) return undefined;
  const lines = text.slice(text.lastIndexOf('\n', from - 1) + 1, to).split('\n');
  const isFolded = node.type === 'BLOCK_FOLDED';
  const isBroken = lines.some((line, nth) => {
    const next = lines[nth + 1];
    if (next === undefined || (isFolded && nth === 0)) return false;
    // Paragraphs: plain text loses the line between them, quoted and folded text may have been written to keep it.
    if (next.trim() === '')
      return node.type === 'PLAIN' && lines.slice(nth + 1).some((item) => item.trim() !== '');
    if (line.trim() === '' || (node.type === 'QUOTE_DOUBLE' && line.endsWith('\\'))) return false;
    if (isFolded && !isMarkdownLine(next) && !isMarkdownLine(line)) return false;
    if (isFolded && indentOf(line) !== indentOf(next)) return false;
    const word = /^\S+(?: {2,}\S+)*/.exec(next.trimStart())?.[0] ?? '';
    return line.trimEnd().length + 1 + word.length <= shortLine;
  });
  return isBroken ? `the lines of this body become one: ${wholeBody}` : undefined;
}

/** Whether a line is something of its own in Markdown: an item, a heading, a quote, a fence, a row of a table. */
function isMarkdownLine(line: string): boolean {
  return /^ *(?:[-*+] |\d{1,9}[.)] |#{1,6} |>|`{3}|~{3}|\|)/.test(line);
}

function indentOf(line: string): number {
  return line.search(/[^ ]/);
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
  const known = [...byId.keys()].join(', ');
  for (const [index, { id, dependsOn }] of entries.entries()) {
    for (const [nth, needed] of dependsOn.entries()) {
      const problem =
        needed === id
          ? 'an entry cannot depend on itself'
          : byId.has(needed)
            ? undefined
            : `no entry has the id ${quoted(needed)}; this document has ${known}`;
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
