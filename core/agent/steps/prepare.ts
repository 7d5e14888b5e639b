import path from 'node:path';
import type { Works } from '../../works.ts';
import type { AgentRun } from '../agent-run.ts';
import { readyStart } from '../start-point.ts';
import { cloneForAgent } from '../work/clone.ts';
import { makeSharedFolder, openToAll } from './shared-folder.ts';

/** Makes what the step of the agent finds in the shared folder. No secret is in it, and nobody reads it back. */
export async function prepareAgent(
  run: AgentRun,
  {
    works,
    workspace,
    folder,
    say,
  }: { works: Works; workspace: string; folder: string; say(line: string): void },
): Promise<void> {
  const git = await works.git();
  const start = await readyStart(run, { git, folder: 'prepared.git', say });
  const shared = makeSharedFolder(path.resolve(workspace, folder));
  await cloneForAgent(git, {
    from: start.ours,
    commit: start.commit,
    folder: shared.clone,
    branch: run.baseBranch,
    author: run.gitUser,
  });
  await openToAll(shared.clone);
  // Last: a step that finds it finds everything.
  shared.placeGlue();
}
