import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../core/errors.ts';
import type { Git } from '../../../core/git.ts';
import { whyOf } from '../../../core/git.ts';
import { quoted } from '../../../core/text/log-line.ts';
import { removeClaudeTrust, type TrustOutcome } from '../claude-trust.ts';
import type { OwnGit } from '../own-git.ts';
import { branchPrefix } from '../worktree.ts';
import { type Decision, decide } from './decide.ts';
import { removeWalked, sameWalk, shownName } from './files.ts';
import { isOver, keptRef, keptRefs } from './kept-names.ts';
import {
  type BaseBranch,
  type Candidate,
  candidatesOf,
  commitsOf,
  type KnownDispatch,
  type LookOptions,
  look,
  markBegun,
  type Seen,
} from './look.ts';
import { commonFolderOf, openReading, type Reading, textOf } from './reading.ts';

export interface ReapOptions {
  /** The person's own clone, whose worktrees they are. */
  checkout: string;
  /** The checkout's name for the forge, and the branch there that work has to be held by which is on no record. */
  remote: string;
  base: string;
  /** What the registry says of dispatches from this checkout. */
  known: readonly KnownDispatch[];
  /** The patterns of `reap-ignore`, as in `.gitignore`: untracked files of these names do not count. */
  ignore: readonly string[];
  /** A moment in UTC, as in `2026-11-26T12:24:38Z`. */
  now: string;
  dryRun: boolean;
  /** Claude's configuration, from which the trust of a reaped worktree is taken; null: it is left alone. */
  claudeConfig: string | null;
  /** Asked once more right before anything is removed: a worker may have been started since. */
  isAlive?: (worktree: string) => boolean;
  processesIn?: LookOptions['processesIn'];
  /** Stands in for the removal of one file. */
  unlink?: (file: Buffer) => void;
}

/** What became of one worktree or branch, and why. */
export interface Reaped {
  worktree: string | null;
  branch: string | null;
  /** `would-reap`: a dry run. `gone`: nothing of it was left. `failed`: it was begun; the next run goes on with it. */
  kind: 'reaped' | 'would-reap' | 'kept' | 'gone' | 'failed';
  why: string;
  /** The refs under which its commits are kept now. */
  kept: string[];
  /** What else a person should know. */
  notes: string[];
}

export interface ReapOutcome {
  items: Reaped[];
  /** Kept refs whose thirty days were over; in a dry run those that would go. */
  pruned: string[];
  /** Why the base may be older than the forge's. */
  notes: string[];
}

/**
 * Takes away the worktrees whose work is integrated, with their branches. Nothing is removed that is not in git, and every
 * commit that only they remembered is kept for thirty days first. Cut off anywhere, it loses nothing, and the next run goes on.
 * `own`: the person's git, for fetching the base; all the rest is `git`, held in.
 */
export async function reap(git: Git, own: OwnGit, options: ReapOptions): Promise<ReapOutcome> {
  const { remote, now, dryRun } = options;
  const checkout = realpathSync(options.checkout);
  const usual = { remote, branch: options.base };
  const common = await commonFolderOf(git, checkout);
  // There HEAD and logs are no files, and what is not seen cannot be kept.
  if (existsSync(path.join(common, 'reftable')))
    throw new UserError(`Refs of ${checkout} are kept as a reftable, which reap cannot read yet.`);
  const bases = new Map<string, Awaited<ReturnType<typeof readBase>>>();
  for (const base of [usual, ...options.known.flatMap((entry) => entry.base ?? [])])
    if (!bases.has(trackedRef(base)))
      bases.set(trackedRef(base), await readBase({ git, own, checkout, common }, base));
  const notes = [...bases.values()].flatMap(({ note }) => note ?? []);
  const found = [...bases.values()].find((base) => 'commit' in base);
  if (found === undefined || !('commit' in found))
    throw new UserError(
      `The branch ${quoted(usual.branch)} of ${remote} is not known in ${checkout}, so nothing can be held against it.`,
      notes[0] ?? `Fetch it by hand: git -C ${checkout} fetch ${remote}.`,
    );
  const reading = await openReading(git, common, found.commit);
  const isKnownAlive = (worktree: string): boolean =>
    options.known.some((entry) => entry.alive && entry.worktree === worktree);
  const lookOptions: LookOptions = {
    baseOf: ({ known }) => bases.get(trackedRef(known?.base ?? usual)) ?? { why: 'its base is not known' },
    ignore: options.ignore,
    isAlive: (worktree) => isKnownAlive(worktree) || options.isAlive?.(worktree) === true,
    ...(options.processesIn === undefined ? {} : { processesIn: options.processesIn }),
  };
  const items: Reaped[] = [];
  for (const candidate of await candidatesOf(reading, options.known)) {
    const seen = await look(reading, candidate, lookOptions);
    items.push(
      await carryOut(reading, candidate, { seen, decision: decide(seen.facts), lookOptions, options }),
    );
  }
  return { items, pruned: await prune(reading, now, dryRun), notes };
}

