import { existsSync, lstatSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import { whyOf } from '../../core/git.ts';
import { makeFolder } from '../../core/make-folder.ts';
import { quoted } from '../../core/text/log-line.ts';
import { slugOf } from '../../core/text/slug.ts';
import type { OwnGit } from './own-git.ts';
import { inFolder } from './registry.ts';
import { sameRemote } from './remote-address.ts';

/** The branches of dispatches, which alone reap ever deletes. */
export const branchPrefix = 'dispatch/';

export interface WorktreeRequest {
  /** The person's own clone of the project. */
  checkout: string;
  /** The folder in which worktrees are made; it is made too. */
  worktreeRoot: string;
  /** Addresses of the issue's repository, the one in a browser first; those the forge gives for cloning may follow. */
  addresses: readonly [string, ...string[]];
  /** The branch of the forge from which the work begins. */
  base: string;
  issue: { number: number; title: string };
}

/** A worktree that is about to be made, or was. */
export interface WorktreePlace {
  worktree: string;
  branch: string;
  /** The commit that it begins at. */
  base: string;
  /** The checkout's name for the remote that is the issue's repository. */
  remote: string;
  checkout: string;
}

/**
 * Makes a worktree with a branch of its own at the fresh base of the issue's repository. Nothing that exists is overwritten:
 * where the name is taken, the next one is. `beforeMade` is told the place just before, so that a crash leaves a record of it.
 * Throws, with a remedy, where the checkout is not fit for it.
 */
export async function makeWorktree(
  git: OwnGit,
  request: WorktreeRequest,
  beforeMade: (place: WorktreePlace) => void | Promise<void> = () => undefined,
): Promise<WorktreePlace> {
  const { base, issue } = request;
  const checkout = await examined(git, request.checkout);
  const remote = await remoteOf(git, checkout, request.addresses);
  const stem = stemOf(issue);
  const commit = await fetchBase(git, { checkout, remote, base, stem });
  const folder = folderFor(request);
  for (let nth = 1; nth <= 100; nth += 1) {
    const name = nth === 1 ? stem : `${stem}-${nth}`;
    const branch = `${branchPrefix}${name}`;
    const place = { worktree: path.join(folder, name), branch, base: commit, remote, checkout };
    if (await isTaken(git, place)) continue;
    await beforeMade(place);
    // `-b` and not `-B`: it refuses a branch that another one made since we looked.
    const ended = await git.end(checkout, [
      'worktree',
      'add',
      '--quiet',
      '--no-track',
      '-b',
      branch,
      '--end-of-options',
      place.worktree,
      commit,
    ]);
    if (ended.code === 0) return place;
    if (!/already exists|already used by worktree|already checked out/.test(ended.stderr))
      throw new UserError(
        `The worktree ${place.worktree} was not made: git worktree ${whyOf(ended)}`,
        'Look at what git says; `forgecrew dispatch reap` shows what was left.',
      );
  }
  throw new UserError(
    `A hundred worktrees or branches of issue ${issue.number} exist already.`,
    'Run `forgecrew dispatch reap`, which shows why each of them is kept.',
  );
}

/** Throws where the clone has only the newest commits: a clone made of it would have a history that nothing can be found in. */
export async function refuseShallow(git: OwnGit, checkout: string): Promise<void> {
  if ((await git.run(checkout, ['rev-parse', '--is-shallow-repository'])).trim() === 'false') return;
  throw new UserError(
    `The checkout ${checkout} is shallow, and the clone of an isolated worker is made of it.`,
    `Fetch the rest: git -C ${checkout} fetch --unshallow.`,
  );
}

/** The name of a dispatch's branch and folder: of the title only letters, digits and hyphens of ASCII are left. Pure. */
export function stemOf({ number, title }: { number: number; title: string }): string {
  const slug = slugOf(title, 40);
  return slug === '' ? String(number) : `${number}-${slug}`;
}

/** The checkout's own folder, as the file system names it. Throws where nothing may be begun from it. */
async function examined(git: OwnGit, given: string): Promise<string> {
  const refused = (why: string, remedy: string): never => {
    throw new UserError(`The checkout ${given} is not used: ${why}.`, remedy);
  };
  if (!existsSync(given))
    refused('there is no such folder', 'Clone the project there, or set repo-path to where it is.');
  const checkout = realpathSync(given);
  const ended = await git.end(checkout, ['rev-parse', '--is-bare-repository', '--absolute-git-dir']);
  if (ended.code !== 0)
    refused(`git ${whyOf(ended).replace(/\.$/, '')}`, 'Set repo-path to a clone of the project.');
  const [isBare = '', folder = ''] = ended.stdout.toString('utf8').split('\n');
  if (isBare !== 'false')
    refused('it is a bare repository', 'Set repo-path to a clone that has its files checked out.');
  const top = (await git.run(checkout, ['rev-parse', '--show-toplevel'])).replace(/\n$/, '');
  // A folder inside another project answers for that project.
  if (realpathSync(top) !== checkout)
    refused(`it is a folder inside the repository ${top}`, 'Set repo-path to the clone itself.');
  for (const [name, what] of unfinished)
    if (existsSync(path.join(folder, name)))
      refused(`${what} is not finished there`, `Finish it, or abort it, in ${given}.`);
  return checkout;
}

/** What git leaves in its folder while something is half done. */
export const unfinished: readonly [name: string, what: string][] = [
  ['rebase-merge', 'a rebase'],
  ['rebase-apply', 'a rebase or git am'],
  ['MERGE_HEAD', 'a merge'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick'],
  ['REVERT_HEAD', 'a revert'],
  ['sequencer', 'a row of cherry-picks or reverts'],
  ['BISECT_LOG', 'a bisection'],
];

/** The checkout's name for the issue's repository. What another repository's clone is told to do would be done to that one. */
async function remoteOf(git: OwnGit, checkout: string, addresses: readonly string[]): Promise<string> {
  const names = (await git.run(checkout, ['remote'])).split('\n').filter((name) => name !== '');
  const seen: string[] = [];
  for (const name of names) {
    // As it stands, and with the person's own abbreviations (`url.<base>.insteadOf`) written out: one is a short form of the
    // address, another a mirror that the person takes for it.
    const written = await git.end(checkout, ['config', '--get', `remote.${name}.url`]);
    const meant = await git.end(checkout, ['remote', 'get-url', '--end-of-options', name]);
    const urls = [written, meant].map(({ stdout }) => stdout.toString('utf8').trim());
    if (urls.some((url) => addresses.some((address) => sameRemote(url, address)))) return name;
    // A password may stand in an address.
    seen.push(`${name} is ${quoted((urls[0] ?? '').replace(/\/\/[^@/]*@/, '//'), 200)}`);
  }
  throw new UserError(
    `The checkout ${checkout} is of another repository: none of its remotes is ${addresses[0]}${
      seen.length === 0 ? '' : ` (${seen.slice(0, 5).join(', ')})`
    }.`,
    'Set repo-path to a clone of the project, or add its repository to this clone with git remote add.',
  );
}

/** The base as the forge has it now, and the branches that other machines made for this issue. */
async function fetchBase(
  git: OwnGit,
  { checkout, remote, base, stem }: { checkout: string; remote: string; base: string; stem: string },
): Promise<string> {
  const tracked = `refs/remotes/${remote}/${base}`;
  if ((await git.end(checkout, ['check-ref-format', tracked])).code !== 0)
    throw new UserError(`${quoted(base)} cannot be the name of a branch.`);
  const others = `${branchPrefix}${stem}`;
  const ended = await git.end(checkout, [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--end-of-options',
    remote,
    `+refs/heads/${base}:${tracked}`,
    `+refs/heads/${others}*:refs/remotes/${remote}/${others}*`,
  ]);
  if (ended.code !== 0)
    throw new UserError(
      `The branch ${quoted(base)} was not fetched: git fetch ${whyOf(ended)}`,
      `Try it by hand: git -C ${checkout} fetch ${remote}. It is asked without a terminal, so a password has to come from a credential helper and a key from an agent.`,
    );
  return (await git.run(checkout, ['rev-parse', '--verify', `${tracked}^{commit}`])).trim();
}

/** The folder for the worktrees of one project; what stands in its name comes from outside. */
function folderFor({ worktreeRoot, addresses }: WorktreeRequest): string {
  if (!path.isAbsolute(worktreeRoot)) throw new UserError('worktree-root has to be an absolute path.');
  const project = slugOf(new URL(addresses[0]).pathname.replace(/\.git$/i, ''), 80);
  const folder = path.join(worktreeRoot, project === '' ? 'project' : project);
  inFolder(folder, 'worktree-root', () => makeFolder(folder, 0o700));
  return realpathSync(folder);
}

/** Whether a branch or a folder of this name exists, here or at the forge, or was a worktree that git still knows. */
async function isTaken(git: OwnGit, { checkout, worktree, branch, remote }: WorktreePlace): Promise<boolean> {
  // A link that leads nowhere is something, too.
  if (lstatSync(worktree, { throwIfNoEntry: false }) !== undefined) return true;
  const [refs, known] = await Promise.all([
    git.run(checkout, [
      'for-each-ref',
      '--format=%(refname)',
      'refs/heads/dispatch',
      `refs/remotes/${remote}/dispatch`,
    ]),
    git.run(checkout, ['worktree', 'list', '--porcelain']),
  ]);
  // Some file systems take names for the same that differ by capitals.
  const taken = refs.toLowerCase().split('\n');
  return (
    taken.includes(`refs/heads/${branch}`) ||
    taken.includes(`refs/remotes/${remote}/${branch}`.toLowerCase()) ||
    known.split('\n').includes(`worktree ${worktree}`)
  );
}
