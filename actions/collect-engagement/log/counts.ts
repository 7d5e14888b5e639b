import type { EngagementEvidence } from '../evidence.ts';
import { isNetwork } from './rules.ts';
import { recordAfter, recordBefore, recordOfDay } from './scan.abi.ts';

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
  /** Page views that no address is told of, so that nobody knows whose they are. */
  nobodys: number;
  /** Files that somebody was given in parts, by whom and by path; each is a view, unless they also got it whole. */
  parts: Map<string, Reading>;
  /** What bad lines of any day look like, of those that were looked at. */
  looks: Map<string, number>;
  /** Durations of the page views, in seconds; not of those in parts. */
  durations: Sample;
  /** The newest record of any day that is not in the future, in seconds since the epoch; 0 when there was none. */
  newest: number;
  /** The same with those in the future. */
  latest: number;
}

/** Distinct texts: a set, or what can become one. Mostly nobody asks for more than how many they are. */
export interface Distinct extends Iterable<string> {
  readonly size: number;
  /** Where that is known without looking at all of them. */
  readonly families?: Families;
}

/** Addresses by their family: how many there are, and how many of them are networks. */
export type Families = Record<'v4' | 'v6', { all: number; networks: number }>;

/** How somebody was given a file: in parts, and whether whole as well. */
export interface Reading {
  path: string;
  /** No address is told: whoever they are, they are taken for one. */
  isAnybodys: boolean;
  inParts: boolean;
  isWhole: boolean;
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
export type Day = 0 | typeof recordOfDay | typeof recordBefore | typeof recordAfter;

/**
 * The edges of a part of a log. A line that is no record belongs to the day of the record before it, or at the start
 * of a log to that of the first one; in a part that is cut out of the middle only its neighbours know.
 */
export interface Edges {
  /** Bad lines before the part's first record. */
  leading: number;
  first: Day;
  last: Day;
  /** Bad lines behind the part's last record. */
  trailing: number;
  /** Bad lines of the part between a record before the day and one after it, without any of the day between. */
  gap: number;
  /** Lines that Caddy tells of itself. */
  runtime: number;
}

/** The edges of a part that nothing was read of yet. */
export function noEdges(): Edges {
  return { leading: 0, first: 0, last: 0, trailing: 0, gap: 0, runtime: 0 };
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
    nobodys: 0,
    parts: new Map(),
    looks: new Map(),
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
  addNumbers(into.pages, from.pages);
  addNumbers(into.referrers, from.referrers);
  addNumbers(into.looks, from.looks);
  into.nobodys += from.nobodys;
  for (const [key, reading] of from.parts) addReading(into.parts, key, reading);
  into.visitors = union(into.visitors, from.visitors);
  into.referred = union(into.referred, from.referred);
  into.durations = joined(into.durations, from.durations);
  into.newest = Math.max(into.newest, from.newest);
  into.latest = Math.max(into.latest, from.latest);
}

function addNumbers(into: Map<string, number>, from: Map<string, number>): void {
  for (const [name, number] of from) into.set(name, (into.get(name) ?? 0) + number);
}

/** Adds how somebody was given a file to what is known of that. */
export function addReading(parts: Map<string, Reading>, key: string, reading: Reading): void {
  const known = parts.get(key);
  if (known === undefined) {
    parts.set(key, { ...reading });
    return;
  }
  known.inParts ||= reading.inParts;
  known.isWhole ||= reading.isWhole;
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

/** Where Caddy tells of itself alone, so many of the lines may be another program's, such as a trace of its end. */
const mostStrange = 0.05;

/** What the edges of all parts of one log come to. */
export interface LogEdges {
  /** Bad lines at the parts' beginnings that belong to the day. */
  bad: number;
  /** Bad lines where the day would be, in a log without a record of it: they may be its records. */
  gap: number;
  /** Lines that Caddy tells of itself. */
  runtime: number;
  hasRecords: boolean;
  /** It has lines, but they are neither records nor what Caddy tells of itself: it is a log of something else. */
  isForeign: boolean;
}

/** Joins the parts of one log, in their order. */
export function joinEdges(parts: Edges[]): LogEdges {
  let bad = 0;
  let gap = 0;
  let runtime = 0;
  let day: Day = 0;
  /** Bad lines behind the last record, or before the first one of the whole log, whose day is not known yet. */
  let open = 0;
  for (const part of parts) {
    gap += part.gap;
    runtime += part.runtime;
    if (day === recordOfDay) bad += part.leading;
    else open += part.leading;
    if (part.first === 0) continue;
    if (day === 0 && part.first === recordOfDay) bad += open;
    if ((day === 0 || day === recordBefore) && part.first === recordAfter) gap += open;
    day = part.last;
    // Those behind a record of the day are counted where they stand.
    open = day === recordOfDay ? 0 : part.trailing;
  }
  if (day === recordBefore) gap += open;
  const isForeign = day === 0 && open > (open + runtime) * mostStrange;
  return { bad, gap, runtime, hasRecords: day !== 0, isForeign };
}

export type Totals = Pick<
  EngagementEvidence,
  | 'total_requests'
  | 'page_views'
  | 'unique_visitors'
  | 'referred_visitors'
  | 'views_without_address'
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
  const inParts = [...counts.parts.values()].filter((reading) => reading.inParts && !reading.isWhole);
  const pages = new Map(counts.pages);
  for (const { path } of inParts) pages.set(path, (pages.get(path) ?? 0) + 1);
  const views = counts.views + inParts.length;
  const isUnknown = views > 0 && (counts.visitors.size === 0 || areMasked(counts.visitors));
  const nobodys = counts.nobodys + inParts.filter(({ isAnybodys }) => isAnybodys).length;
  return {
    total_requests: counts.requests,
    page_views: views,
    unique_visitors: isUnknown ? null : counts.visitors.size,
    referred_visitors: isUnknown ? null : counts.referred.size,
    views_without_address: isUnknown ? views : nobodys,
    top_pages: topOf(pages, top).map(([path, views]) => ({ path, views })),
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

/**
 * Whether addresses are masked: all of a family are networks, which are as many visitors as nobody knows. A single one in
 * such a family may be somebody's, unless there is no other visitor at all.
 */
function areMasked(visitors: Distinct): boolean {
  const { v4, v6 } = visitors.families ?? familiesOf(visitors);
  const isMasked = ({ all, networks }: Families['v4']): boolean => all > 0 && networks === all;
  return (
    (isMasked(v4) && (v4.all > 1 || v6.all === v6.networks)) ||
    (isMasked(v6) && (v6.all > 1 || v4.all === v4.networks))
  );
}

function familiesOf(visitors: Distinct): Families {
  const families = { v4: { all: 0, networks: 0 }, v6: { all: 0, networks: 0 } };
  for (const visitor of visitors) {
    const family = visitor.includes(':') ? families.v6 : families.v4;
    family.all += 1;
    if (isNetwork(visitor)) family.networks += 1;
  }
  return families;
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