function trackedRef({ remote, branch }: BaseBranch): string {
  return `refs/remotes/${remote}/${branch}`;
}

/** A base as the forge has it now, or as it was last seen; and what a person should know of that. */
async function readBase(
  { git, own, checkout, common }: { git: Git; own: OwnGit; checkout: string; common: string },
  base: BaseBranch,
): Promise<({ commit: string } | { why: string }) & { note?: string }> {
  const tracked = trackedRef(base);
  const fetched = await own.end(checkout, [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--end-of-options',
    base.remote,
    `+refs/heads/${base.branch}:${tracked}`,
  ]);
  const note =
    fetched.code === 0
      ? {}
      : {
          note: `The base ${quoted(base.branch)} was not fetched, so it is taken as it was last seen: git fetch ${whyOf(fetched)}`,
        };
  const seen = await git.end(common, {
    args: ['rev-parse', '--quiet', '--verify', `${tracked}^{commit}`],
  });
  return seen.code === 0
    ? { commit: textOf(seen.stdout), ...note }
    : { why: `its base ${quoted(base.branch)} of ${base.remote} is not known in the checkout`, ...note };
}

async function carryOut(
  reading: Reading,
  candidate: Candidate,
  {
    seen,
    decision,
    lookOptions,
    options,
  }: { seen: Seen; decision: Decision; lookOptions: LookOptions; options: ReapOptions },
): Promise<Reaped> {
  const item: Reaped = {
    worktree: candidate.worktree,
    branch: candidate.branch,
    kind: 'kept',
    why: decision.why,
    kept: [],
    notes: [],
  };
  if (decision.kind === 'keep') return item;
  if (options.dryRun) return { ...item, kind: decision.kind === 'gone' ? 'gone' : 'would-reap' };
  try {
    if (decision.kind === 'reap') {
      const stopped = await takeAway(reading, candidate, { seen, lookOptions, options, item });
      if (stopped !== undefined) return { ...item, ...stopped };
    } else await untrust(candidate, options, item);
    return { ...item, kind: decision.kind === 'gone' ? 'gone' : 'reaped' };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ...item, kind: 'failed', why: `${decision.why}; its removal is not finished: ${said}` };
  }
}

