import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { realPlace } from '../place.ts';
import { branchPrefix, unfinished } from '../worktree.ts';
import { containment } from './contained.ts';
import type { Facts, Loose, PullFact, Tip } from './decide.ts';
import { onDisk, shownName, type Walked, walk } from './files.ts';
import { isKeptLargeFile } from './large-file.ts';
import { processesIn } from './processes-in.ts';
import { listOf, type Reading, textOf } from './reading.ts';

/** What a dispatch on record says of its worktree. */
export interface KnownDispatch {
  worktree: string;
  branch: string;
  /** Its worker lives, or may live. */
  alive: boolean;
  /** The host that it is of, where that is another one; what lives there is not seen from here. */
  elsewhere?: string | undefined;
  pull: PullFact;
  /** Where its work goes to, if that is not where the rest of the checkout goes to. */
  base?: BaseBranch | undefined;
}

/** A branch of the forge, as the checkout calls it. */
export interface BaseBranch {
  remote: string;
  branch: string;
}

/** What may be taken away: a worktree, the branch of a dispatch, or both. */
export interface Candidate {
  worktree: string | null;
  /** Git's own folder for the worktree; null: git knows none. */
  admin: string | null;
  branch: string | null;
  known: KnownDispatch | null;
}

export interface Seen {
  facts: Facts;
  /** What HEAD is, and at what the branch stands. */
  head: string | null;
  branchAt: string | null;
  /** The files, once they were found to be those of the last commit; null: there is no folder. */
  walked: Walked | null;
  /** Every commit that only the worktree or its branch may remember. */
  commits: string[];
  /** Another worktree stands on the branch, too. */
  isShared: boolean;
}

export interface LookOptions {
  /** The commit that its work has to be held by, or why that is not known. */
  baseOf: (candidate: Candidate) => { commit: string } | { why: string };
  /** Patterns as in `.gitignore`, of files that do not count. */
  ignore: readonly string[];
  isAlive: (worktree: string) => boolean;
  /** Stands in for what the system says of processes. */
  processesIn?: (folder: string) => number[] | null;
}

/** What marks, in git's own folder, that the removal of the files has begun; it holds the last commit. */
const begunMark = 'forgecrew-reaping';

/** All worktrees of a checkout but the main one, what the registry names beside them, and branches that lost their worktree. */
export async function candidatesOf(
  { git, common }: Reading,
  known: readonly KnownDispatch[],
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const home = path.join(common, 'worktrees');
  // Read where git keeps it, as gitrepository-layout(5) says: `git worktree list` tells no folder, and breaks its lines in names.
  for (const id of existsSync(home) ? readdirSync(home).sort() : []) {
    const admin = path.join(home, id);
    const link = readText(path.join(admin, 'gitdir'))?.replace(/[\r\n]+$/, '');
    const worktree = link === undefined ? null : path.dirname(path.resolve(admin, link));
    const head = /^ref: refs\/heads\/(.+)$/.exec(readText(path.join(admin, 'HEAD'))?.trim() ?? '');
    const own = known.find((entry) => worktree !== null && samePlace(entry.worktree, worktree));
    found.push({ worktree, admin, branch: own?.branch ?? head?.[1] ?? null, known: own ?? null });
  }
  for (const entry of known)
    if (!found.some((candidate) => candidate.known === entry))
      found.push({ worktree: entry.worktree, admin: null, branch: entry.branch, known: entry });
  const branches = textOf(
    await git.run(common, { args: ['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads/dispatch/'] }),
  );
  for (const branch of branches.split('\n'))
    if (branch !== '' && !found.some((candidate) => candidate.branch === branch))
      found.push({ worktree: null, admin: null, branch, known: null });
  return found;
}

function samePlace(one: string, other: string): boolean {
  return one === other || realPlace(one) === realPlace(other);
}

/** Looks at one of them; what cannot be read is a fact, too. */
export async function look(reading: Reading, candidate: Candidate, options: LookOptions): Promise<Seen> {
  const seen: Seen = {
    facts: {
      isDispatch: candidate.known !== null || candidate.branch?.startsWith(branchPrefix) === true,
      isKnown: candidate.known !== null,
      alive: candidate.worktree !== null && options.isAlive(candidate.worktree),
      elsewhere: candidate.known?.elsewhere ?? null,
      processes: [],
      lock: null,
      place: { kind: 'missing' },
      unfinished: [],
      loose: { staged: [], changed: [], extra: [] },
      pull: candidate.known?.pull ?? { kind: 'unknown', why: 'no dispatch is on record for it' },
      tips: [],
      fault: null,
    },
    head: null,
    branchAt: null,
    walked: null,
    commits: [],
    isShared: false,
  };
  // What is not ours, or is at work, is not looked at any further.
  if (!seen.facts.isDispatch || seen.facts.alive || seen.facts.elsewhere !== null) return seen;
  try {
    await lookAt(reading, candidate, options, seen);
  } catch (error) {
    seen.facts.fault = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  }
  return seen;
}

