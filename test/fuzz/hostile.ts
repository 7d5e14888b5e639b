import type { Random } from './random.ts';

// Inputs that are made to hurt a parser: what costs more than in proportion is mostly something that stands in a row very
// often, stands inside itself very deeply, or begins and never ends.

const kinds = [
  'row',
  'row in a line',
  'lines',
  'numbered lines',
  'ever deeper',
  'nested',
  'soup',
  'spliced',
  'begun and not ended',
] as const;

/** Unusual wherever they stand. */
const everywhere = [
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\r',
  '\u0000',
  '\u00a0',
  '\u200b',
  '\u2028',
  '\ud800',
  '\ufffd',
  '\u{1f600}',
  'a',
  '0',
  '-',
  '<',
  '\\',
  '"',
  "'",
  '`',
];

/** One hostile input of about a size, made of what means something to a parser, and which kind it is. */
export function hostile(
  random: Random,
  { tokens, harmless }: { tokens: readonly string[]; harmless: (size: number, random: Random) => string },
  size: number,
): { kind: string; text: string } {
  const token = (): string => (random.whole(5) === 0 ? random.one(everywhere) : random.one(tokens));
  const some = (most: number): string => Array.from({ length: 1 + random.whole(most) }, token).join('');
  const filled = (unit: string): string =>
    unit === '' ? '' : unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
  const small = (): string => harmless(400, random);
  /** A harmless beginning, cut off at a place where something may begin. */
  const beginning = (): string => {
    const text = small();
    const lines = text.split('\n');
    return random.whole(3) === 0
      ? text.slice(0, random.whole(text.length))
      : `${lines.slice(0, random.whole(lines.length)).join('\n')}\n`;
  };
  const kind = random.one(kinds);
  switch (kind) {
    case 'row':
      return { kind, text: `${random.one(['', some(3)])}${filled(some(3))}${random.one(['', some(3)])}` };
    case 'row in a line':
      return {
        kind,
        text: `${beginning()}${some(3)}${filled(some(2)).replaceAll('\n', ' ')}${some(2)}\n${random.one(['', small()])}`,
      };
    case 'lines':
      return { kind, text: `${random.one(['', beginning()])}${filled(`${some(4)}\n`)}` };
    case 'numbered lines': {
      const [before, after] = [some(3), some(3)];
      let text = random.one(['', beginning()]);
      for (let nth = 0; text.length < size; nth += 1) text += `${before}${nth}${after}\n`;
      return { kind, text };
    }
    case 'ever deeper': {
      const unit = some(2);
      const step = random.one([' ', '  ', '\t']);
      let text = random.one(['', beginning()]);
      for (let depth = 0; text.length < size; depth += 1) text += `${step.repeat(depth)}${unit}\n`;
      return { kind, text };
    }
    case 'nested': {
      const [open, close] = [some(2), some(2)];
      const depth = Math.ceil(size / (open.length + close.length));
      return { kind, text: `${random.one(['', beginning()])}${open.repeat(depth)}${close.repeat(depth)}` };
    }
    case 'soup': {
      let text = '';
      while (text.length < size) text += token();
      return { kind, text };
    }
    case 'spliced': {
      const text = harmless(size, random);
      const at = random.whole(text.length);
      const length = random.whole(text.length - at);
      return { kind, text: text.slice(0, at) + filled(some(3)).slice(0, length) + text.slice(at + length) };
    }
    case 'begun and not ended':
      return { kind, text: `${beginning()}${token()}${filled(harmless(size, random))}` };
  }
}
