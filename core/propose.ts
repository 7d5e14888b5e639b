import { ownerOf } from './accounts.ts';
import type { Change } from './change.ts';
import type { TextFile } from './forge/contents.ts';
import type { Pull } from './forge/pulls.ts';
import { keep, notice } from './plan.ts';
import { comesFrom, headBranch } from './pull-source.ts';
import { oneOf, type ValuesOf } from './settings.ts';

// One branch, its files, one pull request: proposed with write access, or from a fork of our own without it. A role
// reads the ground once and what stands there for each of its branches (read-ground.ts); `propose` says what is missing. Pure.

/** The setting that both kinds of role have, to spread into their own. */
export const proposeSettings = {
  'propose-from': oneOf(['auto', 'fork', 'branch'], {
    description:
      'Where proposals are written: `branch` of the ops repo, which needs write access there (and with it access to its CI secrets), a `fork` in our own account, which needs read access only, or `auto`: a branch where our account may push, else a fork.',
    default: 'auto',
  }),
};
export type ProposeFrom = ValuesOf<typeof proposeSettings>['propose-from'];

/** The kinds of change that `propose` may plan. */
export const proposeChanges = [
  'keep',
  'fork',
  'sync-fork',
  'write-files',
  'open-pull',
  'delete-branch',
] as const;
type ProposeChange = Change<(typeof proposeChanges)[number]>;

/** Where proposals are made, as it was read; plain data. */
export interface Ground {
  /** Where pull requests are opened. */
  repository: string;
  /** The branch that they are to change, and where it stood. */
  base: string;
  commit: string;
  /** Where branches are written: the repository itself, or our fork of it. */
  home: string;
  /** `missing`: there is none yet. `behind`: its base branch is elsewhere than the repository's. */
  fork: 'not-needed' | 'missing' | 'behind' | 'ready';
  /** The pull requests our account opened there into the base branch, newest first: all of them, or those that can matter. */
  pulls: Pull[];
}

/** What stands of one proposal, as it was read; plain data. */
export interface Standing {
  branch: string;
  /** Whether the branch is there. */
  exists: boolean;
  /** The files asked for: as they are on the branch, or where there is none yet, on the base. */
  files: { path: string; there: TextFile }[];
  /** Our pull request from this branch: the open one from where we write, else the newest that is not open. */
  pull: Pull | null;
}

/**
 * The pull request of ours for a branch of this name: the open one from where we write, else the newest that is not open any
 * more, from wherever it came: what somebody said to it was said to this proposal.
 */
export function pullFrom({ pulls, home }: Ground, branch: string): Pull | null {
  const from = pulls.filter((pull) => headBranch(pull) === branch || pull.head.ref === branch);
  // An open one from elsewhere, such as a fork that is gone, never gets what is written here.
  const open = from.find((pull) => pull.state === 'open' && comesFrom(pull, home));
  return open ?? from.find(({ state }) => state !== 'open') ?? null;
}

/** How the forge is told of a branch where we write, as the head of a pull request. */
export function headOf({ fork, home }: Pick<Ground, 'fork' | 'home'>, branch: string): string {
  return fork === 'not-needed' ? branch : `${ownerOf(home)}:${branch}`;
}

/** Open pull requests of ours whose branches are of one kind and stand where we write, the oldest first. */
export function openAlike({ pulls, home }: Ground, joins: (branch: string) => boolean): Pull[] {
  return (
    pulls
      // One from a fork that is gone, or from before our account was given less, takes nothing in any more.
      .filter((pull) => pull.state === 'open' && comesFrom(pull, home) && joins(headBranch(pull)))
      .reverse()
  );
}

/** Whether somebody can open a closed pull request again: the forge lets nobody once its branch, or the fork that held it, is gone. */
function opensAgain({ exists }: Standing, { head }: Pull): boolean {
  return exists && head.repo !== null;
}

export interface Proposal {
  files: { path: string; content: string }[];
  /** Of the commit. */
  message: string;
  title: string;
  body: string;
  why: string;
}

/**
 * What is missing until the files stand on the branch and one open pull request asks for them; nothing but a keep when all
 * is there. Right from every half-done state, so a run that died at any call is completed by the next. Title and body of an
 * open pull request are left as they are: people may have edited them.
 *
 * A pull request of ours that somebody closed is a decision, and stays: only with `again` is another one opened. A branch
 * left over from one that was merged or closed is taken away first.
 */
export function propose(
  ground: Ground,
  standing: Standing,
  proposal: Proposal,
  { again = false }: { again?: boolean } = {},
): ProposeChange[] {
  const { repository, base, home } = ground;
  const { branch, exists, pull } = standing;
  const { files, message, title, body, why } = proposal;
  const isOpen = pull?.state === 'open';
  if (pull !== null && !isOpen && !pull.merged && !again)
    return [
      notice(
        `pull request #${pull.number} was closed without being merged; nothing is proposed again`,
        opensAgain(standing, pull)
          ? 'somebody decided that; reopen it if it is wanted after all'
          : `somebody decided that, or its ${pull.head.repo === null ? 'fork' : 'branch'} was deleted while it was open; it cannot be reopened, because what it asked for is gone: if it is wanted after all, delete it (an admin of ${repository} can, on its page), and it is proposed anew`,
      ),
    ];
  if (exists && pull !== null && !isOpen)
    return [
      {
        kind: 'delete-branch',
        repository: home,
        branch,
        why: `it is left over from #${pull.number}, which is ${pull.merged ? 'merged' : 'closed'}`,
      },
    ];
  const wrong = files.flatMap(({ path, content }) => {
    const there = standing.files.find((file) => file.path === path)?.there;
    return exists && there?.text === content ? [] : [{ path, content, expects: there?.sha ?? null }];
  });
  if (wrong.length === 0 && isOpen) return [keep(`pull request #${pull.number} is as it should be`)];

  const forkKey = `fork ${home}`;
  const needsFork = !exists && (ground.fork === 'missing' || ground.fork === 'behind');
  const prepared: ProposeChange[] = !needsFork
    ? []
    : ground.fork === 'missing'
      ? [{ kind: 'fork', key: forkKey, repository, fork: home, why: 'our account may not push there' }]
      : [
          {
            kind: 'sync-fork',
            key: forkKey,
            repository: home,
            branch: base,
            commit: ground.commit,
            why: `it is not where ${base} of ${repository} is`,
          },
        ];
  const written: ProposeChange[] =
    wrong.length === 0
      ? []
      : [
          {
            kind: 'write-files',
            key: `branch ${branch}`,
            repository: home,
            branch: exists ? branch : base,
            ...(exists ? {} : { newBranch: branch }),
            files: wrong,
            message,
            why,
            ...(needsFork ? { after: [forkKey] } : {}),
          },
        ];
  const opened: ProposeChange[] = isOpen
    ? []
    : [
        {
          kind: 'open-pull',
          key: `pull ${branch}`,
          repository,
          base,
          head: headOf(ground, branch),
          title,
          body,
          why,
          ...(wrong.length === 0 ? {} : { after: [`branch ${branch}`] }),
        },
      ];
  return [...prepared, ...written, ...opened];
}
