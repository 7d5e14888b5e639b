// The fast reader of a Caddy access log, in AssemblyScript (TypeScript's syntax, WebAssembly's types), with SIMD.
// It walks a line once as JSON, checking its whole grammar, and counts what the evidence needs in tables of its own.
// Lines that are written like one before them, but for their values, are only compared with it (see `Shape`).
// A line that it is not certain of (no JSON, an escape in a field that counts, a number with an exponent, a header
// given twice, a tab between values) goes to the host as a whole, which reads it with JSON.parse: that reading is the
// truth, and a test holds the two equal. `npm run build` compiles this file to wasm.ts.

/** A whole line that is read by JSON.parse instead: 0 no record, 1 of the day, 2 of another day, 3 blank. */
@external("host", "slow") declare function slow(at: usize, length: usize): i32;
/** Whether a path, seen for the first time, is of a file that pages are made of. */
@external("host", "asset") declare function asset(at: usize, length: usize): i32;
/** Whether an agent, seen for the first time, is a bot. */
@external("host", "bot") declare function bot(at: usize, length: usize): i32;
/** Whether a referrer, seen for the first time with this host, is another site. */
@external("host", "external") declare function external(at: usize, length: usize, host: usize, hostLength: usize): i32;
/** A time or a duration written as text, in the unit of numbers; NaN when it is none. */
@external("host", "time") declare function time(at: usize, length: usize): f64;
@external("host", "duration") declare function duration(at: usize, length: usize): f64;

// ---- settings, and what was counted -------------------------------------------------------------------------------

/** The day from its first moment to before its last, and a second, all in the unit of a number in `ts`. */
let from: f64 = 0;
let to: f64 = 0;
let second: f64 = 1;
/** What a number in `duration` is divided by to be seconds. */
let perSecond: f64 = 1;
let seed: u64 = 0;

export let requests: f64 = 0;
export let views: f64 = 0;
export let bad: f64 = 0;
/** Bad lines before the first record since `begin`: whose they are is not known yet. */
export let leading: f64 = 0;
/** The day of the first and of the last record since `begin`: 0 none yet, 1 the day, 2 another. */
export let first: i32 = 0;
export let last: i32 = 0;
/** The newest time of any record that is not in the future, and of any at all, in the unit of `ts`. */
export let newest: f64 = 0;
export let latest: f64 = 0;
/** What is later is in the future. */
let present: f64 = 0;
/** Requests by status class: 1xx to 5xx, then all others. */
export const classes = memory.data(48, 8);

// ---- memory: a buffer for the host's bytes, then tables and strings, which only grow --------------------------------

let top: usize = 0;

function take(bytes: usize): usize {
  const at = top;
  top += (bytes + 7) & ~7;
  const have = <usize>memory.size() << 16;
  // 64 bytes behind everything are there to be read.
  if (top + 64 > have) {
    const pages = <i32>((top + 64 - have + 0xffff) >>> 16);
    // A fair step at a time: growing by pages one by one would cost more than the scan.
    if (memory.grow(max(pages, 32)) < 0 && memory.grow(pages) < 0) unreachable();
  }
  return at;
}

/** A table of distinct texts: slots of (hash, entry), entries of (length, count, flags, bytes). */
@unmanaged class Table {
  slots: usize;
  mask: u32;
  size: u32;
  /** The first entry and the end of the chain, so that the host can walk all of them. */
  head: usize;
  tail: usize;
}

@unmanaged class Entry {
  next: usize;
  length: u32;
  count: u32;
  flags: u32;
}
const entryBytes: usize = 16;

function createTable(capacity: u32): Table {
  const table = changetype<Table>(take(offsetof<Table>()));
  table.slots = take(<usize>capacity << 3);
  memory.fill(table.slots, 0, <usize>capacity << 3);
  table.mask = capacity - 1;
  table.size = 0;
  table.head = 0;
  table.tail = 0;
  return table;
}

let pages: Table = changetype<Table>(0);
let visitors: Table = changetype<Table>(0);
let agents: Table = changetype<Table>(0);
let referrers: Table = changetype<Table>(0);

/** Seeded, so that nobody outside can choose texts that collide. Two lanes, so that they are multiplied side by side. */
function hashOf(at: usize, length: usize): u32 {
  let one: u64 = seed ^ (<u64>length * 0x9e3779b97f4a7c15);
  let two: u64 = seed;
  let rest = length;
  while (rest >= 16) {
    one = (one ^ load<u64>(at)) * 0xff51afd7ed558ccd;
    two = (two ^ load<u64>(at, 8)) * 0xc4ceb9fe1a85ec53;
    one ^= one >> 32;
    two ^= two >> 29;
    at += 16;
    rest -= 16;
  }
  if (rest >= 8) {
    one = (one ^ load<u64>(at)) * 0xff51afd7ed558ccd;
    one ^= one >> 32;
    at += 8;
    rest -= 8;
  }
  // The bytes behind the text are readable, and cut off here.
  if (rest > 0) two = (two ^ (load<u64>(at) & ((<u64>1 << (<u64>rest << 3)) - 1))) * 0xc4ceb9fe1a85ec53;
  one = (one ^ two ^ (two >> 31)) * 0x9e3779b97f4a7c15;
  return <u32>(one >> 32) | 1;
}

/** Whether two texts are the same. */
function same(a: usize, b: usize, length: usize): bool {
  while (length >= 16) {
    if (!i8x16.all_true(i8x16.eq(v128.load(a), v128.load(b)))) return false;
    a += 16;
    b += 16;
    length -= 16;
  }
  const found = i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)));
  const wanted = (1 << <i32>length) - 1;
  return (found & wanted) == wanted;
}

/** Whether the entry that was looked up last was not there before. */
let fresh: bool = false;

function intern(table: Table, at: usize, length: usize): Entry {
  return internHashed(table, at, length, hashOf(at, length));
}

