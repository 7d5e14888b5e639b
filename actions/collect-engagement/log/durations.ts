import type { Sample } from './counts.ts';
import { blockLength, blockNext, blockValues, durationBytes } from './scan.abi.ts';

/** What scan.as.ts exports to keep durations, which stand in blocks (see scan.abi.ts). */
export interface DurationScanner {
  memory: WebAssembly.Memory;
  room(bytes: number): number;
  addBlock(block: number): void;
  clearRanges(): void;
  countRanges(block: number): void;
  findRange(rank: number): void;
  gather(block: number, out: number): number;
  firstBlock: WebAssembly.Global;
  durationCount: WebAssembly.Global;
  rangeCount: WebAssembly.Global;
  rangeRank: WebAssembly.Global;
}

/** Where the blocks stand, and views of their values, in seconds; until memory grows. */
function blocksOf(scanner: DurationScanner): { at: number; values: Float64Array<ArrayBuffer> }[] {
  const { buffer } = scanner.memory;
  const words = new Uint32Array(buffer);
  const word = (at: number): number => words[at >>> 2] ?? 0;
  const found = [];
  for (let at: number = scanner.firstBlock.value; at !== 0; at = word(at + blockNext))
    found.push({ at, values: new Float64Array(buffer, at + blockValues, word(at + blockLength)) });
  return found;
}

/** Copies of all durations, block by block. */
export function copyDurations(scanner: DurationScanner): Float64Array<ArrayBuffer>[] {
  return blocksOf(scanner).map(({ values }) => values.slice());
}

export function addDurations(scanner: DurationScanner, values: Float64Array): void {
  if (values.length === 0) return;
  const at = scanner.room(blockValues + values.byteLength);
  const { buffer } = scanner.memory;
  new DataView(buffer).setUint32(at + blockLength, values.length, true);
  new Float64Array(buffer, at + blockValues, values.length).set(values);
  scanner.addBlock(at);
}

/** The durations kept so far. They stay where they are: a percentile is looked for in the range of values that has it. */
export function sampleDurations(scanner: DurationScanner): Sample {
  const size: number = scanner.durationCount.value;
  let isCounted = false;

  function countRanges(): void {
    scanner.clearRanges();
    for (const { at } of blocksOf(scanner)) scanner.countRanges(at);
    isCounted = true;
  }

  return {
    size,
    at(rank) {
      if (!isCounted) countRanges();
      scanner.findRange(rank);
      const start = scanner.room(scanner.rangeCount.value * durationBytes);
      let end = start;
      for (const { at } of blocksOf(scanner)) end = scanner.gather(at, end);
      const range = new Float64Array(scanner.memory.buffer.slice(start, end)).sort();
      return range[scanner.rangeRank.value] ?? Number.NaN;
    },
    values() {
      const values = new Float64Array(size);
      let at = 0;
      for (const block of blocksOf(scanner)) {
        values.set(block.values, at);
        at += block.values.length;
      }
      return values;
    },
  };
}
