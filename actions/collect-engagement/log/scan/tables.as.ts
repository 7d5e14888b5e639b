// Tables of distinct texts, each with what was counted of it.

import { entryCount, entryFlags, entryLength, entryNext, entryText } from "../scan.abi";
import { firstBytes, lanes, same } from "./bytes.as";
import { seed } from "./state.as";
import { take, top } from "./memory.as";

/** A table of distinct texts: slots, each a hash and the place of an entry, and entries, which stand where they were made. */
@unmanaged export class Table {
  slots: usize;
  /** The number of slots, a power of two, less one. */
  mask: u32;
  /** How many entries it has. */
  size: u32;
  /** The first entry, and the last: all of them are a chain, which the host can walk. */
  head: usize;
  tail: usize;
}
@inline export const slotBits: usize = 3;
@inline export const slotEntry: usize = 4;

/** Its text stands behind it. */
@unmanaged export class Entry {
  next: usize;
  length: u32;
  count: u32;
  flags: u32;
}
/** The flag of an agent that is a bot; those of the tables that the host walks stand in scan.abi.ts. */
@inline export const botFlag: u32 = 1;

// The compiler stops here when an entry is not laid out as the host walks it.
if (offsetof<Entry>("next") != entryNext) ERROR("scan.abi.ts: entryNext");
if (offsetof<Entry>("length") != entryLength) ERROR("scan.abi.ts: entryLength");
if (offsetof<Entry>("count") != entryCount) ERROR("scan.abi.ts: entryCount");
if (offsetof<Entry>("flags") != entryFlags) ERROR("scan.abi.ts: entryFlags");
if (offsetof<Entry>() != entryText) ERROR("scan.abi.ts: entryText");

export function createTable(capacity: u32): Table {
  const table = changetype<Table>(take(offsetof<Table>()));
  table.slots = take(<usize>capacity << slotBits);
  memory.fill(table.slots, 0, <usize>capacity << slotBits);
  table.mask = capacity - 1;
  table.size = 0;
  table.head = 0;
  table.tail = 0;
  return table;
}

export let pages: Table = changetype<Table>(0);
export let visitors: Table = changetype<Table>(0);
export let agents: Table = changetype<Table>(0);
export let referrers: Table = changetype<Table>(0);
export let readings: Table = changetype<Table>(0);

// Odd numbers whose bits are spread well, so that multiplying by them mixes: 2^64 by the golden ratio, and two that
// MurmurHash3 ends with.
@inline const goldenRatio: u64 = 0x9e3779b97f4a7c15;
@inline const mixerA: u64 = 0xff51afd7ed558ccd;
@inline const mixerB: u64 = 0xc4ceb9fe1a85ec53;

/**
 * The hash of a text, never 0. It is seeded, so that nobody outside can choose texts that collide. It has two lanes, because
 * a processor multiplies both at the same time.
 */
export function hashOf(at: usize, length: usize): u32 {
  return hashInPlace(at, length);
}

/** The same without a call, for loops over many texts. */
@inline export function hashInPlace(at: usize, length: usize): u32 {
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

/** Whether the entry that was looked up last was not there before. */
export let fresh: bool = false;

/** The entry of a text, made when there is none yet. */
export function intern(table: Table, at: usize, length: usize): Entry {
  return internHashed(table, at, length, hashOf(at, length));
}

export function internHashed(table: Table, at: usize, length: usize, hash: u32): Entry {
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
