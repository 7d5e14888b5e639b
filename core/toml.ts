import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod/mini';
import { type Fault, type FaultList, faultList } from './errors.ts';
import { lookalike } from './text/characters.ts';
import { quoted } from './text/log-line.ts';
import { nearest } from './text/nearest.ts';
import { shapeFault } from './text/shape-fault.ts';
import { newerThanToml10 } from './toml-1-0.ts';
import { mostNames, type TomlKey, tomlKeys } from './toml-keys.ts';

/** No document that people are asked to read comes near this. */
const largest = 64 * 1024;
/** Nor this: arrays and inline tables inside each other. */
const deepest = 32;

/** What a file turned out to be: the document as its schema has it, or everything that is wrong with it. */
export type Parsed<T> = { ok: true; document: T } | { ok: false; faults: Fault[] };

/** What else has to hold in a document that is as its schema has it: reports at the path of what is wrong. */
export type Further<T> = (document: T, fault: (path: string[], message: string) => void) => void;

/**
 * Reads a TOML 1.0 document against a closed schema, or against the one that its content asks for. Faults of shape are
 * reported each with the line where its key stands, the first twenty of them; a fault of syntax is the only one.
 *
 * Takes time in proportion to the document, whatever stands in it: its size and its depth are bounded before anything else
 * looks at it, and `npm run fuzz` holds the parser to it.
 */
export function parseToml<T>(
  file: string,
  bytes: Uint8Array,
  schema: z.ZodMiniType<T> | ((data: object) => z.ZodMiniType<T>),
  further: Further<T> = () => undefined,
): Parsed<T> {
  const faults = faultList(file);
  const text = textOf(bytes, faults);
  const data = text === undefined ? undefined : dataOf(text, faults);
  if (text === undefined || data === undefined) return { ok: false, faults: faults.told() };
  const keys = tomlKeys(text);
  const deep = keys.find(({ path }) => path.length > mostNames);
  if (deep !== undefined) {
    faults.report(deep.line, deep.column, `a key of more than ${mostNames} names: no field is that deep`);
    return { ok: false, faults: faults.told() };
  }
  const places = placesOf(keys);
  const wanted = typeof schema === 'function' ? schema(data) : schema;
  const checked = wanted.safeParse(data);
  if (!checked.success)
    reportIssues(checked.error.issues, { data, keys, places, fields: fieldsOf(wanted) }, faults);
  else
    further(checked.data, (path, message) => {
      const { line, column } = placeIn(places, path);
      faults.report(line, column, message);
    });
  return checked.success && faults.count() === 0
    ? { ok: true, document: checked.data }
    : { ok: false, faults: faults.told() };
}

/** The document as text, without the mark that some editors put before it. */
function textOf(bytes: Uint8Array, { report }: FaultList): string | undefined {
  if (bytes.length > largest) {
    report(0, 0, `is ${bytes.length} bytes long; at most ${largest} are read`);
    return undefined;
  }
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    report(0, 0, 'is UTF-16: save it as UTF-8');
    return undefined;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    report(0, 0, 'is no UTF-8: save it as UTF-8');
    return undefined;
  }
}

function dataOf(text: string, { report }: FaultList): object | undefined {
  let data: object;
  try {
    data = parse(text, { maxDepth: deepest });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    const [, message = 'unreadable'] = /^Invalid TOML document: (.*)/.exec(error.message) ?? [];
    const seen = lookalike(characterAt(text, line, column));
    report(line, column, seen === undefined ? `is no TOML 1.0: ${message}` : `is no TOML 1.0: ${seen}`);
    return undefined;
  }
  const newer = newerThanToml10(text);
  if (newer === undefined) return data;
  report(newer.line, newer.column, `is no TOML 1.0: ${newer.what} is of TOML 1.1`);
  return undefined;
}

function characterAt(text: string, line: number, column: number): string {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) start = text.indexOf('\n', start) + 1;
  return text[start + column - 1] ?? '';
}

// ---------------------------------------------------------------------------------------------------------------
// Places.

interface Place {
  line: number;
  column: number;
}

/** Names in a path never hold a line end but by an escape, and then only a place is off. */
const joined = (path: string[]): string => path.join('\n');

