import type { Change } from '../../core/change.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { chartText } from './chart.ts';
import type { EngagementEvidence } from './evidence.ts';
import type { EngagementSettings, EngagementState, LogState, Target } from './read.ts';
import {
  chartPath,
  evidenceFolder,
  evidenceOf,
  evidencePath,
  evidenceText,
  type PageDay,
  pagePath,
  pageText,
  parseEvidence,
  pullBody,
} from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [
  'keep',
  'refuse',
  'write-files',
  'open-pull',
  'delete-branch',
  'write-workspace-file',
] as const;
type EngagementChange = Change<(typeof changes)[number]>;

/**
 * One file with the day's evidence, or a refusal that says what the log was instead: a log that cannot be read is never
 * a day without visitors.
 */
export function plan(settings: EngagementSettings, state: EngagementState): EngagementChange[] {
  if (settings.mode === 'verify-observable') return verify(settings, state);
  const { log, date, target } = state;
  if (log === null) throw new Error('no log was read');
  const faults = faultsOf(settings, log, date);
  if (faults.length > 0) return faults;
  const evidence = evidenceOf({
    date,
    now: state.now,
    sources: settings.source,
    clientSources: settings['client-source'],
    totals: log.totals,
    clientSide: log.clientSide,
    clean: true,
  });
  const more = [target?.evidence, target?.request?.evidence]
    .map((found) => parseEvidence(found?.text))
    .find((known) => known?.complete === true && known.total_requests > evidence.total_requests);
  // The log was rotated or cut since.
  if (more != null)
    return [
      refuseFor(
        evidencePath(date),
        `is on record with ${counted(more.total_requests, 'request')} of a whole day, and the log holds ${evidence.total_requests} of that day: it was rotated or cut since, and nothing is written. Name the rotated files as well, or delete the evidence to have the day counted anew`,
      ),
    ];
  const told = tell(evidence, log);
  const local = settings['evidence-file'] ?? (settings.commit === 'none' ? 'engagement.json' : undefined);
  if (local === undefined && target === null)
    return [keep(`the log can be counted (${told}); on a pull request nothing is written`)];
  return [
    ...noRecord(log, date),
    ...(local === undefined ? [] : [localFile(local, evidence, state.local, told)]),
    ...(target === null ? [] : commit(settings, target, evidence, told)),
  ];
}

/** A day without a record may be a quiet one, or one whose file was not named: a person should look. */
function noRecord({ totals, names, newest }: LogState, date: string): EngagementChange[] {
  if (totals.lines > 0) return [];
  return [
    notice(
      `${names.join(', ')}: no record of ${date}${newest === null ? '' : `, the newest is of ${newest}`}`,
      'if there were visitors, name the rotated files as well',
    ),
  ];
}

/** Which way the evidence goes where that is not a plain commit: a protected branch must never fail in silence. */
export function headline(settings: EngagementSettings, state: EngagementState): string | undefined {
  const { target } = state;
  if (target === null || settings.mode === 'verify-observable') return undefined;
  const where = `${target.branch} of ${target.repository}`;
  if (settings.commit === 'pull')
    return `The evidence goes to a pull request into ${where}, one for the day.`;
  if (settings.commit === 'direct' || target.mayPush) return undefined;
  return goesDirect(settings, target)
    ? `${where} is protected: the evidence goes there as an exempt path if it may, and otherwise to a pull request.`
    : `${where} is protected and ${evidenceFolder}/ is not exempt: the evidence goes to a pull request, one for the day.`;
}

function tell(evidence: EngagementEvidence, log: LogState): string {
  const beacons = log.badBeacons === 0 ? '' : `, ${log.badBeacons} lines of client-source were no beacons`;
  return `${evidence.date}: ${counted(evidence.page_views, 'page view')} by ${counted(evidence.unique_visitors, 'visitor')}${evidence.complete ? '' : ', the day is not over'}${beacons}`;
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
      `${bad_lines} of ${lines} lines of ${date} are no records, which is a share of ${(bad_lines / lines).toFixed(3)} and more than ${settings['max-bad-share']}: look at the log, or raise max-bad-share`,
    ),
  ];
}

function localFile(
  path: string,
  evidence: EngagementEvidence,
  found: string | null,
  told: string,
): EngagementChange {
  const content = evidenceText(evidence);
  return found === content
    ? keep(`${path} is as it should be (${told})`)
    : { kind: 'write-workspace-file', path, content, why: told };
}

/** Whether a commit to the branch is the way, as far as is known by now. */
function goesDirect(settings: EngagementSettings, { mayPush, declined, request, evidence }: Target): boolean {
  if (settings.commit === 'direct') return true;
  if (settings.commit === 'pull' || declined) return false;
  // Once a day's request is open, the day goes on there; a branch that held the evidence before takes it again.
  return mayPush || evidence !== null || request?.pull?.state !== 'open';
}

