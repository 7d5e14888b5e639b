import { evidencePlaces } from '../../core/evidence.ts';
import type { Tracked } from '../../core/forge/tracked.ts';
import { codeCell } from '../../core/text/inert.ts';
import { type ProcessEvidence, processEvidence, type Span } from './evidence.ts';
import { measure, type Period, type Words } from './measure.ts';
import type { HistoryRead, PageDay } from './state.ts';

/** Where evidence of the process stands in the ops repo. */
export const places = evidencePlaces('process', { chart: 'days.svg', pageDays: 28 });

const dayMs = 86_400_000;

/** The day itself. */
export function dayOf(date: string): Period {
  const from = Date.parse(`${date}T00:00:00Z`);
  return { from, to: from + dayMs };
}

/** The 28 days that end with a day: all that is looked at. */
export function windowOf(date: string): Period {
  const { to } = dayOf(date);
  return { from: to - 28 * dayMs, to };
}

/** How much of a pull request's text is looked through. */
const longestBody = 20_000;

/** Issues of the same repository that a pull request says it closes, in the words that the forge knows; code says nothing. */
export function closedBy({ title, body }: Pick<Tracked, 'title' | 'body'>): number[] {
  const text = `${title}\n${body ?? ''}`
    .slice(0, longestBody)
    .replace(/```[\s\S]*?(?:```|$)|`[^`\n]*`|<!--[\s\S]*?(?:-->|$)/g, ' ');
  const found = [...text.matchAll(/\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?::\s*|\s+)#(\d{1,9})\b/gi)];
  return [...new Set(found.map(([, digits]) => Number(digits)))].filter((number) => number > 0);
}

/**
 * The evidence of a day. `now` tells how much of the day had passed; nothing else depends on when it was made.
 */
export function evidenceOf(day: {
  date: string;
  now: string;
  read: HistoryRead;
  words: Words;
}): ProcessEvidence {
  const { date, read, words } = day;
  const { history, sources, leftOut } = read;
  const [period, window] = [dayOf(date), windowOf(date)];
  const passed = (Date.parse(day.now) - period.from) / 3_600_000;
  return {
    version: 1,
    date,
    period_hours: passed >= 24 ? 24 : Math.round(passed * 100) / 100,
    complete: passed >= 24 && leftOut.length === 0,
    left_out: leftOut,
    sources,
    day: measure(history, period, window, words),
    last_28_days: measure(history, window, window, words),
  };
}

/** No evidence that is written comes near this. */
const largest = 2 * 1024 * 1024;

/** Evidence as it stands in the repository, where anybody with write access may have changed it; else `null`. */
export function parseEvidence(text: string | undefined): ProcessEvidence | null {
  if (text === undefined || text.length > largest) return null;
  try {
    const parsed = processEvidence.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** A span of time for people: the two largest units that say something. */
function spanText(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = seconds / 3600;
  return hours < 48 ? `${Math.round(hours * 10) / 10} h` : `${Math.round((hours / 24) * 10) / 10} d`;
}

function bothOf({ count, median_seconds, p90_seconds }: Span): string {
  return count === 0 ? '–' : `${spanText(median_seconds)} / ${spanText(p90_seconds)} (${count})`;
}

function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 1000) / 10} %`;
}

function money(cost: number | null): string {
  return cost === null ? 'unknown' : `${Math.round(cost * 100) / 100}`;
}

/** What a day came to, in a line for the log and in words for the chart. */
export function summaryOf({ date, day, period_hours }: ProcessEvidence): string {
  const red = sum(day.pipelines.map((item) => item.red));
  return `${date}: ${counted(day.issues.closed, 'issue')} closed, ${counted(day.pulls.merged, 'pull request')} merged, ${counted(red, 'red run')}${period_hours >= 24 ? '' : ', the day is not over'}`;
}

export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What each number means; it stands on the page, and the README says the same. */
const definitions: readonly (readonly [name: string, meaning: string])[] = [
  [
    'issue to pull request',
    'from the issue to the first pull request of the 28 days that says it closes it; counted on the day that pull request was opened',
  ],
  [
    'to review',
    'from the pull request to the first review of somebody other than its author; counted on the day of the review',
  ],
  ['review to merge', 'from that review to the merge; counted on the day of the merge, as are the next two'],
  ['pull request to merge', 'from the pull request to its merge'],
  ['issue to merge', 'from an issue that a merged pull request closes to the merge'],
  [
    'review rounds',
    'how many commits of a merged pull request were approved or turned back by somebody other than its author before the merge',
  ],
  ['red', 'a run that ended with a failure; a run that was cancelled is neither red nor green'],
  [
    'until green',
    'from the first red run of a pipeline on a branch to the next green one there; counted on the day it became green',
  ],
  [
    'vision filed, closed',
    'from the vision to the moment its `in-progress` label was first set, which ops-filer does right before the first issue; from there to the last time it was closed',
  ],
  ['reopened', 'of the issues closed in the period, those that were opened again before it ended'],
  [
    'rejected',
    'of the issues closed in the period, those that were closed and had a label of `rejected-labels` when it ended',
  ],
  [
    'to approval',
    'from the pull request of a vault action to the last approval on record; from a proposal to the click that approved it',
  ],
  [
    'tier of a proposal',
    'by who had to approve it, as its record says: high where only admins, medium where whoever may write; where the policy names people it has none, because names do not say how far something reaches. None is low, because each needs a click',
  ],
  ['cost', 'the sum over the runs of agents whose cost is on record'],
];

