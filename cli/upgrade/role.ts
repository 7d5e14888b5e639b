import { certificateExpiry } from '../../core/api/certificate.ts';
import { UserError } from '../../core/errors.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import type { ProposeFrom } from '../../core/propose.ts';
import { readGround, readStanding } from '../../core/read-ground.ts';
import type { ReadContext, Role } from '../../core/role.ts';
import { known } from '../doctor/finding.ts';
import { ask, read as readDoctor } from '../doctor/read.ts';
import { type GroundState, projectsOf } from '../doctor/state.ts';
import type { Proposing } from '../factory/planted.ts';
import { readPlanted } from '../factory/read-planted.ts';
import { faultsOf } from '../factory/settings.ts';
import { moveOf, type RepositoryMove } from './change.ts';
import { type Migration, migrations as ours } from './migrations.ts';
import { changes, planUpgrade, upgradeBranch } from './plan.ts';
import { settings } from './settings.ts';
import type { UpgradeState } from './state.ts';

async function read(
  context: ReadContext<typeof settings, UpgradeState>,
  migrations: readonly Migration[],
): Promise<UpgradeState> {
  const { settings: given, send, woodpecker, now, clock } = context;
  const account = await getOwnUser(send);
  const doctor = await readDoctor(
    {
      send,
      woodpecker,
      ofAccounts: new Map(),
      audit: undefined,
      certificateExpiry,
      machine: undefined,
    },
    given,
    clock,
  );
  const { repository, main } = doctor.ops;
  if (repository.kind === 'unknown' || main.kind === 'unknown')
    throw new UserError(
      `${given['ops-repo']} could not be looked at: ${repository.kind === 'unknown' ? repository.why : main.kind === 'unknown' ? main.why : ''}`,
      'Use the token of an admin of both repositories.',
    );
  const move = moveOf(given, doctor, migrations);
  const proposing: UpgradeState['proposing'] = new Map();
  if (move.kind === 'obstacle') return { now, account, doctor, proposing };
  const read = async (
    { repository: name, files }: RepositoryMove,
    side: GroundState,
    from: ProposeFrom,
  ): Promise<Proposing> => {
    const ground = await readGround(send, {
      repository: name,
      branch: side.repository.kind === 'known' ? side.repository.value.default_branch : undefined,
      account,
      from,
      head: side.main.kind === 'known' ? side.main.value?.commit.id : undefined,
    });
    const standing = await readStanding(send, ground, upgradeBranch(move.to), [...files.keys()]);
    return { ground, standing, planted: await readPlanted(send, ground, standing) };
  };
  if (move.ops.files.size > 0 && main.value !== undefined)
    proposing.set(move.ops.repository, known(await read(move.ops, doctor.ops, 'branch')));
  const projects = projectsOf(given, doctor);
  for (const item of move.projects) {
    if ('kind' in item || item.files.size === 0) continue;
    const side = projects.get(item.repository);
    // Somebody else may own a project: it is asked from a fork then, and what is in the way there holds up nothing else.
    if (side !== undefined) proposing.set(item.repository, await ask(() => read(item, side, 'auto')));
  }
  return { now, account, doctor, proposing };
}

/** The command `forgecrew upgrade`, which knows these migrations: a role that a person runs in a terminal. */
export function upgradeWith(
  migrations: readonly Migration[],
): Role<typeof settings, UpgradeState, (typeof changes)[number]> {
  return {
    name: 'upgrade',
    summary:
      'Asks with one pull request in each repository to move a factory to the version of forgecrew that runs it.',
    settings,
    faults: faultsOf,
    whenPaused: () => 'ignore',
    changes,
    needs: [
      {
        where: 'ops-repo, project-repo',
        access: 'admin',
        scopes: ['write:repository', 'read:issue', 'read:organization', 'read:user'],
        why: 'write:repository opens the pull request; the others are what doctor looks with.',
      },
    ],
    read: (context) => read(context, migrations),
    plan: (given, state) => planUpgrade(given, state, migrations),
  };
}

export const upgrade = upgradeWith(ours);
