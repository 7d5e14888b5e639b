import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { shapeFault } from '../../../core/text/shape-fault.ts';

const count = z.number().check(z.int(), z.gte(1), z.lte(50));

const cases: [schema: z.ZodMiniType, value: unknown, said: string][] = [
  [count, 0, 'at least 1'],
  [count, 51, 'at most 50'],
  [count, 1.5, 'expected a whole number'],
  [count, '1', 'expected number'],
  [z.number().check(z.gt(0)), 0, 'more than 0'],
  [z.number().check(z.lt(9)), 9, 'less than 9'],
  [z.string().check(z.maxLength(2)), 'abc', 'at most 2 characters'],
  [z.string().check(z.minLength(1)), '', 'at least 1 character'],
  [z.array(z.string()).check(z.maxLength(1)), ['a', 'b'], 'at most 1 item'],
  [z.string().check(z.maxLength(2, 'two letters')), 'abc', 'two letters'],
  [z.record(z.string(), z.string()), 'x', 'expected a table of names and values'],
  [z.enum(['a', 'b']), 'c', 'expected a or b'],
];

// Loading the whole of zod anywhere in a process gives its schemas English words, those of zod/mini too.
describe.each([
  ['zod/mini alone', undefined],
  ['all of zod', z.locales.en().localeError],
])('with %s', (_, localeError) => {
  const { localeError: before } = z.config();
  beforeAll(() => {
    z.config({ localeError });
  });
  afterAll(() => {
    z.config({ localeError: before });
  });

  it.each(cases)('the limits of a schema are told (%#)', (schema, value, said) => {
    const [issue] = schema.safeParse(value).error?.issues ?? [];

    expect(issue === undefined ? '' : shapeFault(issue)).toBe(said);
  });
});
