import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { PullFact } from '../../../../cli/dispatch/reap/decide.ts';
import { openReaping, type Reaping, type Tree } from './reaping.ts';

// Random histories of two worktrees of a real checkout, in which reaping happens now and then, and an oracle that knows nothing
// of how it decides: it remembers every file and every commit that there was, and looks for them afterwards.

type Merge = 'merge' | 'squash' | 'rebase' | 'squash-other-blanks';

export type Step = { tree: number } & (
  | { do: 'write'; file: number; content: number }
  | { do: 'remove'; file: number }
  | { do: 'mode'; file: number }
  | { do: 'link'; file: number }
  | { do: 'ignored' | 'worthless' | 'nested' }
  | { do: 'commit' | 'amend' | 'blanks' | 'stage' | 'stash' | 'stash-pop' | 'push' }
  | { do: 'reset'; hard: boolean }
  | { do: 'overlook'; file: number }
  | { do: 'detach' | 'attach' | 'rebase' | 'unfinished-rebase' | 'delete-branch' | 'remove-folder' | 'lock' }
  | { do: 'integrate'; style: Merge }
  | { do: 'pull'; kind: 'none' | 'open' | 'merged' | 'closed'; at: 'head' | 'before' }
  | { do: 'base-moves'; file: number; content: number }
  | { do: 'base-goes-back' }
  | { do: 'reap'; days: number; dryRun: boolean }
);

const file = fc.nat({ max: 2 });
const content = fc.nat({ max: 5 });
const steps: [number, fc.Arbitrary<object>][] = [
  [6, fc.record({ do: fc.constant('write'), file, content })],
  [1, fc.record({ do: fc.constant('remove'), file })],
  [1, fc.record({ do: fc.constant('mode'), file })],
  [1, fc.record({ do: fc.constant('link'), file })],
  [1, fc.record({ do: fc.constantFrom('ignored', 'worthless', 'nested') })],
  [10, fc.record({ do: fc.constant('commit') })],
  [2, fc.record({ do: fc.constantFrom('amend', 'blanks', 'stage', 'stash', 'stash-pop') })],
  [3, fc.record({ do: fc.constant('push') })],
  [2, fc.record({ do: fc.constant('reset'), hard: fc.boolean() })],
  [1, fc.record({ do: fc.constant('overlook'), file })],
  [
    3,
    fc.record({
      do: fc.constantFrom(
        'detach',
        'attach',
        'rebase',
        'unfinished-rebase',
        'delete-branch',
        'remove-folder',
        'lock',
      ),
    }),
  ],
  [
    8,
    fc.record({
      do: fc.constant('integrate'),
      style: fc.constantFrom('merge', 'squash', 'squash', 'rebase', 'squash-other-blanks'),
    }),
  ],
  [
    3,
    fc.record({
      do: fc.constant('pull'),
      kind: fc.constantFrom('none', 'open', 'merged', 'closed'),
      at: fc.constantFrom('head', 'before'),
    }),
  ],
  [2, fc.record({ do: fc.constant('base-moves'), file, content })],
  [1, fc.record({ do: fc.constant('base-goes-back') })],
  [
    6,
    fc.record({
      do: fc.constant('reap'),
      days: fc.constantFrom(0, 0, 1, 29, 31),
      dryRun: fc.constantFrom(false, false, false, true),
    }),
  ],
];
const step = fc
  .tuple(
    fc.constantFrom(0, 0, 0, 1),
    fc.oneof(...steps.map(([weight, arbitrary]) => ({ weight, arbitrary }))),
  )
  .map(([tree, rest]) => ({ tree, ...rest }) as Step);

/** Work that came into the base in some way: random steps would hardly get there. */
const integrated = fc
  .tuple(
    fc.record({ do: fc.constant('write'), file: fc.constantFrom(1, 2), content }),
    fc.record({
      do: fc.constant('integrate'),
      style: fc.constantFrom<Merge>('squash', 'rebase', 'squash-other-blanks'),
    }),
  )
  .map(([write, integrate]) =>
    [write, { do: 'commit' }, integrate].map((rest) => ({ tree: 0, ...rest }) as Step),
  );

