import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../core/text/headings.ts';
import { cpuMs } from '../../cpu.ts';

const skip = { begin: '<!-- begin -->', end: '<!-- end -->' };

describe('the parts of a document', () => {
  it('begin at headings of the first two levels, outside code fences and what is skipped', () => {
    const text =
      '# A\none\n## B ##\n### deeper\n```\n# no\n```\n<!-- begin -->\n# no\n<!-- end -->\n~~~~\n~~~\n## no\n~~~~\n## C\n';

    expect(partsOf(text, skip).map(({ level, title, line }) => [level, title, line])).toEqual([
      [1, 'A', 1],
      [2, 'B', 3],
      [2, 'C', 15],
    ]);
  });

  it('take time in proportion to the length of a heading', () => {
    const began = cpuMs();

    partsOf(`# ${'# '.repeat(500_000)}x`, skip);

    expect(cpuMs() - began).toBeLessThan(2000);
  });
});