function internHashed(table: Table, at: usize, length: usize, hash: u32): Entry {
  let slot = hash & table.mask;
  while (true) {
    const where = table.slots + (<usize>slot << 3);
    const tag = load<u32>(where);
    if (tag == 0) break;
    if (tag == hash) {
      const entry = changetype<Entry>(<usize>load<u32>(where, 4));
      if (entry.length == <u32>length && same(changetype<usize>(entry) + entryBytes, at, length)) {
        fresh = false;
        return entry;
      }
    }
    slot = (slot + 1) & table.mask;
  }
  // Of a short text all in one line of the processor's cache: what was not asked for lately comes from far.
  top = (top + 31) & ~31;
  const entry = changetype<Entry>(take(entryBytes + ((length + 15) & ~15)));
  entry.next = 0;
  entry.length = <u32>length;
  entry.count = 0;
  entry.flags = 0;
  memory.copy(changetype<usize>(entry) + entryBytes, at, length);
  if (table.tail == 0) table.head = changetype<usize>(entry);
  else changetype<Entry>(table.tail).next = changetype<usize>(entry);
  table.tail = changetype<usize>(entry);
  table.size += 1;
  if (table.size * 2 > table.mask) grow(table);
  place(table, hash, entry);
  fresh = true;
  return entry;
}

function place(table: Table, hash: u32, entry: Entry): void {
  let slot = hash & table.mask;
  while (load<u32>(table.slots + (<usize>slot << 3)) != 0) slot = (slot + 1) & table.mask;
  store<u32>(table.slots + (<usize>slot << 3), hash);
  store<u32>(table.slots + (<usize>slot << 3), <u32>changetype<usize>(entry), 4);
}

function grow(table: Table): void {
  const old = table.slots;
  const slots = table.mask + 1;
  table.slots = take(<usize>slots << 4);
  memory.fill(table.slots, 0, <usize>slots << 4);
  table.mask = slots * 2 - 1;
  for (let slot: u32 = 0; slot < slots; slot++) {
    const tag = load<u32>(old + (<usize>slot << 3));
    if (tag != 0) place(table, tag, changetype<Entry>(<usize>load<u32>(old + (<usize>slot << 3), 4)));
  }
}

/** Durations of the page views in seconds, in blocks: (next block, how many, values). */
const blockValues: u32 = 65536;
export let firstBlock: usize = 0;
let block: usize = 0;
/** How many more the last block has room for. */
let blockRoom: u32 = 0;
export let durationCount: u32 = 0;

/** Adds a block that is full. */
export function addBlock(next: usize): void {
  store<u32>(next, 0);
  if (block == 0) firstBlock = next;
  else store<u32>(block, <u32>next);
  block = next;
  blockRoom = 0;
  durationCount += load<u32>(next, 4);
}

function keepDuration(seconds: f64): void {
  if (blockRoom == 0) {
    const next = take(8 + (<usize>blockValues << 3));
    store<u32>(next, 0, 4);
    addBlock(next);
    blockRoom = blockValues;
  }
  const length = load<u32>(block, 4);
  store<f64>(block + 8 + (<usize>length << 3), seconds);
  store<u32>(block, length + 1, 4);
  blockRoom -= 1;
  durationCount += 1;
}

// The order of doubles that are not negative is the order of their bits. The first 16 make ranges of a sixteenth: of
// each it is counted how many durations it holds, so that a percentile is looked for in one of them only. The host
// goes from block to block: what is called often is compiled well.
const mostRanges: usize = 0x10000;
let ranges: usize = 0;
/** What `findRange` found: the range, how many durations it holds, and which of them by size is the one asked for. */
let range: u16 = 0;
export let rangeCount: u32 = 0;
export let rangeRank: u32 = 0;

export function clearRanges(): void {
  if (ranges == 0) ranges = take(mostRanges << 2);
  memory.fill(ranges, 0, mostRanges << 2);
}

export function countRanges(block: usize): void {
  const end = block + 8 + (<usize>load<u32>(block, 4) << 3);
  for (let value = block + 8; value < end; value += 8) {
    const range = ranges + (<usize>load<u16>(value, 6) << 2);
    store<u32>(range, load<u32>(range) + 1);
  }
}

/** Finds the range of the duration that is `rank`th by size, from 0 to before `durationCount`. */
export function findRange(rank: u32): void {
  let at = ranges;
  while (rank >= load<u32>(at)) {
    rank -= load<u32>(at);
    at += 4;
  }
  range = <u16>((at - ranges) >> 2);
  rangeCount = load<u32>(at);
  rangeRank = rank;
}

/** Copies the durations of a block that are in that range; answers behind the last. */
export function gather(block: usize, out: usize): usize {
  const end = block + 8 + (<usize>load<u32>(block, 4) << 3);
  for (let value = block + 8; value < end; value += 8) {
    if (load<u16>(value, 6) != range) continue;
    store<f64>(out, load<f64>(value));
    out += 8;
  }
  return out;
}

/** Where the host's bytes go. Before them there is room for their marks. */
const buffer: usize = 1 << 20;

/** Makes room for `bytes` of log, 7 MiB at most, and answers where they go. Everything else stands behind that. */
export function init(
  bytes: u32,
  dayFrom: f64,
  dayTo: f64,
  now: f64,
  unitsPerSecond: f64,
  durationUnits: f64,
  random: u64,
): usize {
  present = now;
  from = dayFrom;
  to = dayTo;
  second = unitsPerSecond;
  perSecond = durationUnits;
  seed = random;
  take(buffer + <usize>bytes);
  pages = createTable(4096);
  visitors = createTable(4096);
  agents = createTable(1024);
  referrers = createTable(1024);
  return buffer;
}

function tableOf(nth: i32): Table {
  return nth == 0 ? pages : nth == 1 ? visitors : referrers;
}

/** The first entry of a table: of pages, visitors or referrers. */
export function headOf(table: i32): usize {
  return tableOf(table).head;
}

export let visitorCount: i32 = 0;
export let referredCount: i32 = 0;
/** Whether all visitors are ASCII. */
export let isPlain: i32 = 0;
/** Behind what `pack` wrote. */
export let packed: usize = 0;

