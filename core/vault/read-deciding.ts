import { escalationPolicyFile } from '../escalation/policy.ts';
import type { Snapshot } from '../forge/snapshot.ts';
import { type Formula, formulaFolder, parseFormula } from './formula.ts';
import { type DecidingFiles, decidingFiles } from './guard.ts';

/** Which files of the ops repo decide what runs, and the formulas of which that could not be found out. */
export interface Deciding extends DecidingFiles {
  unread: string[];
}

/**
 * What decides at a commit of the ops repo: the policy, formulas, and the workflow files of all formulas; and the policy of the
 * role escalation, there or not, because whoever adds one allows what it names.
 */
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
  const { patterns, elsewhere } = decidingFiles(formulas, { repository, branch });
  return { patterns: [...patterns, escalationPolicyFile], elsewhere, unread };
}
