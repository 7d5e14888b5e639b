// Many texts looked up together.

import { entryText, noAddressFlag } from "../scan.abi";
import { bot, kindOf } from "./host.as";
import { same } from "./bytes.as";
import { Entry, Table, agents, botFlag, fresh, hashInPlace, internHashed, pages, slotBits, slotEntry } from "./tables.as";
import { isAddress } from "./addresses.as";

// Tables do not stay in a core's own cache while a log runs through it, and what is further away takes longer to answer than
// a short text takes to compare. So texts wait until there are many, and memory is asked for all of them at once: first for
// the slots of all, then for the entries of all. When they are compared at last, what that needs is near.

/** A text that is looked for, and its entry. What it adds to the entry is for whoever looks for it. */
@unmanaged export class Lookup {
  at: usize;
  length: usize;
  hash: u32;
  entry: usize;
  flags: u32;
  count: u32;
}
export const lookupBytes = offsetof<Lookup>();
export const mostLookups: usize = 64;
export const lookups = memory.data(<i32>(mostLookups * lookupBytes), 16);
/** Keeps the compiler from leaving out what only asks memory for entries. */
let asked: u32 = 0;

/** The place behind the last lookup: lists of them are made in `lookups`, one behind the other. */
export let lookupsEnd: usize = lookups;

/** Adds a text to those that `findAll` looks for. */
@inline export function lookFor(at: usize, length: usize): Lookup {
  const lookup = changetype<Lookup>(lookupsEnd);
  lookupsEnd += lookupBytes;
  lookup.at = at;
  lookup.length = length;
  lookup.hash = hashInPlace(at, length);
  return lookup;
}

/** Finds the entries of all lookups, and makes those that are not there yet. The next lookup is the first of a new list. */
export function findAll(table: Table): void {
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
export function judged(table: Table, at: usize, length: usize, hash: u32): Entry {
  const entry = internHashed(table, at, length, hash);
  if (!fresh) return entry;
  if (table == pages) entry.flags = kindOf(at, length);
  else if (table == agents) entry.flags = bot(at, length) != 0 ? botFlag : 0;
  else if (!isAddress(at, length)) entry.flags = noAddressFlag;
  return entry;
}