/** Where each path is first mentioned. */
function placesOf(keys: TomlKey[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { path, line, column } of keys)
    for (let length = 1; length <= path.length; length += 1) {
      const name = joined(path.slice(0, length));
      if (!places.has(name)) places.set(name, { line, column });
    }
  return places;
}

/** Where a path stands, or what is nearest above it; 0 for one of which nothing does. */
function placeIn(places: ReadonlyMap<string, Place>, path: string[]): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const found = places.get(joined(path.slice(0, length)));
    if (found !== undefined) return found;
  }
  return { line: 0, column: 0 };
}

// ---------------------------------------------------------------------------------------------------------------
// Faults of shape.

interface Ground {
  data: object;
  keys: TomlKey[];
  places: ReadonlyMap<string, Place>;
  /** The names that the document itself may have, above all tables. */
  fields: string[];
}

function fieldsOf(schema: object): string[] {
  return 'shape' in schema && typeof schema.shape === 'object' && schema.shape !== null
    ? Object.keys(schema.shape)
    : [];
}

/** One thing that is wrong, at one path. */
interface Wrong {
  path: string[];
  what: string;
  isMissing: boolean;
}

function reportIssues(issues: z.core.$ZodIssue[], ground: Ground, { report, isFull }: FaultList): void {
  const wrong = issues.flatMap((issue): Wrong[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((name) => {
        // Only the document's own fields are known here, not those of a table in it.
        const near = path.length === 0 ? nearest(name, ground.fields) : undefined;
        const what = near === undefined ? 'no such field' : `no such field. Did you mean ${near}?`;
        return { path: [...path, name], what, isMissing: false };
      });
    return [{ path, what: shapeFault(issue), isMissing: !isThere(ground.data, path) }];
  });
  const strayed = strayedKeys(wrong, ground);
  const told = new Set<TomlKey>();
  for (const { path, what, isMissing } of wrong) {
    const stray = strayed.get(joined(path));
    if (stray === undefined && isFull()) report(0, 0, what);
    else if (stray === undefined) {
      const field = path.length === 0 ? 'the document' : quoted(path.join('.'));
      const { line, column } = placeIn(ground.places, path);
      report(line, column, `${field}: ${what}${isMissing ? ', and it is missing' : ''}`);
    } else if (!told.has(stray.key)) {
      told.add(stray.key);
      report(stray.key.line, stray.key.column, strayText(stray));
    }
  }
}

function isThere(data: unknown, path: string[]): boolean {
  return (
    path.reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? Reflect.get(value, name)
          : undefined,
      data,
    ) !== undefined
  );
}

/** A key of the document itself that stands below the header of a table, and so belongs to that table. */
interface Stray {
  key: TomlKey;
  /** Whether the document lacks it. */
  isMissing: boolean;
}

/** The strays by each path at which something is wrong because of them, so that one cause is told once. */
function strayedKeys(wrong: Wrong[], { keys, fields }: Ground): Map<string, Stray> {
  const paths = new Set(wrong.map(({ path }) => joined(path)));
  const missing = new Set(wrong.filter(({ isMissing }) => isMissing).map(({ path }) => joined(path)));
  const strayed = new Map<string, Stray>();
  for (const key of keys) {
    const name = key.path.at(-1) ?? '';
    if (key.table === undefined || key.path.length < 2 || !fields.includes(name)) continue;
    const isMissing = missing.has(name);
    if (!isMissing && !paths.has(joined(key.path))) continue;
    strayed.set(joined(key.path), { key, isMissing });
    if (isMissing && !strayed.has(name)) strayed.set(name, { key, isMissing });
  }
  return strayed;
}

function strayText({ key: { path, line, table }, isMissing }: Stray): string {
  const name = quoted(path.at(-1) ?? '');
  const header = quoted(table?.header ?? '').slice(1, -1);
  const remedy = `move it above line ${table?.line}`;
  return isMissing
    ? `${name} is missing; the one in line ${line} belongs to ${header}: ${remedy}`
    : `${name} belongs to ${header} here, as everything below that line does: ${remedy}`;
}
