import { isbot } from 'isbot';
import type { EngagementEvidence } from '../../core/ops/evidence.ts';
import { type LogRecord, parseRecord, type Units } from './record.ts';

/** Files that pages are made of: asking for one is not viewing a page. */
const asset =
  /\.(?:css|js|mjs|map|json|xml|txt|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm|wasm|webmanifest)$/i;

/** Agents are judged on their beginning: a visitor may send a megabyte. */
const agentLength = 512;

export interface TallyOptions {
  /** The day, as YYYY-MM-DD, in UTC. */
  date: string;
  units: Units;
  /** Hosts that are ours, in lower case: coming from there is no referral. */
  ownHosts: string[];
  /** How many pages and referrers are named. */
  top: number;
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

export interface Tally {
  /** A new log begins: the day of its first bad lines follows from its own records. */
  begin(): void;
  /** Whether the log that was begun last has lines, and none of them is a record. */
  isForeign(): boolean;
  /** One line of the log, in its order. */
  add(line: string): void;
  totals(): Totals;
}

/**
 * Counts one day of a log, line by line as it comes, keeping only what the evidence is made of. A line that is no
 * record belongs to the day of the record before it; at the start of the log, to that of the first record.
 */
export function createTally(options: TallyOptions): Tally {
  const from = Date.parse(`${options.date}T00:00:00Z`);
  const to = from + 86_400_000;
  const own = new Set(options.ownHosts.map((host) => host.toLowerCase()));
  const bots = new Map<string, boolean>();
  const pages = new Map<string, number>();
  const referrers = new Map<string, number>();
  const visitors = new Set<string>();
  const referred = new Set<string>();
  const durations: number[] = [];
  const classes = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, other: 0 };
  let requests = 0;
  let views = 0;
  let bad = 0;
  /** Bad lines before any record: whose they are is not known yet. */
  let pending = 0;
  let inDay: boolean | undefined;

  function isBot(agent: string): boolean {
    const start = agent.slice(0, agentLength);
    const known = bots.get(start);
    if (known !== undefined) return known;
    const found = isbot(start);
    bots.set(start, found);
    return found;
  }

  function view(record: LogRecord, path: string): void {
    views += 1;
    pages.set(path, (pages.get(path) ?? 0) + 1);
    if (record.seconds !== undefined) durations.push(record.seconds);
    if (record.visitor !== '') visitors.add(record.visitor);
    const source = referrerOf(record, own);
    if (source === undefined) return;
    referrers.set(source, (referrers.get(source) ?? 0) + 1);
    if (record.visitor !== '') referred.add(record.visitor);
  }

  return {
    begin() {
      inDay = undefined;
      pending = 0;
    },
    isForeign: () => inDay === undefined && pending > 0,
    add(line) {
      if (line.trim() === '') return;
      const record = parseRecord(line, options.units);
      if (record === undefined) {
        if (inDay === undefined) pending += 1;
        else if (inDay) bad += 1;
        return;
      }
      inDay = record.time >= from && record.time < to;
      if (inDay) bad += pending;
      pending = 0;
      if (!inDay) return;
      requests += 1;
      classes[classOf(record.status)] += 1;
      const path = pathOf(record.uri);
      const seen =
        record.method === 'GET' && ((record.status >= 200 && record.status < 300) || record.status === 304);
      if (seen && !asset.test(path) && !(record.userAgent !== undefined && isBot(record.userAgent)))
        view(record, path);
    },
    totals: () => ({
      total_requests: requests,
      page_views: views,
      unique_visitors: visitors.size,
      referred_visitors: referred.size,
      top_pages: topOf(pages, options.top).map(([path, number]) => ({ path, views: number })),
      top_referrers: topOf(referrers, options.top).map(([source, visits]) => ({ source, visits })),
      response_time: percentiles(durations),
      status_classes: classes,
      lines: requests + bad,
      bad_lines: bad,
    }),
  };
}

function classOf(status: number): keyof EngagementEvidence['status_classes'] {
  const names = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
  return names[Math.floor(status / 100) - 1] ?? 'other';
}

/** Up to the first `?` or `#`; of an absolute URI never the user and password. */
function pathOf(uri: string): string {
  const end = uri.search(/[?#]/);
  const path = end < 0 ? uri : uri.slice(0, end);
  return path.replace(/^([a-z][a-z0-9+.-]{0,20}:\/\/)[^/@]*@/i, '$1');
}

/** The host a visitor came from, unless it is our own or none. */
function referrerOf(record: LogRecord, own: Set<string>): string | undefined {
  if (record.referer === undefined || !URL.canParse(record.referer)) return undefined;
  const host = new URL(record.referer).hostname.toLowerCase();
  const here = record.host.toLowerCase().replace(/:\d{1,5}$/, '');
  return host === '' || host === here || own.has(host) ? undefined : host;
}

/** Most first; of equal ones by name, by code unit. */
function topOf(counts: Map<string, number>, most: number): [string, number][] {
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : a > b ? 1 : 0)).slice(0, most);
}

function percentiles(values: number[]): EngagementEvidence['response_time'] {
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number): number | null =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { p50_seconds: rank(0.5), p95_seconds: rank(0.95), p99_seconds: rank(0.99) };
}
