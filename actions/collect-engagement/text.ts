import { evidencePlaces, pullText } from '../../core/evidence.ts';
import { codeCell } from '../../core/text/inert.ts';
import { type EngagementEvidence, engagementEvidence, engagementEvidence1 } from './evidence.ts';
import type { Totals } from './log/counts.ts';
import type { PageDay } from './state.ts';

/** Where evidence of engagement stands in the ops repo. */
export const places = evidencePlaces('engagement', { chart: 'visitors.svg', pageDays: 30 });

/** A source without what could be a secret in it: no user, no password, no query. */
export function publicSource(source: string): string {
  return source.replace(/^([a-z]{1,10}:\/\/)[^/]*@/i, '$1').replace(/[?#].*$/, (rest) =>
    // A question mark in a path is a pattern; in an address it begins what is not to be published.
    source.includes('://') ? '' : rest,
  );
}

/**
 * The evidence of a day whose sources were all read to a clean end. `now` tells how much of the day had passed; nothing else
 * depends on when it was made.
 */
export function evidenceOf(day: {
  date: string;
  now: string;
  sources: string[];
  clientSources: string[];
  totals: Totals;
  clientSide: EngagementEvidence['client_side'];
  /** The share of page views without an address up to which the visitors are taken for known. */
  mostUnknown: number;
}): EngagementEvidence {
  const passed = (Date.parse(day.now) - Date.parse(`${day.date}T00:00:00Z`)) / 3_600_000;
  const { totals } = day;
  const isKnown =
    totals.unique_visitors !== null && totals.views_without_address <= totals.page_views * day.mostUnknown;
  return {
    version: 2,
    date: day.date,
    source: day.sources.map(publicSource).join(', '),
    client_source: day.clientSources.length === 0 ? null : day.clientSources.map(publicSource).join(', '),
    period_hours: passed >= 24 ? 24 : Math.round(passed * 100) / 100,
    total_requests: totals.total_requests,
    page_views: totals.page_views,
    unique_visitors: totals.unique_visitors,
    referred_visitors: totals.referred_visitors,
    views_without_address: totals.views_without_address,
    top_pages: totals.top_pages,
    top_referrers: totals.top_referrers,
    response_time: totals.response_time,
    client_side: day.clientSide,
    status_classes: totals.status_classes,
    lines: totals.lines,
    bad_lines: totals.bad_lines,
    complete: passed >= 24 && isKnown,
  };
}

/** Evidence as it stands in the repository, where anybody with write access may have changed it; else `null`. */
export function parseEvidence(text: string | undefined): EngagementEvidence | null {
  if (text === undefined) return null;
  try {
    const data: unknown = JSON.parse(text);
    const parsed = engagementEvidence.safeParse(data);
    if (parsed.success) return parsed.data;
    const before = engagementEvidence1.safeParse(data);
    return before.success ? { version: 2, ...before.data, views_without_address: 0 } : null;
  } catch {
    return null;
  }
}

function milliseconds(seconds: number | null): string {
  if (seconds === null) return '–';
  return seconds < 0.01 ? `${(seconds * 1000).toFixed(1)} ms` : `${Math.round(seconds * 1000)} ms`;
}

/** Whether the whole day was there to be counted. */
export function isOver({ period_hours }: EngagementEvidence): boolean {
  return period_hours >= 24;
}

/** How many page views a day had, in words. */
export function viewsOf({ page_views }: EngagementEvidence): string {
  return `${page_views} page view${page_views === 1 ? '' : 's'}`;
}

/** How many visitors a day had, in words. */
export function visitorsOf({ unique_visitors }: EngagementEvidence): string {
  return unique_visitors === null
    ? 'an unknown number of visitors'
    : `${unique_visitors} visitor${unique_visitors === 1 ? '' : 's'}`;
}

/** `evidence/engagement/README.md`: the last days as a table, newest first, under their chart. */
export function pageText(days: PageDay[]): string {
  const rows = days.map(({ date, evidence }) => {
    if (evidence === null) return `| [${date}](${date}.json) | could not be read | | | | | |`;
    const [page] = evidence.top_pages;
    const [referrer] = evidence.top_referrers;
    return `| [${date}](${date}.json)${isOver(evidence) ? '' : ' (partial)'} | ${evidence.unique_visitors ?? 'unknown'} | ${evidence.page_views} | ${evidence.referred_visitors ?? 'unknown'} | ${milliseconds(evidence.response_time.p95_seconds)} | ${page === undefined ? '–' : `${codeCell(page.path, 60)} (${page.views})`} | ${referrer === undefined ? '–' : `${codeCell(referrer.source, 60)} (${referrer.visits})`} |`;
  });
  return [
    '# Engagement',
    '',
    '![Visitors and page views by day](visitors.svg)',
    '',
    '| day (UTC) | visitors | page views | referred | p95 | top page | top referrer |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    'Written by collect-engagement; changes by hand are overwritten. Each day links to its evidence.',
    '',
  ].join('\n');
}

/** The body of a day's pull request. */
export function pullBody(evidence: EngagementEvidence): string {
  return pullText(places, `The evidence of ${evidence.date}`, [
    `${viewsOf(evidence)} by ${visitorsOf(evidence)}, ${evidence.total_requests} requests`,
    `${evidence.bad_lines} of ${evidence.lines} lines of the log were no records`,
    `the day ${isOver(evidence) ? 'is over' : `was not over: ${evidence.period_hours} hours of it`}`,
  ]);
}
