import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findProgram } from './find-program.ts';

/** Kinds of what System V shares between processes: as the kernel lists them, and as `ipcrm` is told them. */
const kinds = [
  { list: 'shm', option: '-m' },
  { list: 'sem', option: '-s' },
  { list: 'msg', option: '-q' },
] as const;

/** So many in one call. */
const atOnce = 500;

/**
 * Removes what a user's programs have left of System V's shared memory, semaphores and queues. It stays when its process ends, is in no
 * folder, and takes memory of the machine until its next start. `asUser` stands before a command that shall have that user's
 * rights: nothing can be removed that is not its own. `ipcrm` is of util-linux; where it is missing, what was left stays.
 */
export async function clearIpc({ uid, asUser }: { uid: number; asUser: readonly string[] }): Promise<void> {
  const ipcrm = findProgram('ipcrm');
  for (const { list, option } of kinds) {
    const left = ipcrm === undefined ? [] : idsOf(readList(list), uid);
    for (let at = 0; at < left.length; at += atOnce)
      await run([
        ...asUser,
        ipcrm ?? '',
        ...left.slice(at, at + atOnce).flatMap((id) => [option, String(id)]),
      ]);
  }
}

/** Where a kernel has no such thing, nothing is left of it. */
function readList(list: string): string {
  try {
    return readFileSync(`/proc/sysvipc/${list}`, 'utf8');
  } catch {
    return '';
  }
}

/** The ids of what belongs to a user, or was made by it, in one of the kernel's lists; pure. */
export function idsOf(list: string, uid: number): number[] {
  const [head = '', ...lines] = list.split('\n').map((line) => line.trim().split(/\s+/));
  const place = (name: string): number => head.indexOf(name);
  const [owner, maker] = [place('uid'), place('cuid')];
  // The second column of each of them.
  return lines.flatMap((fields) =>
    fields.length > 1 && [fields[owner], fields[maker]].includes(String(uid)) ? [Number(fields[1])] : [],
  );
}

/** What is gone already is no fault of anybody. */
function run([file = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile(file, args, { env: {}, cwd: '/', timeout: 30_000 }, () => resolve());
  });
}