/** Counts the visitors. */
export function survey(): void {
  let bits = i64x2.splat(0);
  referredCount = 0;
  visitorCount = <i32>visitors.size;
  for (let at = visitors.head; at != 0; at = changetype<Entry>(at).next) {
    const entry = changetype<Entry>(at);
    if (entry.flags != 0) referredCount += 1;
    // Behind a text stand zeros.
    for (let nth: usize = 0; nth < entry.length; nth += 16) bits = v128.or(bits, v128.load(at + entryBytes + nth));
  }
  isPlain = i8x16.bitmask(bits) == 0 ? 1 : 0;
}

/**
 * Writes all texts, for a reader in another thread: the entries of pages, visitors and referrers, each table behind its
 * length in bytes and each entry as (length, count, flags, text).
 */
export function pack(): usize {
  let bytes: usize = 12;
  for (let table = 0; table < 3; table++)
    for (let at = headOf(table); at != 0; at = changetype<Entry>(at).next) bytes += 12 + changetype<Entry>(at).length;
  const start = take(bytes + 16);
  let out = start;
  for (let table = 0; table < 3; table++) {
    const first = out + 4;
    out = first;
    for (let at = headOf(table); at != 0; at = changetype<Entry>(at).next) {
      const entry = changetype<Entry>(at);
      store<u32>(out, entry.length);
      store<u32>(out, entry.count, 4);
      store<u32>(out, entry.flags, 8);
      copy(out + 12, at + entryBytes, entry.length);
      out += 12 + entry.length;
    }
    store<u32>(first - 4, <u32>(out - first));
  }
  packed = out;
  return start;
}

/** Room for what the host brings. */
export function room(bytes: usize): usize {
  return take(bytes + 16);
}

/** Adds what another reader packed. */
export function unpack(p: usize): void {
  for (let nth = 0; nth < 3; nth++) {
    const table = tableOf(nth);
    const end = p + 4 + load<u32>(p);
    p += 4;
    while (p < end) {
      const length = <usize>load<u32>(p);
      if (table == visitors) addVisit(p + 12, length, load<u32>(p, 8) != 0);
      else {
        const entry = intern(table, p + 12, length);
        entry.count += load<u32>(p, 4);
        entry.flags |= load<u32>(p, 8);
      }
      p += 12 + length;
    }
    countVisits();
  }
}

/** A new log, or a part of one, begins. */
export function begin(): void {
  leading = 0;
  first = 0;
  last = 0;
}

// ---- where texts begin and end --------------------------------------------------------------------------------------

// All quotes, backslashes and control characters have a mark: a bit for each byte of the buffer. The bits of the eight
// bytes at `p` stand at `p >> 3`, which for the buffer is a place in front of it.

@inline function special(v: v128): i32 {
  // With its second bit turned over a quote is 0x20: one comparison finds it and everything below a space.
  const turned = v128.xor(v, i8x16.splat(2));
  const quoteOrControl = i8x16.eq(i8x16.min_u(turned, i8x16.splat(0x20)), turned);
  return i8x16.bitmask(v128.or(quoteOrControl, i8x16.eq(v, i8x16.splat(0x5c))));
}

/** Marks everything from `p`, which is a multiple of 64, to `end` and up to 127 bytes behind it. */
function mark(p: usize, end: usize): void {
  for (; p < end; p += 128) {
    const out = p >> 3;
    store<u16>(out, special(v128.load(p)));
    store<u16>(out, special(v128.load(p, 16)), 2);
    store<u16>(out, special(v128.load(p, 32)), 4);
    store<u16>(out, special(v128.load(p, 48)), 6);
    store<u16>(out, special(v128.load(p, 64)), 8);
    store<u16>(out, special(v128.load(p, 80)), 10);
    store<u16>(out, special(v128.load(p, 96)), 12);
    store<u16>(out, special(v128.load(p, 112)), 14);
  }
}

/** The marks of the bytes from `p` on, 57 at least. */
@inline function marksAt(p: usize): u64 {
  return load<u64>(p >> 3) >> <u64>(p & 7);
}

/** The first mark at `p` or behind it. The last byte of the buffer, a line feed, has one. */
@inline function markFrom(p: usize): usize {
  const set = marksAt(p);
  return set != 0 ? p + <usize>ctz(set) : farMark(p + 57);
}

function farMark(p: usize): usize {
  while (true) {
    const set = marksAt(p);
    if (set != 0) return p + <usize>ctz(set);
    p += 57;
  }
}

// ---- one line -------------------------------------------------------------------------------------------------------

/** Tabs and carriage returns are space as well, but they have marks: a line with them is not certain. */
@inline function skipSpace(p: usize): usize {
  while (load<u8>(p) == 0x20) p++;
  return p;
}

function isHex(c: u32): bool {
  return c - 0x30 < 10 || (c | 0x20) - 0x61 < 6;
}

/** The closing quote of a text, from any place of it that is not inside of an escape; 0 when it is no text. */
function closing(p: usize): usize {
  while (true) {
    p = markFrom(p);
    const c = load<u8>(p);
    if (c == 0x22) return p;
    if (c != 0x5c) return 0;
    const e = load<u8>(p, 1);
    if (e == 0x75) {
      if (!(isHex(load<u8>(p, 2)) && isHex(load<u8>(p, 3)) && isHex(load<u8>(p, 4)) && isHex(load<u8>(p, 5)))) return 0;
      p += 6;
    } else if (e == 0x22 || e == 0x5c || e == 0x2f || e == 0x62 || e == 0x66 || e == 0x6e || e == 0x72 || e == 0x74) p += 2;
    else return 0;
  }
}

/** One bit for each byte that is no digit. */
@inline function others(p: usize): i32 {
  return i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(p), i8x16.splat(0x30)), i8x16.splat(9)));
}

/** From the first byte of a number to behind it, or 0. */
@inline function numberEnd(p: usize): usize {
  // Nearly all are digits, or digits, a point and digits, up to 15 each.
  const first = others(p);
  if (first != 0 && load<u8>(p) - 0x31 < 9) {
    const end = p + <usize>ctz(first);
    const c = load<u8>(end);
    if (c == 0x2c || c == 0x7d) return end;
  }
  return longNumberEnd(p);
}

