import type { EngagementEvidence } from '../evidence.ts';
import { type recordOfAnotherDay, recordOfDay } from './scan.abi.ts';

/**
 * What one day of a log comes to, before it is boiled down to evidence. Several of them add up exactly, whichever way
 * a log was cut: over lines, threads, files or hosts.
 */
export interface Counts {
  requests: number;
  /** Requests by status class: 1xx to 5xx, then all others. */
  classes: number[];
  views: number;
  /** Lines of the day that are no record. */
  bad: number;
  pages: Map<string, number>;
  referrers: Map<string, number>;
  visitors: Distinct;
  /** Visitors who came from elsewhere at least once. */
  referred: Distinct;
  /** Durations of the page views, in seconds. */
  durations: Sample;
  /** The newest record of any day that is not in the future, in seconds since the epoch; 0 when there was none. */
  newest: number;
  /** The same with those in the future. */
  latest: number;
}

/** Distinct texts: a set, or what can become one. Mostly nobody asks for more than how many they are. */
export interface Distinct extends Iterable<string> {
  readonly size: number;
}

/** Numbers of which only some are asked for, by their rank. */
export interface Sample {
  readonly size: number;
  /** The number that is `rank`th by size, from 0 to before `size`. */
  at(rank: number): number;
  values(): Float64Array;
}

export function sampleOf(values: Float64Array): Sample {
  let sorted: Float64Array | undefined;
  return {
    size: values.length,
    at(rank) {
      sorted ??= values.slice().sort();
      return sorted[rank] ?? Number.NaN;
    },
    values: () => values,
  };
}

/** Where a record belongs; 0 as long as that is not known. */
export type Day = 0 | typeof recordOfDay | typeof recordOfAnotherDay;

/**
 * The edges of a part of a log. A line that is no record belongs to the day of the record before it, or at the start
 * of a log to that of the first one; in a part that is cut out of the middle only its neighbours know.
 */
export interface Edges {
  /** Bad lines before the part's first record. */
  leading: number;
  first: Day;
  last: Day;
}

export function emptyCounts(): Counts {
  return {
    requests: 0,
    classes: [0, 0, 0, 0, 0, 0],
    views: 0,
    bad: 0,
    pages: new Map(),
    referrers: new Map(),
    visitors: new Set(),
    referred: new Set(),
    durations: sampleOf(new Float64Array()),
    newest: 0,
    latest: 0,
  };
}

/** Adds what `from` counted to `into`. */
export function addCounts(into: Counts, from: Counts): void {
  into.requests += from.requests;
  for (const [index, value] of from.classes.entries())
    into.classes[index] = (into.classes[index] ?? 0) + value;
  into.views += from.views;
  into.bad += from.bad;
  for (const [page, views] of from.pages) into.pages.set(page, (into.pages.get(page) ?? 0) + views);
  for (const [source, visits] of from.referrers)
    into.referrers.set(source, (into.referrers.get(source) ?? 0) + visits);
  into.visitors = union(into.visitors, from.visitors);
  into.referred = union(into.referred, from.referred);
  into.durations = joined(into.durations, from.durations);
  into.newest = Math.max(into.newest, from.newest);
  into.latest = Math.max(into.latest, from.latest);
}

function union(a: Distinct, b: Distinct): Distinct {
  if (a.size === 0) return b;
  return b.size === 0 ? a : new Set([...a, ...b]);
}

function joined(a: Sample, b: Sample): Sample {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const values = new Float64Array(a.size + b.size);
  values.set(a.values());
  values.set(b.values(), a.size);
  return sampleOf(values);
}

/**
 * The leading bad lines of the parts of one log, in their order, that belong to the day; and whether the log has lines
 * but no record at all, so that it is a log of something else.
 */
export function joinEdges(parts: Edges[]): { bad: number; isForeign: boolean } {
  let bad = 0;
  let day: Day = 0;
  /** Before the first record of the whole log. */
  let open = 0;
  for (const part of parts) {
    if (day === 0) open += part.leading;
    else if (day === recordOfDay) bad += part.leading;
    if (part.first === 0) continue;
    if (day === 0 && part.first === recordOfDay) bad += open;
    day = part.last;
  }
  return { bad, isForeign: day === 0 && open > 0 };
}

export type Totals = Pick<
  EngagementEvidence,
  | 'total_requests'
  | 'page_views'
  | 'unique_visitors'
  | 'referred_visitors'
  | 'top_pages'
  | 'top_referrers'
  | 'response_time'
  | 'status_classes'
  | 'lines'
  | 'bad_lines'
>;

/** The counts as the evidence says them, with the first `top` pages and referrers. */
export function totalsOf(counts: Counts, top: number): Totals {
  const [one = 0, two = 0, three = 0, four = 0, five = 0, other = 0] = counts.classes;
  return {
    total_requests: counts.requests,
    page_views: counts.views,
    unique_visitors: counts.visitors.size,
    referred_visitors: counts.referred.size,
    top_pages: topOf(counts.pages, top).map(([path, views]) => ({ path, views })),
    top_referrers: topOf(counts.referrers, top).map(([source, visits]) => ({ source, visits })),
    response_time: {
      p50_seconds: percentile(counts.durations, 0.5),
      p95_seconds: percentile(counts.durations, 0.95),
      p99_seconds: percentile(counts.durations, 0.99),
    },
    status_classes: { '1xx': one, '2xx': two, '3xx': three, '4xx': four, '5xx': five, other },
    lines: counts.requests + counts.bad,
    bad_lines: counts.bad,
  };
}

/** Most first; of equal ones by name, by code unit. */
export function topOf(counts: Map<string, number>, most: number): [string, number][] {
  // Only what can still be among the first is sorted: there may be a million names.
  const values = Float64Array.from(counts.values()).sort();
  const least = values[Math.max(0, values.length - most)] ?? 0;
  return [...counts]
    .filter(([, count]) => count >= least)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : a > b ? 1 : 0))
    .slice(0, most);
}

/** By nearest rank: the least value that at least this share of all values does not exceed. */
function percentile({ size, at }: Sample, share: number): number | null {
  return size === 0 ? null : at(Math.max(0, Math.ceil(share * size) - 1));
}
