import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

// git's refs as the files they are, and its own locks: a push over HTTP may move the same ref from another process.

/** Whether git would take this for the whole name of a ref; nothing else is ever made a path of. */
export function isRefName(ref: string): boolean {
  return (
    ref.startsWith('refs/') &&
    !/[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/.test(ref) &&
    ref.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
  );
}

/** What a ref names, or undefined. */
export function readRef(folder: string, ref: string): string | undefined {
  if (!isRefName(ref)) return undefined;
  try {
    const text = readFileSync(path.join(folder, ref), 'utf8').trim();
    return /^[0-9a-f]{40}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The names of all refs below `refs/heads/` or another prefix, without the prefix, in order. */
export function refsBelow(folder: string, prefix: string): string[] {
  let found: string[];
  try {
    found = readdirSync(path.join(folder, prefix), { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return found
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => readRef(folder, `${prefix}${name}`) !== undefined)
    .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

/** Does something while nobody else can move a ref; false where somebody else is at it, or where no ref can be. */
function whileLocked(folder: string, ref: string, work: (lock: string, file: string) => boolean): boolean {
  if (!isRefName(ref)) return false;
  const file = path.join(folder, ref);
  const lock = `${file}.lock`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    closeSync(openSync(lock, 'wx'));
  } catch {
    return false;
  }
  try {
    return work(lock, file);
  } catch {
    // A folder of other refs stands where this one would be.
    return false;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Lets a ref name another commit, in one step: false when it does not name `from` (`null`: nothing) at that moment. */
export function swapRef(folder: string, ref: string, to: string, from: string | null): boolean {
  return whileLocked(folder, ref, (lock, file) => {
    if ((readRef(folder, ref) ?? null) !== from) return false;
    writeFileSync(lock, `${to}\n`);
    dropIfEmpty(file);
    renameSync(lock, file);
    return true;
  });
}

/** Takes a ref away: false when it does not name `from` at that moment. */
export function deleteRef(folder: string, ref: string, from: string): boolean {
  const done = whileLocked(folder, ref, (_, file) => {
    if (readRef(folder, ref) !== from) return false;
    rmSync(file);
    return true;
  });
  // The folder of a branch `a/b` that is gone must not stand in the way of a branch `a`.
  const folders = ref.split('/').slice(0, -1);
  while (done && folders.length > 2 && dropIfEmpty(path.join(folder, ...folders))) folders.pop();
  return done;
}

function dropIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
