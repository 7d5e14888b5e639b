// A line of no known shape, read key by key.

import {
  carriageReturn,
  closeBrace,
  closeBracket,
  colon,
  comma,
  openBrace,
  openBracket,
  quote,
  space,
  wordEndsList,
} from "./bytes.as";
import { markFrom } from "./marks.as";
import { closing, depthOfLists, skipNested, skipPlain, skipSpace } from "./json.as";
import { isNumber } from "./numbers.as";
import {
  fieldOf,
  headersField,
  inHeaders,
  inNothing,
  inRecord,
  inRequest,
  inResponse,
  keep,
  noField,
  numbers,
  requestField,
  responseField,
  texts,
} from "./fields.as";
import { headersHole, hole, numberHole, responseHole, textHole } from "./holes.as";

/** Which objects the one at hand stands in takes three bits for each; when the last four bits are in use, there is no more room. */
@inline const levelBits: u64 = 3;
@inline const levelMask: u64 = 7;
@inline const lastLevel: u64 = 60;

/**
 * The object of a line, from its brace to behind its closing one, or 0 when it is no JSON or not certain. One loop over
 * keys and values serves all objects; `objects` holds which objects the one at hand stands in. Lists go through
 * `skipNested`, and of a header that counts the list has to be one text.
 */
export function record(p: usize): usize {
  let objects: u64 = 0;
  let object: u64 = inRecord;
  let seen: u32 = 0;
  let asText: u32 = 0;
  let asNumber: u32 = 0;
  let members: usize = 0;
  p = skipSpace(p + 1);
  let closes = load<u8>(p) == closeBrace;
  while (true) {
    if (!closes) {
      // A key.
      if (load<u8>(p) != quote) return 0;
      const key = p + 1;
      let end = markFrom(key);
      let field: u32 = noField;
      if (load<u8>(end) == quote) {
        if (object >= inRecord) field = fieldOf(object, key, end - key);
      } else {
        // With an escape in it the key may be any.
        if (object >= inRecord) return 0;
        end = closing(end);
        if (end == 0) return 0;
      }
      p = end + 1;
      if (load<u8>(p) != colon) {
        p = skipSpace(p);
        if (load<u8>(p) != colon) return 0;
      }
      p = skipSpace(p + 1);
      if (field != noField) {
        // A key that is given twice: which of the two counts is for JSON.parse to say.
        if (((seen >> field) & 1) != 0) return 0;
        seen |= 1 << field;
      }
      // Its value.
      const c = load<u8>(p);
      if (c == quote) {
        end = markFrom(p + 1);
        if (load<u8>(end) == quote) {
          if (field != noField) {
            keep(field, p + 1, end - p - 1);
            asText |= 1 << field;
          }
          if (object != inHeaders && object != inResponse) hole(textHole, field, p + 1, end);
        } else {
          if (field != noField) return 0;
          end = closing(end);
          if (end == 0) return 0;
        }
        p = end + 1;
      } else if (c == openBracket) {
        if (object == inHeaders && field != noField && load<u8>(p, 1) != closeBracket) {
          // What counts of a list that is not just one text is for JSON.parse to say.
          end = markFrom(p + 2);
          if (load<u8>(p, 1) != quote || load<u16>(end) != wordEndsList) return 0;
          keep(field, p + 2, end - p - 2);
          asText |= 1 << field;
        }
        p = skipNested(p, depthOfLists);
        if (p == 0) return 0;
      } else if (c == openBrace) {
        if (objects >> lastLevel != 0) return 0;
        objects = (objects << levelBits) | object;
        object = inNothing;
        if (field == requestField) object = inRequest;
        else if (field == headersField) object = inHeaders;
        else if (field == responseField) object = inResponse;
        if (object == inHeaders || object == inResponse) members = p + 1;
        p = skipSpace(p + 1);
        closes = load<u8>(p) == closeBrace;
        continue;
      } else {
        const start = p;
        p = skipPlain(p, c);
        if (p == 0) return 0;
        if (field != noField && isNumber(c)) {
          keep(field, start, p - start);
          asNumber |= 1 << field;
        }
        if (isNumber(c)) hole(numberHole, field, start, p);
      }
    }
    // Behind a value, or at the brace that closes an empty object: as many objects end here as there are braces.
    while (true) {
      let c = load<u8>(p);
      if (c == space) {
        p = skipSpace(p);
        c = load<u8>(p);
      }
      if (c == comma) {
        p = skipSpace(p + 1);
        closes = false;
        break;
      }
      if (c != closeBrace) return 0;
      if (object == inHeaders) hole(headersHole, noField, members, p);
      if (object == inResponse) hole(responseHole, noField, members, p);
      p++;
      if (objects == 0) {
        texts = asText;
        numbers = asNumber;
        return p;
      }
      object = objects & levelMask;
      objects >>= levelBits;
    }
  }
}

/** Whether a line is an object, and nothing else, up to behind its line feed. */
export function isRecord(p: usize, behind: usize): bool {
  if (load<u8>(p) != openBrace) return false;
  p = record(p);
  if (p == 0) return false;
  // A log written on Windows ends its lines with a carriage return as well.
  p = skipSpace(p);
  if (load<u8>(p) == carriageReturn) p++;
  return p == behind - 1;
}
