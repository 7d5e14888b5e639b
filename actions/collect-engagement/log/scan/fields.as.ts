// What was found of the line at hand.

import {
  smallBits2,
  smallBits4,
  smallBits8,
  smallG,
  smallI,
  smallL,
  smallP,
  wordClientI,
  wordDers,
  wordDuration,
  wordEr,
  wordErer,
  wordHead,
  wordHost,
  wordLeve,
  wordLogg,
  wordMeth,
  wordMs,
  wordNt,
  wordOd,
  wordRefe,
  wordRemoteI,
  wordRequ,
  wordRespHea,
  wordStat,
  wordTs,
  wordUest,
  wordUr,
  wordUs,
  wordUserAge,
} from "./bytes.as";

/** Which object a key stands in: one that does not matter, the headers of the response, or one of those below. */
export const inNothing: u64 = 0;
export const inResponse: u64 = 1;
/** From here on there are keys that count. */
export const inRecord: u64 = 2;
export const inRequest: u64 = 3;
export const inHeaders: u64 = 4;

/** The fields: values of a line that count, and objects in which such values are. */
export const noField: u32 = 0;
export const uriField: u32 = 1;
export const methodField: u32 = 2;
export const hostField: u32 = 3;
export const clientField: u32 = 4;
export const remoteField: u32 = 5;
export const agentField: u32 = 6;
export const refererField: u32 = 7;
export const timeField: u32 = 8;
export const durationField: u32 = 9;
export const statusField: u32 = 10;
export const requestField: u32 = 11;
export const headersField: u32 = 12;
export const responseField: u32 = 13;
/** From here on they say what a line tells of: see `isRuntime`. */
export const loggerField: u32 = 14;
export const messageField: u32 = 15;
export const levelField: u32 = 16;
const fieldCount: i32 = 17;

/** The bits of the fields that stand in headers. */
@inline export const textsOfHeaders: u32 = (1 << agentField) | (1 << refererField);

/** Where the fields of a line stand in the buffer, by their number: a place and a length each. */
export const fields = memory.data(fieldCount * 8, 8);
@inline export const fieldBits: usize = 3;
@inline export const fieldLength: usize = 4;
/** Which of them this line has as a text, and which as a number; a bit for each field. */
export let texts: u32 = 0;
export let numbers: u32 = 0;
/** Beside the bits of `texts`: what the line tells of is known already, and is a request that was answered. */
@inline export const isAccess: u32 = 1 << 31;

@inline export function keep(field: u32, at: usize, length: usize): void {
  store<u32>(fields + (<usize>field << fieldBits), <u32>at);
  store<u32>(fields + (<usize>field << fieldBits), <u32>length, fieldLength);
}

@inline export function isText(field: u32): bool {
  return ((texts >> field) & 1) != 0;
}

@inline export function placeOf(field: u32): usize {
  return <usize>load<u32>(fields + (<usize>field << fieldBits));
}

/** The length of a field that the line has, as a text or as a number. */
@inline export function lengthKept(field: u32): usize {
  return <usize>load<u32>(fields + (<usize>field << fieldBits), fieldLength);
}

/** The length of a text; 0 where there is none. */
@inline export function lengthOf(field: u32): usize {
  return isText(field) ? lengthKept(field) : 0;
}

/** The field that a key of an object names, or `noField`. Names of headers count in any case. */
@inline export function fieldOf(object: u64, key: usize, length: usize): u32 {
  if (object == inHeaders) {
    if (
      length == 10 &&
      (load<u64>(key) | smallBits8) == wordUserAge &&
      (load<u16>(key, 8) | smallBits2) == wordNt
    )
      return agentField;
    if (
      length == 7 &&
      (load<u32>(key) | smallBits4) == wordRefe &&
      (load<u32>(key, 3) | smallBits4) == wordErer
    )
      return refererField;
    return noField;
  }
  if (object == inRequest) {
    if (length == 9) {
      if (load<u8>(key, 8) != smallP) return noField;
      if (load<u64>(key) == wordRemoteI) return remoteField;
      return load<u64>(key) == wordClientI ? clientField : noField;
    }
    if (length == 3) return load<u16>(key) == wordUr && load<u8>(key, 2) == smallI ? uriField : noField;
    if (length == 4) return load<u32>(key) == wordHost ? hostField : noField;
    if (length == 6) return load<u32>(key) == wordMeth && load<u16>(key, 4) == wordOd ? methodField : noField;
    if (length == 7) return load<u32>(key) == wordHead && load<u32>(key, 3) == wordDers ? headersField : noField;
    return noField;
  }
  if (length == 2) return load<u16>(key) == wordTs ? timeField : noField;
  if (length == 7) return load<u32>(key) == wordRequ && load<u32>(key, 3) == wordUest ? requestField : noField;
  if (length == 8) return load<u64>(key) == wordDuration ? durationField : noField;
  if (length == 6) {
    if (load<u32>(key) == wordStat && load<u16>(key, 4) == wordUs) return statusField;
    return load<u32>(key) == wordLogg && load<u16>(key, 4) == wordEr ? loggerField : noField;
  }
  if (length == 3) return load<u16>(key) == wordMs && load<u8>(key, 2) == smallG ? messageField : noField;
  if (length == 5) return load<u32>(key) == wordLeve && load<u8>(key, 4) == smallL ? levelField : noField;
  if (length == 12) return load<u64>(key) == wordRespHea && load<u32>(key, 8) == wordDers ? responseField : noField;
  return noField;
}
