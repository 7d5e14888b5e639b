import { Buffer } from 'node:buffer';
import { addCounts, addReading, type Counts, type Day, type Distinct, emptyCounts } from './counts.ts';
import { addDurations, copyDurations, sampleDurations } from './durations.ts';
import { ownHostsOf } from './hosts.ts';
import {
  createLineCounter,
  createPlainReader,
  type LineCounter,
  type LogReader,
  longestLine,
} from './reader.ts';
import { durationOf } from './record.ts';
import { dayOf, isAddress, isBot, kindOf, presentOf, publicPath, type Rules, referrerOf } from './rules.ts';
import {
  assetFlag,
  blankLine,
  classCount,
  entryCount,
  entryFlags,
  entryLength,
  entryNext,
  entryText,
  fileFlag,
  noAddressFlag,
  noRecord,
  packedCount,
  packedFlags,
  packedHead,
  packedLength,
  packedText,
  pagesTable,
  partFlag,
  readingsTable,
  recordAfter,
  recordBefore,
  recordOfDay,
  referredFlag,
  referrersTable,
  runtimeLine,
  tableCount,
  visitorsTable,
  wholeFlag,
} from './scan.abi.ts';
import { type Compiled, compileScanner, type Scanner, startScanner } from './scanner.ts';
import { timeOf } from './time.ts';

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

function sourceFinder(rules: Rules): SourceOf {
  const isOwn = ownHostsOf(rules.ownHosts);
  const sources = new Map<string, string | undefined>();
  return (referer, host) => {
    const key = `${referer}\n${host}`;
    if (!sources.has(key)) sources.set(key, referrerOf(referer, host, isOwn));
    return sources.get(key);
  };
}

const seenAs = {
  bad: noRecord,
  day: recordOfDay,
  before: recordBefore,
  after: recordAfter,
  blank: blankLine,
  runtime: runtimeLine,
};
const kinds = { page: 0, asset: assetFlag, file: fileFlag };

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
    kind: (at, length) => kinds[kindOf(text(at, length))],
    address: (at, length) => (isAddress(text(at, length)) ? 1 : 0),
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

/** Hands over the entries of a table: their text, how often they counted, and their flags. */
function eachEntry(
  scanner: Scanner,
  table: number,
  take: (text: string, count: number, flags: number) => void,
): void {
  const words = new Uint32Array(scanner.memory.buffer);
  const bytes = Buffer.from(scanner.memory.buffer);
  const word = (at: number): number => words[at >>> 2] ?? 0;
  for (let at = scanner.headOf(table); at !== 0; at = word(at + entryNext)) {
    const text = at + entryText;
    take(
      bytes.toString('utf8', text, text + word(at + entryLength)),
      word(at + entryCount),
      word(at + entryFlags),
    );
  }
}

/** All visitors, or those who came from elsewhere; they become texts only when somebody compares them. */
function distinctVisitors(scanner: Scanner, which: 'all' | 'referred', size: number): Distinct {
  function* visitors(): Generator<string> {
    const found: string[] = [];
    eachEntry(scanner, visitorsTable, (visitor, _, flags) => {
      const isWanted = which === 'all' || (flags & referredFlag) !== 0;
      if (isWanted && (flags & noAddressFlag) === 0) found.push(visitor);
    });
    yield* found;
  }
  return { size, [Symbol.iterator]: visitors };
}

/** What the scanner counted in numbers. */
function sumsOf(scanner: Scanner, { units }: Rules): Counts {
  return {
    ...emptyCounts(),
    requests: scanner.requests.value,
    classes: [...new Float64Array(scanner.memory.buffer, scanner.classes.value, classCount)],
    views: scanner.views.value,
    bad: scanner.bad.value,
    nobodys: scanner.addressless.value,
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
function packText(text: string, count: number, flags: number): Buffer {
  const bytes = Buffer.alloc(packedText + text.length);
  bytes.writeUInt32LE(text.length, packedLength);
  bytes.writeUInt32LE(count, packedCount);
  bytes.writeUInt32LE(flags, packedFlags);
  bytes.write(text, packedText, 'latin1');
  return bytes;
}

/** Visitors as the scanner packs them, between tables without any text. */
function packVisitors(visitors: string[], referred: ReadonlySet<string>): Buffer {
  const texts = visitors.map((visitor) => packText(visitor, 0, referred.has(visitor) ? referredFlag : 0));
  const heads = Array.from({ length: tableCount }, () => Buffer.alloc(packedHead));
  heads[visitorsTable]?.writeUInt32LE(texts.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat(heads.flatMap((head, table) => (table === visitorsTable ? [head, ...texts] : [head])));
}

/** Gives durations and visitors to the scanner, which compares them as bytes. Answers the rest of the counts. */
function withoutBytes(scanner: Scanner, counts: Counts): Counts {
  addDurations(scanner, counts.durations.values());
  addTexts(scanner, packVisitors([...counts.visitors], new Set(counts.referred)));
  return { ...counts, durations: emptyCounts().durations, visitors: new Set(), referred: new Set() };
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
    eachEntry(scanner, readingsTable, (key, _, flags) => {
      // Who was given it and its path; an address cannot hold a line feed.
      const end = key.indexOf('\n');
      const path = publicPath(key.slice(end + 1));
      addReading(counts.parts, `${key.slice(0, end)}\n${path}`, {
        path,
        isAnybodys: end === 0,
        inParts: (flags & partFlag) !== 0,
        isWhole: (flags & wholeFlag) !== 0,
      });
    });
    counts.durations = sampleDurations(scanner);
    scanner.survey();
    counts.nobodys += scanner.nobodys.value;
    counts.visitors = {
      ...distinctVisitors(scanner, 'all', scanner.visitorCount.value),
      families: {
        v4: { all: scanner.fourCount.value, networks: scanner.fourNetworks.value },
        v6: { all: scanner.sixCount.value, networks: scanner.sixNetworks.value },
      },
    };
    counts.referred = distinctVisitors(scanner, 'referred', scanner.referredCount.value);
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
      trailing: scanner.trailing.value,
      gap: scanner.gap.value,
      runtime: scanner.runtime.value,
    }),
    counts: tally,
    share,
    add,
  };
}
