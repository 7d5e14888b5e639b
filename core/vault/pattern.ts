// The patterns of formulas, which are matched against what other people ask for. No regular expression of Node's is ever
// run on the two together: those look for a match by trying, and there are patterns for which that takes years. This file
// knows a row of single characters and classes, each of which may be repeated, and nothing else; such a row is matched as a
// whole and in one pass for each of its pieces, whatever is repeated how often.

/** The longest input that is matched; the longest that an action can hold. */
const longestInput = 4000;
/** The most pieces that may have more than one length: each takes a pass over the input. */
const mostOpen = 24;
/** The most that a repetition may count to. */
const mostRepeats = 9999;

/** One character or class of a pattern, and how often it may follow itself. */
interface Piece {
  /** As it is written. */
  text: string;
  /** A regular expression for exactly one character. */
  one: RegExp;
  least: number;
  most: number;
}

/** A pattern that can be matched, or why it cannot, in words. */
export type Pattern =
  | {
      kind: 'pattern' /** Whether the whole of an input is what the pattern says. */;
      matches: (input: string) => boolean;
    }
  | { kind: 'fault'; message: string };

const understood =
  'only characters, classes, `.`, `?`, `*`, `+` and `{n,m}` after single ones are understood; no groups, alternatives or back references';

/** Reads a pattern: every piece of it has to be understood, and a `^` before and a `$` after it change nothing. */
export function readPattern(pattern: string): Pattern {
  const atom = /\[\^?(?:\\[\\\]^dws-]|[^\\\][])+\]|\\[\\.[\](){}^$*+?|/dws-]|[^\\.[\](){}^$*+?|]|\./uy;
  const repeat = /\*|\+|\?|\{(\d{1,4})(?:(,)(\d{0,4}))?\}/uy;
  const body = pattern.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  const pieces: Piece[] = [];
  let at = 0;
  while (at < body.length) {
    atom.lastIndex = at;
    const [text] = atom.exec(body) ?? [];
    if (text === undefined) return { kind: 'fault', message: understood };
    const one = single(text);
    if (one === undefined) return { kind: 'fault', message: `\`${text}\` is no class: look at its ranges` };
    at += text.length;
    repeat.lastIndex = at;
    const found = repeat.exec(body);
    const [least, most] = found === null ? [1, 1] : countsOf(found);
    if (found !== null) at += found[0].length;
    if (least > most)
      return { kind: 'fault', message: `\`${found?.[0]}\` counts down: at least ${least}, at most ${most}` };
    const last = pieces.at(-1);
    // `a*a+` is `a+`: the same thing again makes the piece before it longer.
    if (last?.text === text) {
      last.least += least;
      last.most += most;
    } else pieces.push({ text, one, least, most });
  }
  const open = pieces.filter(({ least, most }) => least !== most).length;
  if (open > mostOpen)
    return {
      kind: 'fault',
      message: `it repeats ${open} things without saying how often; at most ${mostOpen}`,
    };
  return { kind: 'pattern', matches: (input) => matches(pieces, input) };
}

/** A character or class alone, or undefined where it means nothing, as `[z-a]`. */
function single(text: string): RegExp | undefined {
  try {
    return new RegExp(`^${text}$`, 'u');
  } catch {
    return undefined;
  }
}

function countsOf([text, least, comma, most]: RegExpExecArray): [number, number] {
  if (text === '*') return [0, mostRepeats];
  if (text === '+') return [1, mostRepeats];
  if (text === '?') return [0, 1];
  const from = Number(least);
  if (comma === undefined) return [from, from];
  return [from, most === undefined || most === '' ? Math.max(from, mostRepeats) : Number(most)];
}

/**
 * Whether the pieces, one after the other, make up the input. For each piece it is known after which characters the ones
 * before it may end; from each of these the piece may end anywhere between its least and its most, as far as the characters
 * go along. Places are marked as ranges by their two ends, so that a count costs nothing.
 */
function matches(pieces: Piece[], input: string): boolean {
  if (input.length > longestInput) return false;
  const characters = Array.from(input);
  const length = characters.length;
  const reached = new Uint8Array(length + 1);
  const ends = new Int32Array(length + 2);
  reached[0] = 1;
  /** The first and the last place that is reached: nothing outside is looked at, so that single characters cost a step each. */
  let [low, high] = [0, 0];
  for (const { one, least, most } of pieces) {
    const isOne = oneOf(one);
    /** Up to here the characters are the one, from the last place that was looked at. */
    let seen = 0;
    let [first, last] = [length + 1, -1];
    for (let from = low; from <= high; from += 1) {
      if (reached[from] !== 1) continue;
      reached[from] = 0;
      seen = Math.max(seen, from);
      // No further than this piece can go.
      while (seen < length && seen - from < most && isOne(characters[seen] ?? '')) seen += 1;
      const farthest = seen - from;
      if (farthest < least) continue;
      ends[from + least] = (ends[from + least] ?? 0) + 1;
      ends[seen + 1] = (ends[seen + 1] ?? 0) - 1;
      first = Math.min(first, from + least);
      last = seen;
    }
    if (last < 0) return false;
    let open = 0;
    for (let at = first; at <= last; at += 1) {
      open += ends[at] ?? 0;
      ends[at] = 0;
      reached[at] = open > 0 ? 1 : 0;
    }
    ends[last + 1] = 0;
    [low, high] = [first, last];
  }
  return reached[length] === 1;
}

/** Whether a character is the one, asked of the pattern once for each that there is. */
function oneOf(one: RegExp): (character: string) => boolean {
  const known = new Map<string, boolean>();
  return (character) => {
    const isOne = known.get(character) ?? one.test(character);
    known.set(character, isOne);
    return isOne;
  };
}
