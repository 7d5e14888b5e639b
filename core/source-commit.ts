import { readFileSync } from 'node:fs';
import path from 'node:path';

// Which commit of forgecrew a compiled file is of, so that the first line of a log says what ran. It cannot stand in the file itself: that
// is in the commit.

const commitId = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/;

function firstLineOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch {
    // Not there, or not readable: then it is not known, which keeps no role from its work.
    return '';
  }
}

/** What a branch or tag of a git folder stands on; git keeps it in a file of its own, or in one list. */
function resolved(folder: string, ref: string): string {
  // Only inside the folder: the file may say anything.
  if (!/^refs\/[\w./-]+$/.test(ref) || ref.includes('..')) return '';
  const loose = firstLineOf(path.join(folder, ref));
  if (loose !== '') return loose;
  try {
    const packed = readFileSync(path.join(folder, 'packed-refs'), 'utf8').split('\n');
    return packed.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0] ?? '';
  } catch {
    return '';
  }
}

/** Where git keeps what belongs to a checkout: beside it, or, for one that `git worktree add` made, where a file says. */
function gitFolder(root: string): string {
  const beside = path.join(root, '.git');
  const [, elsewhere] = /^gitdir: (.+)$/.exec(firstLineOf(beside)) ?? [];
  return elsewhere === undefined ? beside : path.resolve(root, elsewhere);
}

/**
 * The commit of the copy that a compiled file (`dist/<name>/index.js`) belongs to: a checkout, or an image or package, which carries it in
 * a file `commit`. Undefined where none is known. No git is started for it: reading two small files takes no time.
 */
export function sourceCommit(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const root = path.resolve(path.dirname(file), '..', '..');
  const folder = gitFolder(root);
  const head = firstLineOf(path.join(folder, 'HEAD'));
  // A worktree has a HEAD of its own, and its branches where it was made from.
  const branches = path.resolve(folder, firstLineOf(path.join(folder, 'commondir')));
  const found = [
    firstLineOf(path.join(root, 'commit')),
    head,
    resolved(branches, head.replace(/^ref: /, '')),
  ];
  return found.find((text) => commitId.test(text));
}
