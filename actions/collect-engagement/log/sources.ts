import { Buffer } from 'node:buffer';
import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../core/errors.ts';
import { addCounts, type Counts, joinEdges, type LogEdges } from './counts.ts';
import { createReader } from './fast.ts';
import { countFiles } from './files.ts';
import { looksLike, mostSeen } from './format.ts';
import type { PackedOutcome } from './packed.ts';
import { dayOf, type Rules } from './rules.ts';
import {
  broken,
  brokenOff,
  type FileSource,
  isPacked,
  type LogFault,
  type Source,
  startOf,
} from './source.ts';
import { isSshAddress, parseSshSource, type SshSecrets } from './ssh-address.ts';
import type { Bytes } from './streams.ts';

export interface SourceSettings extends SshSecrets {
  workspace: string;
  /** When everything has to be read, in milliseconds from now. */
  deadlineMs: number;
  /** The share of a day's lines that may be no records. */
  mostBad: number;
}

/** What came of reading all logs. Where `faults` is not empty, the counts are not of everything. */
export interface LogsRead {
  counts: Counts;
  /** Paths and addresses that were read. */
  names: string[];
  faults: LogFault[];
  /** What a person should know of a source that is no fault. */
  remarks: LogFault[];
}

/** What came of one source: how its parts join, and its beginning; or why it could not be read. */
type Outcome = { source: Source; edges: LogEdges; start: Buffer } | { source: Source; why: string };

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

/** Reads and counts all logs: plain files in threads, everything else as it arrives, one after the other. */
export async function countLogs(given: Source[], rules: Rules, settings: SourceSettings): Promise<LogsRead> {
  const names = given.map(({ name }) => name);
  const { sources, faults, remarks } = await readOnce(given);
  const plain = sources.flatMap((source) => ('file' in source && !isPacked(source) ? [source] : []));
  const packed = sources.filter(isPacked);
  const { counts, outcomes } = await countPlain(plain, rules);
  if (packed.length > 0) {
    const more = await countPacked(packed, rules, settings);
    addCounts(counts, more.counts);
    outcomes.push(...more.outcomes);
  }
  const told = outcomes.flatMap((outcome) => faultOf(outcome, { ...settings, ...dayOf(rules.date) }));
  return {
    counts,
    names,
    faults: [...faults, ...told, ...(told.length > 0 ? [] : withoutRecords(outcomes))],
    remarks: [...remarks, ...outcomes.flatMap(remarkOf)],
  };
}

/** The sources without those that hold what another one holds as well. */
async function readOnce(
  sources: Source[],
): Promise<{ sources: Source[]; faults: LogFault[]; remarks: LogFault[] }> {
  // A log can only be there twice under two names.
  if (sources.filter((source) => 'file' in source).length < 2) return { sources, faults: [], remarks: [] };
  const { withoutTwins } = await import('./twins.ts');
  return withoutTwins(sources);
}

async function countPlain(
  sources: FileSource[],
  rules: Rules,
): Promise<{ counts: Counts; outcomes: Outcome[] }> {
  const { counts, outcomes } = await countFiles(
    sources.map(({ file }) => file),
    rules,
  );
  return {
    counts,
    outcomes: sources.map((source, index): Outcome => {
      const outcome = outcomes[index];
      if (outcome === undefined || 'why' in outcome) return { source, why: brokenOff(outcome?.why ?? '') };
      return { source, edges: outcome, start: outcome.isForeign ? startOf(source.file) : Buffer.alloc(0) };
    }),
  };
}

