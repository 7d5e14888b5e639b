import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LocalIsolation } from './cell/cell.ts';
import { openCell } from './cell/open-cell.ts';
import { possibleIsolation } from './cell/possible-isolation.ts';
import { probe } from './cell/probe.ts';
import { isolationFor } from './isolation-for.ts';
import type { OpenSite } from './site.ts';
import { cloneForAgent } from './work/clone.ts';

export interface LocalSiteOptions {
  /** Where cells are made; a folder of its own where absent. */
  base: string | undefined;
  /** The user ids they may have. */
  uids: { first: number; count: number };
  /** Whether an agent may run without any isolation, where its manifest says so. */
  allowsNone: boolean;
  /** Files of the runner, to be searched for secrets as well. */
  places: readonly string[];
}

/** The agent runs on the machine of this role, in cells that are made there. */
export function localSite({ base: given, uids, allowsNone, places }: LocalSiteOptions): OpenSite {
  return async ({ run, git, ours, secrets }) => {
    const { tried } = await possibleIsolation(uids, given);
    const isolation = isolationFor<LocalIsolation>({ tried }, run, allowsNone);
    const base = given ?? mkdtempSync(path.join(tmpdir(), 'forgecrew-cells-'));
    return {
      isolation,
      async furnish(commit) {
        const cell = await openCell({ isolation, network: run.network, base, uids });
        try {
          await cloneForAgent(git, {
            from: ours,
            commit,
            folder: cell.outside.workspace,
            branch: run.baseBranch,
            author: run.gitUser,
          });
          // From here on the folder is the agent's, and is not opened by us any more.
          await cell.own();
        } catch (error) {
          await cell.remove();
          throw error;
        }
        return cell;
      },
      search: {
        what: "everything that the agent's user can read",
        in: (cell) => probe(cell, { secrets: [...secrets], extraPlaces: [...places] }),
      },
      async close() {
        if (given === undefined) removeEmpty(base);
      },
    };
  };
}

/** A folder of ours is empty by now; what is still in it could not be removed, and that was told. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It stays where it is.
  }
}
