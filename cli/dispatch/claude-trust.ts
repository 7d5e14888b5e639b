import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { codeOf } from '../../core/errors.ts';
import { exactText } from '../../core/text/exact-text.ts';
import { type Edited, withoutTrust, withTrust } from './claude-trust-text.ts';

// Claude asks once whether a folder is trusted and keeps the answer in its configuration (`~/.claude.json`, or the file of that
// name in CLAUDE_CONFIG_DIR). A worker in a new worktree would wait at that question for ever. Every running Claude writes the
// same file, so it is changed as they do: under their lock, from what it says at that moment, by rename.

export type TrustOutcome =
  | { kind: 'changed' }
  /** It said so already. */
  | { kind: 'same' }
  /** There is no configuration: Claude was never used here. None is made. */
  | { kind: 'absent' }
  /** Left as it is; `why` goes on a sentence. */
  | { kind: 'left'; why: string };

/** What a test may want to hold in its hands. */
export interface TrustSeams {
  read(file: string): Buffer;
  pause(milliseconds: number): Promise<unknown>;
  now(): number;
}

const seams: TrustSeams = { read: (file) => readFileSync(file), pause: pauseFor, now: Date.now };

/** Has Claude trust a worktree, named by its real path. */
export function addClaudeTrust(file: string, worktree: string, own = seams): Promise<TrustOutcome> {
  return change(file, (text) => withTrust(text, worktree.normalize('NFC')), own);
}

/** Takes the trust of a worktree away; what Claude wrote of it otherwise stays. */
export function removeClaudeTrust(file: string, worktree: string, own = seams): Promise<TrustOutcome> {
  return change(file, (text) => withoutTrust(text, worktree.normalize('NFC')), own);
}

const mostBytes = 64 * 1024 * 1024;
const mostTries = 40;
/** Claude's lock is a folder, as `proper-lockfile` makes it: one that was not touched for so long was left behind. */
const staleAfterMs = 10_000;

async function change(given: string, edit: (text: string) => Edited, own: TrustSeams): Promise<TrustOutcome> {
  let file: string;
  try {
    // Through links: a rename over a link would leave what it leads to as it was.
    file = realpathSync(given);
  } catch (error) {
    return codeOf(error) === 'ENOENT'
      ? { kind: 'absent' }
      : { kind: 'left', why: `it cannot be read (${codeOf(error)})` };
  }
  const lock = `${file}.lock`;
  for (let tries = 1; tries <= mostTries; tries += 1) {
    if (takeLock(lock, own.now()))
      try {
        const outcome = changeOnce(file, edit, own);
        // Some versions of Claude write it in place: what is half written is whole a moment later.
        if (outcome !== 'moved' && (outcome.kind !== 'left' || tries >= 3)) return outcome;
      } catch (error) {
        return { kind: 'left', why: `it cannot be changed (${codeOf(error)})` };
      } finally {
        rmSync(lock, { recursive: true, force: true });
      }
    await own.pause(100);
  }
  return { kind: 'left', why: 'other programs changed it or held its lock all the time' };
}

/** `moved`: another program wrote it meanwhile, which does not keep to the lock. */
function changeOnce(
  file: string,
  edit: (text: string) => Edited,
  { read }: TrustSeams,
): TrustOutcome | 'moved' {
  const { mode, size, uid } = statSync(file);
  if (size > mostBytes) return { kind: 'left', why: `it has more than ${mostBytes} bytes` };
  // The new file would be ours.
  if (uid !== process.getuid?.()) return { kind: 'left', why: 'it belongs to another user' };
  const before = read(file);
  const text = exactText(before);
  const edited: Edited =
    text === undefined ? { kind: 'unreadable', why: 'it is no text in UTF-8' } : edit(text);
  if (edited.kind === 'unreadable') return { kind: 'left', why: edited.why };
  if (edited.kind === 'same') return edited;
  const part = `${file}.${randomUUID()}`;
  try {
    writeNew(part, edited.text, mode);
    if (!read(file).equals(before)) return 'moved';
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
  // One that read before us and wrote after us has put its own in the place of ours.
  const now = exactText(read(file));
  return now !== undefined && edit(now).kind === 'same' ? { kind: 'changed' } : 'moved';
}

function writeNew(file: string, text: string, mode: number): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    fchmodSync(descriptor, mode & 0o777);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    // Renamed before it is on the disk, it could be empty after a power cut: Claude would begin anew, without its login.
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function takeLock(lock: string, now: number): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    // Where no lock can be made, Claude writes without one; the comparison still holds.
    if (codeOf(error) !== 'EEXIST') return true;
  }
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (since === undefined || now - since > staleAfterMs)
    try {
      rmdirSync(lock);
    } catch {
      // Another one took it away.
    }
  return false;
}
