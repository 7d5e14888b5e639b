import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPattern } from '../../../core/vault/pattern.ts';
import { cpuMs } from '../../cpu.ts';

function matches(pattern: string, input: string): boolean {
  const read = readPattern(pattern);
  if (read.kind === 'fault') throw new Error(read.message);
  return read.matches(input);
}

describe('a pattern', () => {
  it.each(['(a+)+', 'a|b', '(?=x)', '\\1', 'a++', 'a{2}{3}', 'a{10000}', '^^a', '[]', '\\p{L}', '*'])(
    'is not understood as %s',
    (pattern) => {
      expect(readPattern(pattern)).toMatchObject({ kind: 'fault', message: expect.stringContaining('only') });
    },
  );

  it.each([
    ['[z-a]', '`[z-a]` is no class'],
    ['x[9-0]+', '`[9-0]` is no class'],
    ['[a-\\d]', '`[a-\\d]` is no class'],
    ['a{3,2}', '`{3,2}` counts down'],
  ])('means nothing as %s', (pattern, message) => {
    expect(readPattern(pattern)).toMatchObject({ kind: 'fault', message: expect.stringContaining(message) });
  });

  it.each(['[a-z0-9-]{1,20}', 'v\\d+', '^db-[a-f]{8}$', 'a?b?c', '.*x.*', 'x{1,}y*', ''])(
    'is understood as %s',
    (pattern) => {
      expect(readPattern(pattern).kind).toBe('pattern');
    },
  );

  it('is about the whole of an input, whether it says so or not', () => {
    for (const pattern of ['ab', '^ab', 'ab$', '^ab$']) {
      expect(matches(pattern, 'ab')).toBe(true);
      expect(matches(pattern, 'xab')).toBe(false);
      expect(matches(pattern, 'ab\n')).toBe(false);
    }
  });

  it('means just what it means to Node', () => {
    const piece = fc.tuple(
      fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '[a-c-]', '\\.', '-', '😀', '[😀b]'),
      fc.constantFrom('', '', '?', '*', '+', '{2}', '{0,2}', '{1,}', '{0}', '{2,}'),
    );
    const input = fc
      .array(fc.constantFrom('a', 'b', 'c', '.', '-', '1', '😀', '\n', '\ud800'), { maxLength: 8 })
      .map((signs) => signs.join(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), input, (pieces, text) => {
        const pattern = pieces.map((parts) => parts.join('')).join('');

        expect({ pattern, text, matches: matches(pattern, text) }).toEqual({
          pattern,
          text,
          matches: new RegExp(`^(?:${pattern})$`, 'u').test(text),
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('takes no longer the more of it is repeated', () => {
    const input = 'a'.repeat(3999);
    const began = cpuMs();

    for (const pattern of [
      '[a-z]{0,999}[a-z]{0,999}[a-z]{0,999}b',
      '[a-z]{0,999}'.repeat(16).concat('b'),
      'a*'.repeat(99).concat('b'),
      '.+'.repeat(99).concat('b'),
    ])
      expect(matches(pattern, `${input}`)).toBe(false);

    // Node needs years for any of them.
    expect(cpuMs() - began).toBeLessThan(2000);
  });

  it('lets nothing through that is longer than any action can say', () => {
    expect(matches('a*', 'a'.repeat(4000))).toBe(true);
    expect(matches('a*', 'a'.repeat(4001))).toBe(false);
  });
});
