// The headers of a line of a known shape.

import {
  backslash,
  closeBrace,
  quote,
  smallBits4,
  threeBytes,
  twoBytes,
  wordEndsHeaders,
  wordEndsList,
  wordNextMember,
  wordNextValue,
  wordOpensValue,
  wordRefe,
  wordUser,
} from "./bytes.as";
import { markFrom, marksAt } from "./marks.as";
import { closing } from "./json.as";
import { agentField, fieldOf, inHeaders, keep, noField, refererField, texts } from "./fields.as";

/**
 * From the first member of headers, each a list of texts under a name, to the closing brace; or 0 for anything else.
 * Keeps those that count where `named`.
 */
export function headersEnd(p: usize, named: bool): usize {
  if (load<u8>(p) == closeBrace) return p;
  if (load<u8>(p) != quote) return 0;
  const end = named ? usualHeadersEnd(p, true) : usualHeadersEnd(p, false);
  return end != 0 ? end : walkHeaders(p, named);
}

// The list of a header has one text, nearly always. So between any two texts of headers stands one of two joints, `":["`
// behind a name and `"],"` behind a value: a quote that closes and, three bytes behind it, one that opens. Of 64 bytes at a
// time all marks are told apart into the two kinds at once. Where each mark is a quote of a joint, and joints of both kinds
// take turns, the headers are JSON. There is no branch for each member, because which comes next nobody can foresee.

/** How far a quote that opens is from the one that closed before it. */
@inline const jointBytes: usize = 3;
/** Longer headers, in bytes, are walked. */
@inline const usualBytes: usize = 4096;
/** A quote that opens a text has at least this many bytes to the next. */
@inline const leastText: usize = 4;
@inline const openingBits: usize = 2;
/** The places of the quotes that open the headers' texts, names and values in turn: the first stands at `openings`. */
@inline const openingsBytes: usize = (usualBytes / leastText + 64) << openingBits;
// As much is left free before it: so the sum of two places in this list is behind the list, wherever it stands.
const openings: usize = memory.data(2 * <i32>openingsBytes, 4) + openingsBytes;
/** The place behind the last of them, and whether any of these texts has an escape. */
let openingsEnd: usize = 0;
let hasEscapes: bool = false;

/** One bit for each of 64 bytes that is `c`. */
@inline function bitsOf(p: usize, c: u8): u64 {
  return (
    <u64>i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(c))) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 16), i8x16.splat(c))) << 16) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 32), i8x16.splat(c))) << 32) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(p, 48), i8x16.splat(c))) << 48)
  );
}

/**
 * Lists the quotes that open the texts of headers, from the first one at `p` on, as far as every mark is the first or the
 * last byte of what may be a joint. Answers where the quote is that closes the last value, before `]}`; or 0 where there is
 * anything else. That the joints are joints is for the caller to see. The headers of an answer are short, so of them 64 bytes
 * open more texts than of those of a request, which are `named`.
 */
@inline function listOpenings(p: usize, named: bool): usize {
  store<u32>(openings, <u32>p);
  hasEscapes = false;
  let list = openings + (1 << openingBits);
  let base = (p + 1) & ~7;
  const most = base + usualBytes;
  // The marks of 64 bytes from `base` on, and of the three bytes before them; of these three, those that close.
  let marks = load<u64>(base >> 3) & (~(<u64>0) << <u64>((p + 1) & 7));
  let marksBefore: u64 = 0;
  let closeBefore: u64 = 0;
  while (true) {
    // Right but where a text has two bytes: its quotes have the distance of a joint as well.
    let open = marks & ((marks << 3) | marksBefore);
    let close = marks ^ open;
    let alone = ((close << 3) | closeBefore) ^ open;
    let last: usize = 0;
    if (alone != 0) {
      let at = base + <usize>ctz(alone) - jointBytes;
      if ((load<u32>(at) & threeBytes) != wordEndsHeaders) {
        // Backslashes count as no marks, nor do the quotes behind them. Whether a mark is alone is seen three bytes behind it:
        // so these 64 are the ones from three bytes before `base` on. All other escapes are rare.
        const escapes = bitsOf(base - jointBytes, backslash);
        const escaped = escapes << 1;
        if (escapes >> 63 != 0 || (escaped & ~bitsOf(base - jointBytes, quote)) != 0) return 0;
        hasEscapes = true;
        marksBefore &= ~(escapes | escaped);
        closeBefore &= ~(escapes | escaped);
        marks &= ~((escapes | escaped) >> 3);
        // What closes is a mark with none that closes three bytes before it. That is found for up to four in a row.
        close = marks & ~((marks << 3) | marksBefore);
        close = marks & ~((close << 3) | closeBefore);
        close = marks & ~((close << 3) | closeBefore);
        close = marks & ~((close << 3) | closeBefore);
        open = marks ^ close;
        alone = ((close << 3) | closeBefore) ^ open;
        at = base + <usize>ctz(alone) - jointBytes;
      }
      if (alone != 0) {
        // A value that is `]}` would be taken for the end as well; but behind it stands a quote, which no shape has there.
        if ((load<u32>(at) & threeBytes) != wordEndsHeaders) return 0;
        last = at;
        // What stands behind the headers is not theirs.
        open &= (alone & -alone) - 1;
      }
    }
    // Most have four at most, or six; and a loop would be left where nobody can foresee it.
    let left = open;
    store<u32>(list, <u32>(base + <usize>ctz(left)));
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 4);
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 8);
    left &= left - 1;
    store<u32>(list, <u32>(base + <usize>ctz(left)), 12);
    left &= left - 1;
    if (!named) {
      store<u32>(list, <u32>(base + <usize>ctz(left)), 16);
      left &= left - 1;
      store<u32>(list, <u32>(base + <usize>ctz(left)), 20);
      left &= left - 1;
    }
    for (let out = list + (named ? 16 : 24); left != 0; out += 1 << openingBits) {
      store<u32>(out, <u32>(base + <usize>ctz(left)));
      left &= left - 1;
    }
    list += <usize>popcnt(open) << openingBits;
    if (last != 0) {
      openingsEnd = list;
      return last;
    }
    marksBefore = marks >> 61;
    closeBefore = close >> 61;
    base += 64;
    if (base == most) return 0;
    marks = load<u64>(base >> 3);
  }
}

