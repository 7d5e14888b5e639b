import { describe, expect, it } from 'vitest';
import { readYaml, yamlData } from '../../core/yaml.ts';

const bounds = { pieces: 100_000, depth: 20 };

/** What a document holds, or the message of what is wrong with it. */
function dataOf(text: string): unknown {
  const read = readYaml(text, bounds);
  if (read.kind !== 'read' || read.document === undefined) return read;
  const found = yamlData(read.document, text);
  return 'data' in found ? found.data : found.message;
}

describe('what aliases repeat counts as often as it is there', () => {
  const row = (count: number, what: string): string => Array.from({ length: count }, () => what).join(', ');

  it('few of them are what they stand for', () => {
    expect(dataOf('a: &x [1, 2]\nb: [*x, *x]\n')).toEqual({
      a: [1, 2],
      b: [
        [1, 2],
        [1, 2],
      ],
    });
  });

  it.each([
    ['many things', `a: &x [${row(4000, '1')}]\nb: [${row(40, '*x')}]\n`],
    ['much text', `a: &x "${'x'.repeat(60_000)}"\nb: [${row(40, '*x')}]\n`],
  ])('%s are too many', (_, text) => {
    expect(dataOf(text)).toBe('the aliases repeat very much: write the text out');
  });
});
