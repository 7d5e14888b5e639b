// Random choices that are the same for the same seed, so that whatever was found can be tried again.

export interface Random {
  /** A whole number from 0 up to, and without, `below`. */
  whole(below: number): number;
  one<T>(items: readonly T[]): T;
}

/** Mulberry32: small, fast, and good enough to choose with. */
export function randomOf(seed: number): Random {
  let state = (seed * 2_654_435_761) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    whole: (below) => Math.floor(next() * below),
    one: (items) => items[Math.floor(next() * items.length)] as never,
  };
}