/** What stopped it, or undefined when all of it is gone. */
async function takeAway(
  reading: Reading,
  candidate: Candidate,
  {
    seen,
    lookOptions,
    options,
    item,
  }: { seen: Seen; lookOptions: LookOptions; options: ReapOptions; item: Reaped },
): Promise<Pick<Reaped, 'kind' | 'why'> | undefined> {
  const { git, common } = reading;
  const { worktree, admin, branch } = candidate;
  item.kept.push(...(await keep(reading, candidate, seen.commits, options.now)));

  // Between the decision and here somebody may have gone on with it.
  const again = await look(reading, candidate, lookOptions);
  if (decide(again.facts).kind !== 'reap' || hasMoved(seen, again))
    return { kind: 'kept', why: 'it changed while it was looked at' };

  if (worktree !== null && admin !== null && seen.head !== null && again.walked !== null) {
    markBegun(admin, seen.head);
    const left = removeWalked(worktree, again.walked, options.unlink);
    if (left.length > 0)
      return {
        kind: 'failed',
        why: `files were written while it was removed, and stay: ${left.slice(0, 3).map(shownName).join(', ')}`,
      };
  }
  await untrust(candidate, options, item);
  if (worktree !== null && admin !== null) {
    // A commit that was made in the last moment is in no list yet.
    const late = (await commitsOf(reading, candidate)).filter((commit) => !seen.commits.includes(commit));
    if (late.length > 0) {
      item.kept.push(...(await keep(reading, candidate, late, options.now)));
      return { kind: 'failed', why: 'a commit was made while it was removed; its branch stays' };
    }
    // It refuses what was locked meanwhile. No --force: of the folder nothing is left that it could remove.
    await git.run(common, { args: ['worktree', 'remove', '--end-of-options', worktree] });
  }
  if (branch === null || seen.branchAt === null || seen.isShared || !branch.startsWith(branchPrefix))
    return undefined;
  const deleted = await git.end(common, {
    args: ['update-ref', '--no-deref', '-d', `refs/heads/${branch}`, seen.branchAt],
  });
  if (deleted.code !== 0) {
    item.notes.push(`the branch stays: git update-ref ${whyOf(deleted)}`);
    return undefined;
  }
  // As `git branch -d` does; there may be nothing of it.
  await git.end(common, { args: ['config', '--local', '--remove-section', `branch.${branch}`] });
  return undefined;
}

function hasMoved(before: Seen, after: Seen): boolean {
  return (
    before.head !== after.head ||
    before.branchAt !== after.branchAt ||
    before.isShared !== after.isShared ||
    before.commits.length !== after.commits.length ||
    !before.commits.every((commit) => after.commits.includes(commit)) ||
    (before.walked === null) !== (after.walked === null) ||
    (before.walked !== null && after.walked !== null && !sameWalk(before.walked, after.walked))
  );
}

/** Keeps commits under refs of ours, as few as reach all of them. */
async function keep(
  { git, common }: Reading,
  { worktree, branch }: Candidate,
  commits: readonly string[],
  now: string,
): Promise<string[]> {
  // One commit more than some would not fit on a command line; then each has a ref.
  const tips =
    commits.length > 1 && commits.length <= 500
      ? textOf(await git.run(common, { args: ['merge-base', '--independent', ...commits] })).split('\n')
      : commits;
  const refs = tips.map((commit) => [keptRef(now, branch ?? worktree ?? '', commit), commit] as const);
  await git.run(common, {
    args: ['update-ref', '--stdin'],
    input: refs.map(([ref, commit]) => `update ${ref} ${commit}\n`).join(''),
  });
  return refs.map(([ref]) => ref);
}

async function untrust({ worktree }: Candidate, { claudeConfig }: ReapOptions, item: Reaped): Promise<void> {
  if (worktree === null || claudeConfig === null) return;
  const outcome: TrustOutcome = await removeClaudeTrust(claudeConfig, worktree);
  if (outcome.kind === 'left')
    item.notes.push(`Claude's trust of it stays in ${claudeConfig}: ${outcome.why}`);
}

/** Deletes what was kept for its thirty days. */
async function prune({ git, common }: Reading, now: string, dryRun: boolean): Promise<string[]> {
  const printed = textOf(
    await git.run(common, { args: ['for-each-ref', '--format=%(refname) %(objectname)', keptRefs] }),
  );
  const over = printed.split('\n').filter((line) => isOver(line, now));
  if (over.length > 0 && !dryRun)
    await git.run(common, {
      args: ['update-ref', '--stdin'],
      input: over.map((line) => `delete ${line}\n`).join(''),
    });
  return over.map((line) => line.split(' ')[0] ?? '');
}
