import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { addCounts, type Counts, type Day, type Distinct, emptyCounts } from './counts.ts';
import { createLineCounter, createPlainReader, type LogReader, longestLine, type Share } from './reader.ts';
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
  durations(): number;
  survey(): void;
  pack(): number;
  room(bytes: number): number;
  unpack(start: number, stop: number): void;
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
}

const tables = { pages: 0, visitors: 1, referrers: 3 } as const;

/** Compiled once, when it is first needed; `null` where this machine cannot run it. */
let compiled: WebAssembly.Module | null | undefined;

/** The reader of logs: the compiled one where this machine can run it, otherwise the plain one. */
export function createReader(rules: Rules): LogReader {
  if (compiled === undefined) {
    const bytes = Buffer.from(wasm, 'base64');
    compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  }
  return compiled === null ? createPlainReader(rules) : createFastReader(rules, compiled);
}

function createFastReader(rules: Rules, module: WebAssembly.Module): LogReader {
  const counter = createLineCounter(rules);
  const own = new Set(rules.ownHosts.map((host) => host.toLowerCase()));
  const { from, to } = dayOf(rules.date);
  const others = emptyCounts();
  /** Of each referrer that is another site, whose it is: a URL takes long to read. */
  const sources = new Map<string, string>();
  const text = (at: number, length: number): string =>
    Buffer.from(scanner.memory.buffer, at, length).toString('utf8');
  const { exports } = new WebAssembly.Instance(module, {
    host: {
      slow: (at: number, length: number) =>
        ({ bad: 0, day: 1, other: 2, blank: 3 })[counter.add(text(at, length))],
      asset: (at: number, length: number) => (isAsset(text(at, length)) ? 1 : 0),
      bot: (at: number, length: number) => (isBot(text(at, length)) ? 1 : 0),
      external(at: number, length: number, host: number, hostLength: number) {
        const referer = text(at, length);
        const asked = text(host, hostLength);
        const source = referrerOf(referer, asked, own);
        if (source === undefined) return 0;
        sources.set(`${referer}\n${asked}`, source);
        return 1;
      },
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
    time,
    duration,
    randomBytes(8).readBigUInt64LE(),
  );
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

  /** What the scanner counted, but for its visitors. */
  function ownCounts(): Counts {
    const counts = emptyCounts();
    counts.requests = scanner.requests.value;
    counts.classes = [...new Float64Array(scanner.memory.buffer, scanner.classes.value, 6)];
    counts.views = scanner.views.value;
    counts.bad = scanner.bad.value;
    counts.newest = scanner.newest.value / time;
    // Different bytes may be one text once they are decoded: what is no UTF-8 becomes U+FFFD.
    eachEntry(tables.pages, (path, views) => {
      if (views === 0) return;
      const page = publicPath(path);
      counts.pages.set(page, (counts.pages.get(page) ?? 0) + views);
    });
    eachEntry(tables.referrers, (key, visits) => {
      const source = visits === 0 ? undefined : sources.get(key);
      if (source !== undefined) counts.referrers.set(source, (counts.referrers.get(source) ?? 0) + visits);
    });
    const words = new Uint32Array(scanner.memory.buffer);
    for (let at = scanner.durations(); at !== 0; at = words[at >>> 2] ?? 0)
      counts.durations.push(
        new Float64Array(scanner.memory.buffer, at + 8, words[(at >>> 2) + 1] ?? 0).slice(),
      );
    return counts;
  }

  /**
   * Gives visitors to the scanner, which compares them as bytes; those that are not ASCII may be one text as different
   * bytes, and stay. Answers the rest of the counts.
   */
  function withoutVisitors(counts: Counts): Counts {
    const all = [...counts.visitors];
    if (!all.every((visitor) => Buffer.byteLength(visitor) === visitor.length)) return counts;
    const referred = new Set(counts.referred);
    const parts = all.flatMap((visitor) => [
      new Uint8Array(Uint32Array.of(visitor.length, referred.has(visitor) ? 1 : 0).buffer),
      Buffer.from(visitor),
    ]);
    unpack(Buffer.concat(parts));
    return { ...counts, visitors: new Set(), referred: new Set() };
  }

  function unpack(packed: Uint8Array): void {
    const at = scanner.room(packed.length);
    new Uint8Array(scanner.memory.buffer).set(packed, at);
    scanner.unpack(at, at + packed.length);
  }

  /** All but the visitors that the scanner has. */
  function otherCounts(): Counts {
    const counts = ownCounts();
    addCounts(counts, withoutVisitors(counter.counts));
    addCounts(counts, withoutVisitors(others));
    return counts;
  }

  function tally(): Counts {
    const counts = otherCounts();
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
    const counts = otherCounts();
    const at = scanner.pack();
    return { counts, visitors: new Uint8Array(scanner.memory.buffer.slice(at, scanner.packed.value)) };
  }

  function add(other: Share): void {
    addCounts(others, other.counts);
    unpack(other.visitors);
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
