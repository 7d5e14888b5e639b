// The settings of a scan, and what was counted in numbers. The host reads the numbers.

import { classCount } from "../scan.abi";

/** The day from its first moment to before its last, and a second, all in the unit of a number in `ts`. */
export let from: f64 = 0;
export let to: f64 = 0;
export let second: f64 = 1;
/** What a number in `duration` is divided by to be seconds. */
export let perSecond: f64 = 1;
export let seed: u64 = 0;

export let requests: f64 = 0;
export let views: f64 = 0;
export let bad: f64 = 0;
/** Bad lines before the first record since `begin`: whose they are is not known yet. */
export let leading: f64 = 0;
/** The day of the first and of the last record since `begin`: 0 while there is none, else `recordOfDay` or one of the others. */
export let first: i32 = 0;
export let last: i32 = 0;
/** Bad lines behind the last record, where that is of another day. */
export let trailing: f64 = 0;
/** Bad lines between a record before the day and one after it, with none of the day between them. */
export let gap: f64 = 0;
/** Lines that Caddy tells of itself, since `begin`. */
export let runtime: f64 = 0;
/** Page views of which no address is told at all; those whose text is none are counted in their entries. */
export let addressless: f64 = 0;
/** The newest time of any record that is not in the future, and of any at all, in the unit of `ts`. */
export let newest: f64 = 0;
export let latest: f64 = 0;
/** What is later than this is in the future. */
export let present: f64 = 0;
/** Requests by status class, as doubles. */
export const classes = memory.data(classCount * 8, 8);

/** A new log, or a part of one, begins. */
export function begin(): void {
  leading = 0;
  first = 0;
  last = 0;
  trailing = 0;
  gap = 0;
  runtime = 0;
}