function longNumberEnd(p: usize): usize {
  if (load<u8>(p) == 0x2d) p++;
  const c = <u32>load<u8>(p) - 0x30;
  if (c > 9) return 0;
  if (c == 0) p++;
  else {
    const rest = others(p);
    if (rest != 0) p += <usize>ctz(rest);
    else while (<u32>load<u8>(p) - 0x30 < 10) p++;
  }
  if (load<u8>(p) == 0x2e) {
    const rest = others(++p);
    if ((rest & 1) != 0) return 0;
    if (rest != 0) p += <usize>ctz(rest);
    else while (<u32>load<u8>(p) - 0x30 < 10) p++;
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    p++;
    const sign = load<u8>(p);
    if (sign == 0x2b || sign == 0x2d) p++;
    if (<u32>load<u8>(p) - 0x30 > 9) return 0;
    while (<u32>load<u8>(p) - 0x30 < 10) p++;
  }
  return p;
}

/** Up to eight digits as a number: pairs, then fours, then all of them at once. */
@inline function eight(p: usize, length: usize): u64 {
  if (length == 0) return 0;
  let v = (load<u64>(p) - 0x3030303030303030) << ((8 - <u64>length) << 3);
  v = v * 10 + (v >> 8);
  return ((v & 0x000000ff000000ff) * 0x000f424000000064 + ((v >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

/** Up to 15 digits. */
@inline function digitsOf(p: usize, length: usize): u64 {
  return length > 8 ? eight(p, length - 8) * 100000000 + eight(p + length - 8, 8) : eight(p, length);
}

// What `decimal` read.
let whole: u64 = 0;
let part: u64 = 0;
let wholeDigits: usize = 0;
let partDigits: usize = 0;

/** Reads digits, with a point between them or not, up to 15 on each side; false for anything longer or other. */
function decimal(p: usize, length: usize): bool {
  const first = others(p);
  wholeDigits = first == 0 ? 16 : <usize>ctz(first);
  if (wholeDigits > length) wholeDigits = length;
  if (wholeDigits > 15) return false;
  whole = digitsOf(p, wholeDigits);
  part = 0;
  partDigits = 0;
  if (wholeDigits == length) return true;
  if (load<u8>(p + wholeDigits) != 0x2e) return false;
  p += wholeDigits + 1;
  partDigits = length - wholeDigits - 1;
  if (partDigits > 15) return false;
  const second = others(p);
  if (second != 0 && <usize>ctz(second) < partDigits) return false;
  part = digitsOf(p, partDigits);
  return true;
}

function isNumber(c: u32): bool {
  return c - 0x30 < 10 || c == 0x2d;
}

/** `true`, `false`, `null` or a number, to behind it, or 0. */
function skipPlain(p: usize, c: u32): usize {
  if (c == 0x74) return load<u32>(p) == 0x65757274 ? p + 4 : 0;
  if (c == 0x66) return load<u32>(p, 1) == 0x65736c61 ? p + 5 : 0;
  if (c == 0x6e) return load<u32>(p) == 0x6c6c756e ? p + 4 : 0;
  return numberEnd(p);
}

/** From the opening bracket or brace of any value to behind it, or 0. */
function skipNested(p: usize, depth: i32): usize {
  if (depth > 60) return 0;
  const isObject = load<u8>(p) == 0x7b;
  const close: u8 = isObject ? 0x7d : 0x5d;
  p = skipSpace(p + 1);
  if (load<u8>(p) == close) return p + 1;
  while (true) {
    if (isObject) {
      if (load<u8>(p) != 0x22) return 0;
      p = closing(p + 1);
      if (p == 0) return 0;
      p = skipSpace(p + 1);
      if (load<u8>(p) != 0x3a) return 0;
      p = skipSpace(p + 1);
    }
    const c = load<u8>(p);
    if (c == 0x22) {
      p = closing(p + 1);
      if (p == 0) return 0;
      p++;
    } else p = c == 0x7b || c == 0x5b ? skipNested(p, depth + 1) : skipPlain(p, c);
    if (p == 0) return 0;
    p = skipSpace(p);
    const after = load<u8>(p);
    if (after == 0x2c) p = skipSpace(p + 1);
    else return after == close ? p + 1 : 0;
  }
}

/** Which object a key stands in. */
const inNothing: u64 = 0;
const inResponse: u64 = 1;
/** From here on there are keys that ask for something. */
const inRecord: u64 = 2;
const inRequest: u64 = 3;
const inHeaders: u64 = 4;

/** Which value a key of those objects asks for. */
const isUri: u32 = 1;
const isMethod: u32 = 2;
const isHost: u32 = 3;
const isClient: u32 = 4;
const isRemote: u32 = 5;
const isAgent: u32 = 6;
const isReferer: u32 = 7;
const isTime: u32 = 8;
const isDuration: u32 = 9;
const isStatus: u32 = 10;
const isRequest: u32 = 11;
const isHeaders: u32 = 12;
const isResponse: u32 = 13;

/** Where the values stand: (place, length) by name. */
const fields = memory.data(14 * 8, 8);
/** Which of them this line has as a text, and which as a number; a bit for each name. */
let texts: u32 = 0;
let numbers: u32 = 0;

@inline function keep(name: u32, at: usize, length: usize): void {
  store<u32>(fields + (<usize>name << 3), <u32>at);
  store<u32>(fields + (<usize>name << 3), <u32>length, 4);
}

@inline function isText(name: u32): bool {
  return ((texts >> name) & 1) != 0;
}

@inline function at(name: u32): usize {
  return <usize>load<u32>(fields + (<usize>name << 3));
}

/** The length of a text; 0 where there is none. */
@inline function lengthOf(name: u32): usize {
  return isText(name) ? <usize>load<u32>(fields + (<usize>name << 3), 4) : 0;
}

@inline function nameOf(object: u64, key: usize, length: usize): u32 {
  if (object == inHeaders) {
    if (
      length == 10 &&
      (load<u64>(key) | 0x2020202020202020) == 0x6567612d72657375 &&
      (load<u16>(key, 8) | 0x2020) == 0x746e
    )
      return isAgent;
    if (
      length == 7 &&
      (load<u32>(key) | 0x20202020) == 0x65666572 &&
      (load<u32>(key, 3) | 0x20202020) == 0x72657265
    )
      return isReferer;
    return 0;
  }
  if (object == inRequest) {
    if (length == 9) {
      if (load<u8>(key, 8) != 0x70) return 0;
      if (load<u64>(key) == 0x695f65746f6d6572) return isRemote;
      return load<u64>(key) == 0x695f746e65696c63 ? isClient : 0;
    }
    if (length == 3) return load<u16>(key) == 0x7275 && load<u8>(key, 2) == 0x69 ? isUri : 0;
    if (length == 4) return load<u32>(key) == 0x74736f68 ? isHost : 0;
    if (length == 6) return load<u32>(key) == 0x6874656d && load<u16>(key, 4) == 0x646f ? isMethod : 0;
    if (length == 7) return load<u32>(key) == 0x64616568 && load<u32>(key, 3) == 0x73726564 ? isHeaders : 0;
    return 0;
  }
  if (length == 2) return load<u16>(key) == 0x7374 ? isTime : 0;
  if (length == 7) return load<u32>(key) == 0x75716572 && load<u32>(key, 3) == 0x74736575 ? isRequest : 0;
  if (length == 8) return load<u64>(key) == 0x6e6f697461727564 ? isDuration : 0;
  if (length == 6) return load<u32>(key) == 0x74617473 && load<u16>(key, 4) == 0x7375 ? isStatus : 0;
  if (length == 12) return load<u64>(key) == 0x6165685f70736572 && load<u32>(key, 8) == 0x73726564 ? isResponse : 0;
  return 0;
}

/**
 * The object of a line, from its brace to behind its closing one, or 0 when it is no JSON or not certain. One loop over
 * keys and values for all objects; `objects` holds, three bits a level, which objects it is in. Lists, but for headers
 * that count, go through `skipNested`.
 */
function record(p: usize): usize {
  let objects: u64 = 0;
  let object: u64 = inRecord;
  let seen: u32 = 0;
  let asText: u32 = 0;
  let asNumber: u32 = 0;
  let members: usize = 0;
  p = skipSpace(p + 1);
  let closes = load<u8>(p) == 0x7d;
  while (true) {
    if (!closes) {
      // A key.
      if (load<u8>(p) != 0x22) return 0;
      const key = p + 1;
      let end = markFrom(key);
      let name: u32 = 0;
      if (load<u8>(end) == 0x22) {
        if (object >= inRecord) name = nameOf(object, key, end - key);
      } else {
        // With an escape it may be any name.
        if (object >= inRecord) return 0;
        end = closing(end);
        if (end == 0) return 0;
      }
      p = end + 1;
      if (load<u8>(p) != 0x3a) {
        p = skipSpace(p);
        if (load<u8>(p) != 0x3a) return 0;
      }
      p = skipSpace(p + 1);
      if (name != 0) {
        // Twice: which of them counts is for JSON.parse to say.
        if (((seen >> name) & 1) != 0) return 0;
        seen |= 1 << name;
      }
      // Its value.
      const c = load<u8>(p);
      if (c == 0x22) {
        end = markFrom(p + 1);
        if (load<u8>(end) == 0x22) {
          if (name != 0) {
            keep(name, p + 1, end - p - 1);
            asText |= 1 << name;
          }
          if (object != inHeaders && object != inResponse) hole(textHole, name, p + 1, end);
        } else {
          if (name != 0) return 0;
          end = closing(end);
          if (end == 0) return 0;
        }
        p = end + 1;
      } else if (c == 0x5b) {
        if (object == inHeaders && name != 0 && load<u8>(p, 1) != 0x5d) {
          // Of a list of anything else than one text JSON.parse says what counts.
          end = markFrom(p + 2);
          if (load<u8>(p, 1) != 0x22 || load<u16>(end) != 0x5d22) return 0;
          keep(name, p + 2, end - p - 2);
          asText |= 1 << name;
        }
        p = skipNested(p, 4);
        if (p == 0) return 0;
      } else if (c == 0x7b) {
        if (objects >> 60 != 0) return 0;
        objects = (objects << 3) | object;
        object = inNothing;
        if (name == isRequest) object = inRequest;
        else if (name == isHeaders) object = inHeaders;
        else if (name == isResponse) object = inResponse;
        if (object == inHeaders || object == inResponse) members = p + 1;
        p = skipSpace(p + 1);
        closes = load<u8>(p) == 0x7d;
        continue;
      } else {
        const start = p;
        p = skipPlain(p, c);
        if (p == 0) return 0;
        if (name != 0 && isNumber(c)) {
          keep(name, start, p - start);
          asNumber |= 1 << name;
        }
        if (isNumber(c)) hole(numberHole, name, start, p);
      }
    }
    // Behind a value, or at the brace of an empty object.
    while (true) {
      let c = load<u8>(p);
      if (c == 0x20) {
        p = skipSpace(p);
        c = load<u8>(p);
      }
      if (c == 0x2c) {
        p = skipSpace(p + 1);
        closes = false;
        break;
      }
      if (c != 0x7d) return 0;
      if (object == inHeaders) hole(headersHole, 0, members, p);
      if (object == inResponse) hole(responseHole, 0, members, p);
      p++;
      if (objects == 0) {
        texts = asText;
        numbers = asNumber;
        return p;
      }
      object = objects & 7;
      objects >>= 3;
    }
  }
}

// ---- lines of a known shape -----------------------------------------------------------------------------------------

// A server writes its lines with one encoder: the same members in the same order, and many of the same values. What
// stays the same from line to line is a shape: pieces of text, and between them holes for what differs. A line that
// `record` has read gives a shape; a line that has the same text around its holes, and in them texts without escapes,
// numbers and headers, is JSON as well, and says the same in the same places. That takes a fraction of reading it.

const noHole: u32 = 0;
const textHole: u32 = 1;
const numberHole: u32 = 2;
/** The members of `request.headers`, and of `resp_headers`, which come in any order. */
const headersHole: u32 = 3;
const responseHole: u32 = 4;

@unmanaged class Hole {
  kind: u32;
  name: u32;
  from: usize;
  to: usize;
}
const holeBytes: usize = 16;
const mostHoles: usize = 64;
/** The holes of the line a shape is made of, and of the one before it. */
const holesHere = memory.data(64 * 16, 4);
const holesBefore = memory.data(64 * 16, 4);

/** Where the holes of the line that `record` reads go, up to where; 0 when they are not asked for. */
let holes: usize = 0;
let holesEnd: usize = 0;

@inline function hole(kind: u32, name: u32, from: usize, to: usize): void {
  if (holes != holesEnd) addHole(kind, name, from, to);
}

function addHole(kind: u32, name: u32, from: usize, to: usize): void {
  const hole = changetype<Hole>(holes);
  hole.kind = kind;
  hole.name = name;
  hole.from = from;
  hole.to = to;
  holes += holeBytes;
}

/** Finds the holes of a line; answers behind the last, or 0 when there are too many. */
function holesOf(line: usize, list: usize): usize {
  holes = list;
  holesEnd = list + mostHoles * holeBytes;
  record(line);
  const last = holes;
  const isFull = holes == holesEnd;
  holes = 0;
  holesEnd = 0;
  return isFull ? 0 : last;
}

/** What stands before the first hole, or in a hole and behind it. Its text follows, then which of its last 16 bytes count. */
@unmanaged class Piece {
  kind: u32;
  name: u32;
  length: usize;
  end: usize;
}
const pieceBytes: usize = 16;

@unmanaged class Shape {
  texts: u32;
  numbers: u32;
  end: usize;
}
const shapeBytes: usize = 16;

const mostShapes: usize = 8;
const mostGuesses: usize = 4;
/** In bytes of a line. */
const longestShape: usize = 16384;
const shapes = memory.data(8 * 4, 4);
let shapeCount: usize = 0;
/** With those that turned out to be none. */
let shapesTried: usize = 0;
/** The shape that the last line had. */
let current: Shape = changetype<Shape>(0);

function addPiece(kind: u32, name: u32, from: usize, to: usize): void {
  const length = to - from;
  const full = length & ~15;
  const piece = changetype<Piece>(take(pieceBytes + full + 32));
  piece.kind = kind;
  piece.name = name;
  piece.length = length;
  const text = changetype<usize>(piece) + pieceBytes;
  piece.end = text + full + 32;
  memory.fill(text, 0, full + 32);
  memory.copy(text, from, length);
  memory.fill(text + full + 16, 0xff, length - full);
}

/**
 * Remembers the shape of a line that `record` has read, up to behind its line feed, once there is another line before
 * it: what does not count and is the same in both belongs to the text. The last shapes are without such guesses, so
 * that whatever varies in a log finally has one.
 */
function learn(before: usize, line: usize, end: usize): void {
  if (before == 0 || end - line > longestShape || shapesTried == mostShapes) return;
  shapesTried += 1;
  const last = holesOf(line, holesHere);
  if (last == 0) return;
  const shape = changetype<Shape>(take(shapeBytes));
  shape.texts = texts & ~((1 << isAgent) | (1 << isReferer));
  shape.numbers = numbers;
  const lastBefore = shapesTried <= mostGuesses ? holesOf(before, holesBefore) : holesBefore;
  let from = line;
  let kind = noHole;
  let name: u32 = 0;
  let other = holesBefore;
  for (let at = holesHere; at < last; at += holeBytes, other += holeBytes) {
    const hole = changetype<Hole>(at);
    if (other < lastBefore && isSame(hole, changetype<Hole>(other))) continue;
    // An object inside of a header.
    if (hole.from < from) return;
    addPiece(kind, name, from, hole.from);
    kind = hole.kind;
    name = hole.name;
    from = hole.to;
  }
  addPiece(kind, name, from, end);
  shape.end = top;
  current = shape;
  store<u32>(shapes + (shapeCount << 2), <u32>changetype<usize>(shape));
  shapeCount += 1;
}

/** Whether what fills a hole does not count, and is the same in two lines. */
function isSame(a: Hole, b: Hole): bool {
  const length = a.to - a.from;
  return a.name == 0 && a.kind <= numberHole && a.kind == b.kind && b.to - b.from == length && same(a.from, b.from, length);
}

/**
 * From the first member of headers, each a list of texts under a name, to the closing brace; or 0 for anything else.
 * Keeps those that count where `named`.
 */
function headersEnd(p: usize, named: bool): usize {
  if (load<u8>(p) == 0x7d) return p;
  if (load<u8>(p) != 0x22) return 0;
  while (true) {
    // A whole member mostly fits into 64 bytes: its name's end, then the value's beginning and its end.
    const key = p + 1;
    let set = marksAt(key);
    const close = key + <usize>ctz(set);
    if (load<u32>(close) != 0x225b3a22 || set == 0) return 0;
    const value = close + 4;
    set &= set - 1;
    set &= set - 1;
    let end = set != 0 ? key + <usize>ctz(set) : markFrom(value);
    const name = named ? nameOf(inHeaders, key, close - key) : 0;
    if (name != 0) {
      if (((texts >> name) & 1) != 0) return 0;
      texts |= 1 << name;
      keep(name, value, end - value);
    }
    if (load<u32>(end) != 0x222c5d22) {
      if (load<u8>(end) != 0x22) {
        // An escape.
        if (name != 0) return 0;
        end = closing(end);
        if (end == 0) return 0;
      }
      // More texts: of those that count it is the first.
      while ((load<u32>(end) & 0xffffff) == 0x222c22) {
        end = closing(end + 3);
        if (end == 0) return 0;
      }
      // The last member; whether a brace follows is seen by who compares the text behind.
      const tail = load<u32>(end);
      if (tail != 0x222c5d22) return (tail & 0xffff) == 0x5d22 ? end + 2 : 0;
    }
    p = end + 3;
  }
}

/** Whether a line has a shape: behind its line feed, or 0. Leaves in `fields` what `record` would. */
function fit(shape: Shape, p: usize): usize {
  let piece = changetype<usize>(shape) + shapeBytes;
  const end = shape.end;
  texts = shape.texts;
  while (piece < end) {
    const it = changetype<Piece>(piece);
    const kind = it.kind;
    const from = p;
    if (kind == textHole) {
      p = markFrom(p);
      keep(it.name, from, p - from);
    } else if (kind == numberHole) {
      p = numberEnd(p);
      if (p == 0) return 0;
      keep(it.name, from, p - from);
    } else if (kind != noHole) {
      p = headersEnd(p, kind == headersHole);
      if (p == 0) return 0;
    }
    let text = piece + pieceBytes;
    let at = p;
    p += it.length;
    piece = it.end;
    const rest = piece - 32;
    let wrong = i64x2.splat(0);
    for (; text < rest; text += 16, at += 16) wrong = v128.or(wrong, v128.xor(v128.load(at), v128.load(text)));
    wrong = v128.or(wrong, v128.and(v128.xor(v128.load(at), v128.load(rest)), v128.load(rest, 16)));
    if (v128.any_true(wrong)) return 0;
  }
  numbers = shape.numbers;
  return p;
}

/** Whether a line has any shape that is known: behind its line feed, or 0. */
function fitAny(p: usize): usize {
  if (shapeCount == 0) return 0;
  const behind = fit(current, p);
  if (behind != 0) return behind;
  for (let nth: usize = 0; nth < shapeCount; nth++) {
    const shape = changetype<Shape>(<usize>load<u32>(shapes + (nth << 2)));
    if (shape == current) continue;
    const behind = fit(shape, p);
    if (behind != 0) {
      current = shape;
      return behind;
    }
  }
  return 0;
}

let stamp: f64 = 0;

/** The time of the line that `record` read: 0 none, 1 of the day, 2 of another, 3 not certain. */
function dayOf(): i32 {
  const place = at(isTime);
  const length = <usize>load<u32>(fields + (<usize>isTime << 3), 4);
  if (isText(isTime)) {
    stamp = time(place, length);
    if (stamp != stamp) return 0;
  } else if (((numbers >> isTime) & 1) == 0) return 0;
  else {
    // A nanosecond since 1970 has 19 digits, which a double does not hold.
    if (!decimal(place, length)) return 3;
    stamp = <f64>whole;
    // More digits than a double holds may be rounded over the edge of the day.
    if (wholeDigits + partDigits > 15 && (abs(stamp - from) <= second || abs(stamp - to) <= second)) return 3;
  }
  return stamp >= from && stamp < to ? 1 : 2;
}

const powers = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
]);

/** The duration in seconds; -1 when there is none, NaN when it is not certain. */
function secondsOf(): f64 {
  const place = at(isDuration);
  const length = <usize>load<u32>(fields + (<usize>isDuration << 3), 4);
  if (isText(isDuration)) {
    const read = duration(place, length);
    return read == read ? read : -1;
  }
  if (((numbers >> isDuration) & 1) == 0) return -1;
  // At most 15 digits are exact in a double, and so is the power of ten: one division rounds as JSON.parse does.
  if (!decimal(place, length) || wholeDigits + partDigits > 15) return NaN;
  const power = load<u64>(powers + (partDigits << 3));
  const read = <f64>(whole * power + part) / <f64>power;
  return perSecond == 1 ? read : read / perSecond;
}

/** How long the path of a URI is: up to the first `?` or `#`. */
function pathLengthOf(at: usize, length: usize): usize {
  const end = at + length;
  for (let p = at; p < end; p += 16) {
    const v = v128.load(p);
    const hit = i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(0x3f)), i8x16.eq(v, i8x16.splat(0x23))));
    if (hit != 0) return min(length, p + <usize>ctz(hit) - at);
  }
  return length;
}

