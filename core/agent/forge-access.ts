import { namesLogin } from '../accounts.ts';
import type { Send } from '../api/send.ts';
import type { Change } from '../change.ts';
import type { Claim } from '../changes/fields.ts';
import { listWriters } from '../forge/people.ts';
import type { Mask } from '../mask.ts';
import type { Result } from '../report.ts';
import type { AgentRun } from './agent-run.ts';
import { type CheckIn, createCheckIn } from './check-in.ts';
import { createAgentForge } from './sidecar/api-agent-forge.ts';
import type { Desk } from './sidecar/desk.ts';
import { scopedSend } from './sidecar/scoped-send.ts';
import { openSidecar, type Sidecar } from './sidecar/sidecar.ts';
import { entryOfRun } from './start-point.ts';

/** An agent's way to the forge while it works, and what is seen of it there. */
export interface ForgeAccess {
  sidecar: Sidecar;
  checkIn: CheckIn;
  /** When it was last seen to do anything, in milliseconds since the epoch; kept up by whoever sees it. */
  alive: { at: number };
  /** It was seen to do something. */
  seen(): void;
}

/**
 * Opens the sidecar of a run: it reads and writes on the run's own issue and pull requests alone, and writes only while the run
 * holds its issue. `door`: where its socket stands, and with which permissions. `spending`: what models have cost so far.
 */
export async function openForgeAccess(
  run: AgentRun,
  context: {
    send: Send;
    write(changes: Change[], through?: (send: Send) => Send): Promise<Result[]>;
    mask: Mask;
    say(line: string): void;
    clock(): Date;
    bots: readonly string[];
    desk?: Desk | undefined;
  },
  door: { folder: string; mode?: number },
  spending: () => number | null,
): Promise<ForgeAccess> {
  const { send, write, mask, say, clock, bots, desk } = context;
  const held = claimOf(run);
  const scope = { repository: run.repository, issue: run.issue, pulls: run.pulls };
  const writers = (await listWriters(send, run.repository)).map(({ login }) => login);
  const alive = { at: clock().getTime() };
  const checkIn = createCheckIn(run, context, spending);
  const seen = (): void => {
    alive.at = clock().getTime();
    checkIn.seen();
  };
  const sidecar = await openSidecar({
    door: door.folder,
    mode: door.mode,
    forge: createAgentForge({
      repository: run.repository,
      send: scopedSend(send, scope),
      write: (changes) =>
        write(
          changes.map((change) => ({ ...change, held })),
          (own) => scopedSend(own, scope),
        ),
      pullOf: async () => run.pulls.at(-1) ?? null,
      run: held.lease,
    }),
    scope,
    mask,
    say,
    now: clock,
    mayWrite: (login) => namesLogin(writers, login) && !namesLogin([...bots], login),
    strangers: run.strangers,
    desk,
    heard: seen,
  });
  return { sidecar, checkIn, alive, seen };
}

function claimOf({ entry }: Pick<AgentRun, 'entry'>): Claim {
  const { lease } = entryOfRun({ entry });
  return { repository: entry.repository, branch: entry.branch, path: entry.path, lease: lease.id };
}
