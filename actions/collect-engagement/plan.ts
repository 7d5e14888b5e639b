import type { Change } from '../../core/change.ts';
import type { Fault } from '../../core/errors.ts';
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
import type { EngagementEvidence } from './evidence.ts';
import type {
  BranchTarget,
  CollectState,
  EngagementSettings,
  EngagementState,
  LocalFile,
  LogState,
  PageDay,
  VerifyState,
} from './state.ts';
import { evidenceOf, isOver, pageText, parseEvidence, places, pullBody, visitorsOf } from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [...proposeChanges, 'refuse', 'write-workspace-file'] as const;
type EngagementChange = Change<(typeof changes)[number]>;

const texts = { page: pageText, chart: chartText };

export function plan(settings: EngagementSettings, state: EngagementState): EngagementChange[] {
  return state.kind === 'verify' ? verify(settings, state) : collect(settings, state);
}

/** Where the evidence goes, where that is no plain commit, said first. */
export function headline(settings: EngagementSettings, state: EngagementState): string | undefined {
  if (state.kind === 'verify' || state.target.kind === 'none') return undefined;
  return wayText(places, settings.commit, { ...state.target, account: state.account });
}

/**
 * One file with the day's evidence, or a refusal that says what the log was instead: a log that cannot be read is never
 * a day without visitors.
 */
function collect(settings: EngagementSettings, state: CollectState): EngagementChange[] {
  const { log, date, local, target } = state;
  const faults = faultsOf(settings, log, date);
  if (faults.length > 0) return faults;
  const found = evidenceOf({
    date,
    now: passedBy(state),
    sources: settings.source,
    clientSources: settings['client-source'],
    totals: log.totals,
    clientSide: log.clientSide,
    mostUnknown: settings['max-bad-share'],
  });
  const known = target.kind === 'none' ? [] : evidenceOnRecord(parseEvidence, target);
  const fuller = known.find((day) => isOver(day) && day.total_requests > found.total_requests);
  if (fuller !== undefined)
    return [
      refuseFor(
        places.file(date),
        `is on record with ${counted(fuller.total_requests, 'request')} of a whole day, and the log holds ${found.total_requests} of that day: it was rotated or cut since, and nothing is written. Name the rotated files as well, or delete the evidence to have the day counted anew`,
      ),
    ];
  const evidence = sinceRecord(found, known);
  const summary = summaryOf(evidence, log);
  if (local.kind === 'none' && target.kind === 'none')
    return [keep(`the log can be counted (${summary}); on a pull request nothing is written`)];
  return [
    ...clockNotices(date, state),
    ...remarks(log, date),
    ...(local.kind === 'none' ? [] : [localFile(local, evidence, summary)]),
    ...(target.kind === 'none' ? [] : commit(target, evidence, summary)),
  ];
}

/** What a person should look at, although the day can be counted. */
function remarks(log: LogState, date: string): EngagementChange[] {
  return [
    ...log.remarks.map(({ file, message }) => notice(file, message)),
    ...noRecord(log, date),
    ...unknownVisitors(log),
  ];
}

/** A day without a record may be a quiet one, or one whose file was not named. */
function noRecord({ totals, names, newest }: LogState, date: string): EngagementChange[] {
  if (totals.lines > 0) return [];
  return [
    notice(
      `${names.join(', ')}: no record of ${date}${newest === null ? '' : `, the newest is of ${newest}`}`,
      'if there were visitors, name the rotated files as well',
    ),
  ];
}

/** Page views that nobody knows the visitor of: without an address, or with one that is masked. */
function unknownVisitors({ totals, names }: LogState): EngagementChange[] {
  const { unique_visitors, views_without_address: views, page_views } = totals;
  if (views === 0) return [];
  return [
    notice(
      `${names.join(', ')}: ${unique_visitors === null ? 'the visitors are unknown' : 'some visitors are unknown'}: of ${views} of ${counted(page_views, 'page view')} the log has no address of whoever asked, or a masked one`,
      'where a proxy or a Unix socket stands before Caddy, set `trusted_proxies` in its configuration; where a filter of the log deletes, hashes or masks `remote_ip` or `client_ip`, leave them in: addresses never leave the run; Caddy before 2.5 wrote `remote_addr` instead, which is not read: update it',
    ),
  ];
}

