// Bytes and short texts by name, and what is done with texts 16 bytes at a time.

// `@inline` puts the number where its name stands, so that names cost nothing.
@inline export const lineFeed: u8 = 0x0a;
@inline export const carriageReturn: u8 = 0x0d;
@inline export const space: u8 = 0x20;
@inline export const quote: u8 = 0x22;
@inline export const numberSign: u8 = 0x23;
@inline export const plus: u8 = 0x2b;
@inline export const comma: u8 = 0x2c;
@inline export const minus: u8 = 0x2d;
@inline export const point: u8 = 0x2e;
@inline export const slash: u8 = 0x2f;
@inline export const digit0: u8 = 0x30;
@inline export const digit1: u8 = 0x31;
@inline export const colon: u8 = 0x3a;
@inline export const questionMark: u8 = 0x3f;
@inline export const capitalT: u8 = 0x54;
@inline export const openBracket: u8 = 0x5b;
@inline export const backslash: u8 = 0x5c;
@inline export const closeBracket: u8 = 0x5d;
@inline export const smallA: u8 = 0x61;
@inline export const smallB: u8 = 0x62;
@inline export const smallE: u8 = 0x65;
@inline export const smallF: u8 = 0x66;
@inline export const smallG: u8 = 0x67;
@inline export const smallI: u8 = 0x69;
@inline export const smallL: u8 = 0x6c;
@inline export const smallN: u8 = 0x6e;
@inline export const smallP: u8 = 0x70;
@inline export const smallR: u8 = 0x72;
@inline export const smallT: u8 = 0x74;
@inline export const smallU: u8 = 0x75;
@inline export const openBrace: u8 = 0x7b;
@inline export const closeBrace: u8 = 0x7d;
/** Set in a letter of ASCII it makes it a small one. */
@inline export const smallBit: u8 = 0x20;

// Texts are compared as words: the text of a word stands beside it, its first byte is the lowest one. Where a text is longer
// than its words, the last word begins so far in front that it ends where the text ends.
@inline export const wordTrue: u32 = 0x65757274; // true
@inline export const wordAlse: u32 = 0x65736c61; // alse
@inline export const wordNull: u32 = 0x6c6c756e; // null
@inline export const wordUserAge: u64 = 0x6567612d72657375; // user-age
@inline export const wordNt: u16 = 0x746e; // nt
@inline export const wordUser: u32 = 0x72657375; // user
@inline export const wordRefe: u32 = 0x65666572; // refe
@inline export const wordErer: u32 = 0x72657265; // erer
@inline export const wordRemoteI: u64 = 0x695f65746f6d6572; // remote_i
@inline export const wordClientI: u64 = 0x695f746e65696c63; // client_i
@inline export const wordUr: u16 = 0x7275; // ur
@inline export const wordHost: u32 = 0x74736f68; // host
@inline export const wordMeth: u32 = 0x6874656d; // meth
@inline export const wordOd: u16 = 0x646f; // od
@inline export const wordHead: u32 = 0x64616568; // head
@inline export const wordDers: u32 = 0x73726564; // ders
@inline export const wordTs: u16 = 0x7374; // ts
@inline export const wordRequ: u32 = 0x75716572; // requ
@inline export const wordUest: u32 = 0x74736575; // uest
@inline export const wordDuration: u64 = 0x6e6f697461727564; // duration
@inline export const wordStat: u32 = 0x74617473; // stat
@inline export const wordUs: u16 = 0x7375; // us
@inline export const wordMs: u16 = 0x736d; // ms
@inline export const wordLeve: u32 = 0x6576656c; // leve
@inline export const wordLogg: u32 = 0x67676f6c; // logg
@inline export const wordEr: u16 = 0x7265; // er
@inline export const wordHttpLog: u64 = 0x676f6c2e70747468; // http.log
@inline export const wordGAccess: u64 = 0x7373656363612e67; // g.access
@inline export const wordHand: u32 = 0x646e6168; // hand
@inline export const wordDled: u32 = 0x64656c64; // dled
@inline export const wordRespHea: u64 = 0x6165685f70736572; // resp_hea
@inline export const wordHttp: u32 = 0x70747468; // http
@inline export const wordScheme: u32 = 0x2f2f3a; // ://
@inline export const wordSecureScheme: u32 = 0x2f2f3a73; // s://
@inline export const wordGe: u16 = 0x4547; // GE
@inline export const wordColons: u16 = 0x3a3a; // ::
@inline export const wordZero: u16 = 0x302e; // .0
/** From the end of a header's name to the beginning of its first value. */
@inline export const wordOpensValue: u32 = 0x225b3a22; // ":["
/** From the end of a header's only value to the beginning of the next name. */
@inline export const wordNextMember: u32 = 0x222c5d22; // "],"
/** From the end of one value of a header to the beginning of the next. */
@inline export const wordNextValue: u32 = 0x222c22; // ","
/** The end of a header's last value. */
@inline export const wordEndsList: u16 = 0x5d22; // "]
/** The end of the last value of headers, and of the headers. */
@inline export const wordEndsHeaders: u32 = 0x7d5d22; // "]}
/** The first bytes of a word that is longer than the text looked for. */
@inline export const threeBytes: u32 = 0xffffff;
@inline export const twoBytes: u32 = 0xffff;
/** `smallBit` for each byte of a word. */
@inline export const smallBits8: u64 = 0x2020202020202020;
@inline export const smallBits4: u32 = 0x20202020;
@inline export const smallBits2: u32 = 0x2020;

/** The bytes that are looked at together, a vector of SIMD. */
@inline export const lanes: usize = 16;
/** How many bytes can be read behind any text, at least. */
@inline export const readAhead: usize = 64;

/** 16 bytes that are set, and 16 that are not. */
const setAndClear = memory.data<u64>([-1, -1, 0, 0], 16);

/** A mask of a vector's first bytes, of 15 at most. */
@inline export function firstBytes(count: usize): v128 {
  return v128.load(setAndClear + lanes - count);
}

/** Whether two texts are the same. */
export function same(a: usize, b: usize, length: usize): bool {
  let wrong = i64x2.splat(0);
  const end = a + (length & ~15);
  for (; a < end; a += lanes, b += lanes) wrong = v128.or(wrong, v128.xor(v128.load(a), v128.load(b)));
  const rest = v128.and(v128.xor(v128.load(a), v128.load(b)), firstBytes(length & 15));
  return !v128.any_true(v128.or(wrong, rest));
}

/** Copies up to 15 bytes more than asked for; `memory.copy` calls out of the module, which takes longer than a short text. */
@inline export function copy(to: usize, from: usize, length: usize): void {
  for (let at: usize = 0; at < length; at += lanes) v128.store(to + at, v128.load(from + at));
}
