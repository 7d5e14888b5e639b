import { describe, expect, it } from 'vitest';
import { posts } from '../../cli/factory/posts.ts';
import { roles } from '../../roles.ts';

/** Scopes with those left out that others imply. */
function needed(scopes: readonly string[]): string[] {
  return [...new Set(scopes)]
    .filter((scope) => !scopes.includes(scope.replace(/^read:/, 'write:')) || scope.startsWith('write:'))
    .sort();
}

describe('what the accounts of a factory need', () => {
  it.each(posts.map((post) => [post.name, post] as const))(
    '%s has the scopes that its role says',
    (name, post) => {
      const role = roles.find((item) => item.name === post.role);

      const said = needed((role?.needs ?? []).flatMap(({ scopes }) => scopes));

      // The gates are a part of vault-dispatch, and comment on nothing.
      expect(needed(post.scopes)).toEqual(
        name === 'gatekeeper' ? said.filter((scope) => scope !== 'write:issue') : said,
      );
    },
  );

  it('each has a name and a secret of its own', () => {
    expect(new Set(posts.map(({ name }) => name)).size).toBe(posts.length);
    expect(new Set(posts.map(({ secret }) => secret)).size).toBe(posts.length);
  });

  it('no agent, and nobody who only files or proposes, may push to the ops repo', () => {
    for (const { role, ops } of posts)
      if (['ops-filer', 'architect-pitch', 'forge-agent'].includes(role))
        expect([role, ops]).toEqual([role, 'read']);
  });
});
