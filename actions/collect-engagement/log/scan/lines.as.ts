// What a line counts as: its kind, its day, and its status.

import { classCount, recordAfter, recordBefore, recordOfDay, runtimeLine } from "../scan.abi";
import { time } from "./host.as";
import { capitalT, space, wordDled, wordGAccess, wordGe, wordHand, wordHttpLog, wordRequ, wordUest } from "./bytes.as";
import { classes, from, latest, newest, present, requests, second, to } from "./state.as";
import { decimal, exactDigits, nonDigits, partDigits, whole, wholeDigits } from "./numbers.as";
import {
  isAccess,
  isText,
  lengthKept,
  lengthOf,
  levelField,
  loggerField,
  messageField,
  methodField,
  numbers,
  placeOf,
  statusField,
  texts,
  timeField,
  uriField,
} from "./fields.as";
import { view } from "./views.as";

/** What a function below answers about a day or a line that it is not certain of. */
@inline export const lineUncertain: i32 = -1;

/** Whether the line that `record` read tells something else than that a request was answered; record.ts says how that is told. */
function isRuntime(): bool {
  if ((texts & isAccess) != 0) return false;
  if (isText(loggerField)) {
    const place = placeOf(loggerField);
    return lengthKept(loggerField) < 15 || load<u64>(place) != wordHttpLog || load<u64>(place, 7) != wordGAccess;
  }
  if (!isText(messageField) || !isText(levelField)) return false;
  if (!isText(timeField) && ((numbers >> timeField) & 1) == 0) return false;
  const place = placeOf(messageField);
  return (
    lengthKept(messageField) != 15 ||
    load<u32>(place) != wordHand ||
    load<u32>(place, 3) != wordDled ||
    load<u8>(place, 7) != space ||
    load<u32>(place, 8) != wordRequ ||
    load<u32>(place, 11) != wordUest
  );
}

/** The time of the line at hand, once `dayOf` has read it. */
let stamp: f64 = 0;

// Lines of one second follow each other. So the time of a line is compared with the one that was read last, where that has
// ten digits and a point: as many digits behind it, and the same before it, are the same time, because what stands behind
// the point is not kept.
let knownBytes: usize = 0;
let knownStart: u64 = 0;
let knownRest: u32 = 0;
let knownStamp: f64 = 0;
let knownDay: i32 = 0;
/** Ten digits and a point are these two words, of which the second begins with the last byte of the first. */
@inline const restOfSecond: usize = 7;
@inline const secondBytes: usize = 11;

@inline function isKnownTime(place: usize, length: usize): bool {
  return (
    length == knownBytes &&
    load<u64>(place) == knownStart &&
    load<u32>(place, restOfSecond) == knownRest &&
    // An exponent would make another number of it.
    (nonDigits(place + secondBytes) & ((1 << <i32>(length - secondBytes)) - 1)) == 0
  );
}

/** The day of the line that `record` read: `recordOfDay`, `recordBefore`, `recordAfter`, or `lineUncertain` without a certain time. */
function dayOf(): i32 {
  const place = placeOf(timeField);
  const length = lengthKept(timeField);
  if (isText(timeField)) {
    stamp = time(place, length);
    if (stamp != stamp) return lineUncertain;
  } else if (((numbers >> timeField) & 1) == 0) return lineUncertain;
  else if (isKnownTime(place, length)) {
    stamp = knownStamp;
    return knownDay;
  } else {
    // A nanosecond since 1970 has 19 digits, which a double does not hold.
    if (!decimal(place, length)) return lineUncertain;
    stamp = <f64>whole;
    // More digits than a double holds may be rounded over the edge of the day.
    if (wholeDigits + partDigits > exactDigits && (abs(stamp - from) <= second || abs(stamp - to) <= second))
      return lineUncertain;
  }
  const day = stamp < from ? recordBefore : stamp < to ? recordOfDay : recordAfter;
  if (!isText(timeField) && wholeDigits == secondBytes - 1 && partDigits > 0) {
    knownBytes = length;
    knownStart = load<u64>(place);
    knownRest = load<u32>(place, restOfSecond);
    knownStamp = stamp;
    knownDay = day;
  }
  return day;
}

/** Three digits that are all zero, as a word. */
@inline const threeZeros: u32 = 0x303030;

/** The status of the line; -1 when it is not certain. */
function statusOf(): i32 {
  const place = placeOf(statusField);
  const length = lengthKept(statusField);
  if (length == 3 && (nonDigits(place) & 7) == 0) {
    const digits = load<u32>(place) - threeZeros;
    return <i32>((digits & 0xff) * 100 + ((digits >> 8) & 0xff) * 10 + ((digits >> 16) & 0xff));
  }
  return length <= 9 && decimal(place, length) && partDigits == 0 ? <i32>whole : -1;
}

/** Counts the line that `record` read: what the line is, or `lineUncertain` and nothing counted. */
export function count(): i32 {
  if (isRuntime()) return runtimeLine;
  // What is no record may be a line that another program wrapped, and the host says what it looks like.
  if (!isText(uriField) || ((numbers >> statusField) & 1) == 0) return lineUncertain;
  const day = dayOf();
  if (day == lineUncertain) return lineUncertain;
  const status = statusOf();
  if (status < 0) return lineUncertain;
  if (day == recordOfDay) {
    const group = status / 100 - 1;
    const isView =
      (group == 1 || status == 304) &&
      lengthOf(methodField) == 3 &&
      load<u16>(placeOf(methodField)) == wordGe &&
      load<u8>(placeOf(methodField), 2) == capitalT;
    if (isView && !view(status)) return lineUncertain;
    requests += 1;
    const counter = classes + ((group >= 0 && group < classCount - 1 ? <usize>group : classCount - 1) << alignof<f64>());
    store<f64>(counter, load<f64>(counter) + 1);
  }
  if (stamp > latest) {
    latest = stamp;
    if (stamp <= present) newest = stamp;
  } else if (stamp > newest && stamp <= present) newest = stamp;
  return day;
}
