import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { longestLine } from '../../../../actions/collect-engagement/log/reader.ts';
import { mostBufferBytes } from '../../../../actions/collect-engagement/log/scan.abi.ts';
import { wasm } from '../../../../actions/collect-engagement/log/scan.wasm.ts';
import { freshModule } from '../../../scanner.ts';

const fresh = freshModule();

describe('the log scanner', () => {
  it.skipIf(fresh === undefined)(
    'is committed as its source compiles (needs the compiler, which npm run build installs)',
    () => {
      // If this is red, run npm run build.
      expect(Buffer.from(wasm, 'base64').equals(fresh ?? Buffer.alloc(0))).toBe(true);
    },
  );

  it('compares texts with words that are the texts beside them', () => {
    const source = readFileSync(
      new URL('../../../../actions/collect-engagement/log/scan/bytes.as.ts', import.meta.url),
      'utf8',
    );
    const words = [
      ...source.matchAll(/^@inline (?:export )?const (\w+): u(?:16|32|64) = 0x([0-9a-f]+); \/\/ (\S+)$/gm),
    ];

    const asText = words.map(([, name, hex = '']) => [name, Buffer.from(hex, 'hex').reverse().toString()]);

    expect(words.length).toBeGreaterThan(25);
    expect(asText).toEqual(words.map(([, name, , text]) => [name, text]));
  });

  it('has room for the longest line in its buffer', () => {
    expect(longestLine).toBeLessThanOrEqual(mostBufferBytes);
  });
});
