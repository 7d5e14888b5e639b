// How long answers took, and how one of these durations is found by its rank.

import { blockLength, blockNext, blockValues, durationBytes } from "../scan.abi";
import { take } from "./memory.as";

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

export function keepDuration(seconds: f64): void {
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
