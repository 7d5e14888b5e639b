import { createHash } from 'node:crypto';
import { issueName, repositoryOf } from '../../core/agent/entry.ts';
import { startMarkPath, startMarkText, turnPath } from '../../core/agent/start-mark.ts';
import { canonicalJson } from '../../core/canonical.ts';
import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import type { AgentSettings } from './settings.ts';
import type { FanOutState, Start, Startable, Waiting } from './state.ts';

// For which issues a run is started, and for which not yet; pure. What is to be started is written to the state repo first, so
// that of two who look at the same moment one looks again, and so that nobody starts another while the forge does not show it.

type FanOutChange = Change<'keep' | 'refuse' | 'write-files' | 'dispatch' | 'start-pipeline'>;

/** So long a start is waited for whose run nobody sees; then it is taken for one that was cut off before it started anything. */
const unseenMs = 5 * 60_000;

/**
 * So long no other run is started for an issue whose run did not take it, or was cut off: a machine on which nothing works
 * would start runs without an end, and keep the others from their turn. Setting its label again does not wait.
 */
export const againMs = 30 * 60_000;

/** The clocks of the forge and of whoever starts runs differ by no more. */
const clocksMs = 60_000;

/** An issue, as what belongs to it is found by. */
export function issueKey(repository: string, number: number): string {
  return `${repository.toLowerCase()}#${number}`;
}

export interface Occupancy {
  /** Issues that are worked on, or that a run is on its way for. */
  busy: Set<string>;
  /** Runs on their way that take whatever is next. */
  coming: number;
  /** How many more runs may be started. */
  free: number;
}

/** Who works, and who is on the way. */
export function occupancyOf(
  settings: Pick<AgentSettings, 'max-parallel'>,
  state: Pick<FanOutState, 'workflow' | 'running' | 'runs' | 'starts' | 'run' | 'now'>,
): Occupancy {
  const working = state.running
    .filter(({ over }) => over === null)
    .map(({ entry }) => issueKey(repositoryOf(entry), entry.issue_number));
  const ahead = state.runs.filter(
    // A run that starts others at its own end is not on its way to anything.
    ({ id, isGoingOn, hasClaimed }) => isGoingOn && !hasClaimed && id !== state.run?.id,
  );
  const unseen = state.starts.filter((start) => !isSeen(start, state) && ageOf(start, state.now) < unseenMs);
  const isForIssue = state.workflow.kind === 'forgejo-workflow';
  const busy = new Set(
    isForIssue
      ? [...working, ...ahead.flatMap(({ issue }) => issue ?? []), ...unseen.map(({ issue }) => issue)]
      : working,
  );
  const coming = isForIssue ? 0 : ahead.length + unseen.length;
  return { busy, coming, free: Math.max(0, settings['max-parallel'] - busy.size - coming) };
}

/** Whether the host shows the run that a start was for. */
export function isSeen({ issue, mark }: Start, { runs }: Pick<FanOutState, 'runs'>): boolean {
  if (mark === null) return false;
  const since = Date.parse(mark.at) - clocksMs;
  return runs.some((run) =>
    run.start === null
      ? run.issue === issue && Date.parse(run.created) >= since
      : run.start === mark.lease.id,
  );
}

function ageOf({ mark }: Start, now: string): number {
  return mark === null ? Number.POSITIVE_INFINITY : Date.parse(now) - Date.parse(mark.at);
}

/** Whether a run was started for an issue a while ago, and left it waiting. */
function isResting(
  { repository, number, askedAt }: Pick<Waiting, 'repository' | 'number' | 'askedAt'>,
  state: Pick<FanOutState, 'workflow' | 'runs' | 'starts' | 'now'>,
): boolean {
  // A pipeline takes whatever is next, so it says nothing of the issue that it was started for.
  if (state.workflow.kind !== 'forgejo-workflow') return false;
  const start = state.starts.find(({ issue }) => issue === issueKey(repository, number));
  if (start === undefined || start.mark === null || !isSeen(start, state)) return false;
  const isAnew = askedAt !== null && Date.parse(askedAt) > Date.parse(start.mark.at);
  return !isAnew && ageOf(start, state.now) < againMs;
}

/** The issues that runs are started for now, in their order. */
export function chosenOf(
  settings: Pick<AgentSettings, 'max-parallel'>,
  state: Pick<FanOutState, 'workflow' | 'running' | 'runs' | 'starts' | 'run' | 'now' | 'waiting'>,
): Waiting[] {
  const { busy, coming, free } = occupancyOf(settings, state);
  const ready = state.waiting.filter(
    (item) => !busy.has(issueKey(item.repository, item.number)) && !isResting(item, state),
  );
  const chosen: Waiting[] = [];
  for (const item of ready.slice(coming)) {
    if (chosen.length === free) break;
    const begun = chosen.filter(({ agent }) => agent === item.agent).length;
    if (item.left === null || begun < item.left) chosen.push(item);
  }
  return chosen;
}

