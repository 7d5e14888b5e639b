import { type Commit, readCommit } from './objects.ts';
import { standingAt } from './trees.ts';

/** All commits reachable from a commit, itself included. */
function reachable(folder: string, from: string): Set<string> {
  const found = new Set<string>();
  const waiting = [from];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(readCommit(folder, next)?.parents ?? []));
  }
  return found;
}

export interface LogOptions {
  /** Only commits that changed this file, or something in this folder. */
  path?: string;
  /** Not those that are reachable from this one. */
  without?: string;
  limit?: number;
}

/** Commits reachable from a commit, newest first, as `git log` orders them and leaves them out. */
export function history(folder: string, from: string, options: LogOptions = {}): Commit[] {
  const left = options.without === undefined ? new Set() : reachable(folder, options.without);
  const seen = new Set<string>();
  const waiting: Commit[] = [];
  const queue = (sha: string): void => {
    const commit = seen.has(sha) || left.has(sha) ? undefined : readCommit(folder, sha);
    seen.add(sha);
    if (commit === undefined) return;
    const at = waiting.findIndex((other) => other.committer.date < commit.committer.date);
    waiting.splice(at < 0 ? waiting.length : at, 0, commit);
  };
  queue(from);
  const found: Commit[] = [];
  for (let commit = waiting.shift(); commit !== undefined; commit = waiting.shift()) {
    if (found.length === options.limit) break;
    const { path } = options;
    const now = path === undefined ? undefined : standingAt(folder, commit.tree, path);
    const treeOf = (sha: string): string => readCommit(folder, sha)?.tree ?? '';
    // A merge that has the file as one of its parents had it leads to that parent alone.
    const unchanged =
      path === undefined
        ? undefined
        : commit.parents.find((sha) => standingAt(folder, treeOf(sha), path) === now);
    const changed =
      path === undefined || (commit.parents.length === 0 ? now !== '' : unchanged === undefined);
    if (changed) found.push(commit);
    for (const sha of unchanged === undefined ? commit.parents : [unchanged]) queue(sha);
  }
  return found;
}

/** The best common ancestors of two commits: mostly one. */
export function mergeBases(folder: string, one: string, other: string): string[] {
  const theirs = reachable(folder, other);
  const common = [...reachable(folder, one)].filter((sha) => theirs.has(sha));
  const older = new Set<string>();
  const waiting = common.flatMap((sha) => readCommit(folder, sha)?.parents ?? []);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (older.has(next)) continue;
    older.add(next);
    waiting.push(...(readCommit(folder, next)?.parents ?? []));
  }
  return common.filter((sha) => !older.has(sha));
}