/** The same of headers of which each is a list of one text, without other escapes than of quotes; 0 for all others. */
@inline function usualHeadersEnd(p: usize, named: bool): usize {
  const last = listOpenings(p, named);
  if (last == 0) return 0;
  // Behind each name there is a value.
  if ((((openingsEnd - openings) >> openingBits) & 1) != 0) return 0;
  const lastName = openingsEnd - (2 << openingBits);
  let wrong = load<u32>(placeAt(openings, 1) - jointBytes) ^ wordOpensValue;
  if (!named) {
    for (let name = openings + (2 << openingBits); name <= lastName; name += 2 << openingBits) {
      wrong |= load<u32>(placeAt(name, 0) - jointBytes) ^ wordNextMember;
      wrong |= load<u32>(placeAt(name, 1) - jointBytes) ^ wordOpensValue;
    }
    return wrong == 0 ? last + 2 : 0;
  }
  // So the last value is told from its opening quote and the one that would open the next, like all others.
  store<u32>(openingsEnd, <u32>(last + jointBytes));
  let start = load<u32>(placeAt(openings, 0) + 1) | smallBits4;
  // The sums of the places of all names that begin like those that count: of one such name, its place.
  let agent: usize = select<usize>(openings, 0, start == wordUser);
  let referer: usize = select<usize>(openings, 0, start == wordRefe);
  for (let name = openings + (2 << openingBits); name <= lastName; name += 2 << openingBits) {
    const jointAndStart = load<u64>(placeAt(name, 0) - jointBytes);
    wrong |= <u32>jointAndStart ^ wordNextMember;
    wrong |= load<u32>(placeAt(name, 1) - jointBytes) ^ wordOpensValue;
    start = <u32>(jointAndStart >> 32) | smallBits4;
    agent += select<usize>(name, 0, start == wordUser);
    referer += select<usize>(name, 0, start == wordRefe);
  }
  // A sum behind the list is of a name that is given twice, or of two that begin alike.
  if (wrong != 0 || agent > lastName || referer > lastName) return 0;
  return (agent == 0 || keepHeader(agent, agentField)) && (referer == 0 || keepHeader(referer, refererField)) ? last + 2 : 0;
}

/** The place of a quote, so many behind the one whose place stands at `name`. */
@inline function placeAt(name: usize, nth: usize): usize {
  return <usize>load<u32>(name + (nth << openingBits));
}

/** Keeps the value of a header that may have the name of a field; false when it has not, or when its text has an escape. */
@inline function keepHeader(name: usize, field: u32): bool {
  const key = placeAt(name, 0) + 1;
  const value = placeAt(name, 1) + 1;
  const end = placeAt(name, 2) - jointBytes;
  if (fieldOf(inHeaders, key, value - 1 - jointBytes - key) != field) return false;
  if (hasEscapes && markFrom(value) != end) return false;
  texts |= 1 << field;
  keep(field, value, end - value);
  return true;
}

/** The same of headers with any texts, member by member. */
function walkHeaders(p: usize, named: bool): usize {
  while (true) {
    // Mostly the marks of a whole member are seen at once: the end of its name, then the beginning of its value and its end.
    const key = p + 1;
    let set = marksAt(key);
    const close = key + <usize>ctz(set);
    if (load<u32>(close) != wordOpensValue || set == 0) return 0;
    const value = close + 4;
    // Without its lowest two bits: the end of the name, and the quote that opens the value.
    set &= set - 1;
    set &= set - 1;
    let end = set != 0 ? key + <usize>ctz(set) : markFrom(value);
    const field = named ? fieldOf(inHeaders, key, close - key) : noField;
    if (field != noField) {
      if (((texts >> field) & 1) != 0) return 0;
      texts |= 1 << field;
      keep(field, value, end - value);
    }
    if (load<u32>(end) != wordNextMember) {
      if (load<u8>(end) != quote) {
        // An escape.
        if (field != noField) return 0;
        end = closing(end);
        if (end == 0) return 0;
      }
      // More texts follow in the list: of a header that counts it is the first.
      while ((load<u32>(end) & threeBytes) == wordNextValue) {
        end = closing(end + 3);
        if (end == 0) return 0;
      }
      // Behind the last member has to be a brace; whoever compares the text that follows sees whether it is one.
      const tail = load<u32>(end);
      if (tail != wordNextMember) return (tail & twoBytes) == wordEndsList ? end + 2 : 0;
    }
    p = end + 3;
  }
}
