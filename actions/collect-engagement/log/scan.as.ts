// The fast reader of a Caddy access log, in AssemblyScript (TypeScript's syntax, WebAssembly's types), with SIMD.
//
// It walks a line as JSON, checks its whole grammar on the way, and counts what the evidence needs in tables of its own.
// A line that is written like one before it, but for its values, is not walked: it is only compared with that line's
// `Shape`. A line that this file is not certain of goes to the host as a whole, which reads it with JSON.parse (`slow`).
// That reading is the truth, and readers.test.ts holds the two equal. Not certain are: what is no JSON; an escape in a
// key, or in a text that counts; a number that counts and has an exponent, or so many digits that rounding matters; a key that
// counts and is given twice; a tab or a carriage return between values; values nested deeper than `deepest`.
//
// What has to hold:
// - In doubt the host decides. Every function that may be in doubt says what it answers then (0, -1, NaN or false). Until
//   all doubts are over nothing of a line is counted; what may be left behind is an entry whose count is 0.
// - What is scanned ends with a line feed, and a line feed has a mark. So whoever looks for the end of a line or for a mark
//   finds one, and asks for no end of the buffer.
// - 64 bytes behind any text can be read, because texts are looked at 16 bytes at a time.
// - Memory only grows, and new memory is zero. So behind the text of an entry stand zeros up to a multiple of 16 bytes.
// - A slot whose hash is 0 is free. A hash is never 0, and a table is never more than half full: every search in it ends.
// - Places in `fields`, in holes and in what waits are places in the buffer. They hold until `scan` has returned.
// - Where a shape fits, `fit` leaves in `fields`, `texts` and `numbers` what `record` would have left there.
//
// To change this:
// - What counts, and as what, is decided in record.ts, rules.ts and reader.ts. This file follows them, so change them first.
// - The memory map, and every number that the host knows as well, stands in scan.abi.ts and nowhere else.
// - `npm run build` compiles this file to scan.wasm.ts, which is committed with it.
// - test/actions/collect-engagement/log/ guards it. readers.test.ts compares the module that this file gives now with
//   JSON.parse, on lines of every kind and wherever a buffer ends (FORGECREW_FUZZ_RUNS=20000 makes that longer).
//   counts.test.ts asks for each rule of what counts. built.test.ts compares scan.wasm.ts with what this file gives, and the
//   words below with their texts. That threads together count as one does is in test/golden/collect-engagement.test.ts.
// - `npm run bench -- engagement` tells whether it became slower. docs/adr/0009-log-scanner.md lists what was tried and
//   was not faster.

import {
  agentBytes,
  assetFlag,
  blockLength,
  blockNext,
  blockValues,
  bufferStart,
  classCount,
  durationBytes,
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
  runtimeLine,
  siteFlag,
  tableCount,
  visitorsTable,
  wholeFlag,
} from "./scan.abi";

// ---- what the host does -------------------------------------------------------------------------------------------------

/** Reads a whole line with JSON.parse, and counts it. Answers what the line is, by the numbers in scan.abi.ts. */
@external("host", "slow") declare function slow(at: usize, length: usize): i32;
/** What a path, seen for the first time, is of: `assetFlag`, `fileFlag`, or 0 for a page. */
@external("host", "kind") declare function kindOf(at: usize, length: usize): i32;
/** Whether a text, seen for the first time, is an address. */
@external("host", "address") declare function address(at: usize, length: usize): i32;
/** Whether an agent, seen for the first time, is a bot. */
@external("host", "bot") declare function bot(at: usize, length: usize): i32;
/** Whether a referrer, seen for the first time with this host, is another site. */
@external("host", "external") declare function external(at: usize, length: usize, host: usize, hostLength: usize): i32;
/** A time that is written as text, in the unit of a number in `ts`; NaN when it is none. */
@external("host", "time") declare function time(at: usize, length: usize): f64;
/** A duration that is written as text, in seconds; NaN when it is none. */
@external("host", "duration") declare function duration(at: usize, length: usize): f64;

// ---- bytes, words, and sizes --------------------------------------------------------------------------------------------

// `@inline` puts the number where its name stands, so that names cost nothing.
@inline const lineFeed: u8 = 0x0a;
@inline const carriageReturn: u8 = 0x0d;
@inline const space: u8 = 0x20;
@inline const quote: u8 = 0x22;
@inline const numberSign: u8 = 0x23;
@inline const plus: u8 = 0x2b;
@inline const comma: u8 = 0x2c;
@inline const minus: u8 = 0x2d;
@inline const point: u8 = 0x2e;
@inline const slash: u8 = 0x2f;
@inline const digit0: u8 = 0x30;
@inline const digit1: u8 = 0x31;
@inline const colon: u8 = 0x3a;
@inline const questionMark: u8 = 0x3f;
@inline const capitalT: u8 = 0x54;
@inline const openBracket: u8 = 0x5b;
@inline const backslash: u8 = 0x5c;
@inline const closeBracket: u8 = 0x5d;
@inline const smallA: u8 = 0x61;
@inline const smallB: u8 = 0x62;
@inline const smallE: u8 = 0x65;
@inline const smallF: u8 = 0x66;
@inline const smallG: u8 = 0x67;
@inline const smallI: u8 = 0x69;
@inline const smallL: u8 = 0x6c;
@inline const smallN: u8 = 0x6e;
@inline const smallP: u8 = 0x70;
@inline const smallR: u8 = 0x72;
@inline const smallT: u8 = 0x74;
@inline const smallU: u8 = 0x75;
@inline const openBrace: u8 = 0x7b;
@inline const closeBrace: u8 = 0x7d;
/** Set in a letter of ASCII it makes it a small one. */
@inline const smallBit: u8 = 0x20;

// Texts are compared as words: the text of a word stands beside it, its first byte is the lowest one. Where a text is longer
// than its words, the last word begins so far in front that it ends where the text ends.
@inline const wordTrue: u32 = 0x65757274; // true
@inline const wordAlse: u32 = 0x65736c61; // alse
@inline const wordNull: u32 = 0x6c6c756e; // null
@inline const wordUserAge: u64 = 0x6567612d72657375; // user-age
@inline const wordNt: u16 = 0x746e; // nt
@inline const wordReferer: u64 = 0x2272657265666572; // referer"
@inline const wordRefe: u32 = 0x65666572; // refe
@inline const wordErer: u32 = 0x72657265; // erer
@inline const wordRemoteI: u64 = 0x695f65746f6d6572; // remote_i
@inline const wordClientI: u64 = 0x695f746e65696c63; // client_i
@inline const wordUr: u16 = 0x7275; // ur
@inline const wordHost: u32 = 0x74736f68; // host
@inline const wordMeth: u32 = 0x6874656d; // meth
@inline const wordOd: u16 = 0x646f; // od
@inline const wordHead: u32 = 0x64616568; // head
@inline const wordDers: u32 = 0x73726564; // ders
@inline const wordTs: u16 = 0x7374; // ts
@inline const wordRequ: u32 = 0x75716572; // requ
@inline const wordUest: u32 = 0x74736575; // uest
@inline const wordDuration: u64 = 0x6e6f697461727564; // duration
@inline const wordStat: u32 = 0x74617473; // stat
@inline const wordUs: u16 = 0x7375; // us
@inline const wordMs: u16 = 0x736d; // ms
@inline const wordLeve: u32 = 0x6576656c; // leve
@inline const wordLogg: u32 = 0x67676f6c; // logg
@inline const wordEr: u16 = 0x7265; // er
@inline const wordHttpLog: u64 = 0x676f6c2e70747468; // http.log
@inline const wordGAccess: u64 = 0x7373656363612e67; // g.access
@inline const wordHand: u32 = 0x646e6168; // hand
@inline const wordDled: u32 = 0x64656c64; // dled
@inline const wordRespHea: u64 = 0x6165685f70736572; // resp_hea
@inline const wordHttp: u32 = 0x70747468; // http
@inline const wordScheme: u32 = 0x2f2f3a; // ://
@inline const wordSecureScheme: u32 = 0x2f2f3a73; // s://
@inline const wordGe: u16 = 0x4547; // GE
@inline const wordColons: u16 = 0x3a3a; // ::
@inline const wordZero: u16 = 0x302e; // .0
/** From the end of a header's name to the beginning of its first value. */
@inline const wordOpensValue: u32 = 0x225b3a22; // ":["
/** From the end of a header's only value to the beginning of the next name. */
@inline const wordNextMember: u32 = 0x222c5d22; // "],"
/** From the end of one value of a header to the beginning of the next. */
@inline const wordNextValue: u32 = 0x222c22; // ","
/** The end of a header's last value. */
@inline const wordEndsList: u16 = 0x5d22; // "]
/** The end of the last value of headers, and of the headers. */
@inline const wordEndsHeaders: u32 = 0x7d5d22; // "]}
/** The first bytes of a word that is longer than the text looked for. */
@inline const threeBytes: u32 = 0xffffff;
@inline const twoBytes: u32 = 0xffff;
/** `smallBit` for each byte of a word. */
@inline const smallBits8: u64 = 0x2020202020202020;
@inline const smallBits4: u32 = 0x20202020;
@inline const smallBits2: u32 = 0x2020;

/** The bytes that are looked at together, a vector of SIMD. */
@inline const lanes: usize = 16;
/** How many bytes can be read behind any text, at least. */
@inline const readAhead: usize = 64;

// ---- settings, and what was counted -------------------------------------------------------------------------------------

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
/** The day of the first and of the last record since `begin`: 0 while there is none, else `recordOfDay` or one of the others. */
export let first: i32 = 0;
export let last: i32 = 0;
/** Bad lines behind the last record, where that is of another day. */
export let trailing: f64 = 0;
/** Bad lines between a record before the day and one after it, with none of the day between them. */
export let gap: f64 = 0;
/** Lines that Caddy tells of itself, since `begin`. */
export let runtime: f64 = 0;
/** Page views of which no address is told at all; those whose text is none are counted in their entries. */
export let addressless: f64 = 0;
/** The newest time of any record that is not in the future, and of any at all, in the unit of `ts`. */
export let newest: f64 = 0;
export let latest: f64 = 0;
/** What is later than this is in the future. */
let present: f64 = 0;
/** Requests by status class, as doubles. */
export const classes = memory.data(classCount * 8, 8);

// ---- memory that only grows ---------------------------------------------------------------------------------------------

/** The page of WebAssembly, in bits of a place, and how many of them memory grows by at least. */
@inline const pageBits: usize = 16;
@inline const growthPages: i32 = 32;

/** Where memory is free from. */
let top: usize = 0;