async function lookAt(
  reading: Reading,
  candidate: Candidate,
  options: LookOptions,
  seen: Seen,
): Promise<void> {
  const { worktree, admin, branch } = candidate;
  const { git, common } = reading;
  const { facts } = seen;
  if (admin !== null) {
    const lock = path.join(admin, 'locked');
    facts.lock = existsSync(lock) ? (readText(lock)?.trim() ?? '') : null;
    facts.unfinished = unfinishedIn(admin);
    const at = await git.end(admin, { args: ['rev-parse', '--quiet', '--verify', 'HEAD^{commit}'] });
    if (at.code !== 0) throw new Error('it stands on no commit, so its branch may have been deleted');
    seen.head = textOf(at.stdout);
  }
  if (worktree === null && admin !== null)
    facts.place = { kind: 'odd', why: 'git does not say where its folder is' };
  if (worktree !== null) {
    facts.place = placeOf(worktree, admin, seen.head);
    facts.processes = (options.processesIn ?? processesIn)(worktree);
  }
  if (branch !== null) {
    const at = await git.end(common, { args: ['rev-parse', '--quiet', '--verify', `refs/heads/${branch}`] });
    // Only 1 says that there is none.
    if (at.code === 0) seen.branchAt = textOf(at.stdout);
    else if (at.code !== 1) throw new Error(`the branch ${branch} cannot be read`);
    seen.isShared = standsElsewhere(common, admin, branch);
    if (seen.isShared && admin === null)
      facts.place = { kind: 'odd', why: 'its branch is checked out elsewhere' };
  }
  seen.commits = await commitsOf(reading, { admin, branch });
  if (admin !== null && seen.head !== null) {
    facts.loose.staged = listOf(
      textOf(
        await git.run(admin, {
          args: [
            'diff-index',
            '--cached',
            '--name-only',
            '--no-renames',
            '--ignore-submodules=none',
            '-z',
            seen.head,
          ],
        }),
      ),
    ).map(shownName);
    if (facts.place.kind === 'there' && worktree !== null) {
      seen.walked = walk(worktree);
      facts.loose = {
        ...facts.loose,
        ...(await looseIn(reading, { worktree, admin, head: seen.head, walked: seen.walked, options })),
      };
    }
  }
  const tips = new Map<string, string>();
  if (seen.branchAt !== null) tips.set(seen.branchAt, branch ?? '');
  if (seen.head !== null && !tips.has(seen.head)) tips.set(seen.head, 'HEAD');
  const base = options.baseOf(candidate);
  for (const [commit, name] of tips)
    facts.tips.push({
      name,
      commit,
      contained:
        'why' in base ? { kind: 'unknown', why: base.why } : await containment(reading, base.commit, commit),
    } satisfies Tip);
}

/** Whether the folder is this worktree. */
function placeOf(worktree: string, admin: string | null, head: string | null): Facts['place'] {
  const stat = lstatSync(worktree, { throwIfNoEntry: false });
  if (stat === undefined)
    return existsSync(path.dirname(worktree))
      ? { kind: 'missing' }
      : // A disk that is not there today is not a folder that somebody removed.
        { kind: 'odd', why: 'its folder cannot be reached, and neither can the one above it' };
  if (!stat.isDirectory()) return { kind: 'odd', why: 'what stands in its place is no folder' };
  if (admin === null)
    return { kind: 'odd', why: 'its folder is there, and git does not know it as a worktree' };
  const link = path.join(worktree, '.git');
  const kind = lstatSync(link, { throwIfNoEntry: false });
  if (kind === undefined && isBegun(admin, head)) return { kind: 'there' };
  const named = kind?.isFile() ? /^gitdir: (.+)\n?$/.exec(readText(link) ?? '')?.[1] : undefined;
  return named !== undefined && realPlace(path.resolve(worktree, named)) === realPlace(admin)
    ? { kind: 'there' }
    : { kind: 'odd', why: 'its .git does not lead to this checkout' };
}

