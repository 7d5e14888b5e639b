import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, UserError } from '../../core/errors.ts';
import { makeFolder } from '../../core/make-folder.ts';
import { type DispatchEntry, entryText, type IssuePlace, parseDispatchEntry, stemOf } from './entry.ts';
import { lifeOf, type Machine, nameOfProcess, type ProcessName } from './machine.ts';

// One file for each dispatch, in one folder, beside its log. A file appears whole or not at all, and its name ends with the
// number of the dispatch among those of its issue: of two at the same moment only one can make the next number.

/**
 * How a dispatch stands. `active`: that very process lives on this host, and has not written its end. `dead`: it is gone and wrote
 * none. `elsewhere`: another host's, which is not judged here.
 */
export type Standing = 'active' | 'dead' | 'ended' | 'elsewhere';

export function standingOf(entry: DispatchEntry, machine: Machine): Standing {
  // Its process wrote that last of all, when its worker was gone.
  if (entry.ended_at !== null) return 'ended';
  const life = lifeOf(entry, machine);
  return life === 'alive' ? 'active' : life;
}

export interface Registry {
  /** Oldest first. */
  entries: DispatchEntry[];
  /** Files that cannot be read: something may run that nobody sees. */
  faulty: { file: string; fault: string }[];
}

const largest = 1024 * 1024;

/** Everything that the registry says; reads only. A folder that is not there has nothing in it. */
export function readRegistry(logRoot: string): Registry {
  const registry: Registry = { entries: [], faulty: [] };
  for (const name of namesIn(logRoot)) {
    const read = readEntry(path.join(logRoot, name));
    if (read.kind === 'entry') registry.entries.push(read.entry);
    else if (read.kind === 'faulty')
      registry.faulty.push({ file: path.join(logRoot, name), fault: read.fault });
  }
  registry.entries.sort((a, b) => compare(a.started_at, b.started_at) || compare(a.id, b.id));
  return registry;
}

type ReadEntry =
  | { kind: 'entry'; entry: DispatchEntry }
  | { kind: 'faulty'; fault: string }
  | { kind: 'gone' };

/** One entry, by its file. */
function readEntry(file: string): ReadEntry {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
    if (content.length > largest) return { kind: 'faulty', fault: 'it is too large' };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? { kind: 'gone' } : { kind: 'faulty', fault: `it cannot be read (${code})` };
  }
  const parsed = parseDispatchEntry(content);
  if (!parsed.ok) return { kind: 'faulty', fault: parsed.fault };
  // A copy under another name would be taken for a second dispatch.
  return parsed.entry.id === path.basename(file, '.json')
    ? { kind: 'entry', entry: parsed.entry }
    : { kind: 'faulty', fault: 'its id is not the name of its file' };
}

function namesIn(logRoot: string): string[] {
  try {
    return readdirSync(logRoot).filter((name) => entryName.test(name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw new UserError(
      `${logRoot} cannot be read (${codeOf(error)}).`,
      'It is the log-root of the configuration; name a folder of yours.',
    );
  }
}

const entryName = /^[a-z0-9._-]+\+[a-z0-9._-]+\+[a-z0-9._-]+\+\d+\+[1-9]\d{0,8}\.json$/;

export function entryFile(logRoot: string, { id }: Pick<DispatchEntry, 'id'>): string {
  return path.join(logRoot, `${id}.json`);
}

/** Which dispatch has the issue, or that this one has it now. */
export type Begun =
  | { kind: 'begun'; entry: DispatchEntry }
  | { kind: 'held'; by: DispatchEntry; standing: Standing };

/**
 * Enters a dispatch, unless another one of the same issue runs, or may run on another host. Of several at the same moment one
 * is entered, and the others are told which. No file is ever removed or replaced for that, so no two can believe it is theirs.
 */
export function enterDispatch(
  logRoot: string,
  { place, machine }: { place: IssuePlace; machine: Machine },
  entryOf: (given: { id: string; log_path: string }) => DispatchEntry,
): Begun {
  inFolder(logRoot, 'log-root', () => makeFolder(logRoot, 0o700));
  const stem = stemOf(place);
  for (;;) {
    const last = lastNumber(logRoot, stem);
    if (last > 0) {
      const file = path.join(logRoot, `${stem}+${last}.json`);
      const read = readEntry(file);
      if (read.kind === 'gone') continue;
      if (read.kind === 'faulty')
        throw new UserError(
          `${file} cannot be read: ${read.fault}. So nobody knows whether a worker is at this issue.`,
          'Look at the file, and move it away once nothing of that dispatch runs.',
        );
      const standing = standingOf(read.entry, machine);
      if (standing === 'active' || standing === 'elsewhere')
        return { kind: 'held', by: read.entry, standing };
    }
    const id = `${stem}+${last + 1}`;
    const entry = entryOf({ id, log_path: path.join(logRoot, `${id}.log`) });
    const file = path.join(logRoot, `${id}.json`);
    if (inFolder(logRoot, 'log-root', () => linkWhole(file, entryText(entry))))
      return { kind: 'begun', entry };
  }
}

/** What a folder answers that is no place to write: not ours, on a disk that only reads, below a file, without room or links. */
const unusable: readonly string[] = [
  'EACCES',
  'EPERM',
  // Of a place that takes no folders at all, as below /proc.
  'ENOENT',
  'EROFS',
  'ENOTDIR',
  'EEXIST',
  'ENOENT',
  'ENOSPC',
  'EDQUOT',
  'ENOTSUP',
  'ENAMETOOLONG',
];

/** Does something in a folder that the configuration names; where nothing can be written there, a person can mend it. */
export function inFolder<T>(folder: string, setting: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!unusable.includes(codeOf(error))) throw error;
    throw new UserError(
      `${folder} cannot be written to (${codeOf(error)}).`,
      `It is the ${setting} of the configuration: name a folder of yours, on a disk with room.`,
    );
  }
}

