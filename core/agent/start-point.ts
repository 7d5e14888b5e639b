import path from 'node:path';
import type { Git } from '../git.ts';
import type { AgentRun } from './agent-run.ts';
import { type Entry, parseEntry } from './entry.ts';
import { cloneForUs } from './work/clone.ts';
import { type MergedIn, mergeIn } from './work/merge-in.ts';

/** Where an agent starts from, in a clone of ours. */
export interface StartPoint {
  /** Our own clone. */
  ours: string;
  /** The commit that its own clone is made at. */
  commit: string;
  /** Where the base of the pull request was merged into what the agent starts from. */
  merge: MergedIn | undefined;
}

/** The entry that a run was begun with, as it wrote it. */
export function entryOfRun({ entry: { text } }: Pick<AgentRun, 'entry'>): Entry {
  const parsed = parseEntry(Buffer.from(text, 'utf8'));
  if (!parsed.ok) throw new Error(`the entry of this run cannot be read: ${parsed.fault}`);
  return parsed.entry;
}

/**
 * Clones what a run starts from, and merges the base in where that is what the agent was woken for. `from`: a repository of this
 * machine that has it, where it is not the forge's.
 */
export async function readyStart(
  run: AgentRun,
  {
    git,
    folder,
    from,
    say,
  }: { git: Git; folder: string; from?: string | undefined; say(line: string): void },
): Promise<StartPoint> {
  const ours = path.join(git.folder, folder);
  say(`Cloning ${run.repository} at ${run.base.slice(0, 10)} ...`);
  await cloneForUs(git, {
    repository: run.repository,
    commit: run.base,
    beside: run.merges === null ? [] : [run.merges],
    folder: ours,
    from,
  });
  const merge = await mergeFor(run, git, ours, say);
  return { ours, commit: merge?.commit ?? run.base, merge };
}

async function mergeFor(
  run: AgentRun,
  git: Git,
  ours: string,
  say: (line: string) => void,
): Promise<MergedIn | undefined> {
  if (run.merges === null) return undefined;
  const merged = await mergeIn(git, {
    ours,
    base: run.base,
    other: run.merges,
    // Of the claim, and not of now: two steps that make this commit, each for itself, have to come to the same one.
    author: { ...run.gitUser, at: entryOfRun(run).started_at },
  });
  say(
    merged === undefined
      ? 'The base merges by itself; nothing has to be solved.'
      : `The base was merged in; ${merged.conflicts.length} ${merged.conflicts.length === 1 ? 'file has' : 'files have'} conflicts.`,
  );
  return merged;
}