/** Whether an earlier run began to remove the files of this very commit: files that are gone are then no change. */
function isBegun(admin: string, head: string | null): boolean {
  return head !== null && readText(path.join(admin, begunMark)) === head;
}

/** Marks that the removal begins. */
export function markBegun(admin: string, head: string): void {
  writeFileSync(path.join(admin, begunMark), head);
}

/** What git's folder of a worktree may hold; all of it is looked at, or is nobody's work. */
const usual =
  /^(?:HEAD|ORIG_HEAD|FETCH_HEAD|AUTO_MERGE|COMMIT_EDITMSG|MERGE_MSG|SQUASH_MSG|MERGE_RR|commondir|gitdir|index|sharedindex\.[0-9a-f]+|logs|refs|info|config\.worktree|locked|forgecrew-reaping)$/;

function unfinishedIn(admin: string): string[] {
  const names = readdirSync(admin).filter((name) => !usual.test(name));
  const known = unfinished.filter(([name]) => names.includes(name)).map(([, what]) => what);
  if (known.length > 0) return known;
  return names.map((name) => (name === 'modules' ? 'a submodule' : `something of git's (${name})`));
}

/** Whether another worktree, or the checkout itself, stands on the branch or is rebasing it. */
function standsElsewhere(common: string, admin: string | null, branch: string): boolean {
  const home = path.join(common, 'worktrees');
  const folders = [common, ...(existsSync(home) ? readdirSync(home).map((id) => path.join(home, id)) : [])];
  return folders.some(
    (folder) =>
      folder !== admin &&
      (readText(path.join(folder, 'HEAD'))?.trim() === `ref: refs/heads/${branch}` ||
        ['rebase-merge', 'rebase-apply'].some(
          (name) => readText(path.join(folder, name, 'head-name'))?.trim() === `refs/heads/${branch}`,
        )),
  );
}

async function looseIn(
  reading: Reading,
  {
    worktree,
    admin,
    head,
    walked,
    options,
  }: { worktree: string; admin: string; head: string; walked: Walked; options: LookOptions },
): Promise<Pick<Loose, 'changed' | 'extra'>> {
  const { ask, git, scratch } = reading;
  const call = { workTree: worktree };
  // An index of our own, made of the last commit: it says nothing of times, and nobody told it to overlook a file.
  await ask(['read-tree', '--reset', head], call);
  // It reads every file and ends with 1 where one is another; which ones, is told below.
  await git.end(scratch, {
    args: ['update-index', '-q', '--ignore-submodules', '--really-refresh'],
    ...call,
  });
  const tracked = new Map<string, { mode: string; blob: string }>();
  for (const line of listOf(await ask(['ls-files', '--stage', '-z'], { ...call, mostBytes: mostListed }))) {
    const [about = '', name = ''] = split(line, '\t');
    const [mode = '', blob = ''] = about.split(' ');
    // A submodule's files are in another repository, which would be lost with them.
    if (mode !== '160000') tracked.set(name, { mode, blob });
  }
  const isGone = isBegun(admin, head);
  const sparse = new Set(
    listOf(textOf(await git.run(admin, { args: ['ls-files', '-t', '-z'], mostBytes: mostListed })))
      .filter((line) => line.startsWith('S '))
      .map((line) => line.slice(2)),
  );
  const changes = listOf(
    await ask(['diff-files', '--name-status', '--no-renames', '--ignore-submodules=all', '-z'], {
      ...call,
      mostBytes: mostListed,
    }),
  );
  const changed: string[] = [];
  for (let at = 0; at + 1 < changes.length; at += 2) {
    const name = changes[at + 1] ?? '';
    if (changes[at] === 'D' && !walked.files.has(name) && (isGone || sparse.has(name))) continue;
    const entry = tracked.get(name);
    const isKept =
      changes[at] === 'M' &&
      entry !== undefined &&
      (await isKeptLargeFile(reading, {
        blob: entry.blob,
        isRunnable: entry.mode === '100755',
        file: onDisk(worktree, name),
      }));
    if (!isKept) changed.push(shownName(name));
  }
  const beside = [...walked.files.keys()].filter((name) => !tracked.has(name));
  const ignored = await ignoredOf(reading, options.ignore, beside);
  const extra = beside.filter((name) => !ignored.has(name)).map(shownName);
  // A repository of its own may hold commits that are nowhere else, with no file beside its `.git`.
  for (const name of walked.folders.keys())
    if (/(?:^|\/)\.git$/i.test(name) && !extra.some((file) => file.startsWith(`${shownName(name)}/`)))
      extra.push(`${shownName(name)}/`);
  return { changed, extra };
}

