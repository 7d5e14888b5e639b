import { Buffer } from 'node:buffer';
import { addCounts, type Counts, type Day, type Distinct, emptyCounts } from './counts.ts';
import { addDurations, copyDurations, type DurationScanner, sampleDurations } from './durations.ts';
import { createLineCounter, createPlainReader, type LogReader, longestLine } from './reader.ts';
import { durationOf, timeOf } from './record.ts';
import { dayOf, isAsset, isBot, presentOf, publicPath, type Rules, referrerOf } from './rules.ts';
import { wasm } from './scan.wasm.ts';

/** What scan.as.ts exports. */
interface Scanner extends DurationScanner {
  init(
    bytes: number,
    from: number,
    to: number,
    now: number,
    second: number,
    perSecond: number,
    seed: bigint,
  ): number;
  begin(): void;
  scan(start: number, stop: number): void;
  headOf(table: number): number;
  survey(): void;
  pack(): number;
  unpack(start: number): void;
  packed: WebAssembly.Global;
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
  latest: WebAssembly.Global;
}

const tables = { pages: 0, visitors: 1, referrers: 2 } as const;

/** A reader whose counts can be given to one in another thread. */
export interface FastReader extends LogReader {
  share(): Share;
  add(share: Share): void;
}

/** All that a reader counted, as it goes from thread to thread: texts as bytes, where they are compared as bytes. */
export interface Share {
  counts: Omit<Counts, 'durations'>;
  texts: Uint8Array<ArrayBuffer>;
  durations: Float64Array<ArrayBuffer>[];
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
      ? { module: new WebAssembly.Module(bytes), seed: anySeed() }
      : null;
  }
  return compiled;
}

/** 64 bits that nobody outside can know: V8 starts `Math.random` from the system's entropy, and they are never shown. */
function anySeed(): bigint {
  const half = (): bigint => BigInt(Math.floor(Math.random() * 2 ** 32));
  return (half() << 32n) | half();
}

/** Numbers as the scanner reads them. */
function words(...numbers: number[]): Buffer {
  return Buffer.from(Uint32Array.of(...numbers).buffer);
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
  /** Of lines that JSON.parse read and of other readers: what the scanner does not have. */
  let others = emptyCounts();
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
  const start = scanner.init(
    longestLine,
    from * time,
    to * time,
    presentOf(rules) * time,
    time,
    duration,
    seed,
  );
  let view = Buffer.from(scanner.memory.buffer, start, longestLine);

  /** Hands over the entries of a table: their text, how often they counted, and whether they are marked. */
  function eachEntry(table: number, take: (text: string, count: number, marked: boolean) => void): void {
    const memory = new Uint32Array(scanner.memory.buffer);
    const bytes = Buffer.from(scanner.memory.buffer);
    for (let at = scanner.headOf(table); at !== 0; at = memory[at >>> 2] ?? 0) {
      const word = at >>> 2;
      const end = at + 16 + (memory[word + 1] ?? 0);
      take(bytes.toString('utf8', at + 16, end), memory[word + 2] ?? 0, memory[word + 3] !== 0);
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
    counts.latest = scanner.latest.value / time;
    return counts;
  }

  /** All but the texts and durations that the scanner has. */
  function otherCounts(): Counts {
    addCounts(others, counter.take());
    others = withoutBytes(others);
    const counts = sums();
    addCounts(counts, others);
    return counts;
  }

  /**
   * Gives durations and visitors to the scanner, which compares them as bytes; visitors that are not ASCII may be one
   * text as different bytes, and stay. Answers the rest of the counts.
   */
  function withoutBytes(counts: Counts): Counts {
    addDurations(scanner, counts.durations.values());
    const rest = { ...counts, durations: emptyCounts().durations };
    const all = [...counts.visitors];
    if (!all.every((visitor) => Buffer.byteLength(visitor) === visitor.length)) return rest;
    const referred = new Set(counts.referred);
    const visitors = Buffer.concat(
      all.flatMap((visitor) => [
        words(visitor.length, 0, referred.has(visitor) ? 1 : 0),
        Buffer.from(visitor),
      ]),
    );
    // No pages, visitors, no referrers.
    addTexts(Buffer.concat([words(0), words(visitors.length), visitors, words(0)]));
    return { ...rest, visitors: new Set(), referred: new Set() };
  }

  function addTexts(packed: Uint8Array): void {
    const at = scanner.room(packed.length);
    new Uint8Array(scanner.memory.buffer).set(packed, at);
    scanner.unpack(at);
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
    counts.durations = sampleDurations(scanner);
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
    return {
      counts,
      texts: new Uint8Array(scanner.memory.buffer.slice(at, scanner.packed.value)),
      durations: copyDurations(scanner),
    };
  }

  function add({ counts, texts, durations }: Share): void {
    addCounts(others, { ...emptyCounts(), ...counts });
    addTexts(texts);
    for (const values of durations) addDurations(scanner, values);
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