/** The line feed at or behind a place. */
function lineEnd(p: usize): usize {
  while (true) {
    const hit = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x0a)));
    if (hit != 0) return p + <usize>ctz(hit);
    p += 16;
  }
}

/** Bits of an entry's flags. */
const yes: u32 = 1;

/** Counts a line as a page view if it is one; false when that is not certain. */
function view(): bool {
  const pathLength = pathLengthOf(at(isUri), lengthOf(isUri));
  const path = intern(pages, at(isUri), pathLength);
  if (fresh && asset(at(isUri), pathLength) != 0) path.flags = yes;
  if (path.flags != 0) return true;
  if (isText(isAgent)) {
    if (lengthOf(isAgent) > agentMost) return false;
    const agent = intern(agents, at(isAgent), lengthOf(isAgent));
    if (fresh && bot(at(isAgent), lengthOf(isAgent)) != 0) agent.flags = yes;
    if (agent.flags != 0) return true;
  }
  const seconds = secondsOf();
  if (seconds != seconds) return false;
  views += 1;
  path.count += 1;
  if (seconds >= 0) keepDuration(seconds);
  const address = lengthOf(isClient) != 0 ? isClient : isRemote;
  if (lengthOf(address) != 0) addVisit(at(address), lengthOf(address), isReferral());
  else isReferral();
  return true;
}

