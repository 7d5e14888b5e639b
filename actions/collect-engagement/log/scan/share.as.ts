// What the host asks for before it scans and afterwards, and how what one thread counted goes to another.

import {
  bufferStart,
  entryText,
  noAddressFlag,
  packedCount,
  packedFlags,
  packedHead,
  packedLength,
  packedText,
  pagesTable,
  readingsTable,
  referredFlag,
  tableCount,
  visitorsTable,
} from "../scan.abi";
import { copy, lanes, wordColons, wordZero } from "./bytes.as";
import { from, perSecond, present, second, seed, to } from "./state.as";
import { take } from "./memory.as";
import { Entry, Table, agents, createTable, intern, pages, readings, referrers, visitors } from "./tables.as";
import { lookupBytes, lookups, lookupsEnd, mostLookups } from "./lookups.as";
import { hasColon } from "./addresses.as";
import { addVisit, countVisits } from "./views.as";
import { count } from "./lines.as";

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
