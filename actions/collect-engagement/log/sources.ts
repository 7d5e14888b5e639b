import { accessSync, closeSync, constants, createReadStream, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../core/errors.ts';
import { addCounts, type Counts, joinEdges } from './counts.ts';
import { createReader } from './fast.ts';
import { countFiles } from './files.ts';
import { formatOf, isGzip, isZstd, startBytes } from './format.ts';
import type { Rules } from './rules.ts';
import { isSshAddress, parseSshSource, type SshSecrets, type SshSource } from './ssh-address.ts';
import type { Bytes } from './streams.ts';

export interface SourceSettings extends SshSecrets {
  workspace: string;
  /** When everything has to be read, in milliseconds from now. */
  deadlineMs: number;
}

/** What came of reading all logs. Where `faults` is not empty, the counts are not of everything. */
export interface LogsRead {
  counts: Counts;
  /** Paths and addresses that were read. */
  names: string[];
  faults: LogFault[];
}

/** Why a source is not a log that was read to its end. */
export interface LogFault {
  file: string;
  message: string;
}

/** A log that has a name: a file, or another machine's. */
export type Source = { name: string; file: string } | { name: string; ssh: SshSource };

/** The logs that the setting names, each once and by name; throws a `UserError` for one that is not there. */
export async function findSources(setting: string, patterns: string[], workspace: string): Promise<Source[]> {
  const found = new Map<string, Source>();
  for (const pattern of patterns) {
    if (isSshAddress(pattern)) {
      const ssh = parseSshSource(pattern);
      const name = `ssh://${ssh.host}${ssh.port === 22 ? '' : `:${ssh.port}`}`;
      found.set(`${ssh.user}@${name}`, { name, ssh });
      continue;
    }
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(pattern)?.[1];
    if (scheme !== undefined)
      throw new UserError(
        `${setting}: an address that begins with ${scheme}:// is not read.`,
        'Name a path, a pattern, or ssh://user@host.',
      );
    const glob = await filesOf(pattern, workspace);
    const matches = glob ?? [path.resolve(workspace, pattern)];
    if (matches.length === 0)
      throw new UserError(
        `${setting}: no file fits ${pattern}.`,
        'Check the path; a relative one starts at the workspace.',
      );
    for (const file of matches) {
      const id = readableFile(file, setting, glob === undefined ? pattern : file);
      const relative = path.relative(workspace, file);
      found.set(id, { name: relative.startsWith('..') ? file : relative, file });
    }
  }
  return [...found.values()];
}

/** The files that a pattern fits; undefined when it is the path of a file. */
async function filesOf(pattern: string, workspace: string): Promise<string[] | undefined> {
  // Loading what reads patterns takes a tenth of a run's start; a plain path has nothing in it that could be one.
  if (/^[\w./-]*$/.test(pattern)) return undefined;
  const { globSync, isDynamicPattern } = await import('tinyglobby');
  if (!isDynamicPattern(pattern)) return undefined;
  return globSync(pattern, { cwd: workspace, absolute: true, dot: true, expandDirectories: false }).sort();
}

/** Which file it is, by whatever name; throws a `UserError` for what is no file, or may not be read. */
function readableFile(file: string, setting: string, given: string): string {
  try {
    // Numbers of files may be larger than a double holds.
    const stats = statSync(file, { bigint: true });
    if (stats.isDirectory())
      throw new UserError(`${setting}: ${given} is a folder.`, 'Name the logs in it, such as access*.log*.');
    if (!stats.isFile()) throw new UserError(`${setting}: ${given} is no file.`, 'Name the file of a log.');
    accessSync(file, constants.R_OK);
    return `${stats.dev}:${stats.ino}`;
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error) || !('code' in error)) throw error;
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw new UserError(
        `${setting}: there is no file ${given}.`,
        'Check the path; a relative one starts at the workspace.',
      );
    throw new UserError(
      `${setting}: ${given} may not be read by the account that this runs as (${String(error.code)}).`,
      'Caddy makes its logs readable for its own account only: put `mode 0640` into the file output of its log, and the account of the CI agent into the group of the log.',
    );
  }
}

function isPacked(source: Source): boolean {
  return 'ssh' in source || /\.(?:gz|zst)$/.test(source.file);
}

