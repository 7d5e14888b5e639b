// What is an address.

import { address } from "./host.as";
import { isHex } from "./json.as";
import { colon, digit0, lanes, point, wordColons } from "./bytes.as";

/** Whether a text of an entry has a colon in it. */
export function hasColon(at: usize, length: usize): bool {
  // What is read of the bytes behind the text is zeros.
  for (let nth: usize = 0; nth < length; nth += lanes)
    if (v128.any_true(i8x16.eq(v128.load(at + nth), i8x16.splat(colon)))) return true;
  return false;
}

/** Whether a text is an address. The usual ones are known here; of all others the host decides. */
export function isAddress(at: usize, length: usize): bool {
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
