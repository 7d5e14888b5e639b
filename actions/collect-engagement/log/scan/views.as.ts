// Page views: what is counted of them, many lines at a time.

import { agentBytes, assetFlag, fileFlag, noAddressFlag, partFlag, referredFlag, siteFlag, wholeFlag } from "../scan.abi";
import { duration, external } from "./host.as";
import {
  copy,
  lanes,
  lineFeed,
  numberSign,
  point,
  questionMark,
  slash,
  space,
  threeBytes,
  wordHttp,
  wordScheme,
  wordSecureScheme,
} from "./bytes.as";
import { addressless, perSecond, views } from "./state.as";
import { take } from "./memory.as";
import { Entry, agents, botFlag, fresh, hashOf, intern, pages, readings, referrers, visitors } from "./tables.as";
import { Lookup, findAll, judged, lookFor, lookupBytes, lookups, lookupsEnd, mostLookups } from "./lookups.as";
import { keepDuration } from "./durations.as";
import { decimal, exactDigits, nonDigits, part, partDigits, powerBits, powers, whole } from "./numbers.as";
import {
  agentField,
  clientField,
  durationField,
  fieldBits,
  fieldLength,
  fields,
  hostField,
  lengthKept,
  lengthOf,
  numbers,
  placeOf,
  refererField,
  remoteField,
  texts,
  uriField,
} from "./fields.as";

/** The status of a part of an answer. */
@inline const partialStatus: i32 = 206;

/** How long the path of a URI is: up to the first `?` or `#`. */
function pathLengthOf(at: usize, length: usize): usize {
  for (let nth: usize = 0; nth < length; nth += 2 * lanes) {
    const hit = endsPath(at + nth) | (endsPath(at + nth + lanes) << 16);
    if (hit != 0) return min(length, nth + <usize>ctz(hit));
  }
  return length;
}
@inline function endsPath(p: usize): i32 {
  const v = v128.load(p);
  return i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(questionMark)), i8x16.eq(v, i8x16.splat(numberSign))));
}

/** Whether the line has a duration that needs JSON.parse: a number with an exponent, or of so many digits that rounding matters. */
function isLongDuration(): bool {
  if (((numbers >> durationField) & 1) == 0) return false;
  const place = placeOf(durationField);
  const length = lengthKept(durationField);
  if (length > exactDigits + 1) return true;
  const others = nonDigits(place) & ((1 << <i32>length) - 1);
  if (others == 0) return length > exactDigits;
  return (others & (others - 1)) != 0 || load<u8>(place + <usize>ctz(others)) != point;
}

/**
 * Counts a line as a page view if it is one, as soon as many lines wait for that; false when it is not certain what the line
 * counts as. A line that waits is certain, whatever its texts turn out to be.
 */
export function view(status: i32): bool {
  const pathLength = pathLengthOf(placeOf(uriField), lengthOf(uriField));
  const isPart = status == partialStatus;
  // The host cuts a longer agent off where a character ends, which is not known here.
  const isUncertain = lengthOf(agentField) > <usize>agentBytes || isLongDuration();
  if (isPart || isUncertain) {
    const path = judged(pages, placeOf(uriField), pathLength, hashOf(placeOf(uriField), pathLength));
    if (path.flags == assetFlag) return true;
    // Of a page it depends on which part that is.
    if (isUncertain || path.flags != fileFlag) return false;
  }
  wait(pathLength, isPart);
  return true;
}

/** A line that waits: what `fields` has of it, up to its duration, `texts`, `numbers`, and what is known of it besides. */
@unmanaged class Waiting {
  texts: u32;
  numbers: u32;
  isPart: bool;
  pathLength: usize;
  /** The entry of its path, once that is found. */
  path: usize;
}
const waitingFields = offsetof<Waiting>();
const waitingBytes = waitingFields + (<usize>(durationField + 1) << fieldBits);
// The compiler stops here when `wait` does not copy all of them.
if ((<usize>(durationField + 1) << fieldBits) != 5 * lanes) ERROR("views.as.ts: wait");
const waiting = memory.data(<i32>(mostLookups * waitingBytes), 16);
let waitingEnd: usize = waiting;
/** Lists of places in `waiting`; each may be written one place behind its last. */
const someWaiting = memory.data(<i32>((mostLookups + 1) * sizeof<u32>()), 4);
const viewsWaiting = memory.data(<i32>((mostLookups + 1) * sizeof<u32>()), 4);
@inline const placeBits: usize = 2;

