import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * The commit that a checkout stands on, or undefined when it cannot be told. Read from `.git` itself, because an
 * image that runs a role need not have git. A worktree's `.git` is a file that names the real folder.
 */
export function checkedOutCommit(folder: string): string | undefined {
  let git = path.join(folder, '.git');
  if (!existsSync(git)) return undefined;
  if (statSync(git).isFile()) {
    const named = /^gitdir: (.+)$/m.exec(readFileSync(git, 'utf8'))?.[1];
    if (named === undefined) return undefined;
    git = path.resolve(folder, named.trim());
  }
  const head = readText(path.join(git, 'HEAD'));
  const ref = /^ref: (.+)$/.exec(head ?? '')?.[1];
  if (ref === undefined) return commitIn(head);
  const common = readText(path.join(git, 'commondir'));
  const home = common === undefined ? git : path.resolve(git, common);
  return commitIn(readText(path.join(home, ref))) ?? packed(readText(path.join(home, 'packed-refs')), ref);
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

function commitIn(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{40,64}$/.test(text) ? text : undefined;
}

function packed(text: string | undefined, ref: string): string | undefined {
  const line = text?.split('\n').find((item) => item.endsWith(` ${ref}`));
  return commitIn(line?.split(' ')[0]);
}
