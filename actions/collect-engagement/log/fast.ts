import { Buffer } from 'node:buffer';
import { addCounts, type Counts, type Day, type Distinct, emptyCounts } from './counts.ts';
import { addDurations, copyDurations, sampleDurations } from './durations.ts';
import {
  createLineCounter,
  createPlainReader,
  type LineCounter,
  type LogReader,
  longestLine,
} from './reader.ts';
import { durationOf, timeOf } from './record.ts';
import { dayOf, isAsset, isBot, presentOf, publicPath, type Rules, referrerOf } from './rules.ts';
import {
  blankLine,
  classCount,
  entryCount,
  entryFlags,
  entryLength,
  entryNext,
  entryText,
  noRecord,
  packedCount,
  packedFlags,
  packedHead,
  packedLength,
  packedText,
  pagesTable,
  recordOfAnotherDay,
  recordOfDay,
  referrersTable,
  tableCount,
  visitorsTable,
} from './scan.abi.ts';
import { type Compiled, compileScanner, type Scanner, startScanner } from './scanner.ts';

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

/** The reader of logs: the compiled one where this machine can run it, otherwise the plain one. */
export function createReader(rules: Rules): LogReader {
  const scanner = compileScanner();
  return scanner === null ? createPlainReader(rules) : createFastReader(rules, scanner);
}

/** Which other site a referrer names, when this host was asked. Each pair is looked at once: a URL takes long to read. */
type SourceOf = (referer: string, host: string) => string | undefined;

function sourceFinder({ ownHosts }: Rules): SourceOf {
  const own = new Set(ownHosts.map((host) => host.toLowerCase()));
  const sources = new Map<string, string | undefined>();
  return (referer, host) => {
    const key = `${referer}\n${host}`;
    if (!sources.has(key)) sources.set(key, referrerOf(referer, host, own));
    return sources.get(key);
  };
}

const seenAs = { bad: noRecord, day: recordOfDay, other: recordOfAnotherDay, blank: blankLine };

/** A scanner for these rules, and where the bytes of a log go in its memory. */
function startFor(
  rules: Rules,
  compiled: Compiled,
  counter: LineCounter,
  sourceOf: SourceOf,
): { scanner: Scanner; start: number } {
  const text = (at: number, length: number): string =>
    Buffer.from(scanner.memory.buffer, at, length).toString('utf8');
  const scanner = startScanner(compiled, {
    slow: (at, length) => seenAs[counter.add(text(at, length))],
    asset: (at, length) => (isAsset(text(at, length)) ? 1 : 0),
    bot: (at, length) => (isBot(text(at, length)) ? 1 : 0),
    external: (at, length, host, hostLength) =>
      sourceOf(text(at, length), text(host, hostLength)) === undefined ? 0 : 1,
    time: (at, length) => (timeOf(text(at, length), 1) ?? Number.NaN) * rules.units.time,
    duration: (at, length) => durationOf(text(at, length), 1) ?? Number.NaN,
  });
  const { from, to } = dayOf(rules.date);
  const { time, duration } = rules.units;
  const start = scanner.init(
    longestLine,
    from * time,
    to * time,
    presentOf(rules) * time,
    time,
    duration,
    compiled.seed,
  );
  return { scanner, start };
}

/** Hands over the entries of a table: their text, how often they counted, and whether they are flagged. */
function eachEntry(
  scanner: Scanner,
  table: number,
  take: (text: string, count: number, flagged: boolean) => void,
): void {
  const words = new Uint32Array(scanner.memory.buffer);
  const bytes = Buffer.from(scanner.memory.buffer);
  const word = (at: number): number => words[at >>> 2] ?? 0;
  for (let at = scanner.headOf(table); at !== 0; at = word(at + entryNext)) {
    const text = at + entryText;
    take(
      bytes.toString('utf8', text, text + word(at + entryLength)),
      word(at + entryCount),
      word(at + entryFlags) !== 0,
    );
  }
}

/** All visitors, or those who came from elsewhere. */
function visitorsOf(scanner: Scanner, which: 'all' | 'referred'): Set<string> {
  const found = new Set<string>();
  eachEntry(scanner, visitorsTable, (visitor, _, referred) => {
    if (referred || which === 'all') found.add(visitor);
  });
  return found;
}

/**
 * The same, where it is mostly enough to know how many they are. Those that are ASCII are as many texts as they are bytes,
 * and become texts only when somebody compares them.
 */