function wait(pathLength: usize, isPart: bool): void {
  const line = changetype<Waiting>(waitingEnd);
  line.texts = texts;
  line.numbers = numbers;
  line.isPart = isPart;
  line.pathLength = pathLength;
  // A loop takes longer than all of this.
  const to = waitingEnd + waitingFields;
  v128.store(to, v128.load(fields));
  v128.store(to, v128.load(fields, 16), 16);
  v128.store(to, v128.load(fields, 32), 32);
  v128.store(to, v128.load(fields, 48), 48);
  v128.store(to, v128.load(fields, 64), 64);
  waitingEnd += waitingBytes;
  if (waitingEnd == waiting + mostLookups * waitingBytes) countWaiting();
}

@inline function hasText(line: Waiting, field: u32): bool {
  return ((line.texts >> field) & 1) != 0;
}

/** The place and the length of a field of a line that waits, as `placeOf` and `lengthOf` have them of the line at hand. */
@inline function placeIn(line: Waiting, field: u32): usize {
  return <usize>load<u32>(changetype<usize>(line) + (<usize>field << fieldBits), waitingFields);
}
@inline function lengthIn(line: Waiting, field: u32): usize {
  return hasText(line, field) ? <usize>load<u32>(changetype<usize>(line) + (<usize>field << fieldBits), waitingFields + fieldLength) : 0;
}

/**
 * Counts the lines that wait. Their paths are looked up together, then the agents of those that are pages or files, then the
 * addresses of those that no bot asked for. Nobody can foresee which lines are left out, so a list takes every line, and
 * steps on behind those that stay.
 */
export function countWaiting(): void {
  const end = waitingEnd;
  waitingEnd = waiting;
  for (let at = waiting; at < end; at += waitingBytes) {
    const line = changetype<Waiting>(at);
    lookFor(placeIn(line, uriField), line.pathLength);
  }
  findAll(pages);
  let someEnd = someWaiting;
  for (let at = waiting, found = lookups; at < end; at += waitingBytes, found += lookupBytes) {
    const path = changetype<Lookup>(found).entry;
    changetype<Waiting>(at).path = path;
    store<u32>(someEnd, <u32>at);
    someEnd += <usize>(changetype<Entry>(path).flags != assetFlag) << placeBits;
  }
  countViews(withoutBots(someEnd));
}

/** Moves the lines of `someWaiting` that no bot asked for to `viewsWaiting`; answers where that list ends. */
function withoutBots(someEnd: usize): usize {
  let viewsEnd = viewsWaiting;
  let agentsEnd = someWaiting;
  for (let at = someWaiting; at < someEnd; at += 1 << placeBits) {
    const place = load<u32>(at);
    const line = changetype<Waiting>(<usize>place);
    if (hasText(line, agentField)) {
      lookFor(placeIn(line, agentField), lengthIn(line, agentField));
      store<u32>(agentsEnd, place);
      agentsEnd += 1 << placeBits;
    } else {
      store<u32>(viewsEnd, place);
      viewsEnd += 1 << placeBits;
    }
  }
  findAll(agents);
  for (let at = someWaiting, found = lookups; at < agentsEnd; at += 1 << placeBits, found += lookupBytes) {
    store<u32>(viewsEnd, load<u32>(at));
    viewsEnd += <usize>(changetype<Entry>(changetype<Lookup>(found).entry).flags != botFlag) << placeBits;
  }
  return viewsEnd;
}

/** Counts the lines of `viewsWaiting`. */
function countViews(viewsEnd: usize): void {
  for (let at = viewsWaiting; at < viewsEnd; at += 1 << placeBits) {
    const line = changetype<Waiting>(<usize>load<u32>(at));
    const path = changetype<Entry>(line.path);
    if (path.flags == fileFlag) keepReading(line);
    const times: u32 = line.isPart ? 0 : 1;
    const referral = referralOf(line, times) ? referredFlag : 0;
    const asking = askingField(line);
    if (lengthIn(line, asking) != 0) addVisit(placeIn(line, asking), lengthIn(line, asking), referral, times);
    else addressless += <f64>times;
    if (line.isPart) continue;
    views += 1;
    path.count += 1;
    const seconds = secondsOf(line);
    if (seconds >= 0) keepDuration(seconds);
  }
  countVisits();
}

