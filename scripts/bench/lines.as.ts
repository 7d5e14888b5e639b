// The yardstick of the bench, in AssemblyScript: stands where the log scanner stands, in the same reader with the same
// threads and the same reads, but only finds where lines end. How much longer the real one takes is what looking costs.
//
// It gives what scanner.ts asks of a scanner, by the same numbers (scan.abi.ts). Every line counts as a request of the day,
// and nothing else is counted. It is compiled as the real one is, for the bench alone: no role has it.

import {
  bufferStart,
  classCount,
  packedHead,
  recordOfDay,
  tableCount,
} from "../../actions/collect-engagement/log/scan.abi";

@inline const lineFeed: u8 = 0x0a;

export let requests: f64 = 0;
export let views: f64 = 0;
export let bad: f64 = 0;
export let leading: f64 = 0;
export let first: i32 = 0;
export let last: i32 = 0;
export let trailing: f64 = 0;
export let gap: f64 = 0;
export let runtime: f64 = 0;
export let addressless: f64 = 0;
export let newest: f64 = 0;
export let latest: f64 = 0;
export const classes = memory.data(classCount * 8, 8);

export let visitorCount: i32 = 0;
export let referredCount: i32 = 0;
export let fourCount: i32 = 0;
export let fourNetworks: i32 = 0;
export let sixCount: i32 = 0;
export let sixNetworks: i32 = 0;
export let nobodys: f64 = 0;
export let packed: usize = 0;
export let firstBlock: usize = 0;
export let durationCount: u32 = 0;
export let rangeCount: u32 = 0;
export let rangeRank: u32 = 0;

/** Where the last line began: kept, so that no compiler leaves out what is measured. */
export let lineStart: usize = 0;
/** Where memory is free from. */
let top: usize = 0;

/** Room for what the host brings. */
export function room(bytes: usize): usize {
  const at = top;
  top += (bytes + 7) & ~7;
  const have = <usize>memory.size() << 16;
  if (top + 64 > have && memory.grow(<i32>((top + 64 - have + 0xffff) >>> 16)) < 0) unreachable();
  return at;
}

export function init(
  bytes: u32,
  dayFrom: f64,
  _dayTo: f64,
  _now: f64,
  _unitsPerSecond: f64,
  _durationUnits: f64,
  _random: u64,
): usize {
  newest = dayFrom;
  latest = dayFrom;
  room(<usize>bytes + bufferStart);
  return bufferStart;
}

export function begin(): void {
  first = 0;
  last = 0;
}

/** Finds the end of each line, 64 bytes at a time. The byte before `stop` is a line feed. */
export function scan(p: usize, stop: usize): void {
  const feed = i8x16.splat(lineFeed);
  let lines = 0;
  let start = p;
  for (; p < stop; p += 64) {
    let ends =
      <u64>i8x16.bitmask(i8x16.eq(v128.load(p), feed)) |
      (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 16), feed)) << 16) |
      (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 32), feed)) << 32) |
      (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 48), feed)) << 48);
    for (; ends != 0; ends &= ends - 1) {
      const end = p + <usize>ctz(ends);
      // What stands behind the last line is of the buffer's use before.
      if (end >= stop) break;
      start = end + 1;
      lines += 1;
    }
  }
  lineStart = start;
  requests += <f64>lines;
  store<f64>(classes + sizeof<f64>(), requests);
  first = recordOfDay;
  last = recordOfDay;
}

// Nothing is in its tables, and there are no durations.

export function headOf(_table: i32): usize {
  return 0;
}

export function survey(): void {}

export function pack(): usize {
  const at = room(tableCount * packedHead);
  memory.fill(at, 0, tableCount * packedHead);
  packed = at + tableCount * packedHead;
  return at;
}

export function unpack(_start: usize): void {}

export function addBlock(_next: usize): void {}

export function clearRanges(): void {}

export function countRanges(_block: usize): void {}

export function findRange(_rank: u32): void {}

export function gather(_block: usize, out: usize): usize {
  return out;
}
