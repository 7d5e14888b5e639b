import { parse, TomlError } from 'smol-toml';
import type * as z from 'zod/mini';
import type { Fault } from './errors.ts';
import { quoted } from './text/log-line.ts';
import { newerThanToml10 } from './toml-1-0.ts';

/** No document that people are asked to read comes near this. */
const largest = 64 * 1024;
/** Nor this: arrays and inline tables inside each other. */
const deepest = 32;

/** What a file turned out to be: the document as its schema has it, or everything that is wrong with it. */
export type Parsed<T> = { ok: true; document: T } | { ok: false; faults: Fault[] };

/**
 * Reads a TOML 1.0 document against a closed schema. Every fault of shape is reported, each with the line where its
 * key stands; a fault of syntax is the only one, with line and column.
 */
export function parseToml<T>(file: string, bytes: Uint8Array, schema: z.ZodMiniType<T>): Parsed<T> {
  const fault = (line: number, column: number, message: string): Parsed<T> => ({
    ok: false,
    faults: [{ file, line, column, message }],
  });
  if (bytes.length > largest)
    return fault(0, 0, `is ${bytes.length} bytes long; at most ${largest} are read`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fault(0, 0, 'is no UTF-8: save it as UTF-8');
  }
  let data: unknown;
  try {
    data = parse(text, { maxDepth: deepest });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [, message = 'unreadable'] = /^Invalid TOML document: (.*)/.exec(error.message) ?? [];
    return fault(error.line, error.column, `is no TOML 1.0: ${message}`);
  }
  const newer = newerThanToml10(text);
  if (newer !== undefined)
    return fault(newer.line, newer.column, `is no TOML 1.0: ${newer.what} is of TOML 1.1`);
  const checked = schema.safeParse(data);
  if (checked.success) return { ok: true, document: checked.data };
  return {
    ok: false,
    faults: checked.error.issues.flatMap((issue) => {
      const path = issue.path.map(String);
      const names = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
      return names.map((name) => {
        const place = placeOf(text, name === undefined ? path : [...path, name]);
        const what =
          name === undefined ? messageOf(issue, path) : `${quoted([...path, name].join('.'))}: no such field`;
        return { file, ...place, message: what };
      });
    }),
  };
}

function messageOf(
  issue: { code?: string; message: string; expected?: string; values?: unknown[] },
  path: string[],
): string {
  const field = path.length === 0 ? 'the document' : quoted(path.join('.'));
  if (issue.code === 'invalid_type') return `${field}: expected ${issue.expected}`;
  if (issue.code === 'invalid_value') return `${field}: expected ${(issue.values ?? []).join(' or ')}`;
  return `${field}: ${issue.message}`;
}

/**
 * Where a key stands, as far as the text tells: the parser keeps no places. The line of the last name of the path that
 * is written as a key or a table; 0 for one that is missing.
 */
function placeOf(text: string, path: string[]): { line: number; column: number } {
  const lines = text.split('\n');
  let line = 0;
  for (const name of path) {
    const found = lines.findIndex((item, index) => index >= line && mentions(item, name));
    if (found < 0) break;
    line = found + 1;
  }
  return { line, column: line === 0 ? 0 : (lines[line - 1] ?? '').search(/\S/) + 1 };
}

/** Whether a line begins with a key or a table that has this name in it; quoted or dotted, it is the same name. */
function mentions(line: string, name: string): boolean {
  const key = /^\s*\[{0,2}\s*([^=\]#]{1,200})/.exec(line)?.[1] ?? '';
  return key
    .split('.')
    .map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .includes(name);
}