/** Reads and counts all logs: plain files in threads, everything else as it arrives, one after the other. */
export async function countLogs(
  sources: Source[],
  rules: Rules,
  settings: SourceSettings,
): Promise<LogsRead> {
  const names = sources.map(({ name }) => name);
  const plain = sources.flatMap((source) => ('file' in source && !isPacked(source) ? [source] : []));
  const packed = sources.filter(isPacked);
  const { counts, faults } = await countPlain(plain, rules);
  if (packed.length === 0) return { counts, names, faults };
  const more = await countPacked(packed, rules, settings);
  addCounts(counts, more.counts);
  return { counts, names, faults: [...faults, ...more.faults] };
}

async function countPlain(
  sources: Extract<Source, { file: string }>[],
  rules: Rules,
): Promise<Omit<LogsRead, 'names'>> {
  const { counts, outcomes } = await countFiles(
    sources.map(({ file }) => file),
    rules,
  );
  const faults = sources.flatMap(({ name: file, file: path }, index): LogFault[] => {
    const outcome = outcomes[index];
    if (outcome === 'foreign') return [{ file, message: foreign(startOf(path)) }];
    return typeof outcome === 'object' ? [{ file, message: brokenOff(outcome.why) }] : [];
  });
  return { counts, faults };
}

async function countPacked(
  sources: Source[],
  rules: Rules,
  settings: SourceSettings,
): Promise<Omit<LogsRead, 'names'>> {
  // What plain files have no use for is loaded here.
  const { scanStream } = await import('./streams.ts');
  const reader = createReader(rules);
  const faults: LogFault[] = [];
  let bad = 0;
  for (const source of sources) {
    try {
      const { edges, start } = await scanStream(reader, bytesOf(source, settings));
      const joined = joinEdges([edges]);
      bad += joined.bad;
      const message =
        'ssh' in source
          ? remoteFault(start, joined.isForeign, edges.first !== 0)
          : joined.isForeign
            ? foreign(start)
            : undefined;
      if (message !== undefined) faults.push({ file: source.name, message });
    } catch (error) {
      faults.push({ file: source.name, message: broken(error) });
    }
  }
  const counts = reader.counts();
  counts.bad += bad;
  return { counts, faults };
}

/** Why what another machine sent is not its log. */
function remoteFault(start: Buffer, isForeign: boolean, hasRecords: boolean): string | undefined {
  if (start.length === 0)
    return 'the command of the key printed nothing: the log was rotated away, or the command names another file';
  if (isForeign) return foreign(start);
  return hasRecords && !/^\s*\{/.test(start.toString('utf8'))
    ? 'the other machine printed something before the log: the command of the key must print the log and nothing else'
    : undefined;
}

/** In characters; a beacon that is longer is none, and is not kept. */
export const longestBeacon = 4096;

/** The lines of a source, for those that are not the log of a web server; a line too long to be one is cut. */
export async function* linesOf(source: Source, settings: SourceSettings): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of bytesOf(source, settings)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestBeacon + 1);
    yield* lines;
  }
  yield rest;
}

async function* bytesOf(source: Source, { key, knownHosts, deadlineMs }: SourceSettings): Bytes {
  const { unpackFile, unpackStream } = await import('./streams.ts');
  if ('ssh' in source) {
    const { readSsh } = await import('./ssh.ts');
    yield* unpackStream(readSsh(source.ssh, { key, knownHosts, deadlineMs }));
    return;
  }
  if (source.file.endsWith('.gz') && !isGzip(startOf(source.file)))
    throw new UserError('is no gzip file, though its name says so.', 'Rename it.');
  yield* isPacked(source) ? unpackFile(source.file) : createReadStream(source.file);
}

/** What is said of a log without any record of Caddy. */
function foreign(start: Buffer): string {
  const remedy =
    isGzip(start) || isZstd(start)
      ? 'Rename it, so that it is unpacked'
      : 'Let Caddy write JSON (its default), or name another file';
  return `holds no record of a Caddy access log; it looks like ${formatOf(start)}. ${remedy}`;
}

function brokenOff(why: string): string {
  return `could not be read to its end (${why}): what is missing is unknown, so nothing is written`;
}

/** An error of reading, in words: one that says what to do keeps its own. */
export function broken(error: unknown): string {
  if (error instanceof UserError) return `${error.message} ${error.remedy}`.trim();
  return brokenOff(error instanceof Error ? error.message : String(error));
}

function startOf(file: string): Buffer {
  const start = Buffer.alloc(startBytes);
  const fd = openSync(file, 'r');
  try {
    return start.subarray(0, readSync(fd, start, 0, startBytes, 0));
  } finally {
    closeSync(fd);
  }
}
