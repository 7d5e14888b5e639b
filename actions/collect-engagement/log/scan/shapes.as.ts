// Lines of a known shape.
//
// A server writes its lines with one encoder: the same members in the same order, and many of the same values. What stays
// the same from line to line is a shape: pieces of text, and between them holes for what differs. A line that `record` has
// read gives a shape. A line that has the same text around its holes, and in them texts without escapes, numbers and
// headers, is JSON as well, and says the same in the same places. To see that takes a fraction of the time of reading it.

import { lanes, same } from "./bytes.as";
import { take } from "./memory.as";
import { markFrom } from "./marks.as";
import { numberEnd } from "./numbers.as";
import { isAccess, isText, keep, loggerField, messageField, noField, numbers, texts, textsOfHeaders } from "./fields.as";
import { Hole, headersHole, holeBytes, holes, holesEnd, mostHoles, noHole, numberHole, textHole } from "./holes.as";
import { record } from "./record.as";
import { headersEnd } from "./headers.as";

/** The holes of the line a shape is made of, and of the one before it. */
const holesHere = memory.data(<i32>(mostHoles * holeBytes), 4);
const holesBefore = memory.data(<i32>(mostHoles * holeBytes), 4);

/** Finds the holes of a line; answers the place behind the last, or 0 when there are too many. */
function holesOf(line: usize, list: usize): usize {
  holes = list;
  holesEnd = list + mostHoles * holeBytes;
  record(line);
  const last = holes;
  const isFull = holes == holesEnd;
  holes = 0;
  holesEnd = 0;
  return isFull ? 0 : last;
}

/**
 * A text that lines have in common, up to the next hole, which is of `kind` (`noHole` where the line ends). Behind it stand a
 * mask of 16 bytes, which says which bytes of the text's last vector count, and the text, filled up with zeros.
 */
@unmanaged class Piece {
  kind: u32;
  field: u32;
  length: usize;
  /** The piece behind the hole. */
  next: usize;
  /** Another piece that a line may have in this place, or 0. */
  other: usize;
  /** Of the last piece of a line: such a line has these fields as texts and as numbers. */
  texts: u32;
  numbers: u32;
}
const pieceBytes = offsetof<Piece>();

// The shapes are a tree: what two of them begin with is the same pieces. So where several versions of a server write into
// one log, what was found of a line up to where they part is not looked for again.

/** Where the place of the first piece of all shapes stands. */
const root = memory.data(4, 4);
const mostShapes: usize = 8;
/** So many of the first shapes guess that what two lines have in common is the same in all lines. */
const mostGuesses: usize = 4;
/** A line that is longer, in bytes, gives no shape. */
const longestShape: usize = 16384;
/** How many lines were to give a shape, those included that gave none. */
let shapesTried: usize = 0;

/** Where a line may go on in another way than it did, should it turn out to be of no shape: the piece to try, and `texts` there. */
@unmanaged class Turn {
  piece: usize;
  at: usize;
  texts: u32;
}
const turnBytes = offsetof<Turn>();
/** A shape parts from each other one at most once, so no line has more turns. */
const turns = memory.data(<i32>(mostShapes * turnBytes), 4);

/**
 * Finds the piece with this text among those that `link` leads to, or adds it with the hole behind it; answers where the
 * place of the next one stands.
 */
function addPiece(link: usize, from: usize, to: usize, kind: u32, field: u32): usize {
  const length = to - from;
  while (load<u32>(link) != 0) {
    const piece = changetype<Piece>(<usize>load<u32>(link));
    // What stands before a hole, from the beginning of the line on, says what it is filled with.
    if (piece.length == length && same(textOf(changetype<usize>(piece)), from, length))
      return changetype<usize>(piece) + offsetof<Piece>("next");
    link = changetype<usize>(piece) + offsetof<Piece>("other");
  }
  const full = length & ~15;
  const at = take(pieceBytes + full + 32);
  memory.fill(at, 0, pieceBytes + full + 32);
  const piece = changetype<Piece>(at);
  piece.kind = kind;
  piece.field = field;
  piece.length = length;
  memory.fill(at + pieceBytes, 0xff, length - full);
  memory.copy(textOf(at), from, length);
  store<u32>(link, <u32>at);
  return at + offsetof<Piece>("next");
}

@inline function textOf(piece: usize): usize {
  return piece + pieceBytes + lanes;
}

/**
 * Makes a shape of a line that `record` has read, given up to behind its line feed, once there is another line before it.
 * The first shapes guess: what fills a hole, does not count, and is the same in both lines is made a part of the text. The
 * last shapes are made without guessing, so that in the end there is one for whatever varies in a log.
 */
