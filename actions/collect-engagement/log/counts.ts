import type { EngagementEvidence } from '../../../core/ops/evidence.ts';

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
  durations: Float64Array[];
  /** The newest record of any day, in seconds since the epoch; 0 when there was none. */
  newest: number;
}

/** Distinct texts: a set, or what can become one. Mostly nobody asks for more than how many they are. */
export interface Distinct extends Iterable<string> {
  readonly size: number;
}

/** Where a record belongs: 0 unknown yet, 1 the day, 2 another day. */
export type Day = 0 | 1 | 2;

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
    durations: [],
    newest: 0,
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
  into.durations.push(...from.durations);
  into.newest = Math.max(into.newest, from.newest);
}

function union(a: Distinct, b: Distinct): Distinct {
  if (a.size === 0) return b;
  return b.size === 0 ? a : new Set([...a, ...b]);
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
    else if (day === 1) bad += part.leading;
    if (part.first === 0) continue;
    if (day === 0 && part.first === 1) bad += open;
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
  const [p50_seconds, p95_seconds, p99_seconds] = percentiles(counts.durations, [0.5, 0.95, 0.99]);
  return {
    total_requests: counts.requests,
    page_views: counts.views,
    unique_visitors: counts.visitors.size,
    referred_visitors: counts.referred.size,
    top_pages: topOf(counts.pages, top).map(([path, views]) => ({ path, views })),
    top_referrers: topOf(counts.referrers, top).map(([source, visits]) => ({ source, visits })),
    response_time: {
      p50_seconds: p50_seconds ?? null,
      p95_seconds: p95_seconds ?? null,
      p99_seconds: p99_seconds ?? null,
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

/** Nearest rank, exactly, without sorting all: values in ranges by their order, then only the range that has it. */
function percentiles(blocks: Float64Array[], shares: number[]): (number | undefined)[] {
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  if (length === 0) return shares.map(() => undefined);
  // The order of doubles that are not negative is the order of their bits; the first 16 make ranges of a thirtieth.
  const ranges = new Uint32Array(65_536);
  for (const block of blocks) {
    const words = new Uint16Array(block.buffer, block.byteOffset, block.length * 4);
    for (let at = 3; at < words.length; at += 4) {
      const range = words[at] ?? 0;
      ranges[range] = (ranges[range] ?? 0) + 1;
    }
  }
  const wanted = shares.map((share) => {
    let rank = Math.max(0, Math.ceil(share * length) - 1);
    let range = 0;
    while (rank >= (ranges[range] ?? 0)) {
      rank -= ranges[range] ?? 0;
      range += 1;
    }
    return { range, rank };
  });
  const within = new Map(
    wanted.map(({ range }) => [range, { values: new Float64Array(ranges[range] ?? 0), length: 0 }]),
  );
  const isWanted = new Uint8Array(65_536);
  for (const range of within.keys()) isWanted[range] = 1;
  for (const block of blocks) {
    const words = new Uint16Array(block.buffer, block.byteOffset, block.length * 4);
    for (let at = 0; at < block.length; at += 1) {
      const range = words[at * 4 + 3] ?? 0;
      const found = isWanted[range] === 1 ? within.get(range) : undefined;
      if (found === undefined) continue;
      found.values[found.length] = block[at] ?? 0;
      found.length += 1;
    }
  }
  return wanted.map(({ range, rank }) => within.get(range)?.values.slice().sort()[rank]);
}
