import { sameRepository } from './accounts.ts';
import { ifThere } from './api/errors.ts';
import { repositoryName, type Send } from './api/send.ts';
import type { Change } from './change.ts';
import { UserError } from './errors.ts';
import { findFile } from './forge/contents.ts';
import { branchOf, type Pull, pullsBy } from './forge/pulls.ts';
import { findBranch, getRepository } from './forge/repositories.ts';
import type { User } from './forge/users.ts';
import { keep, notice } from './plan.ts';
import { oneOf } from './settings.ts';
import { together } from './together.ts';

// One branch, its files, one pull request: proposed with write access, or from a fork of our own without it. A role
// reads the ground once and what stands there for each of its branches; `propose` is pure and says what is missing.

/** The setting that both kinds of role have, to spread into their own. */
export const proposeSettings = {
  'propose-from': oneOf(['auto', 'fork', 'branch'], {
    description:
      'Where proposals are written: `branch` of the ops repo, which needs write access there (and with it access to its CI secrets), a `fork` in our own account, which needs read access only, or `auto`: a branch where our account may push, else a fork.',
    default: 'auto',
  }),
};
export type ProposeFrom = 'auto' | 'fork' | 'branch';

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
  /** Every pull request our account ever opened there into the base branch, newest first. */
  pulls: Pull[];
}

/** Reads where proposals can be made, and ours of before. Throws where neither a branch nor a fork is possible. */
export async function readGround(
  send: Send,
  given: { repository: string; branch: string | undefined; account: User; from: ProposeFrom },
): Promise<Ground> {
  const { repository: name, account, from } = given;
  const [repository, pulls] = await together(getRepository(send, name), pullsBy(send, name, account.login));
  if (repository.archived)
    throw new UserError(
      `${name} is archived, so nothing can be proposed there.`,
      'Unarchive it, or name another ops-repo.',
    );
  const base = given.branch ?? repository.default_branch;
  const found = await findBranch(send, name, base);
  if (found === undefined)
    throw new UserError(
      `${name} has no branch ${base}.`,
      'Correct ops-branch, or make the first commit: a proposal needs a branch that it would change.',
    );
  const mayPush = repository.permissions?.push === true;
  if (from === 'branch' && !mayPush)
    throw new UserError(
      `propose-from is branch, but ${account.login} may not push to ${name}.`,
      'Set propose-from to auto or fork, which need read access only, or give the account write access.',
    );
  // By id as well: a login can be given to another account after it was freed.
  const own = pulls
    .filter(({ base: into, user }) => into.ref === base && user?.id === account.id)
    .sort((one, other) => other.number - one.number);
  const ground = { repository: repository.full_name, base, commit: found.commit.id, pulls: own };
  if (from === 'branch' || (from === 'auto' && mayPush))
    return { ...ground, home: repository.full_name, fork: 'not-needed' };

  const { repo } = repositoryName(repository.full_name);
  const home = `${account.login}/${repo}`;
  if (sameRepository(home, name))
    throw new UserError(
      `propose-from is fork, but ${name} belongs to ${account.login}: an account cannot fork its own repository.`,
      'Set propose-from to auto or branch, or let another account propose.',
    );
  const fork = await ifThere(getRepository(send, home));
  if (fork === undefined) return { ...ground, home, fork: 'missing' };
  if (!sameRepository(fork.parent?.full_name ?? '', name))
    throw new UserError(
      `${home} is there, but it is no fork of ${name}.`,
      'Rename or delete it; the role makes its own fork under this name.',
    );
  const branch = await findBranch(send, home, base);
  return { ...ground, home, fork: branch?.commit.id === found.commit.id ? 'ready' : 'behind' };
}

/** What stands of one proposal, as it was read; plain data. */
export interface Standing {
  branch: string;
  /** Whether the branch is there. */
  exists: boolean;
  /** The files asked for: as they are on the branch, or where there is none yet, on the base. */
  files: { path: string; there: { text: string; sha: string } | null }[];
  /** Our pull request from this branch: the open one, else the newest. */
  pull: Pull | null;
}

/** The pull request of ours that came from a branch of this name: the open one where there is one, else the newest. */
export function pullFrom(ground: Ground, branch: string): Pull | null {
  // A former fork's pull requests are ours as well.
  const from = ground.pulls.filter(({ head }) => branchOf(head) === branch || head.ref === branch);
  return from.find(({ state }) => state === 'open') ?? from[0] ?? null;
}

/** Reads how far one proposal has come: its branch and those of its files that are named. */
export async function readStanding(
  send: Send,
  ground: Ground,
  branch: string,
  paths: string[],
): Promise<Standing> {
  const found = ground.fork === 'missing' ? undefined : await findBranch(send, ground.home, branch);
  const [where, ref] =
    found === undefined ? [ground.repository, ground.commit] : [ground.home, found.commit.id];
  const files = await Promise.all(
    paths.map(async (path) => {
      const file = await findFile(send, where, path, ref);
      return {
        path,
        there: file === undefined ? null : { text: file.bytes.toString('utf8'), sha: file.sha },
      };
    }),
  );
  return { branch, exists: found !== undefined, files, pull: pullFrom(ground, branch) };
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
        'somebody decided that; reopen it if it is wanted after all',
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
          head: ground.fork === 'not-needed' ? branch : `${repositoryName(home).owner}:${branch}`,
          title,
          body,
          why,
          ...(wrong.length === 0 ? {} : { after: [`branch ${branch}`] }),
        },
      ];
  return [...prepared, ...written, ...opened];
}
