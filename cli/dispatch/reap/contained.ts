import { UserError } from '../../../core/errors.ts';
import { whyOf } from '../../../core/git.ts';
import { isAtLeast } from '../git-version.ts';
import type { Containment } from './decide.ts';
import { listOf, type Reading, textOf } from './reading.ts';

/** How many commits of the base are compared, and how many paths they are looked for by. */
const mostCommits = 2000;
const mostPaths = 200;
const mostBytes = 64 * 1024 * 1024;

/** The whole of every change: of two changes that print alike, one may be lost. */
const wholePatch = [
  '-p',
  '--binary',
  '--full-index',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
];

/** Whether the base holds the work of a commit. What cannot be read is unknown, never held. */
export async function containment(reading: Reading, base: string, commit: string): Promise<Containment> {
  try {
    return await compare(reading, base, commit);
  } catch (error) {
    if (error instanceof UserError) return { kind: 'unknown', why: error.message.replace(/\.$/, '') };
    throw error;
  }
}

async function compare(reading: Reading, base: string, commit: string): Promise<Containment> {
  const { ask, git, scratch } = reading;
  const ancestry = await git.end(scratch, { args: ['merge-base', '--is-ancestor', commit, base] });
  if (ancestry.code === 0) return { kind: 'ancestor' };
  if (ancestry.code !== 1) throw new UserError(`git merge-base ${whyOf(ancestry)}`);
  const ahead = Number(await ask(['rev-list', '--count', `${base}..${commit}`]));
  const found = await git.end(scratch, { args: ['merge-base', '--all', base, commit] });
  const forks = textOf(found.stdout).split('\n');
  const [fork] = forks;
  // Histories without a common commit, or with several last ones: no one patch is the work.
  if (found.code !== 0 || fork === undefined || forks.length !== 1) return { kind: 'no', ahead };

  const tree = await ask(['rev-parse', `${commit}^{tree}`]);
  if (tree === (await ask(['rev-parse', `${fork}^{tree}`]))) return { kind: 'same-tree', commit: fork };
  const trees = await ask(['log', '--format=%T %H', `${fork}..${base}`], { mostBytes });
  const same = trees.split('\n').find((line) => line.startsWith(`${tree} `));
  if (same !== undefined) return { kind: 'same-tree', commit: same.slice(tree.length + 1) };
  if (!isAtLeast(reading.version, [2, 39]))
    return {
      kind: 'unknown',
      why: `work that was merged as one commit is seen with git 2.39 or newer, and this is ${reading.version.join('.')}`,
    };

  const paths = listOf(await ask(['diff-tree', '-r', '-z', '--name-only', '--no-renames', fork, commit]));
  const candidates = await commitsTouching(reading, `${fork}..${base}`, paths);
  const inBase = await patchIds(reading, candidates);
  const whole = await patchIds(reading, [[fork, commit]]);
  const squashed = inBase.get([...whole.keys()][0] ?? '');
  if (squashed !== undefined) return { kind: 'same-patch', commit: squashed };

  // What a merge itself changes is in no patch of its parents.
  if ((await ask(['rev-list', '--merges', '-n', '1', `${fork}..${commit}`])) !== '')
    return { kind: 'no', ahead };
  const own = (await ask(['rev-list', '-n', String(mostCommits), `${fork}..${commit}`])).split('\n');
  if (own.length === mostCommits) return { kind: 'no', ahead };
  const ids = [...(await patchIds(reading, own)).keys()];
  return ids.length > 0 && ids.every((id) => inBase.has(id))
    ? { kind: 'same-patches' }
    : { kind: 'no', ahead };
}

/** Commits of a range that touch one of the paths. With very many of them all commits of the range are taken. */
async function commitsTouching({ ask }: Reading, range: string, paths: string[]): Promise<string[]> {
  const some = paths.length > mostPaths ? [] : paths;
  const printed = await ask([
    '--literal-pathspecs',
    'rev-list',
    '--no-merges',
    '-n',
    String(mostCommits),
    range,
    '--',
    ...some.map((name) => Buffer.from(name, 'latin1').toString('utf8')),
  ]);
  return printed === '' ? [] : printed.split('\n');
}

/** The names of patches, to the last blank, each with a commit that makes it; `[from, to]` is all between two commits. */
async function patchIds(
  { git, scratch, ask }: Reading,
  commits: string[] | [[from: string, to: string]],
): Promise<Map<string, string>> {
  if (commits.length === 0) return new Map();
  const [first] = commits;
  const patches = Array.isArray(first)
    ? Buffer.from(
        `${first[1]}\n${await ask(['diff-tree', ...wholePatch, first[0], first[1]], { mostBytes })}\n`,
        'latin1',
      )
    : await git.run(scratch, {
        args: ['diff-tree', '--stdin', '--root', ...wholePatch],
        input: `${commits.join('\n')}\n`,
        mostBytes,
      });
  // White space is not left out: in some languages it is the whole of a change.
  const printed = await ask(['patch-id', '--verbatim'], { input: patches });
  return new Map(
    printed
      .split('\n')
      .filter((line) => line !== '')
      .map((line): [string, string] => {
        const [id = '', commit = ''] = line.split(' ');
        return [id, commit];
      }),
  );
}
