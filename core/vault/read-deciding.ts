import type { Snapshot } from '../forge/snapshot.ts';
import { type Formula, formulaFolder, parseFormula } from './formula.ts';
import { type DecidingFiles, decidingFiles } from './guard.ts';

/** Which files of the ops repo decide what runs, and the formulas of which that could not be found out. */
export interface Deciding extends DecidingFiles {
  unread: string[];
}

/** What decides at a commit of the ops repo: policy, formulas, and the workflow files of all formulas. */
export async function readDeciding(
  snapshot: Snapshot,
  { repository, branch, commit }: { repository: string; branch: string; commit: string },
): Promise<Deciding> {
  const entries = (await snapshot.folderAt(commit, formulaFolder)).filter(({ path }) =>
    path.endsWith('.toml'),
  );
  await snapshot.contents(entries);
  const formulas: Formula[] = [];
  const unread: string[] = [];
  for (const entry of entries) {
    const file = `${formulaFolder}/${entry.path}`;
    const found = await snapshot.fileOf(entry);
    const parsed = found.kind === 'file' ? parseFormula(file, found.bytes) : undefined;
    if (parsed?.ok === true) formulas.push(parsed.document);
    else unread.push(file);
  }
  return { ...decidingFiles(formulas, { repository, branch }), unread };
}