/** Adds a visit to those that `countVisits` counts: what it adds to the visitor's flags, and to its count of page views. */
@inline export function addVisit(address: usize, length: usize, flags: u32, count: u32): void {
  const visit = lookFor(address, length);
  visit.flags = flags;
  visit.count = count;
}

export function countVisits(): void {
  const end = lookupsEnd;
  findAll(visitors);
  for (let at = lookups; at < end; at += lookupBytes) {
    const visit = changetype<Lookup>(at);
    const visitor = changetype<Entry>(visit.entry);
    visitor.flags |= visit.flags;
    visitor.count += visit.count;
  }
}

/** The duration in seconds; -1 when there is none. */
function secondsOf(line: Waiting): f64 {
  const place = placeIn(line, durationField);
  if (hasText(line, durationField)) {
    const read = duration(place, lengthIn(line, durationField));
    return read == read ? read : -1;
  }
  if (((line.numbers >> durationField) & 1) == 0) return -1;
  // At most 15 digits are exact in a double, and so is the power of ten: one division rounds as JSON.parse does.
  decimal(place, <usize>load<u32>(changetype<usize>(line) + (<usize>durationField << fieldBits), waitingFields + fieldLength));
  const power = load<u64>(powers + (partDigits << powerBits));
  const read = <f64>(whole * power + part) / <f64>power;
  return perSecond == 1 ? read : read / perSecond;
}

/** The field that says who asked. */
@inline function askingField(line: Waiting): u32 {
  return lengthIn(line, clientField) != 0 ? clientField : remoteField;
}

/** Keeps how whoever asked was given a file. */
function keepReading(line: Waiting): void {
  const asking = askingField(line);
  const place = placeIn(line, asking);
  let length = lengthIn(line, asking);
  // All of whom no address is told are taken for one.
  if (length != 0 && (judged(visitors, place, length, hashOf(place, length)).flags & noAddressFlag) != 0) length = 0;
  const key = joined(place, length, placeIn(line, uriField), line.pathLength);
  intern(readings, key, length + 1 + line.pathLength).flags |= line.isPart ? partFlag : wholeFlag;
}

/**
 * How much of a referrer names its site: of an address that begins with `http://` or `https://` what stands before the first
 * `/`, `?` or `#` behind that. What follows never changes the host, and without it there are far fewer referrers to tell
 * apart. Nothing is left out of anything else, nor where what is left would end with a space, which a URL's parser trims.
 */
function siteLength(at: usize, length: usize): usize {
  let start: usize = 0;
  if (load<u32>(at) == wordHttp) {
    if ((load<u32>(at, 4) & threeBytes) == wordScheme) start = 7;
    else if (load<u32>(at, 4) == wordSecureScheme) start = 8;
  }
  if (start == 0) return length;
  for (let nth = start; nth < length; nth += lanes) {
    const v = v128.load(at + nth);
    const hit = endsPath(at + nth) | i8x16.bitmask(i8x16.eq(v, i8x16.splat(slash)));
    if (hit == 0) continue;
    const end = nth + <usize>ctz(hit);
    return end >= length || end == start || load<u8>(at + end - 1) == space ? length : end;
  }
  return length;
}

/** Whether a page view came from another site, which is then counted so many times. */
function referralOf(line: Waiting, times: u32): bool {
  if (lengthIn(line, refererField) == 0) return false;
  // The host that was asked belongs to the key, because coming from there is no referral.
  const place = placeIn(line, refererField);
  const length = siteLength(place, lengthIn(line, refererField));
  const host = placeIn(line, hostField);
  const hostLength = lengthIn(line, hostField);
  const key = joined(place, length, host, hostLength);
  const referrer = intern(referrers, key, length + 1 + hostLength);
  if (fresh && external(place, length, host, hostLength) != 0) referrer.flags = siteFlag;
  if (referrer.flags == 0) return false;
  referrer.count += times;
  return true;
}

/** Where `joined` writes, and how long that may be. */
let scratch: usize = 0;
let scratchBytes: usize = 0;

/** Two texts with a line feed between them, which neither can hold. */
function joined(a: usize, aLength: usize, b: usize, bLength: usize): usize {
  const bytes = aLength + bLength + 1;
  if (bytes > scratchBytes) {
    scratchBytes = max(bytes * 2, 4096);
    scratch = take(scratchBytes + lanes);
  }
  copy(scratch, a, aLength);
  store<u8>(scratch + aLength, lineFeed);
  copy(scratch + aLength + 1, b, bLength);
  return scratch;
}
