// Numbers: where one ends, and what it comes to.

import { closeBrace, comma, digit0, digit1, lanes, minus, plus, point, smallBit, smallE } from "./bytes.as";

@inline const signBit: u8 = 0x80;

/** One bit for each of 16 bytes that is no digit. */
@inline export function nonDigits(p: usize): i32 {
  // Signed bytes are compared in one instruction on most machines, unsigned ones in four. With the highest bit turned over a
  // signed byte has the order of an unsigned one.
  const turned = i8x16.sub(v128.load(p), i8x16.splat(<i8>(digit0 + signBit)));
  return i8x16.bitmask(i8x16.gt_s(turned, i8x16.splat(<i8>(9 - <i32>signBit))));
}

/** From the first byte of a number to behind it, or 0. */
@inline export function numberEnd(p: usize): usize {
  // Nearly all numbers are up to 31 digits, or have a point between them: these are read in one step.
  const others = nonDigits(p) | (nonDigits(p + lanes) << 16);
  const wholeEnd = p + <usize>ctz(others);
  let end = wholeEnd;
  let c = load<u8>(end);
  if (c == point) {
    end = p + <usize>ctz(others & (others - 1));
    c = load<u8>(end);
  }
  const isEnd = (c == comma || c == closeBrace) && end != wholeEnd + 1;
  // A zero in front is the whole number before the point, or there is none.
  if (isEnd && (load<u8>(p) - digit1 < 9 || (load<u8>(p) == digit0 && wholeEnd == p + 1))) return end;
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
@inline export const exactDigits: usize = 15;

/** What `decimal` read: the digits before the point and behind it, each as a number, and how many they are. */
export let whole: u64 = 0;
export let part: u64 = 0;
export let wholeDigits: usize = 0;
export let partDigits: usize = 0;

/** Reads digits, with a point between them or not, up to 15 on each side; false for anything longer or other. */
export function decimal(p: usize, length: usize): bool {
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

export function isNumber(c: u32): bool {
  return c - digit0 < 10 || c == minus;
}

/** 10 to the power of 0 to 15, as u64. */
export const powers = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
]);
@inline export const powerBits: usize = 3;
