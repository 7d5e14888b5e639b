import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { propose, proposeChanges } from '../../core/propose.ts';
import { examine } from '../doctor/examine.ts';
import { known } from '../doctor/finding.ts';
import { moveOf } from './change.ts';
import type { Migration } from './migrations.ts';
import type { UpgradeSettings } from './settings.ts';
import type { UpgradeState } from './state.ts';
import { upgradeBody, upgradeTitle } from './text.ts';

/** The kinds of change this command may plan. */
export const changes = [...proposeChanges, 'refuse'] as const;
type UpgradeChange = Change<(typeof changes)[number]>;

export function upgradeBranch(version: string): string {
  return `forgecrew/upgrade-${version}`;
}

/** One pull request with all that a version changes, or nothing where it stands already, is asked for, or was refused. */
export function planUpgrade(
  given: UpgradeSettings,
  { doctor, proposing }: UpgradeState,
  migrations: readonly Migration[],
): UpgradeChange[] {
  const move = moveOf(given, doctor, migrations);
  if (move.kind === 'obstacle') return [refuseFor(move.where, move.why)];
  const { to, files, left, inProject } = move;
  const said: UpgradeChange[] = [
    ...left.map((step) =>
      notice(
        step.includes('@sha256:')
          ? `${step} is left as it is: the message of the tag v${to} names the image by its digest`
          : `${step} names no version, and is left as it is`,
      ),
    ),
    ...inProject.map((path) =>
      notice(`${given['project-repo']}: ${path} names another version: change it to v${to} there`),
    ),
  ];
  if (files.size === 0) return [keep(`every step of ${given['ops-repo']} names v${to}`), ...said];
  if (proposing === undefined) return [refuseFor(given['ops-repo'], 'it has no commit on its main branch')];
  const { ground, standing } = proposing;
  if (standing.pull?.state === 'open')
    // People may have changed what it holds: nothing is written there again.
    return [
      notice(`pull request #${standing.pull.number} of ${given['ops-repo']} waits for a person`),
      ...said,
    ];
  const before = examine(given, doctor);
  const texts = doctor.ops.texts.kind === 'known' ? doctor.ops.texts.value : new Map<string, string>();
  const after = examine(given, {
    ...doctor,
    ops: { ...doctor.ops, texts: known(new Map([...texts, ...files])) },
  });
  const worse = after.filter(
    ({ id, state }) =>
      state === 'broken' && !before.some((item) => item.id === id && item.state === 'broken'),
  );
  if (worse.length > 0)
    return worse.map(({ what }) =>
      refuseFor(given['ops-repo'], `with v${to} something would break that holds now: ${what}`),
    );
  return [
    ...propose(ground, standing, {
      files: [...files].map(([path, content]) => ({ path, content })),
      message: upgradeTitle(move),
      title: upgradeTitle(move),
      body: upgradeBody(given, move, { before, after }),
      why: `its pipelines name v${move.from}`,
    }),
    ...said,
  ];
}