/** A history; half of them begin with integrated work, and each ends with a run that reaps. */
export const history: fc.Arbitrary<Step[]> = fc
  .tuple(fc.oneof(fc.constant([]), integrated), fc.array(step, { minLength: 1, maxLength: 12 }))
  .map(([first, all]) => [...first, ...all, { tree: 0, do: 'reap', days: 0, dryRun: false }]);

/** What a history came to. */
export interface Told {
  /** What the oracle found wrong. */
  faults: string[];
  reaped: number;
  kept: number;
}

/** Goes through a history and asks the oracle after each run that reaps. */
export async function tell(events: readonly Step[]): Promise<Told> {
  const at = await openReaping();
  try {
    return await goThrough(begin(at), events);
  } finally {
    at.close();
  }
}

/** The pieces of a file's life that differ in blanks alone, in bytes that git takes for no text, and in nothing. */
const contents = ['a\n', ' a\n', 'if x:\n    a()\n    b()\n', 'if x:\n    a()\nb()\n', '\0one', 'a\r\n'];
const fileNames = ['README.md', 'src/a.py', 'src/b.bin'];
const dayMs = 24 * 60 * 60 * 1000;

interface Whole {
  /** What each file is, by path. */
  files: Map<string, string>;
}

interface Story {
  at: Reaping;
  trees: Tree[];
  pulls: PullFact[];
  told: Told;
  /** Until when each commit has to be there that was not only kept when a run began. */
  until: Map<string, number>;
  /** Commits that a pull request was merged or closed at, each behind the number of its tree. */
  decided: Set<string>;
  time: number;
  /** How many things were done. */
  made: number;
}

function begin(at: Reaping): Story {
  at.commit('.gitignore', '*.env\n*.log\n');
  at.run(['push', '--quiet', 'origin', 'main']);
  return {
    at,
    trees: [at.tree('12-one'), at.tree('13-two')],
    pulls: [{ kind: 'none' }, { kind: 'none' }],
    told: { faults: [], reaped: 0, kept: 0 },
    until: new Map(),
    decided: new Set(),
    time: Date.parse('2026-11-26T12:00:00Z'),
    made: 0,
  };
}

async function goThrough(story: Story, events: readonly Step[]): Promise<Told> {
  for (const event of events) {
    if (event.do === 'reap') await reap(story, event);
    else
      try {
        take(story, event);
      } catch (error) {
        // What git refuses did not happen, or is left half done; both are states like any other.
        if (!(error instanceof Error) || !/Command failed|ENOENT|EEXIST|EISDIR|ENOTDIR/.test(error.message))
          throw error;
      }
    if (story.told.faults.length > 0) break;
  }
  return story.told;
}

