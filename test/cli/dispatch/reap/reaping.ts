import { rmSync } from 'node:fs';
import path from 'node:path';
import type { PullFact } from '../../../../cli/dispatch/reap/decide.ts';
import type { KnownDispatch } from '../../../../cli/dispatch/reap/look.ts';
import { type ReapOptions, type ReapOutcome, reap } from '../../../../cli/dispatch/reap/reap.ts';
import { type Git, openGit } from '../../../../core/git.ts';
import { address, type Checkouts, openCheckouts } from '../checkouts.ts';

export const now = '2026-11-26T12:00:00Z';

export interface Tree {
  worktree: string;
  branch: string;
}

export interface Reaping extends Checkouts {
  held: Git;
  /** A worktree with its branch at main, as a dispatch has it. */
  tree(name: string): Tree;
  known(tree: Tree, over?: Partial<KnownDispatch>): KnownDispatch;
  reap(known: KnownDispatch[], over?: Partial<ReapOptions>, git?: Git): Promise<ReapOutcome>;
  /** The forge merges a commit into its main branch. */
  merge(commit: string, style?: 'merge' | 'squash' | 'rebase', before?: (folder: string) => void): void;
  /** Somebody commits to the forge's main branch what is done in a clone of it. */
  onForge(work: (folder: string) => void): void;
  /** Whether a commit can be reached from a ref of the person's clone. */
  isReached(commit: string, refs?: string): boolean;
}

export async function openReaping(): Promise<Reaping> {
  const at = openCheckouts();
  const held = await openGit({ path: at.environment.PATH ?? '', folder: path.join(at.folder, 'held') });
  const forgeSide = path.join(at.folder, 'merging');
  const clone = (): void => {
    rmSync(forgeSide, { recursive: true, force: true });
    at.run(['clone', '--quiet', address, forgeSide], at.folder);
  };
  return {
    ...at,
    held,
    tree(name) {
      const worktree = path.join(at.worktreeRoot, name);
      const branch = `dispatch/${name}`;
      at.run(['worktree', 'add', '--quiet', '--no-track', '-b', branch, worktree, 'main']);
      return { worktree, branch };
    },
    known: ({ worktree, branch }, over = {}) => ({
      worktree,
      branch,
      alive: false,
      pull: { kind: 'none' } as PullFact,
      ...over,
    }),
    reap: (known, over = {}, git = held) =>
      reap(git, at.git, {
        checkout: at.checkout,
        remote: 'origin',
        base: 'main',
        known,
        ignore: [],
        now,
        dryRun: false,
        claudeConfig: null,
        ...over,
      }),
    merge(commit, style = 'squash', before = () => undefined) {
      const merging = (...args: string[]): void => void at.run(args, forgeSide);
      clone();
      merging('fetch', '--quiet', at.checkout, commit);
      if (style === 'merge') merging('merge', '--quiet', '--no-ff', '-m', 'Merge', commit);
      if (style === 'squash') {
        merging('merge', '--quiet', '--squash', commit);
        before(forgeSide);
        merging('add', '--all');
        merging('commit', '--quiet', '--allow-empty', '-m', 'Squashed');
      }
      if (style === 'rebase') {
        merging('checkout', '--quiet', '-b', 'rebased', commit);
        merging('rebase', '--quiet', '--force-rebase', 'main');
        merging('checkout', '--quiet', 'main');
        merging('merge', '--quiet', '--ff-only', 'rebased');
      }
      merging('push', '--quiet', 'origin', 'main');
    },
    onForge(work) {
      clone();
      work(forgeSide);
      at.run(['add', '--all'], forgeSide);
      at.run(['commit', '--quiet', '-m', 'Somebody'], forgeSide);
      at.run(['push', '--quiet', 'origin', 'main'], forgeSide);
    },
    isReached: (commit, refs = 'refs/') =>
      at.run(['for-each-ref', '--contains', commit, '--format=%(refname)', refs]) !== '',
  };
}
