import type { Git } from '../../core/git.ts';
import { whyOf } from '../../core/git.ts';
import { plain } from '../../core/text/log-line.ts';
import { isAtLeast } from './git-version.ts';
import { commonFolderOf, listOf, openReading, type Reading } from './reap/reading.ts';

/** A branch of an active dispatch. */
export interface OverlapBranch {
  /** How people name the dispatch, such as `acme/widgets#12`. */
  ref: string;
  branch: string;
}

/** Two branches, and what becomes of them when both are merged. */
export type Overlap = { one: OverlapBranch; other: OverlapBranch } & (
  | { kind: 'none' }
  /** They change the same lines of these files, or what is a file for one is none for the other. */
  | { kind: 'overlap'; files: string[] }
  /** `why` goes on a sentence. */
  | { kind: 'unknown'; why: string }
);

export type Overlaps =
  | { kind: 'compared'; pairs: Overlap[]; missing: OverlapBranch[] }
  /** In words for a person. */
  | { kind: 'impossible'; why: string };

/**
 * Which branches of one checkout really touch the same lines: each two are merged, in a repository of ours. Git decides that
 * as it would for a person, without the drivers that a configuration may name for it.
 */
export async function overlaps(
  git: Git,
  { checkout, branches }: { checkout: string; branches: readonly OverlapBranch[] },
): Promise<Overlaps> {
  const common = await commonFolderOf(git, checkout);
  const at = new Map<OverlapBranch, string>();
  const missing: OverlapBranch[] = [];
  for (const each of branches) {
    const ended = await git.end(common, {
      args: ['rev-parse', '--quiet', '--verify', `refs/heads/${each.branch}^{commit}`],
    });
    if (ended.code === 0) at.set(each, ended.stdout.toString('utf8').trim());
    else missing.push(each);
  }
  const [like] = at.values();
  if (like === undefined) return { kind: 'compared', pairs: [], missing };
  const reading = await openReading(git, common, like);
  if (!isAtLeast(reading.version, [2, 38]))
    return {
      kind: 'impossible',
      why: `Overlaps are found with git 2.38 or newer, and this is git ${reading.version.join('.')}.`,
    };
  const pairs: Overlap[] = [];
  const all = [...at];
  for (const [index, [one, first]] of all.entries())
    for (const [other, second] of all.slice(index + 1))
      pairs.push({ one, other, ...(await compare(reading, first, second)) });
  return { kind: 'compared', pairs, missing };
}

async function compare(
  { git, scratch }: Reading,
  one: string,
  other: string,
): Promise<{ kind: 'none' } | { kind: 'overlap'; files: string[] } | { kind: 'unknown'; why: string }> {
  const ended = await git.end(scratch, {
    args: [
      'merge-tree',
      '--write-tree',
      '--allow-unrelated-histories',
      '--name-only',
      '--no-messages',
      '-z',
      one,
      other,
    ],
  });
  if (ended.overran !== undefined || (ended.code !== 0 && ended.code !== 1))
    return { kind: 'unknown', why: `git merge-tree ${whyOf(ended).replace(/\.$/, '')}` };
  if (ended.code === 0) return { kind: 'none' };
  // The first entry is the tree of what was merged.
  const files = listOf(ended.stdout.toString('utf8')).slice(1).map(plain);
  return { kind: 'overlap', files: [...new Set(files)].sort() };
}
