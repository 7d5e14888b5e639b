import { randomBytes, randomInt } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import { parseStart, processesOfUser, processFile, processLink } from './processes.ts';

/** Who holds a uid, so that anybody can tell whether that process still runs. */
export interface Holder {
  pid: number;
  /** When it started: a pid alone is used again. */
  start: string;
  /** The pid namespace that the pid belongs to, and the boot. */
  namespace: string;
  boot: string;
  /** The folder of its cell, which is left when it dies. */
  folder: string;
}

/** What is known of the machine when a holder is judged. */
export interface Ground {
  namespace: string;
  boot: string;
  /** When the process with this pid started, or undefined where there is none. */
  startOf(pid: number): string | undefined;
}

/** Whether a holder may still run. One that cannot be judged from here, in another container, counts as running. */
export function mayRun(holder: Holder, ground: Ground): boolean {
  if (holder.boot !== ground.boot) return false;
  if (holder.namespace !== ground.namespace) return true;
  return ground.startOf(holder.pid) === holder.start;
}

function groundHere(): Ground {
  return {
    namespace: processLink('self', 'ns/pid') ?? '',
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    startOf: (pid) => parseStart(processFile(pid, 'stat') ?? ''),
  };
}

/** A uid that nobody else has until it is released. */
export interface UidLock {
  uid: number;
  /** Folders of cells whose holders died. Processes of theirs may still run, with this uid. */
  left: string[];
  release(): void;
}

interface LockFile {
  file: string;
  uid: number;
  holder: Holder | undefined;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, start, namespace, boot, folder } = JSON.parse(text) as Record<string, unknown>;
    const isHolder =
      typeof pid === 'number' && [start, namespace, boot, folder].every((value) => typeof value === 'string');
    return isHolder ? ({ pid, start, namespace, boot, folder } as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function locksIn(folder: string): LockFile[] {
  return readdirSync(folder).flatMap((name) => {
    const uid = Number(/^(\d+)\.[0-9a-f]+$/.exec(name)?.[1]);
    if (!Number.isInteger(uid)) return [];
    const file = path.join(folder, name);
    try {
      return [{ file, uid, holder: parseHolder(readFileSync(file, 'utf8')) }];
    } catch {
      // Released since.
      return [];
    }
  });
}

/** The uids that accounts of this host have. */
function accountUids(): Set<number> {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return new Set(lines.map((line) => Number(line.split(':')[2] ?? 'none')));
  } catch {
    return new Set();
  }
}

/**
 * Takes a uid for one cell. Every taker writes a file of its own name and looks afterwards who else is there: of two that take
 * the same uid at least one sees the other, and whoever sees another leaves. So no file ever changes hands, and none that is
 * held can be removed by somebody who took it for a dead one's.
 */
export function takeUid(
  folder: string,
  uids: { first: number; count: number },
  cellFolder: string,
  ground = groundHere(),
): UidLock {
  makeFolder(folder, 0o700);
  const accounts = accountUids();
  const start = ground.startOf(process.pid);
  if (start === undefined) throw new Error('This process does not stand in /proc.');
  const holder: Holder = {
    pid: process.pid,
    start,
    namespace: ground.namespace,
    boot: ground.boot,
    folder: cellFolder,
  };
  const held = (lock: LockFile): boolean => lock.holder !== undefined && mayRun(lock.holder, ground);
  // Not always the first one: what an earlier cell left behind somewhere belongs to its uid.
  const shift = randomInt(uids.count);
  const all = Array.from({ length: uids.count }, (_, step) => uids.first + ((shift + step) % uids.count));
  // But first those of which the holder died: whoever takes one ends what it left running, and removes its folder.
  const dead = new Set(locksIn(folder).flatMap((lock) => (held(lock) ? [] : [lock.uid])));
  for (const uid of [...all.filter((item) => dead.has(item)), ...all.filter((item) => !dead.has(item))]) {
    if (accounts.has(uid)) continue;
    const others = locksIn(folder).filter((lock) => lock.uid === uid);
    if (others.some(held)) continue;
    // Somebody who takes no locks has this uid.
    if (others.length === 0 && processesOfUser(uid).length > 0) continue;
    const name = `${uid}.${randomBytes(8).toString('hex')}`;
    const file = path.join(folder, name);
    // Whole from the first moment on: half of it would look like a dead one's.
    writeFileSync(`${file}.new`, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
    renameSync(`${file}.new`, file);
    const release = (): void => rmSync(file, { force: true });
    const now = locksIn(folder).filter((lock) => lock.uid === uid && lock.file !== file);
    if (now.some(held)) {
      release();
      continue;
    }
    for (const lock of now) rmSync(lock.file, { force: true });
    return {
      uid,
      left: now.flatMap((lock) => (lock.holder === undefined ? [] : [lock.holder.folder])),
      release,
    };
  }
  throw new UserError(
    `All uids from ${uids.first} to ${uids.first + uids.count - 1} are taken on this machine.`,
    'Wait until other runs are over, or name a longer range.',
  );
}
