import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { addCounts, type Counts, type Day, type Distinct, emptyCounts, type Sample } from './counts.ts';
import { createLineCounter, createPlainReader, type LogReader, longestLine } from './reader.ts';
import { durationOf, timeOf } from './record.ts';
import { dayOf, isAsset, isBot, publicPath, type Rules, referrerOf } from './rules.ts';
import { wasm } from './scan.wasm.ts';

/** What scan.as.ts exports. */
interface Scanner {
  memory: WebAssembly.Memory;
  init(bytes: number, from: number, to: number, second: number, perSecond: number, seed: bigint): number;
  begin(): void;
  scan(start: number, stop: number): void;
  headOf(table: number): number;
  near(rank: number): number;
  survey(): void;
  pack(): number;
  room(bytes: number): number;
  unpack(start: number): void;
  packed: WebAssembly.Global;
  durationCount: WebAssembly.Global;
  nearCount: WebAssembly.Global;
  nearRank: WebAssembly.Global;
  visitorCount: WebAssembly.Global;
  referredCount: WebAssembly.Global;
  isPlain: WebAssembly.Global;
  classes: WebAssembly.Global;
  requests: WebAssembly.Global;
  views: WebAssembly.Global;
  bad: WebAssembly.Global;
  leading: WebAssembly.Global;
  first: WebAssembly.Global;
  last: WebAssembly.Global;
  newest: WebAssembly.Global;
}

const tables = { pages: 0, visitors: 1, referrers: 2 } as const;

/** A reader whose counts can be given to one in another thread. */
export interface FastReader extends LogReader {
  share(): Share;
  add(share: Share): void;
}

/** All that a reader counted, as it goes from thread to thread: texts and durations as bytes, where they are bytes. */
export interface Share {
  counts: Omit<Counts, 'durations'>;
  packed: Uint8Array<ArrayBuffer>;
}

/** What a fast reader runs; plain data, so that a thread can be given it. */
export interface Compiled {
  module: WebAssembly.Module;
  /** Of its tables, so that nobody outside can choose texts that collide. */
  seed: bigint;
}

/** Compiled once, when it is first needed; `null` where this machine cannot run it. */
let compiled: Compiled | null | undefined;

/** What a fast reader runs, or `null` where this machine cannot: its WebAssembly has no SIMD. */
export function compileScanner(): Compiled | null {
  if (compiled === undefined) {
    const bytes = Buffer.from(wasm, 'base64');
    compiled = WebAssembly.validate(bytes)
      ? { module: new WebAssembly.Module(bytes), seed: randomBytes(8).readBigUInt64LE() }
      : null;
  }
  return compiled;
}

/** The reader of logs: the compiled one where this machine can run it, otherwise the plain one. */
export function createReader(rules: Rules): LogReader {
  const scanner = compileScanner();
  return scanner === null ? createPlainReader(rules) : createFastReader(rules, scanner);
}

