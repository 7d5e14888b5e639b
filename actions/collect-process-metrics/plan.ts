import type { Change } from '../../core/change.ts';
import {
  clockNotices,
  evidenceOnRecord,
  evidenceText,
  pageWith,
  pageWrites,
  passedBy,
  proposeEvidence,
  sinceRecord,
  wayText,
} from '../../core/evidence.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { proposeChanges } from '../../core/propose.ts';
import type { Way } from '../../core/read-ground.ts';
import { chartText } from './chart.ts';
import type { ProcessEvidence } from './evidence.ts';
import type { DayState, ProcessSettings, ProcessState } from './state.ts';
import { evidenceOf, pageText, parseEvidence, places, pullBody, summaryOf } from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [...proposeChanges, 'refuse'] as const;
type ProcessChange = Change<(typeof changes)[number]>;

const texts = { page: pageText, chart: chartText };

/** One file with what the day came to, and the page over the last days. */
export function plan(settings: ProcessSettings, state: ProcessState): ProcessChange[] {
  if (state.kind === 'local') return [keep('the settings can be read; on a pull request nothing is counted')];
  const { date, evidence: found } = state;
  const known = parseEvidence(found?.text);
  const evidence = evidenceOf({
    date,
    now: passedBy(state),
    read: state.read,
    words: {
      visionLabel: settings['vision-label'],
      filedLabel: settings['in-progress-label'],
      rejectedLabels: settings['rejected-labels'],
    },
  });
  const path = places.file(date);
  // What is on record whole is never replaced by half of it: by then more may have happened than is looked at.
  if (known?.complete === true && !evidence.complete)
    return [
      refuseFor(
        path,
        evidence.left_out.length === 0
          ? 'is on record as complete, and is not over by the clocks that are asked now: nothing is written. Set the clock of this machine or of the forge, whichever is wrong'
          : `is on record as complete, and not everything can be looked at any more (${evidence.left_out.join('; ')}): nothing is written. Raise the settings that are named, or delete the evidence to have the day counted anew`,
      ),
    ];
  const left = evidence.left_out.map((what) =>
    notice(`not looked at: ${what}`, 'raise the setting that is named'),
  );
  const onRecord = evidenceOnRecord(parseEvidence, state);
  return [...clockNotices(date, state), ...left, ...commit(state, sinceRecord(evidence, onRecord))];
}

function commit(state: DayState, evidence: ProcessEvidence): ProcessChange[] {
  const { repository, branch, date, evidence: found, way, page } = state;
  const path = places.file(date);
  const content = evidenceText(evidence);
  const summary = summaryOf(evidence);
  const isRight = found?.text === content;
  const inPlace = keep(`${path} is as it should be (${summary})`);
  if (way.kind === 'pull') return isRight ? [inPlace] : viaPull(state, way, evidence, summary);
  const files = [
    ...(isRight ? [] : [{ path, content, expects: found?.sha ?? null }]),
    ...pageWrites(page, pageWith(places, page.others, evidence, texts)),
  ];
  if (files.length === 0) return [inPlace];
  return [
    {
      kind: 'write-files',
      repository,
      branch,
      ...(way.kind === 'commit-or-pull' ? { mayDecline: true } : {}),
      files,
      message: isRight ? 'evidence: page of the process' : `evidence: process of ${date}`,
      why: isRight ? 'the page and its chart' : summary,
    },
  ];
}

/** One pull request with the day's evidence and the page: opened, or brought up to date. */
function viaPull(
  { proposed }: DayState,
  { ground, standing }: Extract<Way, { kind: 'pull' }>,
  evidence: ProcessEvidence,
  summary: string,
): ProcessChange[] {
  return proposeEvidence(ground, standing, {
    evidence: { path: places.file(evidence.date), content: evidenceText(evidence) },
    ...pageWith(places, proposed, evidence, texts),
    isAlike: places.isBranch,
    title: `evidence: process of ${evidence.date}`,
    body: pullBody(evidence),
    why: summary,
  });
}

/** Where the evidence goes, where that is no plain commit, said first. */
export function headline(settings: ProcessSettings, state: ProcessState): string | undefined {
  return state.kind === 'day' ? wayText(places, settings.commit, state) : undefined;
}
