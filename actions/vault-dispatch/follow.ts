import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { runNumber } from '../../core/run-number.ts';
import { firstLine } from '../../core/text/lines.ts';
import {
  type EndedRecord,
  endedFolder,
  type FiredRecord,
  firedFolder,
  recordPath,
} from '../../core/vault/record.ts';
import { tellOutcome, writeRecord } from './intend.ts';
import type { DispatchState, FiredState, SeenRecord, StartedRun } from './state.ts';

// An action that was started: how its run is doing, and what is left to write.

type FollowChange = Change<
  'keep' | 'refuse' | 'write-files' | 'cancel-run' | 'set-status' | 'comment-section'
>;

/** How long another run may take from its intent to its dispatch before nobody believes in it any more. */
const patienceMs = 15 * 60_000;

/** What did run is followed to its end, whatever became of the file that asked for it. */
export function follow(
  state: DispatchState,
  { id, file, isEdited, record, comment }: { id: string; file: string } & FiredState,
): FollowChange[] {
  if (record.kind === 'unreadable')
    return [
      refuseFor(
        recordPath(firedFolder, id),
        `is no record: what stands at ${state.records.branch} of ${state.records.repository} is not what ${state.account.login} writes. Find out who did; the id is spent`,
      ),
    ];
  return [...(isEdited ? [refuseEdited(file)] : []), ...followRun(state, { id, file, comment }, record)];
}

export function refuseEdited(file: string): FollowChange {
  return refuseFor(
    file,
    'has changed since it was started: an id is used once, so ask again under another one',
  );
}

function followRun(
  state: DispatchState,
  { id, file, comment }: { id: string; file: string; comment: FiredState['comment'] },
  seen: Exclude<SeenRecord, { kind: 'unreadable' }>,
): FollowChange[] {
  const { record } = seen;
  switch (seen.kind) {
    case 'out-of-reach':
      return [
        refuseFor(
          file,
          'its run is on Woodpecker: set woodpecker-url and woodpecker-token, so that it can be followed',
        ),
      ];
    case 'unseen': {
      const { at } = record.intent;
      const isPatient = Date.parse(state.now) - Date.parse(at) < patienceMs;
      return [
        seen.startedItNow || isPatient
          ? notice(`${id} was intended at ${at}, and no run of it is seen yet`, 'the next run looks again')
          : refuseFor(
              file,
              `was intended at ${at}, and no run with its nonce is found: whether it ran is unknown, so it is not started again. Look at ${record.run.repository}, then ask again under another id`,
            ),
      ];
    }
    case 'seen':
      if (seen.run.commit !== null && seen.run.commit !== record.run.commit)
        return endStray(state, { id, file }, record, seen.run);
      return record.run.id === null
        ? nameRun(state, record, seen, comment)
        : awaitEnd(state, record, seen.run);
  }
}

/** Something else runs than what was approved: it is ended, no gate lets it through, and no end of it is a success. */
function endStray(
  state: DispatchState,
  { id, file }: { id: string; file: string },
  record: FiredRecord,
  run: StartedRun,
): FollowChange[] {
  const { commit } = record.run;
  return [
    refuseFor(
      file,
      `run ${runNumber(run)} runs ${run.commit}, and ${commit} was approved: its branch moved, or something else is called like that commit. Look at ${run.url}; the id is spent`,
    ),
    ...(run.state === 'running' ? [cancel(record, run, `${id} was to run at ${commit}`)] : []),
    ...end(
      state,
      record,
      // Without a gate in it the wrong commit may have ended well before anybody looked, and it was not the action that did.
      { ...run, reason: `${run.commit} ran, and ${commit} was approved` },
      run.state === 'running' || run.state === 'cancelled' ? 'cancelled' : 'failure',
    ),
  ];
}

/** The record names its run, which its gate waits for. */
function nameRun(
  state: DispatchState,
  record: FiredRecord,
  { blob, run }: { blob: string; run: StartedRun },
  comment: FiredState['comment'],
): FollowChange[] {
  return [
    writeRecord(state, {
      folder: firedFolder,
      record: { ...record, run: { ...record.run, id: run.id, url: run.url } },
      expects: blob,
      what: 'dispatched',
      why: `run ${runNumber(run)} was started`,
    }),
    ...tellOutcome(state, record, {
      state: 'pending',
      what: `runs as run ${runNumber(run)}`,
      url: run.url,
      comment,
    }),
  ];
}

function awaitEnd(state: DispatchState, record: FiredRecord, run: StartedRun): FollowChange[] {
  const { id } = record;
  const outcome = howItEnded(record, run, state.now);
  if (outcome === undefined) return [keep(`${id} is running, ${run.url}`)];
  return [
    ...(outcome === 'timeout'
      ? [cancel(record, run, `${id} had ${record.run.timeout_minutes} minutes`)]
      : []),
    ...end(state, record, run, outcome),
  ];
}

function cancel({ run: { repository, backend } }: FiredRecord, run: StartedRun, why: string): FollowChange {
  return { kind: 'cancel-run', repository, backend, run: run.id, number: runNumber(run), why };
}

function end(
  state: DispatchState,
  record: FiredRecord,
  run: StartedRun,
  outcome: EndedRecord['outcome'],
): FollowChange[] {
  const { id } = record;
  const ended: EndedRecord = {
    version: 2,
    id,
    outcome,
    run: { id: run.id, url: run.url },
    at: state.now,
    by: state.account.login,
  };
  return [
    writeRecord(state, {
      folder: endedFolder,
      record: ended,
      expects: null,
      what: outcome,
      why: `run ${runNumber(run)} ended: ${outcome}${run.reason === null ? '' : `, ${firstLine(run.reason)}`}`,
    }),
    ...tellOutcome(state, record, {
      state: outcome === 'success' ? 'success' : 'failure',
      what: `ended with ${outcome}${run.reason === null ? '' : `: ${firstLine(run.reason)}`}`,
      url: run.url,
    }),
  ];
}

/** How a run ended, or undefined while it goes on within its time. */
function howItEnded(
  record: FiredRecord,
  { state, created }: StartedRun,
  now: string,
): EndedRecord['outcome'] | undefined {
  if (state !== 'running') return state;
  const limitMs = record.run.timeout_minutes * 60_000;
  return Date.parse(now) - Date.parse(created) > limitMs ? 'timeout' : undefined;
}