/** Does one thing as a person, an agent or the forge would. */
function take(story: Story, event: Exclude<Step, { do: 'reap' }>): unknown {
  const { at } = story;
  const tree = story.trees[event.tree] as Tree;
  const git = (...args: string[]): string => at.run(args, tree.worktree);
  const place = (nth: number): string => path.join(tree.worktree, fileNames[nth] as string);
  const write = (where: string, text: string): void => {
    mkdirSync(path.dirname(where), { recursive: true });
    writeFileSync(where, text);
  };
  story.made += 1;
  switch (event.do) {
    case 'write':
      return write(place(event.file), contents[event.content] as string);
    case 'remove':
      return rmSync(place(event.file));
    case 'mode':
      return chmodSync(place(event.file), lstatSync(place(event.file)).mode ^ 0o111);
    case 'link':
      rmSync(place(event.file));
      return symlinkSync(at.checkout, place(event.file));
    case 'ignored':
      return write(path.join(tree.worktree, 'secret.env'), `${story.made}`);
    case 'worthless':
      return write(path.join(tree.worktree, 'some.log'), `${story.made}`);
    case 'nested':
      return void at.run(['init', '--quiet', path.join(tree.worktree, 'logs.log')]);
    case 'commit':
      git('add', '--all');
      return void git('commit', '--quiet', '-m', `Commit ${story.made}`);
    case 'amend':
      return void git('commit', '--quiet', '--amend', '--allow-empty', '-m', `Amended ${story.made}`);
    case 'blanks':
      write(place(1), ` ${readFileSync(place(1), 'utf8')}`);
      return void git('commit', '--quiet', '--all', '-m', `Blanks ${story.made}`);
    case 'stage':
      write(place(0), `staged ${story.made}\n`);
      git('add', '--all');
      return void git('show', 'HEAD:README.md');
    case 'stash':
      return void git('stash', '--quiet', '--include-untracked');
    case 'stash-pop':
      return void git('stash', 'pop', '--quiet');
    case 'push':
      return void git('push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${tree.branch}`);
    case 'reset':
      return void git('reset', '--quiet', event.hard ? '--hard' : '--soft', 'HEAD~1');
    case 'overlook':
      git('update-index', '--assume-unchanged', fileNames[event.file] as string);
      return write(place(event.file), `overlooked ${story.made}\n`);
    case 'detach':
      return void git('checkout', '--quiet', '--detach');
    case 'attach':
      return void git('checkout', '--quiet', tree.branch);
    case 'rebase':
      try {
        git('rebase', '--quiet', 'origin/main');
      } catch {
        git('rebase', '--abort');
      }
      return;
    case 'unfinished-rebase':
      return void git('rebase', '--quiet', 'origin/main');
    case 'delete-branch':
      return void git('update-ref', '-d', `refs/heads/${tree.branch}`);
    case 'remove-folder':
      // Whoever does that wants the files gone.
      return rmSync(tree.worktree, { recursive: true });
    case 'lock':
      return void at.run(['worktree', story.made % 2 === 0 ? 'lock' : 'unlock', tree.worktree]);
    case 'integrate': {
      const head = git('rev-parse', 'HEAD');
      if (event.style !== 'squash-other-blanks') return at.merge(head, event.style);
      return at.merge(head, 'squash', (folder) => {
        for (const name of fileNames.slice(1)) {
          const where = path.join(folder, name);
          if (lstatSync(where, { throwIfNoEntry: false })?.isFile() !== true) continue;
          writeFileSync(where, readFileSync(where, 'latin1').replace(/^ */, '  '), 'latin1');
        }
      });
    }
    case 'pull': {
      const head = git('rev-parse', event.at === 'head' ? 'HEAD' : 'HEAD~1');
      const number = event.tree + 1;
      if (event.kind === 'merged' || event.kind === 'closed') story.decided.add(`${event.tree} ${head}`);
      story.pulls[event.tree] =
        event.kind === 'none'
          ? { kind: 'none' }
          : event.kind === 'open'
            ? { kind: 'open', number }
            : { kind: event.kind, number, head };
      return;
    }
    case 'base-moves':
      return at.onForge((folder) => {
        write(path.join(folder, fileNames[event.file] as string), contents[event.content] as string);
      });
    case 'base-goes-back':
      return at.onForge((folder) => at.run(['revert', '--no-commit', 'HEAD'], folder));
  }
}

async function reap(story: Story, { days, dryRun }: Extract<Step, { do: 'reap' }>): Promise<void> {
  const { at, trees, told } = story;
  story.time += days * dayMs;
  const before = trees.map(({ worktree }) => wholeOf(worktree));
  const tips = trees.map((tree) => tipsOf(story, tree));
  const staged = trees.map(({ worktree }) => stagedIn(story, worktree));
  const checkout = wholeOf(at.checkout);
  const wasReached = reached(story, []);
  for (const commit of reached(story, ['--exclude=refs/forgecrew/*']))
    story.until.set(commit, story.time + 30 * dayMs);

  const { items } = await at.reap(
    trees.map((tree, index) => at.known(tree, { pull: story.pulls[index] as PullFact })),
    { ignore: ['*.log'], now: new Date(story.time).toISOString(), dryRun, processesIn: () => [] },
  );

  told.kept += items.filter(({ kind }) => kind === 'kept').length;
  const fault = (text: string): void => void told.faults.push(text);
  for (const item of items) if (item.kind === 'failed') fault(`failed: ${item.why}`);
  if (!sameWhole(checkout, wholeOf(at.checkout))) fault('the checkout itself was changed');
  const isReached = new Set(reached(story, []));
  for (const commit of wasReached)
    if (!isReached.has(commit) && (story.until.get(commit) ?? 0) >= story.time)
      fault(`${commit} is lost before its time`);
  for (const [index, { worktree, branch }] of trees.entries()) {
    const was = before[index];
    const now = wholeOf(worktree);
    if (was === null || was === undefined) continue;
    if (now !== null) {
      if (!sameWhole(was, now)) fault(`${branch}: a file was changed`);
      continue;
    }
    told.reaped += 1;
    if (dryRun) fault(`${branch}: a dry run took it away`);
    const { head } = tips[index] ?? { head: '' };
    const inGit = filesOf(story, head);
    for (const [name, what] of was.files)
      if (name !== '.git' && !/^[^/]*\.log$/.test(name) && inGit.get(name) !== what)
        fault(`${branch}: ${name} is lost`);
    for (const [name, blob] of staged[index] ?? [])
      if (![...inGit.values()].some((what) => what.endsWith(blob)))
        fault(`${branch}: staged ${name} is lost`);
    for (const tip of [head, tips[index]?.branch ?? head])
      if (!story.decided.has(`${index} ${tip}`))
        for (const line of notInBase(story, tip)) fault(`${branch}: ${line}`);
  }
}

function tipsOf({ at }: Story, { worktree, branch }: Tree): { head: string; branch: string | undefined } {
  const ask = (...args: string[]): string | undefined => {
    try {
      return at.run(args, worktree);
    } catch {
      return undefined;
    }
  };
  return {
    head: ask('rev-parse', '--verify', 'HEAD') ?? '',
    branch: ask('rev-parse', '--verify', `refs/heads/${branch}`),
  };
}

function stagedIn({ at }: Story, worktree: string): [string, string][] {
  if (!existsSync(worktree)) return [];
  try {
    return at
      .run(['ls-files', '--stage', '-z'], worktree)
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => [line.slice(line.indexOf('\t') + 1), line.split(' ')[1] as string]);
  } catch {
    return [];
  }
}

