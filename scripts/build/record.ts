// What a target was compiled from, and what came out: kept in .cache/, so that it is compiled again only when something
// of it changed. Nothing here is in a clean clone, where everything is compiled, and so proved.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Digests of files, by path. */
export type Digests = Record<string, string>;

export interface BuildRecord {
  /** Of the lock file, which says every version, and of the scripts that compile. */
  tools: Digests;
  inputs: Digests;
  outputs: Digests;
}

export function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The digests of files below `root`; one that is not there has the empty text. */
export function digestsOf(root: string, files: string[]): Digests {
  return Object.fromEntries(
    [...files].sort().map((file) => {
      const where = path.join(root, file);
      return [file, existsSync(where) ? digestOf(readFileSync(where)) : ''];
    }),
  );
}

/** The paths of all files in a folder and below it, inside it. */
export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? filesIn(path.join(folder, entry.name)).map((file) => path.join(entry.name, file))
      : [entry.name],
  );
}

function recordFile(root: string, name: string): string {
  return path.join(root, '.cache', 'build', `${name}.json`);
}

export function keepRecord(root: string, name: string, record: BuildRecord): void {
  const file = recordFile(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  // Whole or not at all: half a record could not be read again.
  writeFileSync(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

/** Whether these outputs are exactly what the sources would give, going by the last time they were compiled. */
export function isFresh(root: string, name: string, tools: Digests, outputs: Digests): boolean {
  if (!existsSync(recordFile(root, name))) return false;
  const record: BuildRecord = JSON.parse(readFileSync(recordFile(root, name), 'utf8'));
  const same = (a: Digests, b: Digests): boolean => JSON.stringify(a) === JSON.stringify(b);
  return (
    same(record.tools, tools) &&
    same(record.inputs, digestsOf(root, Object.keys(record.inputs))) &&
    same(record.outputs, outputs)
  );
}
