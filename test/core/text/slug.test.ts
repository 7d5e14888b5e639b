import { describe, expect, it } from 'vitest';
import { slugOf } from '../../../core/text/slug.ts';

describe('a text as a name', () => {
  it.each([
    ['An archive, at last!', 'an-archive-at-last'],
    ['  --Ünïcödé & ﬁles--', 'u-ni-co-de-files'],
    ['../../.woodpecker/x.yaml', 'woodpecker-x-yaml'],
    ['in\u200bvisi\u202eble', 'invisible'],
    ['日本', ''],
    ['', ''],
  ])('%j is %j', (text, slug) => {
    expect(slugOf(text, 60)).toBe(slug);
  });

  it('is cut to its length, and never ends with a hyphen', () => {
    expect(slugOf('aaaa bbbb', 5)).toBe('aaaa');
    expect(slugOf('aaaa bbbb', 6)).toBe('aaaa-b');
  });
});
