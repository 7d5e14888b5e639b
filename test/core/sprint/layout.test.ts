import { describe, expect, it } from 'vitest';
import { visionBullet, visionsNamed } from '../../../core/sprint/layout.ts';

describe('the visions a document names', () => {
  it('are what its section says, with or without a filer block', () => {
    expect(
      visionsNamed(
        '# S\n\nsee #1\n\n## Vision issues\n- #23 — a part of #3\n* #41: b, and #colour #12ab\n\n## Risks\n- #5\n',
      ),
    ).toEqual([23, 41]);
  });

  it('are the same for whoever files a document and whoever looks for one: none in a fence or a filer block', () => {
    expect(
      visionsNamed(
        '## Vision issues ##\r\n```\r\n- #1\r\n```\r\n- #2\r\n<!-- filer:begin -->\r\n- #3\r\n<!-- filer:end -->\r\n- #4\r\n',
      ),
    ).toEqual([2]);
  });

  it.each([
    ['- #12', 12],
    ['   *    #12 — a title', 12],
    ['- #12-b', undefined],
    ['- #12ab56', undefined],
    ['- see #12', undefined],
    ['    - #12', undefined],
    ['- #1234567890123456', undefined],
  ])('are listed by %j as %s', (line, number) => {
    expect(visionBullet(line)).toBe(number);
  });
});
