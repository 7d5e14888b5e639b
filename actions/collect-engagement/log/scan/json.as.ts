// What is the same in all JSON: texts, plain values, and values nested in each other.

import {
  backslash,
  closeBrace,
  closeBracket,
  colon,
  comma,
  digit0,
  openBrace,
  openBracket,
  quote,
  slash,
  smallA,
  smallB,
  smallBit,
  smallF,
  smallN,
  smallR,
  smallT,
  smallU,
  space,
  wordAlse,
  wordNull,
  wordTrue,
} from "./bytes.as";
import { markFrom } from "./marks.as";
import { numberEnd } from "./numbers.as";

/** Tabs and carriage returns are space in JSON as well, but they have marks: a line with them is not certain. */
@inline export function skipSpace(p: usize): usize {
  while (load<u8>(p) == space) p++;
  return p;
}

export function isHex(c: u32): bool {
  return c - digit0 < 10 || (c | smallBit) - smallA < 6;
}

/** The closing quote of a text, from any place of it that is not inside of an escape; 0 when it is no text. */
export function closing(p: usize): usize {
  while (true) {
    p = markFrom(p);
    const c = load<u8>(p);
    if (c == quote) return p;
    if (c != backslash) return 0;
    const e = load<u8>(p, 1);
    if (e == smallU) {
      if (!(isHex(load<u8>(p, 2)) && isHex(load<u8>(p, 3)) && isHex(load<u8>(p, 4)) && isHex(load<u8>(p, 5)))) return 0;
      p += 6;
    } else if (
      e == quote || e == backslash || e == slash || e == smallB || e == smallF || e == smallN || e == smallR || e == smallT
    ) p += 2;
    else return 0;
  }
}

/** `true`, `false`, `null` or a number, from its first byte `c` to behind it, or 0. */
export function skipPlain(p: usize, c: u32): usize {
  if (c == smallT) return load<u32>(p) == wordTrue ? p + 4 : 0;
  if (c == smallF) return load<u32>(p, 1) == wordAlse ? p + 5 : 0;
  if (c == smallN) return load<u32>(p) == wordNull ? p + 4 : 0;
  return numberEnd(p);
}

/** A value that is nested deeper is not certain: a recursion as deep as a line says would use up the stack. */
@inline const deepest: i32 = 60;
/** How deep the lists of a line are taken to stand; it need not be known more exactly. */
@inline export const depthOfLists: i32 = 4;

/** From the opening bracket or brace of any value to behind it, or 0. */
export function skipNested(p: usize, depth: i32): usize {
  if (depth > deepest) return 0;
  const isObject = load<u8>(p) == openBrace;
  const close: u8 = isObject ? closeBrace : closeBracket;
  p = skipSpace(p + 1);
  if (load<u8>(p) == close) return p + 1;
  while (true) {
    if (isObject) {
      if (load<u8>(p) != quote) return 0;
      p = closing(p + 1);
      if (p == 0) return 0;
      p = skipSpace(p + 1);
      if (load<u8>(p) != colon) return 0;
      p = skipSpace(p + 1);
    }
    const c = load<u8>(p);
    if (c == quote) {
      p = closing(p + 1);
      if (p == 0) return 0;
      p++;
    } else p = c == openBrace || c == openBracket ? skipNested(p, depth + 1) : skipPlain(p, c);
    if (p == 0) return 0;
    p = skipSpace(p);
    const after = load<u8>(p);
    if (after == comma) p = skipSpace(p + 1);
    else return after == close ? p + 1 : 0;
  }
}