function take(bytes: usize): usize {
  const at = top;
  top += (bytes + 7) & ~7;
  const have = <usize>memory.size() << pageBits;
  if (top + readAhead > have) {
    const pages = <i32>((top + readAhead - have + (1 << pageBits) - 1) >>> pageBits);
    // Growing page by page would cost more than the scan, so memory grows by a fair step where the machine has that much.
    if (memory.grow(max(pages, growthPages)) < 0 && memory.grow(pages) < 0) unreachable();
  }
  return at;
}

/** A table of distinct texts: slots, each a hash and the place of an entry, and entries, which stand where they were made. */
@unmanaged class Table {
  slots: usize;
  /** The number of slots, a power of two, less one. */
  mask: u32;
  /** How many entries it has. */
  size: u32;
  /** The first entry, and the last: all of them are a chain, which the host can walk. */
  head: usize;
  tail: usize;
}
@inline const slotBits: usize = 3;
@inline const slotEntry: usize = 4;

/** Its text stands behind it. */
@unmanaged class Entry {
  next: usize;
  length: u32;
  count: u32;
  flags: u32;
}
/** The flag of an agent that is a bot; those of the tables that the host walks stand in scan.abi.ts. */
@inline const botFlag: u32 = 1;

// The compiler stops here when an entry is not laid out as the host walks it.
if (offsetof<Entry>("next") != entryNext) ERROR("scan.abi.ts: entryNext");
if (offsetof<Entry>("length") != entryLength) ERROR("scan.abi.ts: entryLength");
if (offsetof<Entry>("count") != entryCount) ERROR("scan.abi.ts: entryCount");
if (offsetof<Entry>("flags") != entryFlags) ERROR("scan.abi.ts: entryFlags");
if (offsetof<Entry>() != entryText) ERROR("scan.abi.ts: entryText");

function createTable(capacity: u32): Table {
  const table = changetype<Table>(take(offsetof<Table>()));
  table.slots = take(<usize>capacity << slotBits);
  memory.fill(table.slots, 0, <usize>capacity << slotBits);
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
let readings: Table = changetype<Table>(0);

// Odd numbers whose bits are spread well, so that multiplying by them mixes: 2^64 by the golden ratio, and two that
// MurmurHash3 ends with.
@inline const goldenRatio: u64 = 0x9e3779b97f4a7c15;
@inline const mixerA: u64 = 0xff51afd7ed558ccd;
@inline const mixerB: u64 = 0xc4ceb9fe1a85ec53;

/**
 * The hash of a text, never 0. It is seeded, so that nobody outside can choose texts that collide. It has two lanes, because
 * a processor multiplies both at the same time.
 */
function hashOf(at: usize, length: usize): u32 {
  let one: u64 = seed ^ (<u64>length * goldenRatio);
  let two: u64 = seed;
  const end = at + (length & ~15);
  for (; at < end; at += lanes) {
    one = (one ^ load<u64>(at)) * mixerA;
    two = (two ^ load<u64>(at, 8)) * mixerB;
    one ^= one >> 32;
    two ^= two >> 29;
  }
  const rest = v128.and(v128.load(at), firstBytes(length & 15));
  one = (one ^ v128.extract_lane<u64>(rest, 0)) * mixerA;
  two = (two ^ v128.extract_lane<u64>(rest, 1)) * mixerB;
  one ^= one >> 32;
  one = (one ^ two ^ (two >> 31)) * goldenRatio;
  return <u32>(one >> 32) | 1;
}

/** 16 bytes that are set, and 16 that are not. */
const setAndClear = memory.data<u64>([-1, -1, 0, 0], 16);

/** A mask of a vector's first bytes, of 15 at most. */
@inline function firstBytes(count: usize): v128 {
  return v128.load(setAndClear + lanes - count);
}

/** Whether two texts are the same. */
function same(a: usize, b: usize, length: usize): bool {
  let wrong = i64x2.splat(0);
  const end = a + (length & ~15);
  for (; a < end; a += lanes, b += lanes) wrong = v128.or(wrong, v128.xor(v128.load(a), v128.load(b)));
  const rest = v128.and(v128.xor(v128.load(a), v128.load(b)), firstBytes(length & 15));
  return !v128.any_true(v128.or(wrong, rest));
}

/** Whether the entry that was looked up last was not there before. */
let fresh: bool = false;

/** The entry of a text, made when there is none yet. */
function intern(table: Table, at: usize, length: usize): Entry {
  return internHashed(table, at, length, hashOf(at, length));
}

function internHashed(table: Table, at: usize, length: usize, hash: u32): Entry {
  let slot = hash & table.mask;
  while (true) {
    const where = table.slots + (<usize>slot << slotBits);
    const tag = load<u32>(where);
    if (tag == 0) break;
    if (tag == hash) {
      const entry = changetype<Entry>(<usize>load<u32>(where, slotEntry));
      if (entry.length == <u32>length && same(changetype<usize>(entry) + entryText, at, length)) {
        fresh = false;
        return entry;
      }
    }
    slot = (slot + 1) & table.mask;
  }
  // An entry with a short text begins at a multiple of 32, so that it stands in one line of the processor's cache: one that
  // was not asked for lately comes from far away, and a second line would come from as far.
  top = (top + 31) & ~31;
  const entry = changetype<Entry>(take(((length + 15) & ~15) + entryText));
  entry.next = 0;
  entry.length = <u32>length;
  entry.count = 0;
  entry.flags = 0;
  memory.copy(changetype<usize>(entry) + entryText, at, length);
  if (table.tail == 0) table.head = changetype<usize>(entry);
  else changetype<Entry>(table.tail).next = changetype<usize>(entry);
  table.tail = changetype<usize>(entry);
  table.size += 1;
  if (table.size * 2 > table.mask) grow(table);
  place(table, hash, entry);
  fresh = true;
  return entry;
}

/** Puts an entry that is not in the table's slots yet into the first free one. */
function place(table: Table, hash: u32, entry: Entry): void {
  let slot = hash & table.mask;
  while (load<u32>(table.slots + (<usize>slot << slotBits)) != 0) slot = (slot + 1) & table.mask;
  store<u32>(table.slots + (<usize>slot << slotBits), hash);
  store<u32>(table.slots + (<usize>slot << slotBits), <u32>changetype<usize>(entry), slotEntry);
}

/** Gives a table twice as many slots. */
function grow(table: Table): void {
  const old = table.slots;
  const slots = table.mask + 1;
  table.slots = take(<usize>slots << (slotBits + 1));
  memory.fill(table.slots, 0, <usize>slots << (slotBits + 1));
  table.mask = slots * 2 - 1;
  for (let slot: u32 = 0; slot < slots; slot++) {
    const tag = load<u32>(old + (<usize>slot << slotBits));
    if (tag != 0) place(table, tag, changetype<Entry>(<usize>load<u32>(old + (<usize>slot << slotBits), slotEntry)));
  }
}

// Tables do not stay in a core's own cache while a log runs through it, and what is further away takes longer to answer than
// a short text takes to compare. So texts wait until there are many, and memory is asked for all of them at once: first for
// the slots of all, then for the entries of all. When they are compared at last, what that needs is near.

/** A text that is looked for, and its entry. What it adds to the entry is for whoever looks for it. */
@unmanaged class Lookup {
  at: usize;
  length: usize;
  hash: u32;
  entry: usize;
  flags: u32;
  count: u32;
}
const lookupBytes = offsetof<Lookup>();
const mostLookups: usize = 64;
const lookups = memory.data(<i32>(mostLookups * lookupBytes), 16);
/** Keeps the compiler from leaving out what only asks memory for entries. */
let asked: u32 = 0;

/** The place behind the last lookup: lists of them are made in `lookups`, one behind the other. */
let lookupsEnd: usize = lookups;

/** Adds a text to those that `findAll` looks for. */
@inline function lookFor(at: usize, length: usize): Lookup {
  const lookup = changetype<Lookup>(lookupsEnd);
  lookupsEnd += lookupBytes;
  lookup.at = at;
  lookup.length = length;
  lookup.hash = hashOf(at, length);
  return lookup;
}

/** Finds the entries of all lookups, and makes those that are not there yet. The next lookup is the first of a new list. */
function findAll(table: Table): void {
  const end = lookupsEnd;
  lookupsEnd = lookups;
  const slots = table.slots;
  const mask = table.mask;
  for (let at = lookups; at < end; at += lookupBytes) {
    const lookup = changetype<Lookup>(at);
    // Nearly every text has the slot of its hash, or the next one.
    const one = slots + (<usize>(lookup.hash & mask) << slotBits);
    const two = slots + (<usize>((lookup.hash + 1) & mask) << slotBits);
    lookup.entry = <usize>select(load<u32>(one, slotEntry), load<u32>(two, slotEntry), load<u32>(one) == lookup.hash);
  }
  let sum: u32 = 0;
  for (let at = lookups; at < end; at += lookupBytes) sum += load<u32>(changetype<Lookup>(at).entry);
  asked = sum;
  for (let at = lookups; at < end; at += lookupBytes) {
    const lookup = changetype<Lookup>(at);
    const entry = changetype<Entry>(lookup.entry);
    if (lookup.entry != 0 && entry.length == <u32>lookup.length && same(lookup.entry + entryText, lookup.at, lookup.length))
      continue;
    lookup.entry = changetype<usize>(judged(table, lookup.at, lookup.length, lookup.hash));
  }
}

/** The entry of a path, an agent or an address; what a new one is of stands in its flags. */
function judged(table: Table, at: usize, length: usize, hash: u32): Entry {
  const entry = internHashed(table, at, length, hash);
  if (!fresh) return entry;
  if (table == pages) entry.flags = kindOf(at, length);
  else if (table == agents) entry.flags = bot(at, length) != 0 ? botFlag : 0;
  else if (!isAddress(at, length)) entry.flags = noAddressFlag;
  return entry;
}

// ---- durations ----------------------------------------------------------------------------------------------------------

/** Durations of the page views, in seconds: doubles, which stand behind it. */
@unmanaged class Block {
  next: usize;
  length: u32;
}
if (offsetof<Block>("next") != blockNext) ERROR("scan.abi.ts: blockNext");
if (offsetof<Block>("length") != blockLength) ERROR("scan.abi.ts: blockLength");
if (offsetof<Block>() != blockValues) ERROR("scan.abi.ts: blockValues");
if (sizeof<f64>() != durationBytes) ERROR("scan.abi.ts: durationBytes");

/** How many durations a block of ours has room for; one that the host brings is as long as it has to be. */
const mostInBlock: u32 = 65536;
export let firstBlock: usize = 0;
/** The last block, and how many more durations it has room for. */
let block: usize = 0;
let blockRoom: u32 = 0;
export let durationCount: u32 = 0;

/** Where the durations of a block begin, and the place behind them. */
@inline function valuesOf(block: usize): usize {
  return block + offsetof<Block>();
}

@inline function valuesEnd(block: usize): usize {
  return valuesOf(block) + (<usize>changetype<Block>(block).length << alignof<f64>());
}

/** Adds a block to the chain, with the durations it has; nothing more goes into it. */
export function addBlock(next: usize): void {
  changetype<Block>(next).next = 0;
  if (block == 0) firstBlock = next;
  else changetype<Block>(block).next = next;
  block = next;
  blockRoom = 0;
  durationCount += changetype<Block>(next).length;
}

function keepDuration(seconds: f64): void {
  if (blockRoom == 0) {
    const next = take(offsetof<Block>() + (<usize>mostInBlock << alignof<f64>()));
    changetype<Block>(next).length = 0;
    addBlock(next);
    blockRoom = mostInBlock;
  }
  const length = changetype<Block>(block).length;
  store<f64>(valuesOf(block) + (<usize>length << alignof<f64>()), seconds);
  changetype<Block>(block).length = length + 1;
  blockRoom -= 1;
  durationCount += 1;
}

// A percentile is found without sorting all durations. Doubles that are not negative have the order of their bits, read as
// a whole number. So the first 16 of these bits, the exponent and four bits more, put each duration into a range, whose
// values differ by a sixteenth at most. The host has the durations of all blocks counted by range (`clearRanges`,
// `countRanges`), asks in which range the one that it looks for is (`findRange`), has that range's durations copied
// (`gather`), and sorts only them. It calls these for each block, although one call could go over all blocks: V8 compiles a
// function in haste first and well later, and what it compiled well is only used from the next call on.
@inline const rangeCountBits: usize = 2;
const mostRanges: usize = 0x10000;
/** Where the first 16 bits of a double are. */
@inline const firstBits: usize = 6;
/** A counter for each range; 0 until they are asked for. */
let ranges: usize = 0;
/** What `findRange` found: the range, how many durations it holds, and which of them by size is the one asked for. */
let range: u16 = 0;
export let rangeCount: u32 = 0;
export let rangeRank: u32 = 0;

export function clearRanges(): void {
  if (ranges == 0) ranges = take(mostRanges << rangeCountBits);
  memory.fill(ranges, 0, mostRanges << rangeCountBits);
}

/** Counts the durations of a block by their range. */
export function countRanges(block: usize): void {
  const end = valuesEnd(block);
  for (let value = valuesOf(block); value < end; value += sizeof<f64>()) {
    const range = ranges + (<usize>load<u16>(value, firstBits) << rangeCountBits);
    store<u32>(range, load<u32>(range) + 1);
  }
}

/** Finds the range of the duration that is `rank`th by size, from 0 to before `durationCount`. */
export function findRange(rank: u32): void {
  let at = ranges;
  while (rank >= load<u32>(at)) {
    rank -= load<u32>(at);
    at += 1 << rangeCountBits;
  }
  range = <u16>((at - ranges) >> rangeCountBits);
  rangeCount = load<u32>(at);
  rangeRank = rank;
}

/** Copies the durations of a block that are in that range; answers the place behind the last. */
export function gather(block: usize, out: usize): usize {
  const end = valuesEnd(block);
  for (let value = valuesOf(block); value < end; value += sizeof<f64>()) {
    if (load<u16>(value, firstBits) != range) continue;
    store<f64>(out, load<f64>(value));
    out += sizeof<f64>();
  }
  return out;
}

// ---- what the host begins with, and what it takes away ------------------------------------------------------------------

/** Makes room for `bytes` of log, `mostBufferBytes` at most, and answers where they go. Everything else stands behind that. */
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
  take(<usize>bytes + bufferStart);
  pages = createTable(4096);
  visitors = createTable(4096);
  agents = createTable(1024);
  referrers = createTable(1024);
  readings = createTable(1024);
  return bufferStart;
}