function commit(
  settings: EngagementSettings,
  target: Target,
  evidence: EngagementEvidence,
  told: string,
): EngagementChange[] {
  const { repository, branch, evidence: found, mayPush } = target;
  const path = evidencePath(evidence.date);
  const content = evidenceText(evidence);
  const right = found?.text === content;
  if (right && target.page === null) return [keep(`${path} is as it should be (${told})`)];
  if (!goesDirect(settings, target)) return right ? [] : propose(target, evidence, told);
  const mayDecline = settings.commit === 'auto' && !mayPush;
  const shared = { kind: 'write-files', repository, branch, ...(mayDecline ? { mayDecline } : {}) } as const;
  const files = right ? [] : [{ path, content, expects: found?.sha ?? null }];
  // Where the branch is protected the page waits for the evidence: what is declined together is lost together.
  const page = mayDecline && !right ? [] : pageFiles(target, evidence);
  if (files.length + page.length === 0) return [keep(`${path} is as it should be (${told})`)];
  return [
    {
      ...shared,
      files: [...files, ...page],
      message:
        files.length === 0 ? 'evidence: page of engagement' : `evidence: engagement of ${evidence.date}`,
      why: files.length === 0 ? 'the page and its chart' : told,
    },
  ];
}

/** The page and its chart, where they are not as the days make them. */
function pageFiles(
  { page }: Target,
  evidence: EngagementEvidence,
): { path: string; content: string; expects: string | null }[] {
  if (page === null || page.declined) return [];
  const days: PageDay[] = [...page.others, { date: evidence.date, evidence }]
    .sort((a, b) => (a.date < b.date ? 1 : -1))
    .slice(0, 30);
  return [
    { path: pagePath, content: pageText(days), found: page.readme },
    { path: chartPath, content: chartText(days), found: page.chart },
  ]
    .filter(({ content, found }) => found?.text !== content)
    .map(({ path, content, found }) => ({ path, content, expects: found?.sha ?? null }));
}

/** One pull request for the day, with its evidence and nothing else: opened, or brought up to date. */
function propose(target: Target, evidence: EngagementEvidence, told: string): EngagementChange[] {
  const { repository, branch: base, request } = target;
  if (request === null) throw new Error('the pull request was not looked for');
  const { branch, pull } = request;
  const path = evidencePath(evidence.date);
  const content = evidenceText(evidence);
  if (pull?.state === 'closed' && !pull.merged)
    return [
      notice(
        `pull request #${pull.number} was closed without being merged: ${base} has no evidence of ${evidence.date}`,
        'somebody decided that; reopen it to have it kept up to date',
      ),
    ];
  if (request.exists && pull?.merged === true)
    return [
      {
        kind: 'delete-branch',
        repository,
        branch,
        why: `#${pull.number} is merged, and there is newer evidence`,
      },
    ];
  const isRight = request.exists && request.evidence?.text === content;
  const isOpen = pull?.state === 'open';
  if (isRight && isOpen) return [keep(`pull request #${pull.number} is as it should be (${told})`)];
  const file = {
    path,
    content,
    expects: (request.exists ? request.evidence : target.evidence)?.sha ?? null,
  };
  return [
    ...(isRight
      ? []
      : [
          {
            kind: 'write-files' as const,
            key: branch,
            repository,
            branch: request.exists ? branch : base,
            ...(request.exists ? {} : { newBranch: branch }),
            files: [file],
            message: `evidence: engagement of ${evidence.date}`,
            why: told,
          },
        ]),
    ...(isOpen
      ? []
      : [
          {
            kind: 'open-pull' as const,
            key: `pull ${branch}`,
            ...(isRight ? {} : { after: [branch] }),
            repository,
            base,
            head: branch,
            title: `evidence: engagement of ${evidence.date}`,
            body: pullBody(evidence),
            why: `${base} is only changed by pull requests`,
          },
        ]),
  ];
}

/** Whether the site can be observed: evidence of each day, complete, and a log that is still being written. */
function verify(settings: EngagementSettings, state: EngagementState): EngagementChange[] {
  const missing = state.days.flatMap(({ date, evidence }) => {
    if (evidence === null) return [{ file: evidencePath(date), message: 'is missing, or is no evidence' }];
    if (evidence.date !== date)
      return [{ file: evidencePath(date), message: `is the evidence of another day: ${evidence.date}` }];
    return evidence.complete
      ? []
      : [{ file: evidencePath(date), message: `is not complete: ${evidence.period_hours} hours of the day` }];
  });
  const { log } = state;
  const hours = (ms: number): string => `${Math.round(ms / 360_000) / 10} h`;
  const silence = log?.newest == null ? undefined : Date.parse(state.now) - Date.parse(log.newest);
  const silent =
    log === null || log.faults.length > 0
      ? []
      : silence === undefined
        ? [{ file: log.names.join(', '), message: 'holds no record at all' }]
        : silence > settings['max-silence']
          ? [
              {
                file: log.names.join(', '),
                message: `has no record for ${hours(silence)}, and may be silent for ${hours(settings['max-silence'])} at most`,
              },
            ]
          : [];
  const faults = [...missing, ...(log?.faults ?? []), ...silent];
  if (faults.length === 0) {
    const [newest] = state.days;
    return [
      keep(
        `observable: evidence of ${settings.days} ${settings.days === 1 ? 'day' : 'days'} up to ${newest?.date ?? ''}${silence === undefined ? '' : `, newest record ${hours(silence)} ago`}`,
      ),
    ];
  }
  return faults.map(({ file, message }) =>
    settings.advisory
      ? notice(`${file}: ${message}`, 'advisory: the run stays green')
      : refuseFor(file, message),
  );
}
