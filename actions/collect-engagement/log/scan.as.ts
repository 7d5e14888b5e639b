// The fast reader of a Caddy access log, in AssemblyScript (TypeScript's syntax, WebAssembly's types), with SIMD.
//
// It walks a line as JSON, checks its whole grammar on the way, and counts what the evidence needs in tables of its own.
// A line that is written like one before it, but for its values, is not walked: it is only compared with that line's
// `Shape`. A line that the scanner is not certain of goes to the host as a whole, which reads it with JSON.parse (`slow`).
// That reading is the truth, and readers.test.ts holds the two equal. Not certain are: what is no JSON; an escape in a
// key, or in a text that counts; a number that counts and has an exponent, or so many digits that rounding matters; a key that
// counts and is given twice; a tab or a carriage return between values; values nested deeper than `deepest`.
//
// This file is the loop over all lines. What it calls stands in scan/, a file for each step, in the order of a line's way:
//
//   marks.as.ts      where texts begin and end: a bit for each quote, backslash and control character of the buffer
//   shapes.as.ts     whether a line is written like one before it; headers.as.ts proves its headers, numbers.as.ts its numbers
//   record.as.ts     a line of no known shape, read key by key; json.as.ts has what is the same in all JSON
//   lines.as.ts      what a line counts as: its kind, its day, its status
//   views.as.ts      page views, which wait until many can be looked up together
//   lookups.as.ts    many texts looked up together; tables.as.ts has the tables, addresses.as.ts tells what is an address
//   durations.as.ts  how long answers took, and how a percentile is found
//   share.as.ts      what the host asks for at the beginning and at the end
//
// Below them stand fields.as.ts and holes.as.ts (what was found of the line at hand), state.as.ts (settings and sums),
// memory.as.ts, bytes.as.ts, and host.as.ts (what the host answers).
//
// What has to hold:
// - In doubt the host decides. Every function that may be in doubt says what it answers then (0, -1, NaN or false). Until
//   all doubts are over nothing of a line is counted; what may be left behind is an entry whose count is 0.
// - What is scanned ends with a line feed, and a line feed has a mark. So whoever looks for the end of a line or for a mark
//   finds one, and asks for no end of the buffer.
// - 64 bytes behind any text can be read, because texts are looked at 16 bytes at a time.
// - Memory only grows, and new memory is zero. So behind the text of an entry stand zeros up to a multiple of 16 bytes.
// - A slot whose hash is 0 is free. A hash is never 0, and a table is never more than half full: every search in it ends.
// - Places in `fields`, in holes and in what waits are places in the buffer. They hold until `scan` has returned.
// - Where a shape fits, `fit` leaves in `fields`, `texts` and `numbers` what `record` would have left there.
// - A line that waits is certain: whatever its texts turn out to be, it is counted here.
//
// To change this:
// - What counts, and as what, is decided in record.ts, rules.ts and reader.ts. The scanner follows them, so change them first.
// - The memory map, and every number that the host knows as well, stands in scan.abi.ts and nowhere else.
// - `npm run build` compiles this file, and all that it imports, to scan.wasm.ts, which is committed with them.
// - test/actions/collect-engagement/log/ guards it. readers.test.ts compares the module that the sources give now with
//   JSON.parse, on lines of every kind and wherever a buffer ends (FORGECREW_FUZZ_RUNS=20000 makes that longer).
//   counts.test.ts asks for each rule of what counts. built.test.ts compares scan.wasm.ts with what the sources give, and the
//   words in bytes.as.ts with their texts. That threads together count as one does is in test/golden/collect-engagement.test.ts.
// - `npm run bench -- engagement` tells whether it became slower. docs/adr/0009-log-scanner.md lists what was tried and
//   was not faster.
// - A `let` that another file imports is one variable, which both may set.

import { noRecord, recordAfter, recordBefore, recordOfDay, runtimeLine } from "./scan.abi";
import { slow } from "./scan/host.as";
import { lineFeed } from "./scan/bytes.as";
import { bad, first, gap, last, leading, runtime, trailing } from "./scan/state.as";
import { lineEnd, mark } from "./scan/marks.as";
import { isRecord } from "./scan/record.as";
import { fit, learn } from "./scan/shapes.as";
import { countWaiting } from "./scan/views.as";
import { count, lineUncertain } from "./scan/lines.as";

// What the host calls and reads; scanner.ts lists the same.
export {
  requests,
  views,
  bad,
  leading,
  first,
  last,
  trailing,
  gap,
  runtime,
  addressless,
  newest,
  latest,
  classes,
  begin,
} from "./scan/state.as";
export { room } from "./scan/memory.as";
export {
  firstBlock,
  durationCount,
  addBlock,
  rangeCount,
  rangeRank,
  clearRanges,
  countRanges,
  findRange,
  gather,
} from "./scan/durations.as";
export {
  init,
  headOf,
  visitorCount,
  referredCount,
  fourCount,
  fourNetworks,
  sixCount,
  sixNetworks,
  nobodys,
  packed,
  survey,
  pack,
  unpack,
} from "./scan/share.as";

/** Reads all lines from `p` to `stop`. The byte before `stop` is a line feed, and 64 bytes behind it are readable. */
export function scan(p: usize, stop: usize): void {
  let before: usize = 0;
  mark(p & ~63, stop);
  while (p < stop) {
    if (load<u8>(p) == lineFeed) {
      p++;
      continue;
    }
    let behind = fit(p);
    let day = lineUncertain;
    if (behind != 0) day = count();
    else {
      behind = lineEnd(p) + 1;
      if (isRecord(p, behind)) {
        day = count();
        if (day >= recordOfDay && day <= recordAfter) learn(before, p, behind);
      }
    }
    if (day < 0) day = slow(p, behind - 1 - p);
    if (day >= recordOfDay && day <= recordAfter) {
      // The host says whose the leading bad lines are: it knows what came before this part of the log.
      if (first == 0) first = day;
      else if (last == recordBefore && day == recordAfter) gap += trailing;
      last = day;
      trailing = 0;
    } else if (day == runtimeLine) runtime += 1;
    else if (day == noRecord) {
      if (first == 0) leading += 1;
      else if (last == recordOfDay) bad += 1;
      else trailing += 1;
    }
    before = p;
    p = behind;
  }
  // The texts of those that wait stand in the buffer, which the host fills again.
  countWaiting();
}