function tableOf(nth: i32): Table {
  if (nth == pagesTable) return pages;
  if (nth == visitorsTable) return visitors;
  return nth == readingsTable ? readings : referrers;
}

/** The first entry of a table, by its number. */
export function headOf(table: i32): usize {
  return tableOf(table).head;
}

/** What `survey` found: how many visitors there are, and how many came from elsewhere. */
export let visitorCount: i32 = 0;
export let referredCount: i32 = 0;
/** Visitors by the family of their address, and how many of these end with a part that is zero, as masking leaves it. */
export let fourCount: i32 = 0;
export let fourNetworks: i32 = 0;
export let sixCount: i32 = 0;
export let sixNetworks: i32 = 0;
/** Page views of those whose text is no address. */
export let nobodys: f64 = 0;
/** The place behind what `pack` wrote. */
export let packed: usize = 0;

/** Looks at all visitors. */
export function survey(): void {
  referredCount = 0;
  fourCount = 0;
  fourNetworks = 0;
  sixCount = 0;
  sixNetworks = 0;
  nobodys = 0;
  for (let at = visitors.head; at != 0; at = changetype<Entry>(at).next) {
    const entry = changetype<Entry>(at);
    if ((entry.flags & noAddressFlag) != 0) {
      nobodys += <f64>entry.count;
      continue;
    }
    if ((entry.flags & referredFlag) != 0) referredCount += 1;
    // An address has at least two characters.
    const text = at + entryText;
    const ending = load<u16>(text + entry.length - 2);
    if (hasColon(text, entry.length)) {
      sixCount += 1;
      if (ending == wordColons) sixNetworks += 1;
    } else {
      fourCount += 1;
      if (ending == wordZero) fourNetworks += 1;
    }
  }
  visitorCount = fourCount + sixCount;
}

/** Whether a text of an entry has a colon in it. */
function hasColon(at: usize, length: usize): bool {
  // What is read of the bytes behind the text is zeros.
  for (let nth: usize = 0; nth < length; nth += lanes)
    if (v128.any_true(i8x16.eq(v128.load(at + nth), i8x16.splat(colon)))) return true;
  return false;
}

/** Whether a text is an address. The usual ones are known here; of all others the host decides. */
function isAddress(at: usize, length: usize): bool {
  return isFour(at, at + length) || isSix(at, at + length) || address(at, length) != 0;
}

/** Whether a text is four numbers up to 255 with points between them. */
function isFour(p: usize, end: usize): bool {
  for (let nth = 0; nth < 4; nth++) {
    const start = p;
    let value: u32 = 0;
    while (p < end && <u32>load<u8>(p) - digit0 < 10) value = value * 10 + <u32>load<u8>(p++) - digit0;
    const length = p - start;
    if (length == 0 || length > 3 || value > 255 || (length > 1 && load<u8>(start) == digit0)) return false;
    if (nth < 3 && (p >= end || load<u8>(p++) != point)) return false;
  }
  return p == end;
}

/** Whether a text is eight groups of hexadecimal digits with colons between them, of which two colons may leave some out. */
function isSix(p: usize, end: usize): bool {
  let groups = 0;
  let gaps = 0;
  if (p + 2 <= end && load<u16>(p) == wordColons) {
    gaps = 1;
    p += 2;
    if (p == end) return true;
  }
  while (true) {
    const start = p;
    while (p < end && isHex(load<u8>(p))) p++;
    if (p == start || p - start > 4) return false;
    groups += 1;
    if (p == end) return gaps == 0 ? groups == 8 : groups < 8;
    if (load<u8>(p++) != colon) return false;
    if (p < end && load<u8>(p) == colon) {
      gaps += 1;
      p += 1;
      if (gaps > 1) return false;
      if (p == end) return groups < 8;
    }
  }
}

/** A text as it goes from one thread to another. It stands behind it, and the next one follows at once. */
@unmanaged class PackedText {
  length: u32;
  count: u32;
  flags: u32;
}
if (offsetof<PackedText>("length") != packedLength) ERROR("scan.abi.ts: packedLength");
if (offsetof<PackedText>("count") != packedCount) ERROR("scan.abi.ts: packedCount");
if (offsetof<PackedText>("flags") != packedFlags) ERROR("scan.abi.ts: packedFlags");
if (offsetof<PackedText>() != packedText) ERROR("scan.abi.ts: packedText");

/** Writes all tables that the host can walk as packed texts, for a reader in another thread; answers where they begin. */
export function pack(): usize {
  let bytes: usize = tableCount * packedHead;
  for (let table = 0; table < tableCount; table++)
    for (let at = headOf(table); at != 0; at = changetype<Entry>(at).next) bytes += offsetof<PackedText>() + changetype<Entry>(at).length;
  // `copy` writes up to 15 bytes behind the last text.
  const start = take(bytes + lanes);
  let out = start;
  for (let table = 0; table < tableCount; table++) {
    const first = out + packedHead;
    out = first;
    for (let at = headOf(table); at != 0; at = changetype<Entry>(at).next) {
      const entry = changetype<Entry>(at);
      const text = changetype<PackedText>(out);
      text.length = entry.length;
      text.count = entry.count;
      text.flags = entry.flags;
      copy(out + offsetof<PackedText>(), at + entryText, entry.length);
      out += offsetof<PackedText>() + entry.length;
    }
    store<u32>(first - packedHead, <u32>(out - first));
  }
  packed = out;
  return start;
}

/** Room for what the host brings. */
export function room(bytes: usize): usize {
  return take(bytes + lanes);
}

/** Adds what another reader packed. */
export function unpack(p: usize): void {
  for (let nth = 0; nth < tableCount; nth++) {
    const table = tableOf(nth);
    const end = p + packedHead + load<u32>(p);
    p += packedHead;
    while (p < end) {
      const text = changetype<PackedText>(p);
      const length = <usize>text.length;
      if (table == visitors) {
        addVisit(p + offsetof<PackedText>(), length, text.flags, text.count);
        if (lookupsEnd == lookups + mostLookups * lookupBytes) countVisits();
      } else {
        const entry = intern(table, p + offsetof<PackedText>(), length);
        entry.count += text.count;
        entry.flags |= text.flags;
      }
      p += offsetof<PackedText>() + length;
    }
    countVisits();
  }
}

/** A new log, or a part of one, begins. */
export function begin(): void {
  leading = 0;
  first = 0;
  last = 0;
  trailing = 0;
  gap = 0;
  runtime = 0;
}

// ---- where texts begin and end ------------------------------------------------------------------------------------------

// Every quote, backslash and control character of the buffer has a mark: a bit that is set. So the end of a text is found
// without looking at its bytes one by one. The marks of the eight bytes at `p` are the byte at `p / 8`.