/** `evidence/process/README.md`: the last 28 days, and each day as a row, newest first, under their chart. */
export function pageText(days: readonly PageDay[]): string {
  const newest = days.find(({ evidence }) => evidence !== null)?.evidence;
  const rows = days.map(({ date, evidence }) => {
    if (evidence === null) return `| [${date}](${date}.json) | could not be read | | | | | |`;
    const { day } = evidence;
    const mark = evidence.complete ? '' : ' (not complete)';
    return `| [${date}](${date}.json)${mark} | ${day.issues.closed} | ${day.pulls.merged} | ${bothOf(day.times.pull_to_merge)} | ${sum(day.pipelines.map(({ red }) => red))} of ${sum(day.pipelines.map(({ runs }) => runs))} | ${sum(day.vault.tiers.map(({ started }) => started))} | ${sum(day.agents.map(({ runs }) => runs))} |`;
  });
  return [
    '# How the factory does',
    '',
    '![Issues closed, pull requests merged and red runs by day](days.svg)',
    '',
    ...(newest === undefined || newest === null ? [] : overview(newest)),
    '## Days',
    '',
    'Times are median / 90th percentile, with how many there were.',
    '',
    '| day (UTC) | issues closed | merged | pull request to merge | red runs | vault actions | agent runs |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '## What is counted',
    '',
    '| what | how |',
    '|---|---|',
    ...definitions.map(([name, meaning]) => `| ${name} | ${meaning} |`),
    '',
    'Median and 90th percentile are by nearest rank: always a value that was there. Everything belongs to the day on which it came to its',
    'end, and nothing that happened later changes a day.',
    '',
    'Written by collect-process-metrics; changes by hand are overwritten. Each day links to its evidence.',
    '',
  ].join('\n');
}

function overview({ date, last_28_days: whole }: ProcessEvidence): string[] {
  const { times, issues, visions, vault, proposals, pipelines, agents, review_rounds: rounds } = whole;
  const rows: [string, string][] = [
    ['issue to pull request', bothOf(times.issue_to_pull)],
    ['pull request to review', bothOf(times.pull_to_review)],
    ['review to merge', bothOf(times.review_to_merge)],
    ['issue to merge', bothOf(times.issue_to_merge)],
    ['review rounds', rounds.count === 0 ? '–' : `${rounds.median} / ${rounds.p90} (${rounds.count})`],
    ['vision to filed', bothOf(visions.to_filed)],
    ['filed to closed', bothOf(visions.filed_to_closed)],
    ['reopened', percent(issues.reopened_share)],
    ['rejected', percent(issues.rejected_share)],
    ...vault.tiers.map(({ tier, started, to_approval }): [string, string] => [
      `vault, ${tier}`,
      `${started} started, to approval ${bothOf(to_approval)}`,
    ]),
    ...proposals.map(({ type, tier, proposed, to_approval }): [string, string] => [
      `proposals, ${tier ?? 'people named'}, ${codeCell(type, 40)}`,
      `${proposed} made, to approval ${bothOf(to_approval)}`,
    ]),
    ...agents.map(({ agent, runs, outcomes, cost }): [string, string] => [
      `agent ${codeCell(agent, 40)}`,
      `${counted(runs, 'run')}: ${outcomes.map(({ outcome, count }) => `${count} ${codeCell(outcome, 40)}`).join(', ')}; cost ${money(cost)}`,
    ]),
  ];
  const red = pipelines
    .filter((item) => item.red > 0)
    .sort((a, b) => b.red - a.red)
    .slice(0, 10);
  return [
    `## The 28 days up to ${date}`,
    '',
    '| what | median / 90th percentile (how many) |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    ...(red.length === 0
      ? []
      : [
          '| pipeline | red runs | until green | red most often |',
          '|---|---|---|---|',
          ...red.map(
            (item) =>
              `| ${codeCell(item.pipeline, 60)} | ${item.red} of ${item.runs} | ${bothOf(item.until_green)} | ${
                item.red_steps.length === 0
                  ? '–'
                  : item.red_steps
                      .slice(0, 3)
                      .map(({ step, red: times }) => `${codeCell(step, 40)} (${times})`)
                      .join(', ')
              } |`,
          ),
          '',
        ]),
  ];
}

/** The body of a day's pull request. */
export function pullBody(evidence: ProcessEvidence): string {
  return [
    `How the factory did on ${evidence.date}, because this branch takes no commit from its collector. Each further day is added here until this is merged, so merge it when you like; closed without a merge, its days are not asked for again.`,
    '',
    `- ${summaryOf(evidence).slice(evidence.date.length + 2)}`,
    ...(evidence.left_out.length === 0 ? [] : [`- not looked at: ${evidence.left_out.join('; ')}`]),
    '',
    `To have it committed without a pull request, give the collector write access, which reaches the secrets of CI, and let the protection of the branch exempt \`${places.folder}/**\` (unprotected file patterns).`,
  ].join('\n');
}