const mostListed = 256 * 1024 * 1024;

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + at.length)];
}

/** Which of the files the person's patterns name. Git itself reads them, in an empty place. */
async function ignoredOf(
  { git, scratch }: Reading,
  patterns: readonly string[],
  names: string[],
): Promise<ReadonlySet<string>> {
  // What belongs to a repository inside never goes unseen.
  const asked = names.filter((name) => !/(?:^|\/)\.git(?:\/|$)/i.test(name));
  if (patterns.length === 0 || asked.length === 0) return new Set();
  const empty = path.join(git.folder, 'empty');
  mkdirSync(empty, { recursive: true });
  mkdirSync(path.join(scratch, 'info'), { recursive: true });
  writeFileSync(path.join(scratch, 'info', 'exclude'), `${patterns.join('\n')}\n`);
  const ended = await git.end(scratch, {
    // Without `./`, a name that begins with a colon would be more than a name.
    args: ['-C', empty, 'check-ignore', '--no-index', '--stdin', '-z'],
    input: Buffer.from(`${asked.map((name) => `./${name}`).join('\0')}\0`, 'latin1'),
    workTree: empty,
    mostBytes: mostListed,
  });
  // 1: none of them.
  if (ended.code !== 0 && ended.code !== 1) throw new Error('the patterns of reap-ignore cannot be read');
  return new Set(listOf(ended.stdout.toString('latin1')).map((name) => name.slice(2)));
}

/**
 * Every commit that could be lost with a worktree or its branch: what they stand at, what they ever stood at as their logs
 * say, what git noted beside, and stashes that were made on the branch.
 */
export async function commitsOf(
  { git, common }: Pick<Reading, 'git' | 'common'>,
  { admin, branch }: Pick<Candidate, 'admin' | 'branch'>,
): Promise<string[]> {
  const found = new Set<string>();
  const add = (names: readonly string[]): void => {
    for (const name of names) if (/^[0-9a-f]{40,64}$/.test(name) && !/^0+$/.test(name)) found.add(name);
  };
  const asked = async (folder: string, args: string[]): Promise<string[]> => {
    const ended = await git.end(folder, { args, mostBytes: mostListed });
    // A ref that is not there has no log.
    return ended.code === 0 ? textOf(ended.stdout).split('\n') : [];
  };
  if (admin !== null) {
    for (const name of ['HEAD', 'ORIG_HEAD'])
      add(await asked(admin, ['rev-parse', '--quiet', '--verify', `${name}^{commit}`]));
    // These stand in git's folder of the worktree and go with it.
    const own = ['refs/bisect/', 'refs/worktree/', 'refs/rewritten/'];
    add(await asked(admin, ['for-each-ref', '--format=%(objectname)', ...own]));
    add(await asked(admin, ['log', '--walk-reflogs', '--format=%H', 'HEAD', '--']));
    add(inLogs(path.join(admin, 'logs')));
  }
  if (branch !== null) {
    const ref = `refs/heads/${branch}`;
    add(await asked(common, ['rev-parse', '--quiet', '--verify', ref]));
    add(await asked(common, ['log', '--walk-reflogs', '--format=%H', ref, '--']));
    add(inLogs(path.join(common, 'logs', ref)));
    for (const line of await asked(common, [
      'log',
      '--walk-reflogs',
      '--format=%H %gs',
      'refs/stash',
      '--',
    ])) {
      const [commit, said] = split(line, ' ');
      if (said.startsWith(`WIP on ${branch}: `) || said.startsWith(`On ${branch}: `)) add([commit]);
    }
  }
  return [...found];
}

/** What logs of git name, the commits before each step with those after it: git itself shows only the latter. */
function inLogs(place: string): string[] {
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return readdirSync(place).flatMap((name) => inLogs(path.join(place, name)));
  if (stat?.isFile() !== true) return [];
  return readFileSync(place, 'latin1')
    .split('\n')
    .flatMap((line) => line.split(' ', 2));
}

/** A small file of git's; undefined: there is none, or it is none. What waits for a writer would never be read to its end. */
function readText(file: string): string | undefined {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size < 1024 * 1024 ? readFileSync(file, 'utf8') : undefined;
}