/** A mark for each of 16 bytes. */
@inline function special(v: v128): i32 {
  // With its second bit turned over a quote becomes a space, and what is below a space stays below it; nothing else gets
  // there. So one comparison finds quotes and control characters.
  const turned = v128.xor(v, i8x16.splat(quote ^ space));
  const quoteOrControl = i8x16.eq(i8x16.min_u(turned, i8x16.splat(space)), turned);
  return i8x16.bitmask(v128.or(quoteOrControl, i8x16.eq(v, i8x16.splat(backslash))));
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

/** Of how many bytes `marksAt` has the marks, at least: all 64 only where `p` is a multiple of 8. */
@inline const marksSeen: usize = 57;

/** The marks of the bytes from `p` on. */
@inline function marksAt(p: usize): u64 {
  return load<u64>(p >> 3) >> <u64>(p & 7);
}

/** The first mark at `p` or behind it. The last byte of the buffer, a line feed, has one. */
@inline function markFrom(p: usize): usize {
  const set = marksAt(p);
  return set != 0 ? p + <usize>ctz(set) : farMark(p + marksSeen);
}

function farMark(p: usize): usize {
  while (true) {
    const set = marksAt(p);
    if (set != 0) return p + <usize>ctz(set);
    p += marksSeen;
  }
}

// ---- JSON ---------------------------------------------------------------------------------------------------------------

/** Tabs and carriage returns are space in JSON as well, but they have marks: a line with them is not certain. */
@inline function skipSpace(p: usize): usize {
  while (load<u8>(p) == space) p++;
  return p;
}

function isHex(c: u32): bool {
  return c - digit0 < 10 || (c | smallBit) - smallA < 6;
}

/** The closing quote of a text, from any place of it that is not inside of an escape; 0 when it is no text. */
function closing(p: usize): usize {
  while (true) {
    p = markFrom(p);
    const c = load<u8>(p);
    if (c == quote) return p;
    if (c != backslash) return 0;
    const e = load<u8>(p, 1);
    if (e == smallU) {
      if (!(isHex(load<u8>(p, 2)) && isHex(load<u8>(p, 3)) && isHex(load<u8>(p, 4)) && isHex(load<u8>(p, 5)))) return 0;
      p += 6;
    } else if (
      e == quote || e == backslash || e == slash || e == smallB || e == smallF || e == smallN || e == smallR || e == smallT
    ) p += 2;
    else return 0;
  }
}

/** One bit for each of 16 bytes that is no digit. */
@inline function nonDigits(p: usize): i32 {
  return i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(p), i8x16.splat(digit0)), i8x16.splat(9)));
}

/** From the first byte of a number to behind it, or 0. */
@inline function numberEnd(p: usize): usize {
  // Many numbers are whole, without a sign, and have up to 15 digits: these are read in one step.
  const first = nonDigits(p);
  if (first != 0 && load<u8>(p) - digit1 < 9) {
    const end = p + <usize>ctz(first);
    const c = load<u8>(end);
    if (c == comma || c == closeBrace) return end;
  }
  return longNumberEnd(p);
}

/** The same for every number that JSON allows. */
function longNumberEnd(p: usize): usize {
  if (load<u8>(p) == minus) p++;
  const c = <u32>load<u8>(p) - digit0;
  if (c > 9) return 0;
  if (c == 0) p++;
  else {
    const rest = nonDigits(p);
    if (rest != 0) p += <usize>ctz(rest);
    else while (<u32>load<u8>(p) - digit0 < 10) p++;
  }
  if (load<u8>(p) == point) {
    const rest = nonDigits(++p);
    if ((rest & 1) != 0) return 0;
    if (rest != 0) p += <usize>ctz(rest);
    else while (<u32>load<u8>(p) - digit0 < 10) p++;
  }
  if ((load<u8>(p) | smallBit) == smallE) {
    p++;
    const sign = load<u8>(p);
    if (sign == plus || sign == minus) p++;
    if (<u32>load<u8>(p) - digit0 > 9) return 0;
    while (<u32>load<u8>(p) - digit0 < 10) p++;
  }
  return p;
}

/** Eight digits that are all zero, as a word. */
@inline const eightZeros: u64 = 0x3030303030303030;
/** Of four pairs of digits the first and the third; shifted by a pair, the second and the fourth. */
@inline const everySecondPair: u64 = 0x000000ff000000ff;
/** 100 for the third pair, 1000000 for the first; multiplied, their sum stands in the upper half of the word. */
@inline const oddPairs: u64 = 0x000f424000000064;
/** 1 for the fourth pair, 10000 for the second. */
@inline const evenPairs: u64 = 0x0000271000000001;

/** Up to eight digits as a number: digits become pairs, and all pairs are multiplied and added at once. */
@inline function eight(p: usize, length: usize): u64 {
  if (length == 0) return 0;
  let v = (load<u64>(p) - eightZeros) << ((8 - <u64>length) << 3);
  v = v * 10 + (v >> 8);
  return ((v & everySecondPair) * oddPairs + ((v >> 16) & everySecondPair) * evenPairs) >> 32;
}

/** Up to 15 digits. */
@inline function digitsOf(p: usize, length: usize): u64 {
  return length > 8 ? eight(p, length - 8) * 100000000 + eight(p + length - 8, 8) : eight(p, length);
}

/** A double holds every whole number of so many digits exactly. */
@inline const exactDigits: usize = 15;

/** What `decimal` read: the digits before the point and behind it, each as a number, and how many they are. */
let whole: u64 = 0;
let part: u64 = 0;
let wholeDigits: usize = 0;
let partDigits: usize = 0;

/** Reads digits, with a point between them or not, up to 15 on each side; false for anything longer or other. */
function decimal(p: usize, length: usize): bool {
  const first = nonDigits(p);
  wholeDigits = first == 0 ? lanes : <usize>ctz(first);
  if (wholeDigits > length) wholeDigits = length;
  if (wholeDigits > exactDigits) return false;
  whole = digitsOf(p, wholeDigits);
  part = 0;
  partDigits = 0;
  if (wholeDigits == length) return true;
  if (load<u8>(p + wholeDigits) != point) return false;
  p += wholeDigits + 1;
  partDigits = length - wholeDigits - 1;
  if (partDigits > exactDigits) return false;
  const second = nonDigits(p);
  if (second != 0 && <usize>ctz(second) < partDigits) return false;
  part = digitsOf(p, partDigits);
  return true;
}

function isNumber(c: u32): bool {
  return c - digit0 < 10 || c == minus;
}

/** `true`, `false`, `null` or a number, from its first byte `c` to behind it, or 0. */
function skipPlain(p: usize, c: u32): usize {
  if (c == smallT) return load<u32>(p) == wordTrue ? p + 4 : 0;
  if (c == smallF) return load<u32>(p, 1) == wordAlse ? p + 5 : 0;
  if (c == smallN) return load<u32>(p) == wordNull ? p + 4 : 0;
  return numberEnd(p);
}

/** A value that is nested deeper is not certain: a recursion as deep as a line says would use up the stack. */
@inline const deepest: i32 = 60;
/** How deep the lists of a line are taken to stand; it need not be known more exactly. */
@inline const depthOfLists: i32 = 4;

/** From the opening bracket or brace of any value to behind it, or 0. */
function skipNested(p: usize, depth: i32): usize {
  if (depth > deepest) return 0;
  const isObject = load<u8>(p) == openBrace;
  const close: u8 = isObject ? closeBrace : closeBracket;
  p = skipSpace(p + 1);
  if (load<u8>(p) == close) return p + 1;
  while (true) {
    if (isObject) {
      if (load<u8>(p) != quote) return 0;
      p = closing(p + 1);
      if (p == 0) return 0;
      p = skipSpace(p + 1);
      if (load<u8>(p) != colon) return 0;
      p = skipSpace(p + 1);
    }
    const c = load<u8>(p);
    if (c == quote) {
      p = closing(p + 1);
      if (p == 0) return 0;
      p++;
    } else p = c == openBrace || c == openBracket ? skipNested(p, depth + 1) : skipPlain(p, c);
    if (p == 0) return 0;
    p = skipSpace(p);
    const after = load<u8>(p);
    if (after == comma) p = skipSpace(p + 1);
    else return after == close ? p + 1 : 0;
  }
}

// ---- one line -----------------------------------------------------------------------------------------------------------

/** Which object a key stands in: one that does not matter, the headers of the response, or one of those below. */
const inNothing: u64 = 0;
const inResponse: u64 = 1;
/** From here on there are keys that count. */
const inRecord: u64 = 2;
const inRequest: u64 = 3;
const inHeaders: u64 = 4;

/** The fields: values of a line that count, and objects in which such values are. */
const noField: u32 = 0;
const uriField: u32 = 1;
const methodField: u32 = 2;
const hostField: u32 = 3;
const clientField: u32 = 4;
const remoteField: u32 = 5;
const agentField: u32 = 6;
const refererField: u32 = 7;
const timeField: u32 = 8;
const durationField: u32 = 9;
const statusField: u32 = 10;
const requestField: u32 = 11;
const headersField: u32 = 12;
const responseField: u32 = 13;
/** From here on they say what a line tells of: see `isRuntime`. */
const loggerField: u32 = 14;
const messageField: u32 = 15;
const levelField: u32 = 16;
const fieldCount: i32 = 17;

/** The bits of the fields that stand in headers. */
@inline const textsOfHeaders: u32 = (1 << agentField) | (1 << refererField);

/** Where the fields of a line stand in the buffer, by their number: a place and a length each. */
const fields = memory.data(fieldCount * 8, 8);
@inline const fieldBits: usize = 3;
@inline const fieldLength: usize = 4;
/** Which of them this line has as a text, and which as a number; a bit for each field. */
let texts: u32 = 0;
let numbers: u32 = 0;
/** Beside the bits of `texts`: what the line tells of is known already, and is a request that was answered. */
@inline const isAccess: u32 = 1 << 31;

@inline function keep(field: u32, at: usize, length: usize): void {
  store<u32>(fields + (<usize>field << fieldBits), <u32>at);
  store<u32>(fields + (<usize>field << fieldBits), <u32>length, fieldLength);
}

@inline function isText(field: u32): bool {
  return ((texts >> field) & 1) != 0;
}

@inline function placeOf(field: u32): usize {
  return <usize>load<u32>(fields + (<usize>field << fieldBits));
}

/** The length of a field that the line has, as a text or as a number. */
@inline function lengthKept(field: u32): usize {
  return <usize>load<u32>(fields + (<usize>field << fieldBits), fieldLength);
}

/** The length of a text; 0 where there is none. */
@inline function lengthOf(field: u32): usize {
  return isText(field) ? lengthKept(field) : 0;
}

