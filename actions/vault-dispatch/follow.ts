import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { type FiredRecord, firedFolder, recordPath, recordText } from '../../core/vault/record.ts';
import { writeRecord } from './intend.ts';
import type { DispatchState, FiredState, SeenRecord, StartedRun } from './state.ts';

// An action with a record: whether that is to be believed, and how its run is doing.

type FollowChange = Change<'keep' | 'refuse' | 'write-files'>;

/** How long another run may take from its intent to its dispatch before nobody believes in it any more. */
const patienceMs = 15 * 60_000;

/** What did run is followed to its end, whatever became of the file that asked for it. */
export function follow(
  state: DispatchState,
  { id, file, isEdited, record }: { id: string; file: string } & FiredState,
): FollowChange[] {
  if (record.kind === 'foreign')
    return [
      refuseFor(
        recordPath(firedFolder, id),
        `was not written by ${state.account.login}${record.isRecord ? '' : ', and is no record'}: somebody else made it, so nothing about ${id} is believed. Find out who; the action needs another id`,
      ),
    ];
  return [
    ...(isEdited
      ? [
          refuseFor(
            file,
            `has changed since it was fired: an id is used once, so ask again under another one`,
          ),
        ]
      : []),
    followRun(state, { id, file }, record),
  ];
}

function followRun(
  state: DispatchState,
  { id, file }: { id: string; file: string },
  seen: Exclude<SeenRecord, { kind: 'foreign' }>,
): FollowChange {
  const { record } = seen;
  switch (seen.kind) {
    case 'final': {
      const where = record.run.url === null ? '' : `, ${record.run.url}`;
      // The run that finds out ends red; afterwards it is on record.
      return record.outcome === 'success' || !seen.wroteItNow
        ? keep(`${id}: ${record.outcome}${where}`)
        : refuseFor(file, `its run ended with ${record.outcome}${where}; the id is spent`);
    }
    case 'out-of-reach':
      return refuseFor(
        file,
        'its run is on Woodpecker: set woodpecker-url and woodpecker-token, so that it can be followed',
      );
    case 'unseen': {
      const { at } = record.intent;
      const isPatient = Date.parse(state.now) - Date.parse(at) < patienceMs;
      return seen.startedItNow || isPatient
        ? notice(`${id} was intended at ${at}, and no run of it is seen yet`, 'the next run looks again')
        : refuseFor(
            file,
            `was intended at ${at}, and no run with its nonce is found: whether it ran is unknown, so it is not started again. Look at ${record.run.repository}, then ask again under another id`,
          );
    }
    case 'seen': {
      const { run, blob } = seen;
      const ended = howItEnded(record, run, state.now);
      const updated: FiredRecord = {
        ...record,
        run: { ...record.run, id: run.id, url: run.url },
        outcome: ended ?? 'dispatched',
        finished: ended === undefined ? null : state.now,
      };
      if (recordText(updated) === recordText(record)) return keep(`${id} is running, ${run.url}`);
      return writeRecord(state, {
        folder: firedFolder,
        record: updated,
        expects: blob,
        what: updated.outcome,
        why: ended === undefined ? `run ${run.id} was started` : `run ${run.id} ended: ${ended}`,
      });
    }
  }
}

/** How a run ended, or undefined while it goes on within its time. */
function howItEnded(
  record: FiredRecord,
  { state, created }: StartedRun,
  now: string,
): 'success' | 'failure' | 'cancelled' | 'timeout' | undefined {
  if (state !== 'running') return state;
  const limitMs = record.run.timeout_minutes * 60_000;
  return Date.parse(now) - Date.parse(created) > limitMs ? 'timeout' : undefined;
}