/**
 * How much of a referrer names its site: up to behind the authority of an http address. What follows never changes the
 * host, and without it there are far fewer to tell apart. Of anything else, and of what a URL's parser would trim when
 * it is cut, nothing is left out.
 */
function siteLength(at: usize, length: usize): usize {
  let start: usize = 0;
  if (load<u32>(at) == 0x70747468) {
    if ((load<u32>(at, 4) & 0xffffff) == 0x2f2f3a) start = 7;
    else if (load<u32>(at, 4) == 0x2f2f3a73) start = 8;
  }
  if (start == 0) return length;
  for (let nth = start; nth < length; nth++) {
    const c = load<u8>(at + nth);
    if (c == 0x2f || c == 0x3f || c == 0x23) return nth == start || load<u8>(at + nth - 1) == 0x20 ? length : nth;
  }
  return length;
}

/** Counts where a page view came from; whether that is another site. */
function isReferral(): bool {
  if (lengthOf(isReferer) == 0) return false;
  // The host that was asked belongs to the key, because coming from there is no referral.
  const length = siteLength(at(isReferer), lengthOf(isReferer));
  const key = joined(at(isReferer), length, at(isHost), lengthOf(isHost));
  const referrer = intern(referrers, key, length + 1 + lengthOf(isHost));
  if (fresh && external(at(isReferer), length, at(isHost), lengthOf(isHost)) != 0) referrer.flags = yes;
  if (referrer.flags == 0) return false;
  referrer.count += 1;
  return true;
}