/** The field that a key of an object names, or `noField`. Names of headers count in any case. */
@inline function fieldOf(object: u64, key: usize, length: usize): u32 {
  if (object == inHeaders) {
    if (
      length == 10 &&
      (load<u64>(key) | smallBits8) == wordUserAge &&
      (load<u16>(key, 8) | smallBits2) == wordNt
    )
      return agentField;
    if (
      length == 7 &&
      (load<u32>(key) | smallBits4) == wordRefe &&
      (load<u32>(key, 3) | smallBits4) == wordErer
    )
      return refererField;
    return noField;
  }
  if (object == inRequest) {
    if (length == 9) {
      if (load<u8>(key, 8) != smallP) return noField;
      if (load<u64>(key) == wordRemoteI) return remoteField;
      return load<u64>(key) == wordClientI ? clientField : noField;
    }
    if (length == 3) return load<u16>(key) == wordUr && load<u8>(key, 2) == smallI ? uriField : noField;
    if (length == 4) return load<u32>(key) == wordHost ? hostField : noField;
    if (length == 6) return load<u32>(key) == wordMeth && load<u16>(key, 4) == wordOd ? methodField : noField;
    if (length == 7) return load<u32>(key) == wordHead && load<u32>(key, 3) == wordDers ? headersField : noField;
    return noField;
  }
  if (length == 2) return load<u16>(key) == wordTs ? timeField : noField;
  if (length == 7) return load<u32>(key) == wordRequ && load<u32>(key, 3) == wordUest ? requestField : noField;
  if (length == 8) return load<u64>(key) == wordDuration ? durationField : noField;
  if (length == 6) {
    if (load<u32>(key) == wordStat && load<u16>(key, 4) == wordUs) return statusField;
    return load<u32>(key) == wordLogg && load<u16>(key, 4) == wordEr ? loggerField : noField;
  }
  if (length == 3) return load<u16>(key) == wordMs && load<u8>(key, 2) == smallG ? messageField : noField;
  if (length == 5) return load<u32>(key) == wordLeve && load<u8>(key, 4) == smallL ? levelField : noField;
  if (length == 12) return load<u64>(key) == wordRespHea && load<u32>(key, 8) == wordDers ? responseField : noField;
  return noField;
}

/** Which objects the one at hand stands in takes three bits for each; when the last four bits are in use, there is no more room. */
@inline const levelBits: u64 = 3;
@inline const levelMask: u64 = 7;
@inline const lastLevel: u64 = 60;

/**
 * The object of a line, from its brace to behind its closing one, or 0 when it is no JSON or not certain. One loop over
 * keys and values serves all objects; `objects` holds which objects the one at hand stands in. Lists go through
 * `skipNested`, and of a header that counts the list has to be one text.
 */
function record(p: usize): usize {
  let objects: u64 = 0;
  let object: u64 = inRecord;
  let seen: u32 = 0;
  let asText: u32 = 0;
  let asNumber: u32 = 0;
  let members: usize = 0;
  p = skipSpace(p + 1);
  let closes = load<u8>(p) == closeBrace;
  while (true) {
    if (!closes) {
      // A key.
      if (load<u8>(p) != quote) return 0;
      const key = p + 1;
      let end = markFrom(key);
      let field: u32 = noField;
      if (load<u8>(end) == quote) {
        if (object >= inRecord) field = fieldOf(object, key, end - key);
      } else {
        // With an escape in it the key may be any.
        if (object >= inRecord) return 0;
        end = closing(end);
        if (end == 0) return 0;
      }
      p = end + 1;
      if (load<u8>(p) != colon) {
        p = skipSpace(p);
        if (load<u8>(p) != colon) return 0;
      }
      p = skipSpace(p + 1);
      if (field != noField) {
        // A key that is given twice: which of the two counts is for JSON.parse to say.
        if (((seen >> field) & 1) != 0) return 0;
        seen |= 1 << field;
      }
      // Its value.
      const c = load<u8>(p);
      if (c == quote) {
        end = markFrom(p + 1);
        if (load<u8>(end) == quote) {
          if (field != noField) {
            keep(field, p + 1, end - p - 1);
            asText |= 1 << field;
          }
          if (object != inHeaders && object != inResponse) hole(textHole, field, p + 1, end);
        } else {
          if (field != noField) return 0;
          end = closing(end);
          if (end == 0) return 0;
        }
        p = end + 1;
      } else if (c == openBracket) {
        if (object == inHeaders && field != noField && load<u8>(p, 1) != closeBracket) {
          // What counts of a list that is not just one text is for JSON.parse to say.
          end = markFrom(p + 2);
          if (load<u8>(p, 1) != quote || load<u16>(end) != wordEndsList) return 0;
          keep(field, p + 2, end - p - 2);
          asText |= 1 << field;
        }
        p = skipNested(p, depthOfLists);
        if (p == 0) return 0;
      } else if (c == openBrace) {
        if (objects >> lastLevel != 0) return 0;
        objects = (objects << levelBits) | object;
        object = inNothing;
        if (field == requestField) object = inRequest;
        else if (field == headersField) object = inHeaders;
        else if (field == responseField) object = inResponse;
        if (object == inHeaders || object == inResponse) members = p + 1;
        p = skipSpace(p + 1);
        closes = load<u8>(p) == closeBrace;
        continue;
      } else {
        const start = p;
        p = skipPlain(p, c);
        if (p == 0) return 0;
        if (field != noField && isNumber(c)) {
          keep(field, start, p - start);
          asNumber |= 1 << field;
        }
        if (isNumber(c)) hole(numberHole, field, start, p);
      }
    }
    // Behind a value, or at the brace that closes an empty object: as many objects end here as there are braces.
    while (true) {
      let c = load<u8>(p);
      if (c == space) {
        p = skipSpace(p);
        c = load<u8>(p);
      }
      if (c == comma) {
        p = skipSpace(p + 1);
        closes = false;
        break;
      }
      if (c != closeBrace) return 0;
      if (object == inHeaders) hole(headersHole, noField, members, p);
      if (object == inResponse) hole(responseHole, noField, members, p);
      p++;
      if (objects == 0) {
        texts = asText;
        numbers = asNumber;
        return p;
      }
      object = objects & levelMask;
      objects >>= levelBits;
    }
  }
}

// ---- lines of a known shape ---------------------------------------------------------------------------------------------

// A server writes its lines with one encoder: the same members in the same order, and many of the same values. What stays
// the same from line to line is a shape: pieces of text, and between them holes for what differs. A line that `record` has
// read gives a shape. A line that has the same text around its holes, and in them texts without escapes, numbers and
// headers, is JSON as well, and says the same in the same places. To see that takes a fraction of the time of reading it.

/** What a hole is filled with. Headers are the members of `request.headers` or of `resp_headers`, in any order. */
const noHole: u32 = 0;
const textHole: u32 = 1;
const numberHole: u32 = 2;
const headersHole: u32 = 3;
const responseHole: u32 = 4;

/** What fills the hole stands in the buffer, from `from` to before `to`. */
@unmanaged class Hole {
  kind: u32;
  field: u32;
  from: usize;
  to: usize;
}
const holeBytes = offsetof<Hole>();
const mostHoles: usize = 64;
/** The holes of the line a shape is made of, and of the one before it. */
const holesHere = memory.data(<i32>(mostHoles * holeBytes), 4);
const holesBefore = memory.data(<i32>(mostHoles * holeBytes), 4);

/** Where `record` writes the next hole of its line, and where that list ends; both 0 when nobody asks for holes. */
let holes: usize = 0;
let holesEnd: usize = 0;

@inline function hole(kind: u32, field: u32, from: usize, to: usize): void {
  if (holes != holesEnd) addHole(kind, field, from, to);
}

function addHole(kind: u32, field: u32, from: usize, to: usize): void {
  const hole = changetype<Hole>(holes);
  hole.kind = kind;
  hole.field = field;
  hole.from = from;
  hole.to = to;
  holes += holeBytes;
}

/** Finds the holes of a line; answers the place behind the last, or 0 when there are too many. */
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

/**
 * A text that lines have in common, up to the next hole, which is of `kind` (`noHole` where the line ends). Behind it stand a
 * mask of 16 bytes, which says which bytes of the text's last vector count, and the text, filled up with zeros.
 */
@unmanaged class Piece {
  kind: u32;
  field: u32;
  length: usize;
  /** The piece behind the hole. */
  next: usize;
  /** Another piece that a line may have in this place, or 0. */
  other: usize;
  /** Of the last piece of a line: such a line has these fields as texts and as numbers. */
  texts: u32;
  numbers: u32;
}
const pieceBytes = offsetof<Piece>();

// The shapes are a tree: what two of them begin with is the same pieces. So where several versions of a server write into
// one log, what was found of a line up to where they part is not looked for again.

/** Where the place of the first piece of all shapes stands. */
const root = memory.data(4, 4);
const mostShapes: usize = 8;
/** So many of the first shapes guess that what two lines have in common is the same in all lines. */
const mostGuesses: usize = 4;
/** A line that is longer, in bytes, gives no shape. */
const longestShape: usize = 16384;
/** How many lines were to give a shape, those included that gave none. */
let shapesTried: usize = 0;

/** Where a line may go on in another way than it did, should it turn out to be of no shape: the piece to try, and `texts` there. */
@unmanaged class Turn {
  piece: usize;
  at: usize;
  texts: u32;
}
const turnBytes = offsetof<Turn>();
/** A shape parts from each other one at most once, so no line has more turns. */
const turns = memory.data(<i32>(mostShapes * turnBytes), 4);

/**
 * Finds the piece with this text among those that `link` leads to, or adds it with the hole behind it; answers where the
 * place of the next one stands.
 */
function addPiece(link: usize, from: usize, to: usize, kind: u32, field: u32): usize {
  const length = to - from;
  while (load<u32>(link) != 0) {
    const piece = changetype<Piece>(<usize>load<u32>(link));
    // What stands before a hole, from the beginning of the line on, says what it is filled with.
    if (piece.length == length && same(textOf(changetype<usize>(piece)), from, length))
      return changetype<usize>(piece) + offsetof<Piece>("next");
    link = changetype<usize>(piece) + offsetof<Piece>("other");
  }
  const full = length & ~15;
  const at = take(pieceBytes + full + 32);
  memory.fill(at, 0, pieceBytes + full + 32);
  const piece = changetype<Piece>(at);
  piece.kind = kind;
  piece.field = field;
  piece.length = length;
  memory.fill(at + pieceBytes, 0xff, length - full);
  memory.copy(textOf(at), from, length);
  store<u32>(link, <u32>at);
  return at + offsetof<Piece>("next");
}

@inline function textOf(piece: usize): usize {
  return piece + pieceBytes + lanes;
}

/**
 * Makes a shape of a line that `record` has read, given up to behind its line feed, once there is another line before it.
 * The first shapes guess: what fills a hole, does not count, and is the same in both lines is made a part of the text. The
 * last shapes are made without guessing, so that in the end there is one for whatever varies in a log.
 */
