import fc from 'fast-check';
import { parse as parse10 } from 'smol-toml-1-0';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { parseToml } from '../../core/toml.ts';
import { cpuMs } from '../cpu.ts';

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

const record = z.strictObject({
  formula: z.string(),
  secrets: z.array(z.string()),
  unblocks: z.optional(z.array(z.string())),
  inputs: z.optional(z.record(z.string(), z.string())),
  run: z.optional(z.strictObject({ backend: z.string() })),
});

function recordFaults(text: string): string[] {
  const parsed = parseToml('x.toml', bytes(text), record);
  return parsed.ok ? [] : parsed.faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('a key that stands below the header of a table', () => {
  it('is named as the one that the document lacks, and as nothing else', () => {
    expect(recordFaults('formula = "b"\n[inputs]\ntarget = "db"\nsecrets = ["K"]\n')).toEqual([
      '4:1 "secrets" is missing; the one in line 4 belongs to [inputs]: move it above line 2',
    ]);
  });

  it('is named where the table has no such field, and where the document could do without it', () => {
    expect(recordFaults('formula = "b"\n[run]\nbackend = "x"\nsecrets = []\n')).toEqual([
      '4:1 "secrets" is missing; the one in line 4 belongs to [run]: move it above line 2',
    ]);
    expect(recordFaults('formula = "b"\nsecrets = []\n[ inputs ]\nunblocks = ["#1"]\n')).toEqual([
      '4:1 "unblocks" belongs to [ inputs ] here, as everything below that line does: move it above line 3',
    ]);
  });

  it('is told once for each key, and other faults beside it', () => {
    expect(recordFaults('[run]\nbackend = 1\nformula = "b"\nsecrets = []\nmode = "x"\n')).toEqual([
      '3:1 "formula" is missing; the one in line 3 belongs to [run]: move it above line 1',
      '4:1 "secrets" is missing; the one in line 4 belongs to [run]: move it above line 1',
      '2:1 "run.backend": expected string',
      '5:1 "run.mode": no such field',
    ]);
  });

  it('is no excuse where it is right, and a key that is nowhere is simply missing', () => {
    expect(recordFaults('formula = "b"\nsecrets = []\n[inputs]\nformula = "c"\n')).toEqual([]);
    expect(recordFaults('formula = "b"\n[inputs]\nsecret = "K"\n')).toEqual([
      '0:0 "secrets": expected array, and it is missing',
    ]);
  });
});

describe('the place of a fault', () => {
  it.each<[string, string, string]>([
    ['a dotted key', 'formula = "b"\nsecrets = []\nrun.backend = 1\n', '3:1 "run.backend"'],
    ['a quoted key', 'formula = "b"\nsecrets = []\n"run"."back\\u0065nd" = 1\n', '3:1 "run.backend"'],
    ['a key in an inline table', 'formula = "b"\nsecrets = []\nrun = { backend = 1 }\n', '3:1 "run.backend"'],
    [
      'a key behind a text that looks like it',
      'formula = """\nsecrets = 1\n[inputs]\n"""\n  secrets = 1 # secrets\n',
      '5:3 "secrets": expected array',
    ],
    [
      'a key behind a list over several lines',
      'formula = "b"\nsecrets = [\n  "a", # ]\n  "b",\n]\n[inputs]\nx = 1\n',
      '7:1 "inputs.x"',
    ],
    [
      'a key that a table lacks',
      'formula = "b"\nsecrets = []\n[run]\n',
      '3:1 "run.backend": expected string',
    ],
  ])('is that of %s', (_, text, message) => {
    expect(recordFaults(text).join('\n')).toContain(message);
  });

  it('is that of the member of a list of tables', () => {
    const list = z.strictObject({ rules: z.array(z.strictObject({ days: z.string() })) });
    const text = '[[rules]]\ndays = "mon"\n[[rules]]\ndays = 2\n';
    const parsed = parseToml('x.toml', bytes(text), list);

    expect(parsed).toMatchObject({
      ok: false,
      faults: [{ line: 4, message: '"rules.1.days": expected string' }],
    });
  });
});

describe('a document as editors and word processors save it', () => {
  it('is read with a byte order mark before it', () => {
    expect(recordFaults('\ufeffformula = "b"\nsecrets = []\n')).toEqual([]);
    expect(recordFaults('\ufeff[inputs]\nx = 1\n')).toContain('2:1 "inputs.x": expected string');
  });

  it.each<[string, string, string]>([
    [
      'a no-break space',
      'formula\u00a0= "b"\n',
      '1:8 is no TOML 1.0: a no-break space (U+00A0): write a plain space',
    ],
    [
      'a no-break space before a value',
      'formula =\u00a0"b"\n',
      '1:10 is no TOML 1.0: a no-break space (U+00A0)',
    ],
    [
      'curly quotation marks',
      'x = 1\nformula = “b”\n',
      '2:11 is no TOML 1.0: a curly quotation mark (U+201C): write "',
    ],
    [
      'an invisible character',
      'x = 1\r\n\u200bformula = "b"\n',
      '2:1 is no TOML 1.0: an invisible character',
    ],
  ])('is refused for %s by its name', (_, text, message) => {
    expect(recordFaults(text).join('\n')).toContain(message);
  });

  it('is refused as UTF-16 by that name', () => {
    const parsed = parseToml('x.toml', Buffer.from('\ufeffformula = "b"\n', 'utf16le'), record);

    expect(parsed).toMatchObject({ ok: false, faults: [{ message: 'is UTF-16: save it as UTF-8' }] });
  });
});

describe('a document with very much in it', () => {
  it('is told its first twenty faults, and how many more there are', () => {
    const text = `formula = "b"\nsecrets = []\n${Array.from({ length: 4000 }, (_, n) => `key${n} = 1\n`).join('')}`;
    const began = cpuMs();
    const faults = recordFaults(text);

    expect(faults).toHaveLength(21);
    expect(faults[19]).toBe('22:1 "key19": no such field');
    expect(faults[20]).toBe('0:0 and 3980 more faults: mend the ones above first');
    expect(cpuMs() - began).toBeLessThan(1000);
  });

  it('is refused for a key of very many names', () => {
    const free = (text: string): string | undefined => faultOf(text);

    expect(free(`${Array(32).fill('a').join('.')} = 1\n`)).toBeUndefined();
    expect(free(`x = 1\n${Array(30_000).fill('a').join('.')} = 1\n`)).toBe(
      '2:1 a key of more than 32 names: no field is that deep',
    );
    expect(free(`[${Array(20).fill('a').join('.')}]\n${Array(20).fill('b').join('.')} = 1\n`)).toContain(
      '2:1 a key of more than 32 names',
    );
  });
});
