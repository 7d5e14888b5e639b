import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  code,
  codeCell,
  codeQuote,
  inert,
  inertLine,
  literal,
  visible,
  withoutComments,
} from '../../../core/text/inert.ts';
import { cpuMs } from '../../cpu.ts';

describe('what is visible', () => {
  it.each([
    ['tag characters', `a${String.fromCodePoint(0xe0069, 0xe0067)}b`],
    ['bidirectional marks', 'a\u202e\u2066\u2069b'],
    ['zero-width characters', 'a\u200b\u200d\ufeff\u2060b'],
    ['controls', 'a\u0000\u001b\u0085b'],
    ['halves of characters', 'a\ud800b'],
    ['private use', 'a\ue000b'],
    ['fillers and variation selectors', 'a\u3164\ufe0f\u{e0101}b'],
    ['line separators of another kind', 'a\u2028\u2029b'],
  ])('is without %s', (_, text) => {
    expect(visible(text)).toBe('ab');
  });

  it('keeps line ends, as LF, and tabs, and every letter', () => {
    expect(visible('ä\r\n\t日本\r😀')).toBe('ä\n\t日本\n😀');
  });
});

describe('what is inert', () => {
  it.each([
    ['@ada', '@\u2060ada'],
    ['(@ada)', '(@\u2060ada)'],
    ['ada@example.test', 'ada@\u2060example.test'],
    ['Closes #1', 'Closes \u2060#\u20601'],
    ['fixes: owner/x#2', 'fixes: \u2060owner/x#\u20602'],
    ['resolved\nhttps://f.test/a/b/issues/3', 'resolved\n\u2060https\u2060://f.test/a/b/issues/3'],
    ['<script>', '<\u2060script>'],
    ['a < b', 'a < b'],
    ['<!-- filer:begin -->', '<\u2060!-- filer:begin -->'],
    ['see #12', 'see #\u206012'],
    ['! # @ [a] (b) a:b x/y 10:30 &c; R&D', '! # @ [a] (b) a:b x/y 10:30 &\u2060c; R&D'],
  ])('%j becomes %j', (text, expected) => {
    expect(inert(text)).toBe(expected);
  });

  it('cannot be undone by what surrounds it: nothing is left that was to be taken out, whatever it is made of', () => {
    const pieces = fc.constantFrom(
      '@',
      'ada',
      '<',
      '!--',
      '\u2060',
      '\u200b',
      'close',
      's',
      ': ',
      ' ',
      '#',
      '1',
      '\n',
      'x',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const text = inert(parts.join(''));
        expect(text).not.toMatch(/(^|[^A-Za-z0-9])@[A-Za-z0-9_-]|<[A-Za-z/!?]/);
        expect(text).not.toMatch(/close[sd]?:?\s#\d/);
        expect(text).not.toContain('\u200b');
      }),
      { numRuns: 3000 },
    );
  });

  it('takes time in proportion to its length', () => {
    const began = cpuMs();
    for (const piece of ['@', '<', 'close ', 'closes: #', '\u200b', '# '])
      inert(piece.repeat(1_000_000 / piece.length));

    expect(cpuMs() - began).toBeLessThan(10_000);
  });

  it('as one line is cut between characters', () => {
    expect(inertLine(' a\n  b\t😀😀😀', 5)).toBe('a b …');
  });
});

describe('text from outside as code', () => {
  it.each([
    ['a `b` @ada #1', '`a ´b´ @ada #1`'],
    ['a\nb\u202e', '`a\\nb\\u{202e}`'],
    ['\ud800', '`\ufffd`'],
    ['', '` `'],
    ['a|b', '`a|b`'],
    ['x'.repeat(301), `\`${'x'.repeat(299)}…\``],
  ])('%j becomes %j', (text, expected) => {
    expect(code(text)).toBe(expected);
  });

  it.each([
    ['/a|b `c`', '`/a¦b ´c´`'],
    ['a\nb\u202e\ud800', '`a b \ufffd`'],
    ['', '``'],
    ['x'.repeat(61), `\`${'x'.repeat(59)}…\``],
  ])('in a cell of a table %j becomes %j', (text, expected) => {
    expect(codeCell(text, 60)).toBe(expected);
  });

  it('of many lines is a quote, every line of which is code', () => {
    expect(codeQuote('Closes #1\r\n\n<b> `x`')).toEqual(['> `Closes #1`', '> ', '> `<b> ´x´`']);
  });
});

it('a title from outside is read as it is written, and mentions and refers to nobody', () => {
  expect(literal('[x](y) *@ada* #1 !2 <b>\n')).toBe(
    '\\[x\\](y) \\*@\u2060ada\\* #\u20601 !\u20602 \\<b\\>\\\\n',
  );
});

it('what a reader of the forge’s page does not see is taken out, a comment that never ends included', () => {
  expect(withoutComments('a<!-- b -->c\u200b<!-->d--> e <!-- f')).toBe('ac e ');
});