function lastNumber(logRoot: string, stem: string): number {
  return namesIn(logRoot)
    .filter((name) => name.startsWith(`${stem}+`))
    .reduce((last, name) => Math.max(last, Number(name.slice(stem.length + 1, -'.json'.length))), 0);
}

/** Makes a file with its content at once; false where one of this name is there. */
function linkWhole(file: string, content: string): boolean {
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  writeFileSync(part, content, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(part, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(part, { force: true });
  }
}

/**
 * Changes what the registry says of one dispatch. `change` sees it as it stands, together with all the others, and nobody else
 * writes meanwhile; `undefined` leaves it as it is. Resolves to how it stands then.
 */
export function changeEntry(
  logRoot: string,
  id: string,
  machine: Machine,
  change: (entry: DispatchEntry) => DispatchEntry | undefined,
): DispatchEntry {
  return withLock(logRoot, machine, () => {
    const file = entryFile(logRoot, { id });
    const read = readEntry(file);
    if (read.kind !== 'entry')
      throw new UserError(
        `What the registry says of ${id} cannot be changed: ${read.kind === 'gone' ? 'it is gone' : read.fault}.`,
      );
    const next = change(read.entry);
    if (next === undefined) return read.entry;
    const part = `${file}.${randomBytes(6).toString('hex')}.part`;
    writeFileSync(part, entryText(next), { mode: 0o600, flag: 'wx' });
    renameSync(part, file);
    return next;
  });
}

const lockName = 'registry.lock';
const mostWaitMs = 10_000;

/** Lets one process at a time write. What is done meanwhile takes a moment and waits for nothing. */
function withLock<T>(logRoot: string, machine: Machine, work: () => T): T {
  const file = path.join(logRoot, lockName);
  const own = JSON.stringify(nameOfProcess(process.pid, machine));
  const until = Date.now() + mostWaitMs;
  while (!linkWhole(file, own)) {
    if (removeDeadLock(file, machine)) continue;
    if (Date.now() > until)
      throw new UserError(
        `Another process holds ${file} for more than ${mostWaitMs / 1000} seconds.`,
        'Look which process that is (the file names it); remove the file if it is gone.',
      );
    pause(5);
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Takes the lock of a process away that was killed while it held it. True where it is worth to try again at once. */
function removeDeadLock(file: string, machine: Machine): boolean {
  const holder = holderIn(file);
  if (holder === 'gone') return true;
  if (holder === undefined || lifeOf(holder, machine) !== 'dead') return false;
  const away = `${file}.${randomBytes(6).toString('hex')}.dead`;
  try {
    renameSync(file, away);
  } catch {
    return true;
  }
  // Somebody else may have done the same, and a living one's be there since: then it is put back.
  const taken = holderIn(away);
  if (taken !== 'gone' && taken !== undefined && lifeOf(taken, machine) !== 'dead') {
    try {
      linkSync(away, file);
    } catch {
      // A third one has it; the second one is done by then, or nearly.
    }
  }
  rmSync(away, { force: true });
  return true;
}

function holderIn(file: string): ProcessName | 'gone' | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessName;
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'gone' : undefined;
  }
}

/** Without giving the turn to anything else of this process. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