export function createFastReader(rules: Rules, { module, seed }: Compiled): FastReader {
  const counter = createLineCounter(rules);
  const own = new Set(rules.ownHosts.map((host) => host.toLowerCase()));
  const { from, to } = dayOf(rules.date);
  const others = emptyCounts();
  /** Of each referrer, and the host that was asked, which other site it is: a URL takes long to read. */
  const sources = new Map<string, string | undefined>();
  function sourceOf(referer: string, host: string): string | undefined {
    const key = `${referer}\n${host}`;
    if (!sources.has(key)) sources.set(key, referrerOf(referer, host, own));
    return sources.get(key);
  }
  const text = (at: number, length: number): string =>
    Buffer.from(scanner.memory.buffer, at, length).toString('utf8');
  const { exports } = new WebAssembly.Instance(module, {
    host: {
      slow: (at: number, length: number) =>
        ({ bad: 0, day: 1, other: 2, blank: 3 })[counter.add(text(at, length))],
      asset: (at: number, length: number) => (isAsset(text(at, length)) ? 1 : 0),
      bot: (at: number, length: number) => (isBot(text(at, length)) ? 1 : 0),
      external: (at: number, length: number, host: number, hostLength: number) =>
        sourceOf(text(at, length), text(host, hostLength)) === undefined ? 0 : 1,
      time: (at: number, length: number) => (timeOf(text(at, length), 1) ?? Number.NaN) * rules.units.time,
      duration: (at: number, length: number) => durationOf(text(at, length), 1) ?? Number.NaN,
    },
  });
  // The module is our own: what it exports is known.
  const scanner = exports as unknown as Scanner;
  const { time, duration } = rules.units;
  const start = scanner.init(longestLine, from * time, to * time, time, duration, seed);
  let view = Buffer.from(scanner.memory.buffer, start, longestLine);

  /** Hands over the entries of a table: their text, how often they counted, and whether they are marked. */
  function eachEntry(table: number, take: (text: string, count: number, marked: boolean) => void): void {
    const words = new Uint32Array(scanner.memory.buffer);
    const bytes = Buffer.from(scanner.memory.buffer);
    for (let at = scanner.headOf(table); at !== 0; at = words[at >>> 2] ?? 0) {
      const word = at >>> 2;
      const end = at + 16 + (words[word + 1] ?? 0);
      take(bytes.toString('utf8', at + 16, end), words[word + 2] ?? 0, words[word + 3] !== 0);
    }
  }

  /** All visitors, or those who came from elsewhere. */
  function visitors(marked: boolean): Set<string> {
    const found = new Set<string>();
    eachEntry(tables.visitors, (visitor, _, referred) => {
      if (referred || !marked) found.add(visitor);
    });
    return found;
  }

  /** What the scanner counted in numbers. */
  function sums(): Counts {
    const counts = emptyCounts();
    counts.requests = scanner.requests.value;
    counts.classes = [...new Float64Array(scanner.memory.buffer, scanner.classes.value, 6)];
    counts.views = scanner.views.value;
    counts.bad = scanner.bad.value;
    counts.newest = scanner.newest.value / time;
    return counts;
  }

  /** All but what the scanner has as bytes. */
  function otherCounts(): Counts {
    const counts = sums();
    addCounts(counts, withoutBytes(counter.counts));
    addCounts(counts, withoutBytes(others));
    return counts;
  }

  /**
   * Gives durations and visitors to the scanner, which compares them as bytes; visitors that are not ASCII may be one
   * text as different bytes, and stay. Answers the rest of the counts.
   */
  function withoutBytes(counts: Counts): Counts {
    const durations = counts.durations.values();
    const all = [...counts.visitors];
    const isPlain = all.every((visitor) => Buffer.byteLength(visitor) === visitor.length);
    const referred = new Set(counts.referred);
    const visitors = Buffer.concat(
      (isPlain ? all : []).flatMap((visitor) => [
        Buffer.from(Uint32Array.of(visitor.length, 0, referred.has(visitor) ? 1 : 0).buffer),
        Buffer.from(visitor),
      ]),
    );
    const lengthOf = (length: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(length)).buffer);
    const padding = Buffer.alloc(-visitors.length & 7);
    if (durations.length > 0 || visitors.length > 0) {
      unpack(
        Buffer.concat([
          lengthOf(0),
          lengthOf(visitors.length),
          visitors,
          padding,
          lengthOf(0),
          lengthOf(durations.length),
          Buffer.from(durations.buffer, durations.byteOffset, durations.byteLength),
        ]),
      );
    }
    const rest = { ...counts, durations: emptyCounts().durations };
    return isPlain ? { ...rest, visitors: new Set(), referred: new Set() } : rest;
  }

  function unpack(packed: Uint8Array): void {
    const at = scanner.room(packed.length);
    new Uint8Array(scanner.memory.buffer).set(packed, at);
    scanner.unpack(at);
  }

  function durations(): Sample {
    const near = (rank: number): Float64Array => {
      const at = scanner.near(rank);
      return new Float64Array(scanner.memory.buffer, at, scanner.nearCount.value).slice().sort();
    };
    const size = scanner.durationCount.value;
    return {
      size,
      at: (rank) => near(rank)[scanner.nearRank.value] ?? Number.NaN,
      values() {
        const values = new Float64Array(size);
        for (let rank = 0; rank < size; ) {
          const some = near(rank);
          values.set(some, rank);
          rank += some.length;
        }
        return values;
      },
    };
  }

  function tally(): Counts {
    const counts = otherCounts();
    // Different bytes may be one text once they are decoded: what is no UTF-8 becomes U+FFFD.
    eachEntry(tables.pages, (path, views) => {
      if (views === 0) return;
      const page = publicPath(path);
      counts.pages.set(page, (counts.pages.get(page) ?? 0) + views);
    });
    eachEntry(tables.referrers, (key, visits) => {
      // Neither of the two can hold a line feed.
      const end = key.indexOf('\n');
      const source = visits === 0 ? undefined : sourceOf(key.slice(0, end), key.slice(end + 1));
      if (source !== undefined) counts.referrers.set(source, (counts.referrers.get(source) ?? 0) + visits);
    });
    counts.durations = durations();
    scanner.survey();
    // Plain ones are as many texts as they are bytes, and only need to become texts when they are to be compared.
    const distinct = (marked: boolean, { value }: WebAssembly.Global): Distinct =>
      scanner.isPlain.value === 1
        ? { size: value, [Symbol.iterator]: () => visitors(marked)[Symbol.iterator]() }
        : visitors(marked);
    addCounts(counts, {
      ...emptyCounts(),
      visitors: distinct(false, scanner.visitorCount),
      referred: distinct(true, scanner.referredCount),
    });
    return counts;
  }

  function share(): Share {
    const { durations: _, ...counts } = otherCounts();
    const at = scanner.pack();
    return { counts, packed: new Uint8Array(scanner.memory.buffer.slice(at, scanner.packed.value)) };
  }

  function add({ counts, packed }: Share): void {
    addCounts(others, { ...emptyCounts(), ...counts });
    unpack(packed);
  }

  return {
    begin: () => scanner.begin(),
    buffer() {
      // Memory that has grown is another buffer.
      if (view.buffer !== scanner.memory.buffer)
        view = Buffer.from(scanner.memory.buffer, start, longestLine);
      return view;
    },
    scan: (length) => scanner.scan(start, start + length),
    end: () => ({
      leading: scanner.leading.value,
      first: scanner.first.value as Day,
      last: scanner.last.value as Day,
    }),
    counts: tally,
    share,
    add,
  };
}
