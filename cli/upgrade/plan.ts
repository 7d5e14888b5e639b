import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { propose, proposeChanges } from '../../core/propose.ts';
import { examine } from '../doctor/examine.ts';
import { known } from '../doctor/finding.ts';
import { refusePlanted } from '../factory/planted.ts';
import { type Move, moveOf, type RepositoryMove } from './change.ts';
import type { Migration } from './migrations.ts';
import type { UpgradeSettings } from './settings.ts';
import type { UpgradeState } from './state.ts';
import { projectBody, upgradeBody, upgradeTitle } from './text.ts';

/** The kinds of change this command may plan. */
export const changes = [...proposeChanges, 'refuse'] as const;
type UpgradeChange = Change<(typeof changes)[number]>;

export function upgradeBranch(version: string): string {
  return `forgecrew/upgrade-${version}`;
}

/** In each repository one pull request with all that a version changes there, or nothing where it stands already, is asked for, or was refused. */
export function planUpgrade(
  given: UpgradeSettings,
  state: UpgradeState,
  migrations: readonly Migration[],
): UpgradeChange[] {
  const { doctor } = state;
  const move = moveOf(given, doctor, migrations);
  if (move.kind === 'obstacle') return [refuseFor(move.where, move.why)];
  const { to, ops } = move;
  const before = examine(given, doctor);
  const texts = doctor.ops.texts.kind === 'known' ? doctor.ops.texts.value : new Map<string, string>();
  const after = examine(given, {
    ...doctor,
    ops: { ...doctor.ops, texts: known(new Map([...texts, ...ops.files])) },
  });
  const worse = after.filter(
    ({ id, state: now }) =>
      now === 'broken' && !before.some((item) => item.id === id && item.state === 'broken'),
  );
  if (worse.length > 0)
    return worse.map(({ what }) =>
      refuseFor(given['ops-repo'], `with v${to} something would break that holds now: ${what}`),
    );
  return [
    ...planMove(ops, state, { move, body: () => upgradeBody(given, move, { before, after }) }),
    ...move.projects.flatMap((project) =>
      'kind' in project
        ? [
            refuseFor(
              project.where,
              `it could not be looked at, so its pipelines stay as they are: ${project.why}`,
            ),
          ]
        : planMove(project, state, { move, body: () => projectBody(given, move, project) }),
    ),
  ];
}

/** What is asked for in one repository. */
function planMove(
  { repository, files, left, unread }: RepositoryMove,
  { proposing }: UpgradeState,
  { move, body }: { move: Move; body: () => string },
): UpgradeChange[] {
  const said = [
    ...left.map((step) =>
      notice(
        step.includes('@sha256:')
          ? `${repository}: ${step} is left as it is: the message of the tag v${move.to} names the image by its digest`
          : `${repository}: ${step} names no version, and is left as it is`,
      ),
    ),
    ...unread.map((file) =>
      notice(`${repository}: ${file}`, 'what it starts is not known, so it is left as it is'),
    ),
  ];
  if (files.size === 0)
    return [
      keep(`every ${said.length === 0 ? '' : 'other '}step of ${repository} names v${move.to}`),
      ...said,
    ];
  const asked = proposing.get(repository);
  if (asked === undefined) return [refuseFor(repository, 'it has no commit on its main branch')];
  if (asked.kind === 'unknown') return [refuseFor(repository, asked.why)];
  const { ground, standing } = asked.value;
  if (standing.pull?.state === 'open')
    // People may have changed what it holds: nothing is written there again.
    return [notice(`pull request #${standing.pull.number} of ${repository} waits for a person`), ...said];
  if (asked.value.planted.length > 0) return refusePlanted(asked.value);
  return [
    ...propose(ground, standing, {
      files: [...files].map(([path, content]) => ({ path, content })),
      message: upgradeTitle(move),
      title: upgradeTitle(move),
      body: body(),
      why: `its pipelines name v${move.from}`,
    }),
    ...said,
  ];
}
