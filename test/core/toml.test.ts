import fc from 'fast-check';
import { parse as parse10 } from 'smol-toml-1-0';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { parseToml } from '../../core/toml.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function faultOf(text: string): string | undefined {
  const parsed = parseToml('x.toml', bytes(text), z.record(z.string(), z.unknown()));
  return parsed.ok
    ? undefined
    : `${parsed.faults[0]?.line}:${parsed.faults[0]?.column} ${parsed.faults[0]?.message}`;
}

describe('what only TOML 1.1 allows is refused with its place', () => {
  it.each([
    ['a = { b = 1,\n c = 2 }\n', '1:13 is no TOML 1.0: a line break inside an inline table'],
    ['a = { b = 1, }\n', '1:14 is no TOML 1.0: a comma at the end of an inline table'],
    ['a = { b = 1, # why\n}\n', '1:19 is no TOML 1.0: a line break inside an inline table'],
    ['a = "\\e[0m"\n', '1:6 is no TOML 1.0: an escape \\e or \\x'],
    ['a = 1\nb = """\n\\x41"""\n', '3:1 is no TOML 1.0: an escape \\e or \\x'],
    ['a = 07:32\n', '1:5 is no TOML 1.0: a time without seconds'],
    ['a = 1979-05-27T07:32Z\n', '1:16 is no TOML 1.0: a time without seconds'],
    ['a = [1979-05-27 07:32]\n', '1:17 is no TOML 1.0: a time without seconds'],
  ])('%j', (text, message) => {
    expect(faultOf(text)).toContain(message);
  });
});

describe('what looks like it and is TOML 1.0 is read', () => {
  it.each([
    'a = { b = [\n1,\n], c = "}," }\n',
    'a = "07:32, \\\\e \\\\x41"\n',
    "a = '\\e \\x41'\n",
    'a = """\n07:32 \\\\e ""inside"" """\n',
    '# a = { b = 1, }\na = 1 # 07:32\n',
    'a = 07:32:00\nb = 1979-05-27T07:32:00.5Z\n',
    '["a{".\'b,}\']\nc = 1\n',
    '[[a]]\nb = []\n[[a]]\nb = [ {}, ]\n',
    'a = """"two quotes first"""""\n',
  ])('%j', (text) => {
    expect(faultOf(text)).toBeUndefined();
    expect(() => parse10(text)).not.toThrow();
  });
});

it('a document is taken just where a parser of TOML 1.0 takes it', () => {
  const scalar = fc.constantFrom(
    '1',
    'true',
    '"x"',
    "'y'",
    '"\\e"',
    '"\\\\e"',
    '"\\x41"',
    "'\\e'",
    '"""\n\\e"""',
    "'''\n\\e'''",
    '07:32',
    '07:32:01',
    '1979-05-27T07:32Z',
    '1979-05-27 07:32:00',
    '"07:32"',
    '"a # b"',
    '1979-05-27',
  );
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc
        .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.constantFrom('', ',', '\n', ',\n', ' # c\n'))
        .map(([items, end]) => `[${items.join(', ')}${items.length === 0 ? end.replace(',', '') : end}]`),
      fc
        .tuple(
          fc.array(tie('value'), { maxLength: 3 }),
          fc.constantFrom('', '', '', ',', '\n', ',\n'),
          fc.constantFrom(', ', ', ', ',\n'),
        )
        .map(
          ([items, end, between]) =>
            `{ ${items.map((item, index) => `k${index} = ${item}`).join(between)}${items.length === 0 ? end.replace(',', '') : end} }`,
        ),
    ),
  }));
  const line = fc.oneof(
    value.map((text) => `= ${text}`),
    value.map((text) => `= ${text} # 07:32 { ,}`),
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
      const text = `${lines.map((rest, index) => `key${index} ${rest}`).join('\n')}\n`;
      let isOld = true;
      try {
        parse10(text);
      } catch {
        isOld = false;
      }

      expect({ text, isTaken: faultOf(text) === undefined }).toEqual({ text, isTaken: isOld });
    }),
    { numRuns: 2000 },
  );
});

describe('a document that is made to hurt is refused at once', () => {
  it.each([
    ['an array that never ends, with a comment in it', 'a=[1#'],
    ['an array that never ends', `a = ${'['.repeat(60_000)}`],
    ['arrays in arrays', `a = ${'['.repeat(500)}${']'.repeat(500)}\n`],
    ['inline tables in inline tables', `a = ${'{a='.repeat(500)}1${'}'.repeat(500)}\n`],
    ['a string that never ends', `a = "${'\\\\'.repeat(30_000)}`],
  ])('%s', (_, text) => {
    expect(faultOf(text)).toContain('is no TOML 1.0');
  });

  it('and one of nothing but comments is read', () => {
    expect(faultOf('#\n'.repeat(32_000))).toBeUndefined();
  });
});