/** What the day comes to, for the log of the run. */
function summaryOf(evidence: EngagementEvidence, log: LogState): string {
  const beacons = log.badBeacons === 0 ? '' : `, ${log.badBeacons} lines of client-source were no beacons`;
  return `${evidence.date}: ${counted(evidence.page_views, 'page view')} by ${visitorsOf(evidence)}${isOver(evidence) ? '' : ', the day is not over'}${beacons}`;
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** What forbids evidence: a source that is no log, or not all of it, or too much of it that is no record. */
function faultsOf(settings: EngagementSettings, log: LogState, date: string): EngagementChange[] {
  if (log.faults.length > 0) return log.faults.map(({ file, message }) => refuseFor(file, message));
  if (log.isAhead)
    return [
      refuseFor(
        log.names.join(', '),
        'every record is in the future, so `ts` is read in another unit than it is written in: set time-format',
      ),
    ];
  const { lines, bad_lines } = log.totals;
  if (lines === 0 || bad_lines / lines <= settings['max-bad-share']) return [];
  return [
    refuseFor(
      log.names.join(', '),
      `${bad_lines} of ${lines} lines of ${date} are no records, which is a share of ${(bad_lines / lines).toFixed(3)} and more than ${settings['max-bad-share']}: ${log.badLook === null ? 'look at the log' : `most that are known look like ${log.badLook}`}, or raise max-bad-share`,
    ),
  ];
}

function localFile(
  { path, text }: Extract<LocalFile, { kind: 'file' }>,
  evidence: EngagementEvidence,
  summary: string,
): EngagementChange {
  const content = evidenceText(evidence);
  return text === content
    ? keep(`${path} is as it should be (${summary})`)
    : { kind: 'write-workspace-file', path, content, why: summary };
}

/** What is missing until the forge has the evidence. */
function commit(target: BranchTarget, evidence: EngagementEvidence, summary: string): EngagementChange[] {
  const { repository, branch, evidence: found, page, way } = target;
  const path = places.file(evidence.date);
  const content = evidenceText(evidence);
  const isRight = found?.text === content;
  const inPlace = keep(`${path} is as it should be (${summary})`);
  if (way.kind === 'pull') return isRight ? [inPlace] : viaPull(target, way, evidence, summary);
  const files = [
    ...(isRight ? [] : [{ path, content, expects: found?.sha ?? null }]),
    ...(page.kind === 'kept' ? pageWrites(page, pageWith(places, page.others, evidence, texts)) : []),
  ];
  // Until the branch has the evidence, nobody knows whether it takes that alone.
  const left = isRight ? leftOut(target) : [];
  if (files.length === 0) return [...left, inPlace];
  return [
    ...left,
    {
      kind: 'write-files',
      repository,
      branch,
      ...(way.kind === 'commit-or-pull' ? { mayDecline: true } : {}),
      files,
      message: isRight ? pageMessage : `evidence: engagement of ${evidence.date}`,
      why: isRight ? 'the page and its chart' : summary,
    },
  ];
}

const pageMessage = 'evidence: page of engagement';

/** What is said where the branch takes the evidence alone. */
function leftOut({ page, branch, repository }: BranchTarget): EngagementChange[] {
  if (page.kind !== 'declined') return [];
  return [
    notice(
      `${places.page} and its chart are left as they are: they are not exempt from the protection of ${branch} of ${repository}, as the evidence is`,
      `exempt ${places.folder}/** as a whole to have them kept`,
    ),
  ];
}

/** One pull request with the day's evidence and the page: opened, or brought up to date. */
function viaPull(
  { proposed }: BranchTarget,
  { ground, standing }: Extract<Way, { kind: 'pull' }>,
  evidence: EngagementEvidence,
  summary: string,
): EngagementChange[] {
  return proposeEvidence(ground, standing, {
    evidence: { path: places.file(evidence.date), content: evidenceText(evidence) },
    ...pageWith(places, proposed, evidence, texts),
    isAlike: places.isBranch,
    title: `evidence: engagement of ${evidence.date}`,
    body: pullBody(evidence),
    why: summary,
  });
}

/** Whether the site can be observed: evidence of each day, complete, and a log that is still being written. */
function verify(settings: EngagementSettings, { days, log, now }: VerifyState): EngagementChange[] {
  const faults = [
    ...days.flatMap(dayFaults),
    ...(log === undefined ? [] : silenceFaults(log, now, settings['max-silence'])),
  ];
  if (faults.length > 0)
    return faults.map(({ file, message }) =>
      settings.advisory
        ? notice(`${file}: ${message}`, 'advisory: the run stays green')
        : refuseFor(file, message),
    );
  const [newest] = days;
  const silence = log === undefined ? undefined : silenceOf(log, now);
  return [
    keep(
      `observable: evidence of ${counted(settings.days, 'day')} up to ${newest?.date ?? ''}${silence === undefined ? '' : `, newest record ${hours(silence)} ago`}`,
    ),
  ];
}

type NamedFault = Pick<Fault, 'file' | 'message'>;

/** Why a day is not one that was observed. */
function dayFaults({ date, evidence }: PageDay): NamedFault[] {
  const fault = (message: string): NamedFault[] => [{ file: places.file(date), message }];
  if (evidence === null) return fault('is missing, or is no evidence');
  if (evidence.date !== date) return fault(`is the evidence of another day: ${evidence.date}`);
  if (evidence.complete) return [];
  return fault(
    isOver(evidence) && evidence.views_without_address > 0
      ? 'is not complete: its visitors are unknown'
      : `is not complete: ${evidence.period_hours} hours of the day`,
  );
}

/** Why the log is not one that is still being written. */
function silenceFaults(log: LogState, now: string, most: number): NamedFault[] {
  if (log.faults.length > 0) return log.faults;
  const file = log.names.join(', ');
  const silence = silenceOf(log, now);
  if (silence === undefined) return [{ file, message: 'holds no record at all' }];
  return silence <= most
    ? []
    : [
        {
          file,
          message: `has no record for ${hours(silence)}, and may be silent for ${hours(most)} at most`,
        },
      ];
}

/** How long ago the newest record is, in milliseconds. */
function silenceOf({ newest }: LogState, now: string): number | undefined {
  return newest === null ? undefined : Date.parse(now) - Date.parse(newest);
}

function hours(ms: number): string {
  return `${Math.round(ms / 360_000) / 10} h`;
}
