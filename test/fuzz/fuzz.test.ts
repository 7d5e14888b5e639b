import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { hostile } from './hostile.ts';
import { parsers } from './parsers.ts';
import { randomOf } from './random.ts';

// A sample of `npm run fuzz`.

it('no parser throws, hangs, runs out of memory or takes twenty times as long as for a harmless input', async () => {
  const outcomes = await fuzz({ seed: 1, count: 10 });

  expect(outcomes.flatMap(({ parser, found }) => found.map((item) => `${parser}: ${item}`))).toEqual([]);
  expect(outcomes.map(({ parser }) => parser)).toEqual(parsers.map(({ name }) => name));
});

it('an input is the same for the same seed', () => {
  const [parser] = parsers;
  if (parser === undefined) throw new Error('there is no parser');

  expect(hostile(randomOf(7), parser, 4000)).toEqual(hostile(randomOf(7), parser, 4000));
  expect(hostile(randomOf(8), parser, 4000)).not.toEqual(hostile(randomOf(7), parser, 4000));
});

describe('what is found is told', () => {
  it('with the parser that there is none of', async () => {
    expect(await fuzz({ parser: 'no such parser', seed: 1, count: 1 })).toEqual([]);
  });
});
