import type { Send } from '../api/send.ts';
import { type ChangingCommit, commitsFrom } from '../forge/commits.ts';

/** How many pages of commits are looked through for the one that brought a file. */
const mostPages = 20;

/** The newest change of a file on a branch's own line of commits. */
export type LastChange =
  /** `later`: what came to the branch after it, oldest first. */
  | { kind: 'found'; commit: ChangingCommit; later: ChangingCommit[] }
  /** Further back than is looked. */
  | { kind: 'beyond'; commits: number }
  /** Nothing on the line changed it. */
  | { kind: 'never' };

/** A branch's own line: from its tip along first parents, so merges are one step each. */
export type Line = ReturnType<typeof createLine>;

/**
 * The line that ends in a commit. What was merged, reverted and brought back shows on it as what it did to the branch, which
 * neither a list of commits by path nor a pull request's own list tells: both leave out what a merge threw away.
 */
export function createLine(send: Send, repository: string, tip: string) {
  const known = new Map<string, ChangingCommit>();
  const line: ChangingCommit[] = [];
  let next: string | undefined = tip;
  let pages = 0;

  /** The line one commit further back; undefined at its end, or where no more pages are read. */
  async function extend(): Promise<ChangingCommit | undefined> {
    while (next !== undefined && !known.has(next)) {
      if (pages === mostPages) return undefined;
      pages += 1;
      const found = await commitsFrom(send, repository, tip, { page: pages });
      if (found.length === 0) return undefined;
      for (const commit of found) known.set(commit.sha, commit);
    }
    const commit = next === undefined ? undefined : known.get(next);
    if (commit === undefined) return undefined;
    line.push(commit);
    next = commit.parents[0];
    return commit;
  }

  let reading: Promise<unknown> = Promise.resolve();
  /** One question after the other, since all of them read the same pages. */
  function inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const answer = reading.then(ask);
    reading = answer.catch(() => undefined);
    return answer;
  }
  async function find(file: string, from: number): Promise<LastChange> {
    for (let index = from; ; index += 1) {
      const commit = line[index] ?? (await extend());
      if (commit === undefined)
        return next === undefined ? { kind: 'never' } : { kind: 'beyond', commits: line.length };
      if (commit.files.some(({ path }) => path === file))
        return { kind: 'found', commit, later: line.slice(0, index).reverse() };
    }
  }

  return {
    /** The newest change of a file. */
    lastChange: (file: string): Promise<LastChange> => inTurn(() => find(file, 0)),
    /** The newest change of a file before a commit of the line. */
    changeBefore: (file: string, commit: string): Promise<LastChange> =>
      inTurn(() => find(file, line.findIndex(({ sha }) => sha === commit) + 1)),
    /** The newest commits, newest first: as many as are known after one page. */
    recent: (): Promise<ChangingCommit[]> =>
      inTurn(async () => {
        while (pages === 0 || (next !== undefined && known.has(next)))
          if ((await extend()) === undefined) break;
        return [...line];
      }),
  };
}