export function learn(before: usize, line: usize, end: usize): void {
  if (before == 0 || end - line > longestShape || shapesTried == mostShapes) return;
  shapesTried += 1;
  const last = holesOf(line, holesHere);
  if (last == 0) return;
  // Whether a line has these two is seen in its headers, line by line.
  let asText = texts & ~textsOfHeaders;
  const asNumber = numbers;
  // The line is a record: another one with the same of this in it tells of a request as well.
  const telling = isText(loggerField) ? loggerField : messageField;
  const lastBefore = shapesTried <= mostGuesses ? holesOf(before, holesBefore) : holesBefore;
  let from = line;
  let other = holesBefore;
  // The holes that stay, in the place of all.
  let kept = holesHere;
  for (let at = holesHere; at < last; at += holeBytes) {
    const hole = changetype<Hole>(at);
    // The line before may be of another version, with members more or less.
    let match = other;
    while (match < lastBefore && !isAlike(hole, changetype<Hole>(match))) match += holeBytes;
    if (match < lastBefore) {
      other = match + holeBytes;
      if (isSame(hole, changetype<Hole>(match))) {
        if (hole.field == telling && hole.kind == textHole) asText |= isAccess;
        continue;
      }
    }
    // Inside of a header there is an object with a hole of its own. Such lines get no shape.
    if (hole.from < from) return;
    from = hole.to;
    memory.copy(kept, at, holeBytes);
    kept += holeBytes;
  }
  let link = root;
  from = line;
  for (let at = holesHere; at < kept; at += holeBytes) {
    const hole = changetype<Hole>(at);
    link = addPiece(link, from, hole.from, hole.kind, hole.field);
    from = hole.to;
  }
  const piece = changetype<Piece>(addPiece(link, from, end, noHole, noField) - offsetof<Piece>("next"));
  piece.texts = asText;
  piece.numbers = asNumber;
}

/** Whether two holes seem to be of the same member: what stands before them ends alike. */
function isAlike(a: Hole, b: Hole): bool {
  return a.field == b.field && a.kind == b.kind && load<u64>(a.from - 8) == load<u64>(b.from - 8);
}

/** Whether what fills two holes that are alike does not count, or only says what a line tells of, and is the same. */
function isSame(a: Hole, b: Hole): bool {
  const length = a.to - a.from;
  return (a.field == noField || a.field >= loggerField) && a.kind <= numberHole && b.to - b.from == length && same(a.from, b.from, length);
}

/**
 * Whether a line has any shape that is known: the place behind its line feed, or 0. Leaves in `fields`, `texts` and `numbers`
 * what `record` would.
 */
export function fit(p: usize): usize {
  let piece = <usize>load<u32>(root);
  if (piece == 0) return 0;
  let turn = turns;
  texts = 0;
  while (true) {
    const it = changetype<Piece>(piece);
    const length = it.length;
    const other = it.other;
    let text = textOf(piece);
    let at = p;
    const behind = p + length;
    const rest = text + (length & ~15);
    let wrong = i64x2.splat(0);
    for (; text < rest; text += lanes, at += lanes) wrong = v128.or(wrong, v128.xor(v128.load(at), v128.load(text)));
    wrong = v128.or(wrong, v128.and(v128.xor(v128.load(at), v128.load(rest)), v128.load(piece, pieceBytes)));
    if (v128.any_true(wrong)) {
      piece = other;
      if (piece != 0) continue;
    } else {
      if (other != 0) {
        changetype<Turn>(turn).piece = other;
        changetype<Turn>(turn).at = p;
        changetype<Turn>(turn).texts = texts;
        turn += turnBytes;
      }
      const kind = it.kind;
      piece = it.next;
      p = behind;
      if (kind == textHole) {
        p = markFrom(p);
        keep(it.field, behind, p - behind);
        continue;
      }
      if (kind == numberHole) {
        p = numberEnd(p);
        if (p != 0) {
          keep(it.field, behind, p - behind);
          continue;
        }
      } else if (kind != noHole) {
        p = headersEnd(p, kind == headersHole);
        if (p != 0) continue;
      } else {
        texts |= it.texts;
        numbers = it.numbers;
        return p;
      }
    }
    if (turn == turns) return 0;
    turn -= turnBytes;
    piece = changetype<Turn>(turn).piece;
    p = changetype<Turn>(turn).at;
    texts = changetype<Turn>(turn).texts;
  }
}
