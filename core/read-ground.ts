import { sameAccount, sameRepository } from './accounts.ts';
import { ifThere } from './api/errors.ts';
import { repositoryName, type Send } from './api/send.ts';
import type { Change } from './change.ts';
import { UserError } from './errors.ts';
import { type Branch, findBranch } from './forge/branches.ts';
import { findFile } from './forge/contents.ts';
import { type Pull, pullsBy } from './forge/pulls.ts';
import { getRepository, type Repository } from './forge/repositories.ts';
import type { User } from './forge/users.ts';
import { writesFile } from './plan.ts';
import { type Ground, type ProposeFrom, pullFrom, type Standing } from './propose.ts';
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
    /** Our pull requests, where not all of them are needed. */
    pulls?: Pull[];
    /** Where the branch stands, where this run was told already. */
    head?: string | undefined;
  },
): Promise<Ground> {
  const { repository: name, account, from } = given;
  const [repository, pulls] = await together(
    getRepository(send, name),
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
    path: string;
    /** The branch of the pull request. */
    from: string;
  },
): Promise<Way> {
  const { repository, branch, account, before, path } = given;
  const isDeclined = previous?.declined.some((change) => writesFile(change, path)) === true;
  const mayWrite = repository.permissions?.push === true;
  const isPull =
    settings.commit === 'pull' ||
    (settings.commit === 'auto' && (!mayWrite || before?.kind === 'pull' || isDeclined));
  const mayPush = !branch.protected || branch.user_can_push === true;
  if (!isPull)
    return settings.commit === 'direct' || mayPush ? { kind: 'commit' } : { kind: 'commit-or-pull' };
  const ground = await readGround(send, {
    repository: repository.full_name,
    branch: branch.name,
    account,
    from: settings['propose-from'],
    head: branch.commit.id,
  });
  return { kind: 'pull', ground, standing: await readStanding(send, ground, given.from, [path]) };
}
