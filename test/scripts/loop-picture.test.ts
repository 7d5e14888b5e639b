import { describe, expect, it } from 'vitest';
import { posts } from '../../cli/factory/posts.ts';
import { roles } from '../../roles.ts';
import { loopPicture } from '../../scripts/docs/loop-picture.ts';

describe('the picture of the whole loop', () => {
  const picture = loopPicture();
  const texts = [...picture.matchAll(/<text class="(\w+)"[^>]*>([^<]*)<\/text>/g)].map(
    ([, kind, text]) => `${kind}: ${text}`,
  );

  it('shows every role once', () => {
    for (const { name } of roles)
      expect([name, texts.filter((text) => text === `role: ${name}`).length]).toEqual([name, 1]);
  });

  it('shows every account that a factory is made of, and the admin who is only asked', () => {
    for (const { name } of posts) expect(texts).toContain(`account: as ${name}, with`);
    expect(texts).toContain('account: as an admin, who is only');
  });

  it('is an image and nothing else: it loads, links and runs nothing', () => {
    expect(picture).not.toMatch(/<(?:script|a|image|foreignObject|use)\b|href|url\(|@import|\bon\w+=/);
  });
});