function distinctVisitors(scanner: Scanner, which: 'all' | 'referred', size: number): Distinct {
  return scanner.isPlain.value === 1
    ? { size, [Symbol.iterator]: () => visitorsOf(scanner, which)[Symbol.iterator]() }
    : visitorsOf(scanner, which);
}

/** What the scanner counted in numbers. */
function sumsOf(scanner: Scanner, { units }: Rules): Counts {
  return {
    ...emptyCounts(),
    requests: scanner.requests.value,
    classes: [...new Float64Array(scanner.memory.buffer, scanner.classes.value, classCount)],
    views: scanner.views.value,
    bad: scanner.bad.value,
    newest: scanner.newest.value / units.time,
    latest: scanner.latest.value / units.time,
  };
}

/** Adds texts that another reader packed, or that are packed as it would have done. */
function addTexts(scanner: Scanner, packed: Uint8Array): void {
  const at = scanner.room(packed.length);
  new Uint8Array(scanner.memory.buffer).set(packed, at);
  scanner.unpack(at);
}

/** A text of ASCII as the scanner packs it. */
function packText(text: string, count: number, flagged: boolean): Buffer {
  const bytes = Buffer.alloc(packedText + text.length);
  bytes.writeUInt32LE(text.length, packedLength);
  bytes.writeUInt32LE(count, packedCount);
  bytes.writeUInt32LE(flagged ? 1 : 0, packedFlags);
  bytes.write(text, packedText, 'latin1');
  return bytes;
}

/** Visitors as the scanner packs them, between tables without any text. */
function packVisitors(visitors: string[], referred: ReadonlySet<string>): Buffer {
  const texts = visitors.map((visitor) => packText(visitor, 0, referred.has(visitor)));
  const heads = Array.from({ length: tableCount }, () => Buffer.alloc(packedHead));
  heads[visitorsTable]?.writeUInt32LE(texts.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat(heads.flatMap((head, table) => (table === visitorsTable ? [head, ...texts] : [head])));
}

/**
 * Gives durations and visitors to the scanner, which compares them as bytes. Visitors that are not ASCII stay, because the
 * same text may come as different bytes. Answers the rest of the counts.
 */
function withoutBytes(scanner: Scanner, counts: Counts): Counts {
  addDurations(scanner, counts.durations.values());
  const rest = { ...counts, durations: emptyCounts().durations };
  const visitors = [...counts.visitors];
  if (!visitors.every((visitor) => Buffer.byteLength(visitor) === visitor.length)) return rest;
  addTexts(scanner, packVisitors(visitors, new Set(counts.referred)));
  return { ...rest, visitors: new Set(), referred: new Set() };
}

/** Counts logs with a scanner that is compiled already. */
export function createFastReader(rules: Rules, compiled: Compiled): FastReader {
  const counter = createLineCounter(rules);
  const sourceOf = sourceFinder(rules);
  const { scanner, start } = startFor(rules, compiled, counter, sourceOf);
  /** Of lines that JSON.parse read and of other readers: what the scanner does not have. */
  let others = emptyCounts();
  let view = Buffer.from(scanner.memory.buffer, start, longestLine);

  /** All but the texts and durations that the scanner has. */
  function otherCounts(): Counts {
    addCounts(others, counter.take());
    others = withoutBytes(scanner, others);
    const counts = sumsOf(scanner, rules);
    addCounts(counts, others);
    return counts;
  }

  function tally(): Counts {
    const counts = otherCounts();
    // Different bytes may be one text once they are decoded: what is no UTF-8 becomes U+FFFD.
    eachEntry(scanner, pagesTable, (path, views) => {
      if (views === 0) return;
      const page = publicPath(path);
      counts.pages.set(page, (counts.pages.get(page) ?? 0) + views);
    });
    eachEntry(scanner, referrersTable, (key, visits) => {
      // The referrer and the host that was asked; neither of the two can hold a line feed.
      const end = key.indexOf('\n');
      const source = visits === 0 ? undefined : sourceOf(key.slice(0, end), key.slice(end + 1));
      if (source !== undefined) counts.referrers.set(source, (counts.referrers.get(source) ?? 0) + visits);
    });
    counts.durations = sampleDurations(scanner);
    scanner.survey();
    addCounts(counts, {
      ...emptyCounts(),
      visitors: distinctVisitors(scanner, 'all', scanner.visitorCount.value),
      referred: distinctVisitors(scanner, 'referred', scanner.referredCount.value),
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
    addTexts(scanner, texts);
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
