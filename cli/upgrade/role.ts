import { certificateExpiry } from '../../core/api/certificate.ts';
import { UserError } from '../../core/errors.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import { readGround, readStanding } from '../../core/read-ground.ts';
import type { ReadContext, Role } from '../../core/role.ts';
import { read as readDoctor } from '../doctor/read.ts';
import { faultsOf } from '../factory/settings.ts';
import { moveOf } from './change.ts';
import { migrations as known, type Migration } from './migrations.ts';
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
  if (move.kind === 'obstacle' || move.files.size === 0 || main.value === undefined)
    return { now, account, doctor, proposing: undefined };
  const ground = await readGround(send, {
    repository: given['ops-repo'],
    branch: repository.value.default_branch,
    account,
    from: 'branch',
    head: main.value.commit.id,
  });
  const standing = await readStanding(send, ground, upgradeBranch(move.to), [...move.files.keys()]);
  return { now, account, doctor, proposing: { ground, standing } };
}

/** The command `forgecrew upgrade`, which knows these migrations: a role that a person runs in a terminal. */
export function upgradeWith(
  migrations: readonly Migration[],
): Role<typeof settings, UpgradeState, (typeof changes)[number]> {
  return {
    name: 'upgrade',
    summary: 'Asks with one pull request to move a factory to the version of forgecrew that runs it.',
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

export const upgrade = upgradeWith(known);
