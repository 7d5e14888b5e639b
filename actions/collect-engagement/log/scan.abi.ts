// What the log scanner (scan.as.ts) and the code around it have to agree on: where things stand in its memory, and what
// its numbers mean. Both sides take it from here, so that neither can drift.
//
// This file is TypeScript and AssemblyScript at once. That holds as long as it has nothing but constants that are whole
// numbers below 2^31, without types: tsc reads them as numbers, the compiler of the scanner as i32.
//
// The scanner's memory, from its first byte on. Everything is little-endian, as WebAssembly is.
//
//   from             to                what stands there
//   0                some KiB          what `memory.data` in the scanner reserves: counters by status class, the fields of
//                                      the line at hand, shapes and their holes, lines that wait to be counted
//   bufferStart / 8  bufferStart       marks, one bit for each byte of the buffer: those of the byte at `p` are at `p / 8`
//   bufferStart      the bytes that    the buffer: log as the host read it
//                    init was given
//   behind that      the memory's end  what only grows and is never given back: tables and their entries, blocks of
//                                      durations, shapes, ranges, and the room that the host asks for
//
// Wherever a text stands, at least 64 bytes behind it can be read: the scanner looks at 16 bytes at a time, and past the
// end of what it looks at.

/** Where the host's bytes go. */
export const bufferStart = 0x100000;

/** The buffer may have 6 MiB. From 7 MiB on the marks of its last bytes would stand in the buffer itself. */
export const mostBufferBytes = 0x600000;

// ---- tables: distinct texts, each with what was counted of it -----------------------------------------------------------

/** The tables that the host can walk from `headOf` on, by their number; `pack` writes them in this order. */
export const pagesTable = 0;
export const visitorsTable = 1;
export const referrersTable = 2;
export const readingsTable = 3;
export const tableCount = 4;

/** An entry of a table: where the next one is (0 behind the last), the length of its text, its count, its flags, its text. */
export const entryNext = 0;
export const entryLength = 4;
export const entryCount = 8;
export const entryFlags = 12;
export const entryText = 16;

// What is flagged of an entry; what its count is stands behind it.

/** A path of something that pages are made of, or of a file that is read by itself (views). */
export const assetFlag = 1;
export const fileFlag = 2;
/** A visitor who came from another site, or a text that is no address and so no visitor (views). */
export const referredFlag = 1;
export const noAddressFlag = 2;
/** A referrer that is another site (visits). */
export const siteFlag = 1;
/** Whoever read a file was given it in parts, or whole (not counted). */
export const partFlag = 1;
export const wholeFlag = 2;

// ---- packed texts: how the tables of one thread go to another -------------------------------------------------------------

/** Before the texts of each table stands how many bytes they are. */
export const packedHead = 4;

/** A packed text: its length, its count, its flags, its text. The next one follows at once, wherever that is. */
export const packedLength = 0;
export const packedCount = 4;
export const packedFlags = 8;
export const packedText = 12;

// ---- durations of the page views, in blocks -------------------------------------------------------------------------------

/** A block: where the next one is (0 behind the last), how many durations it has, and these, in seconds, as doubles. */
export const blockNext = 0;
export const blockLength = 4;
export const blockValues = 8;
export const durationBytes = 8;

// ---- numbers with a meaning -----------------------------------------------------------------------------------------------

/** What `slow` answers about a line. */
export const noRecord = 0;
export const recordOfDay = 1;
export const recordBefore = 2;
export const recordAfter = 3;
export const blankLine = 4;
export const runtimeLine = 5;

/** How many counters of requests stand at `classes`: 1xx to 5xx, then one for all other status codes. */
export const classCount = 6;

/** Agents are judged on their beginning, in bytes: a visitor may send a megabyte. */
export const agentBytes = 512;
