import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChildEnd } from '../../../../core/child.ts';
import type { Git, GitCall } from '../../../../core/git.ts';
import { isThorough } from '../../../thorough.ts';
import { now, openReaping, type Reaping } from './reaping.ts';

// A run that reaps is cut off at every call of git, before and after it, and at every file that it removes: the process that
// does it is gone then, as after kill -9, and whatever it would have done later is not done.

/** Never answers: what waits for it is as dead as its process. */
const never = new Promise<never>(() => undefined);

interface Cut {
  at: number;
  when: 'before' | 'after';
}

/** A git of which the process that asks it dies at one call; `died` says when. */
function dying(git: Git, cut: Cut): { git: Git; calls(): string[]; died: Promise<void> } {
  const calls: string[] = [];
  let die: () => void = () => undefined;
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const around = async <T>(call: GitCall, run: () => Promise<T>): Promise<T> => {
    calls.push(call.args.join(' '));
    const isLast = calls.length === cut.at;
    if (isLast && cut.when === 'before') {
      die();
      return never;
    }
    const ended = await run();
    if (!isLast) return ended;
    die();
    return never;
  };
  return {
    git: {
      ...git,
      end: (repository, call): Promise<ChildEnd> => around(call, () => git.end(repository, call)),
      run: (repository, call): Promise<Buffer> => around(call, () => git.run(repository, call)),
    },
    calls: () => calls,
    died,
  };
}

interface Ground {
  at: Reaping;
  worktree: string;
  branch: string;
  claudeConfig: string;
  amended: string;
  head: string;
}

async function ground(): Promise<Ground> {
  const at = await openReaping();
  const { worktree, branch } = at.tree('12-mend-it');
  const amended = at.commit('src/a.txt', 'a\n', worktree);
  at.run(['commit', '--quiet', '--amend', '-m', 'Again'], worktree);
  const head = at.run(['rev-parse', 'HEAD'], worktree);
  at.merge(head);
  mkdirSync(path.join(worktree, 'node_modules'));
  writeFileSync(path.join(worktree, 'node_modules/x'), 'x');
  const claudeConfig = path.join(at.folder, '.claude.json');
  writeFileSync(claudeConfig, JSON.stringify({ projects: { [worktree]: { hasTrustDialogAccepted: true } } }));
  return { at, worktree, branch, claudeConfig, amended, head };
}

/** After a cut and another run nothing is left of it, and both of its commits are kept. */
async function finished({ at, worktree, branch, claudeConfig, amended, head }: Ground): Promise<unknown> {
  const lost = [amended, head].filter((commit) => !at.isReached(commit) && !hasLog(at, commit));
  const { items } = await at.reap([at.known({ worktree, branch })], {
    ignore: ['node_modules/'],
    claudeConfig,
  });
  return {
    lost,
    kinds: items.map(({ kind }) => kind).filter((kind) => kind !== 'gone'),
    left: [
      existsSync(worktree),
      existsSync(path.join(at.checkout, '.git/worktrees')),
      at.run(['for-each-ref', 'refs/heads/dispatch']),
      execFileSync('cat', [claudeConfig], { encoding: 'utf8' }),
    ],
    unkept: [amended, head].filter((commit) => !at.isReached(commit, 'refs/forgecrew/reaped')),
  };
}

function hasLog(at: Reaping, commit: string): boolean {
  return execFileSync('grep', ['-rlc', commit, path.join(at.checkout, '.git')], { encoding: 'utf8' }) !== '';
}

const whole = { lost: [], left: [false, false, '', '{"projects":{}}'], unkept: [] };

async function callsOfARun(): Promise<string[]> {
  const own = await ground();
  try {
    const { git, calls } = dying(own.at.held, { at: Number.POSITIVE_INFINITY, when: 'before' });
    await own.at.reap(
      [own.at.known(own)],
      { ignore: ['node_modules/'], claudeConfig: own.claudeConfig },
      git,
    );
    return calls();
  } finally {
    own.at.close();
  }
}

describe('a run that is cut off', () => {
  it('at any call of git loses nothing, and the next one finishes', async () => {
    const calls = await callsOfARun();
    // The calls that write; around each of the others nothing is different.
    const writing = calls.flatMap((call, index) =>
      /^(?:update-ref|worktree remove|config)/.test(call) ? [index + 1] : [],
    );
    expect(writing.length).toBeGreaterThanOrEqual(4);
    // The branch goes last; behind it nothing of the worktree is left to do.
    const last = calls.findIndex((call) => /^update-ref --no-deref -d/.test(call)) + 1;
    const cuts: Cut[] = (isThorough ? calls.map((_, index) => index + 1) : writing).flatMap((at) => [
      { at, when: 'before' },
      { at, when: 'after' },
    ]);

    for (const cut of cuts) {
      const own = await ground();
      const { git, died } = dying(own.at.held, cut);
      void own.at.reap(
        [own.at.known(own)],
        { ignore: ['node_modules/'], claudeConfig: own.claudeConfig, now: now.replace('12:00', '11:00') },
        git,
      );
      await died;

      const outcome = await finished(own);

      own.at.close();
      const isOver = cut.at > last || (cut.at === last && cut.when === 'after');
      expect([cut, outcome]).toEqual([cut, { ...whole, kinds: isOver ? [] : ['reaped'] }]);
    }
  });

  it('at any file loses nothing, and the next one finishes', async () => {
    const removed = ['node_modules/x', 'src/a.txt', 'README.md', '.git'];
    for (const nth of removed.keys())
      for (const when of ['before', 'after'] as const) {
        const own = await ground();
        let count = 0;
        // What is thrown from here ends the removal as the end of the process would: nothing is put in order behind it.
        const unlink = (file: Buffer): void => {
          count += 1;
          const isCut = count === nth + 1;
          if (!isCut || when === 'after') rmSync(file.toString());
          if (isCut) throw new Error('cut off');
        };
        const { items } = await own.at.reap([own.at.known(own)], { ignore: ['node_modules/'], unlink });
        expect(items[0]?.kind).toBe('failed');

        const outcome = await finished(own);

        own.at.close();
        expect([nth, when, outcome]).toEqual([nth, when, { ...whole, kinds: ['reaped'] }]);
      }
  });
});
