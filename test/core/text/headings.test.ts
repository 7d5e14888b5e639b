import { describe, expect, it } from 'vitest';
import { partsOf, visionsNamed } from '../../../core/text/headings.ts';

describe('the parts of a document', () => {
  it('begin at headings of the first two levels, outside code fences and the filer block', () => {
    const text =
      '# A\none\n## B ##\n### deeper\n```\n# no\n```\n<!-- filer:begin -->\n# no\n<!-- filer:end -->\n~~~~\n~~~\n## no\n~~~~\n## C\n';

    expect(partsOf(text).map(({ level, title, line }) => [level, title, line])).toEqual([
      [1, 'A', 1],
      [2, 'B', 3],
      [2, 'C', 15],
    ]);
  });

  it('take time in proportion to the length of a heading', () => {
    const started = Date.now();

    partsOf(`# ${'# '.repeat(500_000)}x`);

    expect(Date.now() - started).toBeLessThan(2000);
  });
});

it('the visions a document names are what its section says, with or without a filer block', () => {
  expect(
    visionsNamed(
      '# S\n\nsee #1\n\n## Vision issues\n- #23 — a part of #3\n* #41: b, and #colour #12ab\n\n## Risks\n- #5\n',
    ),
  ).toEqual([23, 41]);
});
