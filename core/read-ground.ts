import { sameAccount, sameRepository } from './accounts.ts';
import { ifThere } from './api/errors.ts';
import { repositoryName, type Send } from './api/send.ts';
import type { Change } from './change.ts';
import { UserError } from './errors.ts';
import { type Branch, findBranch } from './forge/branches.ts';
import { findText } from './forge/contents.ts';
import { findPull, openPulls, type Pull, pullsBy, recentPullsBy } from './forge/pulls.ts';
import { getRepository, type Repository } from './forge/repositories.ts';
import type { User } from './forge/users.ts';
import { writesFile } from './plan.ts';
import { type Ground, headOf, openAlike, type ProposeFrom, pullFrom, type Standing } from './propose.ts';
import { headBranch } from './pull-source.ts';
import { together } from './together.ts';

// What `propose` decides on, read from the forge.

/** Reads where proposals can be made, and ours of before. Throws where neither a branch nor a fork is possible. */
export async function readGround(
  send: Send,
  given: {
    repository: string;
    branch: string | undefined;
    account: User;
    from: ProposeFrom;
    /** The repository, where this round was told already. */
    known?: Repository;
    /** Our pull requests, where not all of them are needed. */
    pulls?: Pull[];
    /** Where the branch stands, where this run was told already. */
    head?: string | undefined;
  },
): Promise<Ground> {
  const { repository: name, account, from } = given;
  const [repository, pulls] = await together(
    given.known === undefined ? getRepository(send, name) : Promise.resolve(given.known),
    given.pulls === undefined ? pullsBy(send, name, account.login) : Promise.resolve(given.pulls),
  );
  if (repository.archived)
    throw new UserError(
      `${name} is archived, so nothing can be proposed there.`,
      'Unarchive it, or name another ops-repo.',
    );
  const base = given.branch ?? repository.default_branch;
  const commit = given.head ?? (await findBranch(send, name, base))?.commit.id;
  if (commit === undefined)
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
  const ground = {
    repository: repository.full_name,
    base,
    commit,
    pulls: ownInto(base, account, pulls),
  };
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
  return { ...ground, home, fork: branch?.commit.id === commit ? 'ready' : 'behind' };
}

/** Those pull requests that our account opened into a branch, newest first. */
export function ownInto(base: string, account: User, pulls: Pull[]): Pull[] {
  // By id as well: a login can be given to another account after it was freed.
  return pulls
    .filter(({ base: into, user }) => into.ref === base && sameAccount(user, account))
    .sort((one, other) => other.number - one.number);
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
    paths.map(async (path) => ({ path, there: await findText(send, where, path, ref) })),
  );
  return { branch, exists: found !== undefined, files, pull: pullFrom(ground, branch) };
}

/** How a file of ours gets to a branch. */
export type Way =
  /** By a commit only: that is what was set, or our account may push to the branch. */
  | { kind: 'commit' }
  /** By a pull request only: that is what was set, our account may not write, or the branch turned our commit away. */
  | { kind: 'pull'; ground: Ground; standing: Standing }
  /** The branch is protected, but the file may be exempt. Only trying tells. */
  | { kind: 'commit-or-pull' };

/** Which way it is now, and for a pull request what there is of it. */
export async function readWay(
  {
    send,
    settings,
    previous,
  }: {
    send: Send;
    settings: { commit: 'auto' | 'direct' | 'pull'; 'propose-from': ProposeFrom };
    /** What was turned down in this run. */
    previous?: { declined: readonly Change[] } | undefined;
  },
  given: {
    repository: Repository;
    /** As it is now. */
    branch: Branch;
    account: User;
    /** What an earlier look of this run took. */
    before: Way | undefined;
    /** The file that it is about. */
    path: string;
    /** Files that a pull request carries beside it. */
    beside?: readonly string[];
    /** The branch of the pull request. */
    from: string;
    /** Which other branches of ours are of the same kind: while a pull request from one of them is open, that one takes the file in. */
    joins?: (branch: string) => boolean;
    /**
     * When the file could first be asked for as it is now, where that is known: of our pull requests that were closed, those opened
     * before it do not matter, however many there are. Asked for only where there is to be a pull request.
     */
    since: () => string | undefined | Promise<string | undefined>;
    /** Whether a change that was turned down leaves nothing but a pull request; one that writes the file, where this is not said. */
    isFinal?: (change: Change) => boolean;
  },
): Promise<Way> {
  const { repository, branch, account, before, path, beside = [], joins, since, isFinal } = given;
  const isDeclined =
    previous?.declined.some((change) => writesFile(change, path) && (isFinal?.(change) ?? true)) === true;
  const mayWrite = repository.permissions?.push === true;
  const isPull =
    settings.commit === 'pull' ||
    (settings.commit === 'auto' && (!mayWrite || before?.kind === 'pull' || isDeclined));
  const mayPush = !branch.protected || branch.user_can_push === true;
  if (settings.commit === 'direct' && !mayWrite && repository.permissions != null)
    throw new UserError(
      `commit is direct, but ${account.login} may not push to ${repository.full_name}.`,
      'Set commit: auto or pull, which need read access only and propose from a fork, or give the account write access.',
    );
  if (!isPull) {
    if (settings.commit === 'direct' || mayPush) return { kind: 'commit' };
    // Once it was asked for it goes on there: nothing has to be turned down again.
    const asked =
      joins === undefined ? [] : ownInto(branch.name, account, await openPulls(send, repository.full_name));
    if (!asked.some((pull) => joins?.(headBranch(pull)))) return { kind: 'commit-or-pull' };
  }
  const pulls = await recentPullsBy(send, repository.full_name, account.login, await since());
  const ground = await readGround(send, {
    repository: repository.full_name,
    known: repository,
    branch: branch.name,
    account,
    from: settings['propose-from'],
    head: branch.commit.id,
    pulls,
  });
  const paths = [path, ...beside];
  const own = given.from;
  const other = joins === undefined ? undefined : joinable(ground, own, joins);
  if (other === undefined)
    return { kind: 'pull', ground, standing: await readOwn(send, ground, account, own, paths) };
  const standing = await readStanding(send, ground, other.branch, paths);
  // Of one that was closed, only what it asked for was decided.
  const isOf = other.isOpen || (standing.exists && standing.files[0]?.there !== null);
  return {
    kind: 'pull',
    ground,
    standing: isOf ? standing : await readOwn(send, ground, account, own, paths),
  };
}

/** How far our proposal has come where of our pull requests only those that can matter are known: its branch may be left over from an older one. */
async function readOwn(
  send: Send,
  ground: Ground,
  account: User,
  branch: string,
  paths: string[],
): Promise<Standing> {
  const standing = await readStanding(send, ground, branch, paths);
  if (!standing.exists || standing.pull !== null) return standing;
  const found = await findPull(send, ground.repository, ground.base, headOf(ground, branch));
  return sameAccount(found?.user, account) ? { ...standing, pull: found ?? null } : standing;
}

/** The pull request of ours that a file may belong to instead of one of its own: an open one, the oldest first, else the newest that was closed. */
function joinable(
  ground: Ground,
  own: string,
  joins: (branch: string) => boolean,
): { branch: string; isOpen: boolean } | undefined {
  if (pullFrom(ground, own) !== null && pullFrom(ground, own)?.merged !== true) return undefined;
  const alike = openAlike(ground, joins);
  const [open] = alike;
  if (open !== undefined) return { branch: headBranch(open), isOpen: true };
  const newest = ground.pulls.find((pull) => joins(headBranch(pull)));
  return newest === undefined || newest.merged ? undefined : { branch: headBranch(newest), isOpen: false };
}