// Visitors are so many that their table does not fit into a core's own cache, and memory takes longer to answer than
// reading a line does. So they are looked up many at a time: all slots are asked for at once, then all entries.
const mostVisits: usize = 64;
const visitBytes: usize = 24;
const visits = memory.data(64 * 24, 8);
let visitCount: usize = 0;

@unmanaged class Visit {
  address: usize;
  length: usize;
  /** What it adds to the visitor's flags: whether it is a referral. */
  flags: u32;
  hash: u32;
  slot: usize;
  /** Only asked for, so that it is near when it is needed: the table may have grown by then. */
  entry: usize;
}

function addVisit(address: usize, length: usize, referral: bool): void {
  const visit = changetype<Visit>(visits + visitCount * visitBytes);
  visit.address = address;
  visit.length = length;
  visit.flags = referral ? yes : 0;
  visit.hash = hashOf(address, length);
  visit.slot = visitors.slots + (<usize>(visit.hash & visitors.mask) << 3);
  visitCount += 1;
  if (visitCount == mostVisits) countVisits();
}

function countVisits(): void {
  const end = visits + visitCount * visitBytes;
  for (let at = visits; at < end; at += visitBytes) {
    const visit = changetype<Visit>(at);
    visit.entry = <usize>load<u32>(visit.slot, 4);
  }
  for (let at = visits; at < end; at += visitBytes) {
    const visit = changetype<Visit>(at);
    visit.entry = load<u32>(visit.entry);
  }
  for (let at = visits; at < end; at += visitBytes) {
    const visit = changetype<Visit>(at);
    internHashed(visitors, visit.address, visit.length, visit.hash).flags |= visit.flags;
  }
  visitCount = 0;
}

