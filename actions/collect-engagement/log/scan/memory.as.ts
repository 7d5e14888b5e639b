// Memory that only grows.

import { lanes, readAhead } from "./bytes.as";

/** The page of WebAssembly, in bits of a place, and how many of them memory grows by at least. */
@inline const pageBits: usize = 16;
@inline const growthPages: i32 = 32;

/** Where memory is free from. */
export let top: usize = 0;

export function take(bytes: usize): usize {
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

/** Room for what the host brings. */
export function room(bytes: usize): usize {
  return take(bytes + lanes);
}
