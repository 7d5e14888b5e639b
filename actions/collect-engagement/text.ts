import type { EngagementEvidence } from '../../core/ops/evidence.ts';
import type { Totals } from './tally.ts';

/** Where a day's evidence stands in the ops repo. */
export function evidencePath(date: string): string {
  return `evidence/engagement/${date}.json`;
}

/** A source without what could be a secret in it: no user, no password, no query. */
export function publicSource(source: string): string {
  return source.replace(/^([a-z]{1,10}:\/\/)[^/@]*@/i, '$1').replace(/\?.*$/, '');
}

const noBeacons: EngagementEvidence['client_side'] = {
  total_events: 0,
  dwell: { avg_seconds: 0, total_seconds: 0, count: 0 },
  max_scroll_pct: 0,
  scroll_events: 0,
  exit_referrers: [],
};

/** The evidence of a day. `now` tells how much of the day had passed; nothing else depends on when it was made. */
export function evidenceOf(day: {
  date: string;
  now: string;
  sources: string[];
  totals: Totals;
  clean: boolean;
}): EngagementEvidence {
  const passed = (Date.parse(day.now) - Date.parse(`${day.date}T00:00:00Z`)) / 3_600_000;
  const {
    total_requests,
    page_views,
    unique_visitors,
    referred_visitors,
    top_pages,
    top_referrers,
    response_time,
    status_classes,
    lines,
    bad_lines,
  } = day.totals;
  return {
    date: day.date,
    source: day.sources.map(publicSource).join(', '),
    client_source: null,
    period_hours: passed >= 24 ? 24 : Math.round(passed * 100) / 100,
    total_requests,
    page_views,
    unique_visitors,
    referred_visitors,
    top_pages,
    top_referrers,
    response_time,
    client_side: noBeacons,
    status_classes,
    lines,
    bad_lines,
    complete: passed >= 24 && day.clean,
  };
}

/** As it stands in the repository: for people as well, so one field a line. */
export function evidenceText(evidence: EngagementEvidence): string {
  return `${JSON.stringify(evidence, null, 2)}\n`;
}
