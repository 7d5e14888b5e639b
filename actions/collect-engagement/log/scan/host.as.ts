// What the host answers while the scanner scans; scanner.ts declares the same.

/** Reads a whole line with JSON.parse, and counts it. Answers what the line is, by the numbers in scan.abi.ts. */
@external("host", "slow") export declare function slow(at: usize, length: usize): i32;
/** What a path, seen for the first time, is of: `assetFlag`, `fileFlag`, or 0 for a page. */
@external("host", "kind") export declare function kindOf(at: usize, length: usize): i32;
/** Whether a text, seen for the first time, is an address. */
@external("host", "address") export declare function address(at: usize, length: usize): i32;
/** Whether an agent, seen for the first time, is a bot. */
@external("host", "bot") export declare function bot(at: usize, length: usize): i32;
/** Whether a referrer, seen for the first time with this host, is another site. */
@external("host", "external") export declare function external(at: usize, length: usize, host: usize, hostLength: usize): i32;
/** A time that is written as text, in the unit of a number in `ts`; NaN when it is none. */
@external("host", "time") export declare function time(at: usize, length: usize): f64;
/** A duration that is written as text, in seconds; NaN when it is none. */
@external("host", "duration") export declare function duration(at: usize, length: usize): f64;
