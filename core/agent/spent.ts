import type { Snapshot } from '../forge/snapshot.ts';
import { isFile } from '../forge/trees.ts';
import { spentIn } from './entry.ts';

/** What the runs of an agent cost that ended on a day (UTC), as far as somebody counted, and how many those are. */
export async function readSpent(
  { snapshot, commit }: { snapshot: Snapshot; commit: string },
  day: string,
  agent: string,
): Promise<{ cost: number; runs: number }> {
  const files = (await snapshot.folderAt(commit, `spent/${day}/${agent}`)).filter(isFile);
  const blobs = await snapshot.contents(files);
  let cost = 0;
  for (const { sha } of files) {
    const blob = blobs.get(sha);
    if (blob?.kind === 'read') cost += spentIn(blob.bytes);
  }
  return { cost, runs: files.length };
}