/** Starts runs for issues that wait, as many as may work, and says how many more there are. */
export function fanOut(settings: AgentSettings, state: FanOutState): FanOutChange[] {
  const { workflow } = state;
  if (workflow.kind === 'none') return [refuseFor('mode', workflow.why)];
  const chosen = chosenOf(settings, state);
  return [
    ...state.refused.map(({ what, isQuiet }) => (isQuiet ? keep(what) : notice(what))),
    ...state.waiting
      .filter((item) => isResting(item, state))
      .map(({ repository, number }) =>
        notice(
          `${repository}#${number} waits: the run that was started for it did not take it, or was cut off`,
          'another one is started half an hour after that one, or when its label is set again',
        ),
      ),
    summary(settings, state, chosen),
    ...(chosen.length === 0
      ? []
      : [reserve(state, chosen), ...chosen.map((item) => start(state, workflow, item))]),
  ];
}

function summary(settings: AgentSettings, state: FanOutState, chosen: readonly Waiting[]): FanOutChange {
  const { busy, coming } = occupancyOf(settings, state);
  const most = settings['max-parallel'];
  const atWork = busy.size + coming + chosen.length;
  const waiting =
    state.waiting.filter(({ repository, number }) => !busy.has(issueKey(repository, number))).length -
    chosen.length +
    state.unlooked;
  // Each run on its way takes one of them.
  const more = Math.max(0, waiting - coming);
  if (atWork === 0 && more === 0) return keep('no issue waits for an agent');
  return notice(
    `${atWork} of at most ${most} ${most === 1 ? 'agent' : 'agents'} ${atWork === 1 ? 'is' : 'are'} at work or about to begin; ${more === 0 ? 'no other issue waits' : `${more} more ${more === 1 ? 'issue waits' : 'issues wait'}`}`,
  );
}

/** The id of a start, by which a pipeline is known again. It says nothing of the issue to those who see pipelines. */
function startId({ nonce }: Pick<FanOutState, 'nonce'>, { repository, number }: Waiting): string {
  return createHash('sha256')
    .update(`${nonce} ${issueKey(repository, number)}`)
    .digest('hex')
    .slice(0, 32);
}

/** Says what is about to be started, in one commit that only one of those who look at the same moment can make. */
function reserve(state: FanOutState, chosen: readonly Waiting[]): FanOutChange {
  const { stateRepo, starts, turn, now } = state;
  const files = chosen.map((item) => {
    const { repository, number } = item;
    const path = startMarkPath(issueName(repository, number));
    return {
      path,
      content: startMarkText({ lease: { id: startId(state, item) }, at: now }),
      expects: starts.find((item) => item.path === path)?.sha ?? null,
    };
  });
  // They would pile up: one for every issue that there ever was.
  const old = starts.filter(
    (item) => ageOf(item, now) >= againMs && !files.some(({ path }) => path === item.path),
  );
  return {
    kind: 'write-files',
    key: 'starts',
    repository: stateRepo.repository,
    branch: stateRepo.branch,
    files: [
      { path: turnPath, content: `${canonicalJson({ at: now, by: state.nonce })}\n`, expects: turn },
      ...files,
    ],
    ...(old.length === 0 ? {} : { remove: old.map(({ path, sha }) => ({ path, expects: sha })) }),
    message:
      `Runs are started for ${chosen.map(({ repository, number }) => `${repository}#${number}`).join(', ')}`.slice(
        0,
        200,
      ),
    why: 'nobody else starts runs for these meanwhile',
  };
}

/** One run. Of the issue it is told nothing but where it is: what people wrote is no input of a workflow. */
function start(
  state: FanOutState,
  workflow: Exclude<Startable, { kind: 'none' }>,
  item: Waiting,
): FanOutChange {
  const { repository, number, agent } = item;
  const { stateRepo } = state;
  const lease = startId(state, item);
  const shared = {
    key: `start ${issueKey(repository, number)}`,
    after: ['starts'],
    // Whoever is so late that others took the start for lost starts nothing any more.
    held: {
      repository: stateRepo.repository,
      branch: stateRepo.branch,
      path: startMarkPath(issueName(repository, number)),
      lease,
    },
    repository: workflow.repository,
    workflow: workflow.workflow,
    why: `${repository}#${number} waits for ${agent}`,
  };
  if (workflow.kind === 'woodpecker-pipeline')
    return {
      ...shared,
      kind: 'start-pipeline',
      branch: workflow.branch,
      variables: { FORGECREW_RUN: 'agent', FORGECREW_START: lease },
    };
  return {
    ...shared,
    kind: 'dispatch',
    ref: workflow.commit,
    inputs: { issue: String(number), repository },
    ...(workflow.asJob ? { asJob: true } : {}),
  };
}