function learn(before: usize, line: usize, end: usize): void {
  if (before == 0 || end - line > longestShape || shapesTried == mostShapes) return;
  shapesTried += 1;
  const last = holesOf(line, holesHere);
  if (last == 0) return;
  // Whether a line has these two is seen in its headers, line by line.
  let asText = texts & ~textsOfHeaders;
  const asNumber = numbers;
  // The line is a record: another one with the same of this in it tells of a request as well.
  const telling = isText(loggerField) ? loggerField : messageField;
  const lastBefore = shapesTried <= mostGuesses ? holesOf(before, holesBefore) : holesBefore;
  let from = line;
  let other = holesBefore;
  // The holes that stay, in the place of all.
  let kept = holesHere;
  for (let at = holesHere; at < last; at += holeBytes) {
    const hole = changetype<Hole>(at);
    // The line before may be of another version, with members more or less.
    let match = other;
    while (match < lastBefore && !isAlike(hole, changetype<Hole>(match))) match += holeBytes;
    if (match < lastBefore) {
      other = match + holeBytes;
      if (isSame(hole, changetype<Hole>(match))) {
        if (hole.field == telling && hole.kind == textHole) asText |= isAccess;
        continue;
      }
    }
    // Inside of a header there is an object with a hole of its own. Such lines get no shape.
    if (hole.from < from) return;
    from = hole.to;
    memory.copy(kept, at, holeBytes);
    kept += holeBytes;
  }
  let link = root;
  from = line;
  for (let at = holesHere; at < kept; at += holeBytes) {
    const hole = changetype<Hole>(at);
    link = addPiece(link, from, hole.from, hole.kind, hole.field);
    from = hole.to;
  }
  const piece = changetype<Piece>(addPiece(link, from, end, noHole, noField) - offsetof<Piece>("next"));
  piece.texts = asText;
  piece.numbers = asNumber;
}

/** Whether two holes seem to be of the same member: what stands before them ends alike. */
function isAlike(a: Hole, b: Hole): bool {
  return a.field == b.field && a.kind == b.kind && load<u64>(a.from - 8) == load<u64>(b.from - 8);
}

/** Whether what fills two holes that are alike does not count, or only says what a line tells of, and is the same. */
function isSame(a: Hole, b: Hole): bool {
  const length = a.to - a.from;
  return (a.field == noField || a.field >= loggerField) && a.kind <= numberHole && b.to - b.from == length && same(a.from, b.from, length);
}

/**
 * From the first member of headers, each a list of texts under a name, to the closing brace; or 0 for anything else.
 * Keeps those that count where `named`.
 */
function headersEnd(p: usize, named: bool): usize {
  if (load<u8>(p) == closeBrace) return p;
  if (load<u8>(p) != quote) return 0;
  const end = usualHeadersEnd(p, named);
  return end != 0 ? end : walkHeaders(p, named);
}

// The list of a header has one text, nearly always. So between any two texts of headers stands one of two joints, `":["`
// behind a name and `"],"` behind a value: a quote that closes and, three bytes behind it, one that opens. Of 64 bytes at a
// time all marks are told apart into the two kinds at once. Where each mark is a quote of a joint, and joints of both kinds
// take turns, the headers are JSON. There is no branch for each member, because which comes next nobody can foresee.

/** How far a quote that opens is from the one that closed before it. */
@inline const jointBytes: usize = 3;
/** Longer headers, in bytes, are walked. */
@inline const usualBytes: usize = 4096;
/** A quote that opens a text has at least this many bytes to the next. */
@inline const leastText: usize = 4;
@inline const openingBits: usize = 2;
/** The places of the quotes that open the headers' texts, names and values in turn: the first stands at `openings`. */
const openings = memory.data(<i32>((usualBytes / leastText + 64) << openingBits), 4);
/** The place behind the last of them, and whether any of these texts has an escape. */
let openingsEnd: usize = 0;
let hasEscapes: bool = false;

/** One bit for each of 64 bytes that is `c`. */
@inline function bitsOf(p: usize, c: u8): u64 {
  return (
    <u64>i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(c))) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 16), i8x16.splat(c))) << 16) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 32), i8x16.splat(c))) << 32) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 48), i8x16.splat(c))) << 48)
  );
}

/**
 * Lists the quotes that open the texts of headers, from the first one at `p` on, as far as every mark is the first or the
 * last byte of what may be a joint. Answers where the quote is that closes the last value, before `]}`; or 0 where there is
 * anything else. That the joints are joints is for the caller to see.
 */
@inline function listOpenings(p: usize): usize {
  store<u32>(openings, <u32>p);
  hasEscapes = false;
  let list = openings + (1 << openingBits);
  let base = (p + 1) & ~7;
  const most = base + usualBytes;
  // The marks of 64 bytes from `base` on, and of the three bytes before them; of these three, those that close.
  let marks = load<u64>(base >> 3) & (~(<u64>0) << <u64>((p + 1) & 7));
  let marksBefore: u64 = 0;
  let closeBefore: u64 = 0;
  while (true) {
    // Right but where a text has two bytes: its quotes have the distance of a joint as well.
    let open = marks & ((marks << 3) | marksBefore);
    let close = marks ^ open;
    let alone = ((close << 3) | closeBefore) ^ open;
    let last: usize = 0;
    if (alone != 0) {
      let at = base + <usize>ctz(alone) - jointBytes;
      if ((load<u32>(at) & threeBytes) != wordEndsHeaders) {
        // Backslashes count as no marks, nor do the quotes behind them. Whether a mark is alone is seen three bytes behind it:
        // so these 64 are the ones from three bytes before `base` on. All other escapes are rare.
        const escapes = bitsOf(base - jointBytes, backslash);
        const escaped = escapes << 1;
        if (escapes >> 63 != 0 || (escaped & ~bitsOf(base - jointBytes, quote)) != 0) return 0;
        hasEscapes = true;
        marksBefore &= ~(escapes | escaped);
        closeBefore &= ~(escapes | escaped);
        marks &= ~((escapes | escaped) >> 3);
        // What closes is a mark with none that closes three bytes before it. That is found for up to four in a row.
        close = marks & ~((marks << 3) | marksBefore);
        close = marks & ~((close << 3) | closeBefore);
        close = marks & ~((close << 3) | closeBefore);
        close = marks & ~((close << 3) | closeBefore);
        open = marks ^ close;
        alone = ((close << 3) | closeBefore) ^ open;
        at = base + <usize>ctz(alone) - jointBytes;
      }
      if (alone != 0) {
        // A value that is `]}` would be taken for the end as well; but behind it stands a quote, which no shape has there.
        if ((load<u32>(at) & threeBytes) != wordEndsHeaders) return 0;
        last = at;
        // What stands behind the headers is not theirs.
        open &= (alone & -alone) - 1;
      }
    }
    // Most have six at most, and a loop would be left where nobody can foresee it.
    let left = open;
    store<u32>(list, <u32>(base + <usize>ctz(left)));
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 4);
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 8);
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 12);
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 16);
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 20);
    left &= left - 1;
    for (let out = list + 24; left != 0; out += 1 << openingBits) {
      store<u32>(out, <u32>(base + <usize>ctz(left)));
      left &= left - 1;
    }
    list += <usize>popcnt(open) << openingBits;
    if (last != 0) {
      openingsEnd = list;
      return last;
    }
    marksBefore = marks >> 61;
    closeBefore = close >> 61;
    base += 64;
    if (base == most) return 0;
    marks = load<u64>(base >> 3);
  }
}

/** The same of headers of which each is a list of one text, without other escapes than of quotes; 0 for all others. */
@inline function usualHeadersEnd(p: usize, named: bool): usize {
  const last = listOpenings(p);
  if (last == 0) return 0;
  // The value of the last name ends the list: with one more or less, some joint would have to be of both kinds.
  const lastName = openingsEnd - (2 << openingBits);
  let wrong: u32 = 0;
  for (let name = openings; name < lastName; name += 2 << openingBits) {
    wrong |= load<u32>(placeAt(name, 1) - jointBytes) ^ wordOpensValue;
    wrong |= load<u32>(placeAt(name, 2) - jointBytes) ^ wordNextMember;
  }
  wrong |= load<u32>(placeAt(lastName, 1) - jointBytes) ^ wordOpensValue;
  if (wrong != 0) return 0;
  if (!named) return last + 2;
  // So the last value is told from its opening quote and the one that would open the next, like all others.
  store<u32>(openingsEnd, <u32>(last + jointBytes));
  let agent: usize = 0;
  let referer: usize = 0;
  let found: u32 = 0;
  for (let name = openings; name <= lastName; name += 2 << openingBits) {
    const word = load<u64>(placeAt(name, 0) + 1) | smallBits8;
    const isAgent = word == wordUserAge;
    const isReferer = word == wordReferer;
    agent = select<usize>(name, agent, isAgent);
    referer = select<usize>(name, referer, isReferer);
    found += <u32>isAgent + (<u32>isReferer << 16);
  }
  // A name that is given twice.
  if ((found & ~0x10001) != 0) return 0;
  return (agent == 0 || keepHeader(agent, agentField)) && (referer == 0 || keepHeader(referer, refererField)) ? last + 2 : 0;
}

/** The place of a quote, so many behind the one whose place stands at `name`. */
@inline function placeAt(name: usize, nth: usize): usize {
  return <usize>load<u32>(name + (nth << openingBits));
}

/** Keeps the value of a header that may have the name of a field; false when it has not, or when its text has an escape. */
@inline function keepHeader(name: usize, field: u32): bool {
  const key = placeAt(name, 0) + 1;
  const value = placeAt(name, 1) + 1;
  const end = placeAt(name, 2) - jointBytes;
  if (fieldOf(inHeaders, key, value - 1 - jointBytes - key) != field) return false;
  if (hasEscapes && markFrom(value) != end) return false;
  texts |= 1 << field;
  keep(field, value, end - value);
  return true;
}

/** The same of headers with any texts, member by member. */
function walkHeaders(p: usize, named: bool): usize {
  while (true) {
    // Mostly the marks of a whole member are seen at once: the end of its name, then the beginning of its value and its end.
    const key = p + 1;
    let set = marksAt(key);
    const close = key + <usize>ctz(set);
    if (load<u32>(close) != wordOpensValue || set == 0) return 0;
    const value = close + 4;
    // Without its lowest two bits: the end of the name, and the quote that opens the value.
    set &= set - 1;
    set &= set - 1;
    let end = set != 0 ? key + <usize>ctz(set) : markFrom(value);
    const field = named ? fieldOf(inHeaders, key, close - key) : noField;
    if (field != noField) {
      if (((texts >> field) & 1) != 0) return 0;
      texts |= 1 << field;
      keep(field, value, end - value);
    }
    if (load<u32>(end) != wordNextMember) {
      if (load<u8>(end) != quote) {
        // An escape.
        if (field != noField) return 0;
        end = closing(end);
        if (end == 0) return 0;
      }
      // More texts follow in the list: of a header that counts it is the first.
      while ((load<u32>(end) & threeBytes) == wordNextValue) {
        end = closing(end + 3);
        if (end == 0) return 0;
      }
      // Behind the last member has to be a brace; whoever compares the text that follows sees whether it is one.
      const tail = load<u32>(end);
      if (tail != wordNextMember) return (tail & twoBytes) == wordEndsList ? end + 2 : 0;
    }
    p = end + 3;
  }
}