/** Packed files, and what other machines send. */
async function countPacked(
  sources: Source[],
  rules: Rules,
  settings: SourceSettings,
): Promise<{ counts: Counts; outcomes: Outcome[] }> {
  // What plain files have no use for is loaded here.
  const { countPackedFiles } = await import('./packed.ts');
  const files = sources.filter((source): source is FileSource => 'file' in source);
  const read = await countPackedFiles(
    files.map(({ file }) => file),
    rules,
  );
  const counts = read.counts;
  const outcomes = files.map((source, index) =>
    outcomeOf(source, read.outcomes[index] ?? { why: brokenOff('') }),
  );
  const remote = sources.filter((source) => 'ssh' in source);
  if (remote.length > 0) {
    const more = await countRemote(remote, rules, settings);
    addCounts(counts, more.counts);
    outcomes.push(...more.outcomes);
  }
  for (const outcome of outcomes) if ('edges' in outcome) counts.bad += outcome.edges.bad;
  return { counts, outcomes };
}

async function countRemote(
  sources: Source[],
  rules: Rules,
  settings: SourceSettings,
): Promise<{ counts: Counts; outcomes: Outcome[] }> {
  const { scanStream } = await import('./streams.ts');
  const reader = createReader(rules);
  const outcomes: Outcome[] = [];
  for (const source of sources) {
    try {
      outcomes.push(outcomeOf(source, await scanStream(reader, bytesOf(source, settings))));
    } catch (error) {
      outcomes.push({ source, why: broken(error) });
    }
  }
  return { counts: reader.counts(), outcomes };
}

function outcomeOf(source: Source, read: PackedOutcome): Outcome {
  if ('why' in read) return { source, why: read.why };
  return { source, edges: joinEdges([read.edges]), start: Buffer.from(read.start) };
}

/** Why a source is not the log of the day, as far as that is known from it alone. */
function faultOf(outcome: Outcome, { from, mostBad }: { from: number; mostBad: number }): LogFault[] {
  const { source } = outcome;
  const fault = (message: string): LogFault[] => [{ file: source.name, message }];
  if ('why' in outcome) return fault(outcome.why);
  const { edges, start } = outcome;
  if ('ssh' in source && start.length === 0)
    return fault(
      'the command of the key printed nothing: the log was rotated away, or the command names another file',
    );
  if (edges.isForeign) return fault(foreign(start));
  if ('ssh' in source && edges.hasRecords && !/^\s*\{/.test(start.toString('utf8')))
    return fault(
      'the other machine printed something before the log: the command of the key must print the log and nothing else',
    );
  // A single line may have been cut off. What was not written to since the day began holds nothing of it.
  if (edges.gap < 2 || mostBad >= 1 || ('file' in source && changedAt(source.file) < from)) return [];
  return fault(
    `holds no record of the day, and where its records would be stand ${edges.gap} lines that are none: they may be all that happened on that day. Look at the log; name a log without them, or set max-bad-share to 1 when you know that they are not`,
  );
}

/** Where no source has any record of a request, there is no access log among them. */
function withoutRecords(outcomes: Outcome[]): LogFault[] {
  const read = outcomes.flatMap((outcome) => ('edges' in outcome ? [outcome] : []));
  if (read.some(({ edges }) => edges.hasRecords)) return [];
  return read
    .filter(({ edges }) => edges.runtime > 0)
    .map(({ source }) => ({
      file: source.name,
      message:
        'holds no record of a request, only what Caddy tells of itself: errors, upstreams, certificates. Name the access log as well; a site has one when its block in the Caddyfile has the line `log`',
    }));
}

function remarkOf(outcome: Outcome): LogFault[] {
  if (!('edges' in outcome) || outcome.edges.hasRecords || outcome.edges.runtime === 0) return [];
  return [
    {
      file: outcome.source.name,
      message:
        'holds no record of a request, only what Caddy tells of itself; the day is read from the others',
    },
  ];
}

function changedAt(file: string): number {
  return statSync(file).mtimeMs / 1000;
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
  yield* isPacked(source) ? unpackFile(source.file) : createReadStream(source.file);
}

/** What is said of a log without any record of Caddy. */
function foreign(start: Buffer): string {
  return `holds no record of a Caddy access log; it looks like ${looksLike(start)}`;
}

/** What bad lines look like, for who refuses them. */
export function looksOfBad({ looks }: Counts): string | null {
  return mostSeen(looks) ?? null;
}
