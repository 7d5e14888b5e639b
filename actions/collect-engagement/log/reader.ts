import { Buffer } from 'node:buffer';
import {
  addCounts,
  addReading,
  type Counts,
  type Day,
  type Edges,
  emptyCounts,
  noEdges,
  sampleOf,
} from './counts.ts';
import { lookOf } from './format.ts';
import { ownHostsOf } from './hosts.ts';
import { type LogRecord, readLine } from './record.ts';
import {
  dayOf,
  isAddress,
  isBeginning,
  isBot,
  kindOf,
  pathOf,
  presentOf,
  publicPath,
  type Rules,
  referrerOf,
} from './rules.ts';
import { recordAfter, recordBefore, recordOfDay } from './scan.abi.ts';

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

/** Where the record of a line belongs, or what the line is when it has none. */
export type Seen = 'bad' | 'blank' | 'runtime' | 'day' | 'before' | 'after';

/** Counts one line at a time by reading it with `JSON.parse`: slow, and the truth that the fast reader is held to. */
export interface LineCounter {
  add(line: string): Seen;
  /** What was counted since it was last asked. */
  take(): Counts;
}

/** So many bad lines are looked at, to say what they look like. */
const mostLooks = 100;

export function createLineCounter(rules: Rules): LineCounter {
  const { from, to } = dayOf(rules.date);
  const present = presentOf(rules);
  const isOwn = ownHostsOf(rules.ownHosts);
  let visitors = new Set<string>();
  let referred = new Set<string>();
  let durations: number[] = [];
  let counts = emptyCounts();
  let looked = 0;

  /** Counts who asked; whether that is a visitor who came from elsewhere is for the caller to say. */
  function visit({ visitor }: LogRecord, isReferral: boolean): void {
    if (!isAddress(visitor)) return;
    visitors.add(visitor);
    if (isReferral) referred.add(visitor);
  }

  function sourceOf({ referer, host }: LogRecord): string | undefined {
    return referer === undefined ? undefined : referrerOf(referer, host, isOwn);
  }

  function view(record: LogRecord, path: string): void {
    counts.views += 1;
    counts.pages.set(path, (counts.pages.get(path) ?? 0) + 1);
    if (record.seconds !== undefined) durations.push(record.seconds);
    if (!isAddress(record.visitor)) counts.nobodys += 1;
    const source = sourceOf(record);
    visit(record, source !== undefined);
    if (source !== undefined) counts.referrers.set(source, (counts.referrers.get(source) ?? 0) + 1);
  }

  /** Of a file in parts: who was given it, and how. Those whose address is not told count as one reader. */
  function read({ visitor }: LogRecord, path: string, how: 'inParts' | 'isWhole'): void {
    const reader = isAddress(visitor) ? visitor : '';
    addReading(counts.parts, `${reader}\n${path}`, {
      path,
      isAnybodys: reader === '',
      inParts: how === 'inParts',
      isWhole: how === 'isWhole',
    });
  }

  function answer(record: LogRecord): void {
    const { method, status, userAgent } = record;
    if (method !== 'GET' || !((status >= 200 && status < 300) || status === 304)) return;
    const path = pathOf(record.uri);
    const kind = kindOf(path);
    if (kind === 'asset' || (userAgent !== undefined && isBot(userAgent))) return;
    const shown = publicPath(path);
    if (status !== 206) {
      view(record, shown);
      if (kind === 'file') read(record, shown, 'isWhole');
    } else if (kind === 'file' || isBeginning(record.range)) {
      read(record, shown, 'inParts');
      visit(record, sourceOf(record) !== undefined);
    }
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
      const read = readLine(line, rules.units);
      if (read.kind === 'runtime') return 'runtime';
      if (read.kind === 'bad') {
        looked += 1;
        const look = looked > mostLooks ? undefined : lookOf(read.text);
        if (look !== undefined) counts.looks.set(look, (counts.looks.get(look) ?? 0) + 1);
        return 'bad';
      }
      const { record } = read;
      counts.latest = Math.max(counts.latest, record.time);
      if (record.time <= present) counts.newest = Math.max(counts.newest, record.time);
      if (record.time < from) return 'before';
      if (record.time >= to) return 'after';
      counts.requests += 1;
      const group = Math.floor(record.status / 100) - 1;
      const index = group >= 0 && group < 5 ? group : 5;
      counts.classes[index] = (counts.classes[index] ?? 0) + 1;
      answer(record);
      return 'day';
    },
  };
}

const days = { day: recordOfDay, before: recordBefore, after: recordAfter } as const;

/** A reader for machines whose WebAssembly has no SIMD, and for tests of the one that has. */
export function createPlainReader(rules: Rules): LogReader {
  const counter = createLineCounter(rules);
  const buffer = Buffer.allocUnsafe(longestLine);
  let edges: Edges = noEdges();
  const counts = emptyCounts();

  function settle(seen: Seen): void {
    if (seen === 'blank') return;
    if (seen === 'runtime') {
      edges.runtime += 1;
      return;
    }
    if (seen === 'bad') {
      if (edges.first === 0) edges.leading += 1;
      else if (edges.last === recordOfDay) counts.bad += 1;
      else edges.trailing += 1;
      return;
    }
    const day: Day = days[seen];
    if (edges.first === 0) edges.first = day;
    else if (edges.last === recordBefore && day === recordAfter) edges.gap += edges.trailing;
    edges.last = day;
    edges.trailing = 0;
  }

  return {
    begin() {
      edges = noEdges();
    },
    buffer: () => buffer,
    scan(length) {
      for (let start = 0; start < length; ) {
        const end = buffer.indexOf(lineFeed, start);
        settle(counter.add(buffer.toString('utf8', start, end)));
        start = end + 1;
      }
    },
    end: () => ({ ...edges }),
    counts() {
      addCounts(counts, counter.take());
      return { ...counts };
    },
  };
}