/**
 * Whether a line has any shape that is known: the place behind its line feed, or 0. Leaves in `fields`, `texts` and `numbers`
 * what `record` would.
 */
function fit(p: usize): usize {
  let piece = <usize>load<u32>(root);
  if (piece == 0) return 0;
  let turn = turns;
  texts = 0;
  while (true) {
    const it = changetype<Piece>(piece);
    const length = it.length;
    const other = it.other;
    let text = textOf(piece);
    let at = p;
    const behind = p + length;
    const rest = text + (length & ~15);
    let wrong = i64x2.splat(0);
    for (; text < rest; text += lanes, at += lanes) wrong = v128.or(wrong, v128.xor(v128.load(at), v128.load(text)));
    wrong = v128.or(wrong, v128.and(v128.xor(v128.load(at), v128.load(rest)), v128.load(piece, pieceBytes)));
    if (v128.any_true(wrong)) {
      piece = other;
      if (piece != 0) continue;
    } else {
      if (other != 0) {
        changetype<Turn>(turn).piece = other;
        changetype<Turn>(turn).at = p;
        changetype<Turn>(turn).texts = texts;
        turn += turnBytes;
      }
      const kind = it.kind;
      piece = it.next;
      p = behind;
      if (kind == textHole) {
        p = markFrom(p);
        keep(it.field, behind, p - behind);
        continue;
      }
      if (kind == numberHole) {
        p = numberEnd(p);
        if (p != 0) {
          keep(it.field, behind, p - behind);
          continue;
        }
      } else if (kind != noHole) {
        p = headersEnd(p, kind == headersHole);
        if (p != 0) continue;
      } else {
        texts |= it.texts;
        numbers = it.numbers;
        return p;
      }
    }
    if (turn == turns) return 0;
    turn -= turnBytes;
    piece = changetype<Turn>(turn).piece;
    p = changetype<Turn>(turn).at;
    texts = changetype<Turn>(turn).texts;
  }
}

// ---- what a line counts as ----------------------------------------------------------------------------------------------

/** What a function below answers about a day or a line that it is not certain of. */
@inline const lineUncertain: i32 = -1;

/** Whether the line that `record` read tells something else than that a request was answered; record.ts says how that is told. */
function isRuntime(): bool {
  if ((texts & isAccess) != 0) return false;
  if (isText(loggerField)) {
    const place = placeOf(loggerField);
    return lengthKept(loggerField) < 15 || load<u64>(place) != wordHttpLog || load<u64>(place, 7) != wordGAccess;
  }
  if (!isText(messageField) || !isText(levelField)) return false;
  if (!isText(timeField) && ((numbers >> timeField) & 1) == 0) return false;
  const place = placeOf(messageField);
  return (
    lengthKept(messageField) != 15 ||
    load<u32>(place) != wordHand ||
    load<u32>(place, 3) != wordDled ||
    load<u8>(place, 7) != space ||
    load<u32>(place, 8) != wordRequ ||
    load<u32>(place, 11) != wordUest
  );
}

/** The time of the line at hand, once `dayOf` has read it. */
let stamp: f64 = 0;

// Lines of one second follow each other. So the time of a line is compared with the one that was read last, where that has
// ten digits and a point: as many digits behind it, and the same before it, are the same time, because what stands behind
// the point is not kept.
let knownBytes: usize = 0;
let knownStart: u64 = 0;
let knownRest: u32 = 0;
let knownStamp: f64 = 0;
let knownDay: i32 = 0;
/** Ten digits and a point are these two words, of which the second begins with the last byte of the first. */
@inline const restOfSecond: usize = 7;
@inline const secondBytes: usize = 11;

@inline function isKnownTime(place: usize, length: usize): bool {
  return (
    length == knownBytes &&
    load<u64>(place) == knownStart &&
    load<u32>(place, restOfSecond) == knownRest &&
    // An exponent would make another number of it.
    (nonDigits(place + secondBytes) & ((1 << <i32>(length - secondBytes)) - 1)) == 0
  );
}

/** The day of the line that `record` read: `recordOfDay`, `recordBefore`, `recordAfter`, or `lineUncertain` without a certain time. */
function dayOf(): i32 {
  const place = placeOf(timeField);
  const length = lengthKept(timeField);
  if (isText(timeField)) {
    stamp = time(place, length);
    if (stamp != stamp) return lineUncertain;
  } else if (((numbers >> timeField) & 1) == 0) return lineUncertain;
  else if (isKnownTime(place, length)) {
    stamp = knownStamp;
    return knownDay;
  } else {
    // A nanosecond since 1970 has 19 digits, which a double does not hold.
    if (!decimal(place, length)) return lineUncertain;
    stamp = <f64>whole;
    // More digits than a double holds may be rounded over the edge of the day.
    if (wholeDigits + partDigits > exactDigits && (abs(stamp - from) <= second || abs(stamp - to) <= second))
      return lineUncertain;
  }
  const day = stamp < from ? recordBefore : stamp < to ? recordOfDay : recordAfter;
  if (!isText(timeField) && wholeDigits == secondBytes - 1 && partDigits > 0) {
    knownBytes = length;
    knownStart = load<u64>(place);
    knownRest = load<u32>(place, restOfSecond);
    knownStamp = stamp;
    knownDay = day;
  }
  return day;
}

/** 10 to the power of 0 to 15, as u64. */
const powers = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
]);
@inline const powerBits: usize = 3;

/** How long the path of a URI is: up to the first `?` or `#`. */
function pathLengthOf(at: usize, length: usize): usize {
  for (let nth: usize = 0; nth < length; nth += 2 * lanes) {
    const hit = endsPath(at + nth) | (endsPath(at + nth + lanes) << 16);
    if (hit != 0) return min(length, nth + <usize>ctz(hit));
  }
  return length;
}
@inline function endsPath(p: usize): i32 {
  const v = v128.load(p);
  return i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(questionMark)), i8x16.eq(v, i8x16.splat(numberSign))));
}

/** The line feed at or behind a place. */
function lineEnd(p: usize): usize {
  while (true) {
    const hit = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(lineFeed)));
    if (hit != 0) return p + <usize>ctz(hit);
    p += lanes;
  }
}

/** A part of an answer. */
@inline const partialStatus: i32 = 206;

/** Whether the line has a duration that needs JSON.parse: a number with an exponent, or of so many digits that rounding matters. */
function isLongDuration(): bool {
  if (((numbers >> durationField) & 1) == 0) return false;
  const place = placeOf(durationField);
  const length = lengthKept(durationField);
  if (length > exactDigits + 1) return true;
  const others = nonDigits(place) & ((1 << <i32>length) - 1);
  if (others == 0) return length > exactDigits;
  return (others & (others - 1)) != 0 || load<u8>(place + <usize>ctz(others)) != point;
}

/**
 * Counts a line as a page view if it is one, as soon as many lines wait for that; false when it is not certain what the line
 * counts as. A line that waits is certain, whatever its texts turn out to be.
 */
function view(status: i32): bool {
  const pathLength = pathLengthOf(placeOf(uriField), lengthOf(uriField));
  const isPart = status == partialStatus;
  // The host cuts a longer agent off where a character ends, which is not known here.
  const isUncertain = lengthOf(agentField) > <usize>agentBytes || isLongDuration();
  if (isPart || isUncertain) {
    const path = judged(pages, placeOf(uriField), pathLength, hashOf(placeOf(uriField), pathLength));
    if (path.flags == assetFlag) return true;
    // Of a page it depends on which part that is.
    if (isUncertain || path.flags != fileFlag) return false;
  }
  wait(pathLength, isPart);
  return true;
}

/** A line that waits: what `fields` has of it, up to its duration, `texts`, `numbers`, and what is known of it besides. */
@unmanaged class Waiting {
  texts: u32;
  numbers: u32;
  isPart: bool;
  pathLength: usize;
  /** The entry of its path, once that is found. */
  path: usize;
}
const waitingFields = offsetof<Waiting>();
const waitingBytes = waitingFields + (<usize>(durationField + 1) << fieldBits);
const waiting = memory.data(<i32>(mostLookups * waitingBytes), 16);
let waitingEnd: usize = waiting;
/** Lists of places in `waiting`; each may be written one place behind its last. */
const someWaiting = memory.data(<i32>((mostLookups + 1) * sizeof<u32>()), 4);
const viewsWaiting = memory.data(<i32>((mostLookups + 1) * sizeof<u32>()), 4);
@inline const placeBits: usize = 2;

function wait(pathLength: usize, isPart: bool): void {
  const line = changetype<Waiting>(waitingEnd);
  line.texts = texts;
  line.numbers = numbers;
  line.isPart = isPart;
  line.pathLength = pathLength;
  const to = waitingEnd + waitingFields;
  v128.store(to, v128.load(fields));
  v128.store(to, v128.load(fields, 16), 16);
  v128.store(to, v128.load(fields, 32), 32);
  v128.store(to, v128.load(fields, 48), 48);
  v128.store(to, v128.load(fields, 64), 64);
  waitingEnd += waitingBytes;
  if (waitingEnd == waiting + mostLookups * waitingBytes) countWaiting();
}

@inline function hasText(line: Waiting, field: u32): bool {
  return ((line.texts >> field) & 1) != 0;
}

/** The place and the length of a field of a line that waits, as `placeOf` and `lengthOf` have them of the line at hand. */
@inline function placeIn(line: Waiting, field: u32): usize {
  return <usize>load<u32>(changetype<usize>(line) + (<usize>field << fieldBits), waitingFields);
}
@inline function lengthIn(line: Waiting, field: u32): usize {
  return hasText(line, field) ? <usize>load<u32>(changetype<usize>(line) + (<usize>field << fieldBits), waitingFields + fieldLength) : 0;
}

/**
 * Counts the lines that wait. Their paths are looked up together, then the agents of those that are pages or files, then the
 * addresses of those that no bot asked for. Nobody can foresee which lines are left out, so a list takes every line, and
 * steps on behind those that stay.
 */