/** What each file of a commit is, named as `wholeOf` names it. */
function filesOf({ at }: Story, commit: string): Map<string, string> {
  const lines = at.run(['ls-tree', '-r', '-z', commit]).split('\0');
  return new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const [mode = '', , rest = ''] = line.split(' ');
        const [blob = '', name = ''] = rest.split('\t');
        return [name, `${mode} ${blob}`];
      }),
  );
}

/** Every commit that a ref or a log still leads to. */
function reached({ at }: Story, excluded: string[]): string[] {
  const home = path.join(at.checkout, '.git');
  const names = new Set<string>();
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }))
    if (/^(?:worktrees\/[^/]+\/)?(?:logs\/.*|HEAD)$/.test(name) && lstatSync(path.join(home, name)).isFile())
      for (const line of readFileSync(path.join(home, name), 'utf8').split('\n'))
        for (const word of line.split(' ').slice(0, 2))
          if (/^(?!0+$)[0-9a-f]{40}$/.test(word)) names.add(word);
  return at.run(['rev-list', ...excluded, '--all', '--ignore-missing', ...names]).split('\n');
}

/** Lines that a commit has more than the base ever had in this file: its work is then not in the base, to the last blank. */
function notInBase({ at }: Story, commit: string): string[] {
  const text = (at_: string, name: string): string[] => {
    try {
      return at.run(['cat-file', 'blob', `${at_}:${name}`]).split('\n');
    } catch {
      return [];
    }
  };
  const base = at.run(['rev-list', 'origin/main']).split('\n');
  const inBase = new Map(
    fileNames.map((name) => [name, new Set(base.flatMap((each) => text(each, name)))] as const),
  );
  return fileNames.flatMap((name) =>
    text(commit, name)
      .filter((line) => inBase.get(name)?.has(line) !== true)
      .map((line) => `the base never held ${JSON.stringify(line)} in ${name}`),
  );
}

/** All that is in a folder, whatever it is; null: the folder is gone. */
function wholeOf(root: string): Whole | null {
  if (lstatSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const files = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      const where = path.join(root, name);
      if (entry.isDirectory()) {
        if (name !== '.git') walk(name);
      } else if (entry.isSymbolicLink())
        files.set(name, `120000 ${blobOf(Buffer.from(readlinkSync(where)))}`);
      else
        files.set(
          name,
          `${(lstatSync(where).mode & 0o100) === 0 ? '100644' : '100755'} ${blobOf(readFileSync(where))}`,
        );
    }
  };
  walk('');
  return { files };
}

function blobOf(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

function sameWhole(one: Whole | null, other: Whole | null): boolean {
  return JSON.stringify([...(one?.files ?? [])]) === JSON.stringify([...(other?.files ?? [])]);
}