let scratch: usize = 0;
let scratchBytes: usize = 0;

/** Two texts with a line feed between them, which neither can hold. */
function joined(a: usize, aLength: usize, b: usize, bLength: usize): usize {
  const bytes = aLength + bLength + 1;
  if (bytes > scratchBytes) {
    scratchBytes = max(bytes * 2, 4096);
    scratch = take(scratchBytes + 16);
  }
  copy(scratch, a, aLength);
  store<u8>(scratch + aLength, 0x0a);
  copy(scratch + aLength + 1, b, bLength);
  return scratch;
}

/** Up to 15 bytes more than asked for; `memory.copy` calls out of the module, which takes longer than a short text. */
@inline function copy(to: usize, from: usize, length: usize): void {
  for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at));
}

/** Agents are judged on their beginning; a longer one is cut by the host, which knows where characters end. */
const agentMost: usize = 512;

/**
 * Reads all lines from `p` to `stop`. The byte before `stop` is a line feed, and 64 bytes behind it are readable.
 */
export function scan(p: usize, stop: usize): void {
  let before: usize = 0;
  mark(p & ~63, stop);
  while (p < stop) {
    if (load<u8>(p) == 0x0a) {
      p++;
      continue;
    }
    let behind = fitAny(p);
    let day = -1;
    if (behind != 0) day = count();
    else {
      behind = lineEnd(p) + 1;
      if (isRecord(p, behind)) {
        day = count();
        if (day > 0) learn(before, p, behind);
      }
    }
    if (day < 0) day = slow(p, behind - 1 - p);
    if (day == 1 || day == 2) {
      // Whose the leading bad lines are is for the host to say, which knows what came before this part of the log.
      if (first == 0) first = day;
      last = day;
    } else if (day == 0) {
      if (first == 0) leading += 1;
      else if (last == 1) bad += 1;
    }
    before = p;
    p = behind;
  }
  // Their texts stand in the buffer.
  countVisits();
}

/** Whether a line is an object, and nothing else, up to behind its line feed. */
function isRecord(p: usize, behind: usize): bool {
  if (load<u8>(p) != 0x7b) return false;
  p = record(p);
  if (p == 0) return false;
  // A log written on Windows ends its lines with a carriage return as well.
  p = skipSpace(p);
  if (load<u8>(p) == 0x0d) p++;
  return p == behind - 1;
}

/** The status of the line; -1 when it is not certain. */
function statusOf(): i32 {
  const place = at(isStatus);
  const length = <usize>load<u32>(fields + (<usize>isStatus << 3), 4);
  if (length == 3 && (others(place) & 7) == 0) {
    const digits = load<u32>(place) - 0x303030;
    return <i32>((digits & 0xff) * 100 + ((digits >> 8) & 0xff) * 10 + ((digits >> 16) & 0xff));
  }
  return length <= 9 && decimal(place, length) && partDigits == 0 ? <i32>whole : -1;
}

/** Counts the line that `record` read: 0 no record, 1 of the day, 2 of another day, -1 not certain. */
function count(): i32 {
  if (!isText(isUri) || ((numbers >> isStatus) & 1) == 0) return 0;
  const day = dayOf();
  if (day == 0) return 0;
  if (day == 3) return -1;
  const status = statusOf();
  if (status < 0) return -1;
  if (day == 1) {
    const group = status / 100 - 1;
    const isView =
      (group == 1 || status == 304) &&
      lengthOf(isMethod) == 3 &&
      load<u16>(at(isMethod)) == 0x4547 &&
      load<u8>(at(isMethod), 2) == 0x54;
    if (isView && !view()) return -1;
    requests += 1;
    const counter = classes + ((group >= 0 && group < 5 ? <usize>group : 5) << 3);
    store<f64>(counter, load<f64>(counter) + 1);
  }
  if (stamp > latest) {
    latest = stamp;
    if (stamp <= present) newest = stamp;
  } else if (stamp > newest && stamp <= present) newest = stamp;
  return day;
}