function countWaiting(): void {
  const end = waitingEnd;
  waitingEnd = waiting;
  for (let at = waiting; at < end; at += waitingBytes) {
    const line = changetype<Waiting>(at);
    lookFor(placeIn(line, uriField), line.pathLength);
  }
  findAll(pages);
  let someEnd = someWaiting;
  for (let at = waiting, found = lookups; at < end; at += waitingBytes, found += lookupBytes) {
    const path = changetype<Lookup>(found).entry;
    changetype<Waiting>(at).path = path;
    store<u32>(someEnd, <u32>at);
    someEnd += <usize>(changetype<Entry>(path).flags != assetFlag) << placeBits;
  }
  countViews(withoutBots(someEnd));
}

/** Moves the lines of `someWaiting` that no bot asked for to `viewsWaiting`; answers where that list ends. */
function withoutBots(someEnd: usize): usize {
  let viewsEnd = viewsWaiting;
  let agentsEnd = someWaiting;
  for (let at = someWaiting; at < someEnd; at += 1 << placeBits) {
    const place = load<u32>(at);
    const line = changetype<Waiting>(<usize>place);
    if (hasText(line, agentField)) {
      lookFor(placeIn(line, agentField), lengthIn(line, agentField));
      store<u32>(agentsEnd, place);
      agentsEnd += 1 << placeBits;
    } else {
      store<u32>(viewsEnd, place);
      viewsEnd += 1 << placeBits;
    }
  }
  findAll(agents);
  for (let at = someWaiting, found = lookups; at < agentsEnd; at += 1 << placeBits, found += lookupBytes) {
    store<u32>(viewsEnd, load<u32>(at));
    viewsEnd += <usize>(changetype<Entry>(changetype<Lookup>(found).entry).flags != botFlag) << placeBits;
  }
  return viewsEnd;
}

/** Counts the lines of `viewsWaiting`. */
function countViews(viewsEnd: usize): void {
  for (let at = viewsWaiting; at < viewsEnd; at += 1 << placeBits) {
    const line = changetype<Waiting>(<usize>load<u32>(at));
    const path = changetype<Entry>(line.path);
    if (path.flags == fileFlag) keepReading(line);
    const times: u32 = line.isPart ? 0 : 1;
    const referral = referralOf(line, times) ? referredFlag : 0;
    const asking = askingField(line);
    if (lengthIn(line, asking) != 0) addVisit(placeIn(line, asking), lengthIn(line, asking), referral, times);
    else addressless += <f64>times;
    if (line.isPart) continue;
    views += 1;
    path.count += 1;
    const seconds = secondsOf(line);
    if (seconds >= 0) keepDuration(seconds);
  }
  countVisits();
}

/** Adds a visit to those that `countVisits` counts: what it adds to the visitor's flags, and to its count of page views. */
@inline function addVisit(address: usize, length: usize, flags: u32, count: u32): void {
  const visit = lookFor(address, length);
  visit.flags = flags;
  visit.count = count;
}

function countVisits(): void {
  const end = lookupsEnd;
  findAll(visitors);
  for (let at = lookups; at < end; at += lookupBytes) {
    const visit = changetype<Lookup>(at);
    const visitor = changetype<Entry>(visit.entry);
    visitor.flags |= visit.flags;
    visitor.count += visit.count;
  }
}

/** The duration in seconds; -1 when there is none. */
function secondsOf(line: Waiting): f64 {
  const place = placeIn(line, durationField);
  if (hasText(line, durationField)) {
    const read = duration(place, lengthIn(line, durationField));
    return read == read ? read : -1;
  }
  if (((line.numbers >> durationField) & 1) == 0) return -1;
  // At most 15 digits are exact in a double, and so is the power of ten: one division rounds as JSON.parse does.
  decimal(place, <usize>load<u32>(changetype<usize>(line) + (<usize>durationField << fieldBits), waitingFields + fieldLength));
  const power = load<u64>(powers + (partDigits << powerBits));
  const read = <f64>(whole * power + part) / <f64>power;
  return perSecond == 1 ? read : read / perSecond;
}

/** The field that says who asked. */
@inline function askingField(line: Waiting): u32 {
  return lengthIn(line, clientField) != 0 ? clientField : remoteField;
}

/** Keeps how whoever asked was given a file. */
function keepReading(line: Waiting): void {
  const asking = askingField(line);
  const place = placeIn(line, asking);
  let length = lengthIn(line, asking);
  // All of whom no address is told are taken for one.
  if (length != 0 && (judged(visitors, place, length, hashOf(place, length)).flags & noAddressFlag) != 0) length = 0;
  const key = joined(place, length, placeIn(line, uriField), line.pathLength);
  intern(readings, key, length + 1 + line.pathLength).flags |= line.isPart ? partFlag : wholeFlag;
}

/**
 * How much of a referrer names its site: of an address that begins with `http://` or `https://` what stands before the first
 * `/`, `?` or `#` behind that. What follows never changes the host, and without it there are far fewer referrers to tell
 * apart. Nothing is left out of anything else, nor where what is left would end with a space, which a URL's parser trims.
 */
function siteLength(at: usize, length: usize): usize {
  let start: usize = 0;
  if (load<u32>(at) == wordHttp) {
    if ((load<u32>(at, 4) & threeBytes) == wordScheme) start = 7;
    else if (load<u32>(at, 4) == wordSecureScheme) start = 8;
  }
  if (start == 0) return length;
  for (let nth = start; nth < length; nth += lanes) {
    const v = v128.load(at + nth);
    const hit = endsPath(at + nth) | i8x16.bitmask(i8x16.eq(v, i8x16.splat(slash)));
    if (hit == 0) continue;
    const end = nth + <usize>ctz(hit);
    return end >= length || end == start || load<u8>(at + end - 1) == space ? length : end;
  }
  return length;
}

/** Whether a page view came from another site, which is then counted so many times. */
function referralOf(line: Waiting, times: u32): bool {
  if (lengthIn(line, refererField) == 0) return false;
  // The host that was asked belongs to the key, because coming from there is no referral.
  const place = placeIn(line, refererField);
  const length = siteLength(place, lengthIn(line, refererField));
  const host = placeIn(line, hostField);
  const hostLength = lengthIn(line, hostField);
  const key = joined(place, length, host, hostLength);
  const referrer = intern(referrers, key, length + 1 + hostLength);
  if (fresh && external(place, length, host, hostLength) != 0) referrer.flags = siteFlag;
  if (referrer.flags == 0) return false;
  referrer.count += times;
  return true;
}

/** Where `joined` writes, and how long that may be. */
let scratch: usize = 0;
let scratchBytes: usize = 0;

/** Two texts with a line feed between them, which neither can hold. */
function joined(a: usize, aLength: usize, b: usize, bLength: usize): usize {
  const bytes = aLength + bLength + 1;
  if (bytes > scratchBytes) {
    scratchBytes = max(bytes * 2, 4096);
    scratch = take(scratchBytes + lanes);
  }
  copy(scratch, a, aLength);
  store<u8>(scratch + aLength, lineFeed);
  copy(scratch + aLength + 1, b, bLength);
  return scratch;
}

/** Copies up to 15 bytes more than asked for; `memory.copy` calls out of the module, which takes longer than a short text. */
@inline function copy(to: usize, from: usize, length: usize): void {
  for (let at: usize = 0; at < length; at += lanes) v128.store(to + at, v128.load(from + at));
}

// ---- all lines ----------------------------------------------------------------------------------------------------------

/** Reads all lines from `p` to `stop`. The byte before `stop` is a line feed, and 64 bytes behind it are readable. */
export function scan(p: usize, stop: usize): void {
  let before: usize = 0;
  mark(p & ~63, stop);
  while (p < stop) {
    if (load<u8>(p) == lineFeed) {
      p++;
      continue;
    }
    let behind = fit(p);
    let day = lineUncertain;
    if (behind != 0) day = count();
    else {
      behind = lineEnd(p) + 1;
      if (isRecord(p, behind)) {
        day = count();
        if (day >= recordOfDay && day <= recordAfter) learn(before, p, behind);
      }
    }
    if (day < 0) day = slow(p, behind - 1 - p);
    if (day >= recordOfDay && day <= recordAfter) {
      // The host says whose the leading bad lines are: it knows what came before this part of the log.
      if (first == 0) first = day;
      else if (last == recordBefore && day == recordAfter) gap += trailing;
      last = day;
      trailing = 0;
    } else if (day == runtimeLine) runtime += 1;
    else if (day == noRecord) {
      if (first == 0) leading += 1;
      else if (last == recordOfDay) bad += 1;
      else trailing += 1;
    }
    before = p;
    p = behind;
  }
  // The texts of those that wait stand in the buffer, which the host fills again.
  countWaiting();
}

/** Whether a line is an object, and nothing else, up to behind its line feed. */
function isRecord(p: usize, behind: usize): bool {
  if (load<u8>(p) != openBrace) return false;
  p = record(p);
  if (p == 0) return false;
  // A log written on Windows ends its lines with a carriage return as well.
  p = skipSpace(p);
  if (load<u8>(p) == carriageReturn) p++;
  return p == behind - 1;
}

/** Three digits that are all zero, as a word. */
@inline const threeZeros: u32 = 0x303030;

/** The status of the line; -1 when it is not certain. */
function statusOf(): i32 {
  const place = placeOf(statusField);
  const length = lengthKept(statusField);
  if (length == 3 && (nonDigits(place) & 7) == 0) {
    const digits = load<u32>(place) - threeZeros;
    return <i32>((digits & 0xff) * 100 + ((digits >> 8) & 0xff) * 10 + ((digits >> 16) & 0xff));
  }
  return length <= 9 && decimal(place, length) && partDigits == 0 ? <i32>whole : -1;
}

/** Counts the line that `record` read: what the line is, or `lineUncertain` and nothing counted. */
function count(): i32 {
  if (isRuntime()) return runtimeLine;
  // What is no record may be a line that another program wrapped, and the host says what it looks like.
  if (!isText(uriField) || ((numbers >> statusField) & 1) == 0) return lineUncertain;
  const day = dayOf();
  if (day == lineUncertain) return lineUncertain;
  const status = statusOf();
  if (status < 0) return lineUncertain;
  if (day == recordOfDay) {
    const group = status / 100 - 1;
    const isView =
      (group == 1 || status == 304) &&
      lengthOf(methodField) == 3 &&
      load<u16>(placeOf(methodField)) == wordGe &&
      load<u8>(placeOf(methodField), 2) == capitalT;
    if (isView && !view(status)) return lineUncertain;
    requests += 1;
    const counter = classes + ((group >= 0 && group < classCount - 1 ? <usize>group : classCount - 1) << alignof<f64>());
    store<f64>(counter, load<f64>(counter) + 1);
  }
  if (stamp > latest) {
    latest = stamp;
    if (stamp <= present) newest = stamp;
  } else if (stamp > newest && stamp <= present) newest = stamp;
  return day;
}
