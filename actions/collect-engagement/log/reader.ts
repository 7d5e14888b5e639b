import { Buffer } from 'node:buffer';
import { addCounts, type Counts, type Day, type Edges, emptyCounts, sampleOf } from './counts.ts';
import { type LogRecord, parseRecord } from './record.ts';
import { dayOf, isAsset, isBot, pathOf, presentOf, publicPath, type Rules, referrerOf } from './rules.ts';
import { recordOfAnotherDay, recordOfDay } from './scan.abi.ts';

/** The byte that ends a line. */
export const lineFeed = 0x0a;

/** Longer than any line a web server writes; what is longer is no record. */
export const longestLine = 4 * 1024 * 1024;

/**
 * Counts the lines of logs. Bytes are put into `buffer()` by whoever reads them, whole lines of it are scanned in
 * place; `begin` and `end` go around each log, or each part of one.
 */
export interface LogReader {
  begin(): void;
  /** Where bytes go; asked for again before each use, because it may move. */
  buffer(): Buffer;
  /** Scans the first `length` bytes of the buffer: whole lines, the last byte being a line feed. */
  scan(length: number): void;
  end(): Edges;
  /** All that was counted so far. */
  counts(): Counts;
}

/** Where the record of a line belongs, or `bad` when the line is none, or `blank`. */
export type Seen = 'bad' | 'blank' | 'day' | 'other';

/** Counts one line at a time by reading it with `JSON.parse`: slow, and the truth that the fast reader is held to. */
export interface LineCounter {
  add(line: string): Seen;
  /** What was counted since it was last asked. */
  take(): Counts;
}

export function createLineCounter(rules: Rules): LineCounter {
  const { from, to } = dayOf(rules.date);
  const present = presentOf(rules);
  const own = new Set(rules.ownHosts.map((host) => host.toLowerCase()));
  let visitors = new Set<string>();
  let referred = new Set<string>();
  let durations: number[] = [];
  let counts = emptyCounts();

  function view(record: LogRecord, path: string): void {
    counts.views += 1;
    counts.pages.set(path, (counts.pages.get(path) ?? 0) + 1);
    if (record.seconds !== undefined) durations.push(record.seconds);
    if (record.visitor !== '') visitors.add(record.visitor);
    const source = record.referer === undefined ? undefined : referrerOf(record.referer, record.host, own);
    if (source === undefined) return;
    counts.referrers.set(source, (counts.referrers.get(source) ?? 0) + 1);
    if (record.visitor !== '') referred.add(record.visitor);
  }

  return {
    take() {
      const taken = { ...counts, visitors, referred, durations: sampleOf(Float64Array.from(durations)) };
      counts = emptyCounts();
      visitors = new Set();
      referred = new Set();
      durations = [];
      return taken;
    },
    add(line) {
      if (/^[ \t\r]*$/.test(line)) return 'blank';
      const record = parseRecord(line, rules.units);
      if (record === undefined) return 'bad';
      counts.latest = Math.max(counts.latest, record.time);
      if (record.time <= present) counts.newest = Math.max(counts.newest, record.time);
      if (record.time < from || record.time >= to) return 'other';
      counts.requests += 1;
      const group = Math.floor(record.status / 100) - 1;
      const index = group >= 0 && group < 5 ? group : 5;
      counts.classes[index] = (counts.classes[index] ?? 0) + 1;
      const path = pathOf(record.uri);
      const seen =
        record.method === 'GET' && ((record.status >= 200 && record.status < 300) || record.status === 304);
      if (seen && !isAsset(path) && !(record.userAgent !== undefined && isBot(record.userAgent)))
        view(record, publicPath(path));
      return 'day';
    },
  };
}

/** A reader for machines whose WebAssembly has no SIMD, and for tests of the one that has. */
export function createPlainReader(rules: Rules): LogReader {
  const counter = createLineCounter(rules);
  const buffer = Buffer.allocUnsafe(longestLine);
  let edges: Edges = { leading: 0, first: 0, last: 0 };
  const counts = emptyCounts();

  function settle(seen: Seen): void {
    if (seen === 'blank') return;
    if (seen === 'bad') {
      if (edges.first === 0) edges.leading += 1;
      else if (edges.last === recordOfDay) counts.bad += 1;
      return;
    }
    const day: Day = seen === 'day' ? recordOfDay : recordOfAnotherDay;
    if (edges.first === 0) edges.first = day;
    edges.last = day;
  }

  return {
    begin() {
      edges = { leading: 0, first: 0, last: 0 };
    },
    buffer: () => buffer,
    scan(length) {
      for (let start = 0; start < length; ) {
        const end = buffer.indexOf(lineFeed, start);
        settle(counter.add(buffer.toString('utf8', start, end)));
        start = end + 1;
      }
    },
    end: () => edges,
    counts() {
      addCounts(counts, counter.take());
      return { ...counts };
    },
  };
}
