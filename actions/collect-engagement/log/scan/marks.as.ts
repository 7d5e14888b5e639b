// Where texts and lines end.

import { backslash, lanes, lineFeed, quote, space } from "./bytes.as";

// Every quote, backslash and control character of the buffer has a mark: a bit that is set. So the end of a text is found
// without looking at its bytes one by one. The marks of the eight bytes at `p` are the byte at `p / 8`.

@inline const signBit: u8 = 0x80;

/** A mark for each of 16 bytes. */
@inline function special(v: v128): i32 {
  // With its second bit turned over a quote becomes a space, and what is below a space stays below it; nothing else gets
  // there. So one comparison finds quotes and control characters. It is one of signed bytes, because that is a single
  // instruction on most machines; with their highest bits turned over as well these have the order of unsigned ones.
  const turned = v128.xor(v, i8x16.splat(quote ^ space ^ signBit));
  const quoteOrControl = i8x16.lt_s(turned, i8x16.splat(<i8>((space + 1) ^ signBit)));
  return i8x16.bitmask(v128.or(quoteOrControl, i8x16.eq(v, i8x16.splat(backslash))));
}

/** Marks everything from `p`, which is a multiple of 64, to `end` and up to 127 bytes behind it. */
export function mark(p: usize, end: usize): void {
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
@inline export function marksAt(p: usize): u64 {
  return load<u64>(p >> 3) >> <u64>(p & 7);
}

/** The first mark at `p` or behind it. The last byte of the buffer, a line feed, has one. */
@inline export function markFrom(p: usize): usize {
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

/** The line feed at or behind a place. */
export function lineEnd(p: usize): usize {
  while (true) {
    const hit = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(lineFeed)));
    if (hit != 0) return p + <usize>ctz(hit);
    p += lanes;
  }
}
