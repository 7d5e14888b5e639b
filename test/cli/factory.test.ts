import { describe, expect, it } from 'vitest';
import { factoryRoles, posts, staffOf } from '../../cli/factory/posts.ts';
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

  it('each has a secret of its own, and one for all roles that it works for', () => {
    const names = new Set(posts.map(({ name }) => name));
    const pairs = new Set(posts.map(({ name, secret }) => `${name} ${secret}`));
    expect(pairs.size).toBe(names.size);
    expect(new Set(posts.map(({ secret }) => secret)).size).toBe(names.size);
    expect(new Set(posts.map(({ name, role }) => `${name} ${role}`)).size).toBe(posts.length);
  });

  it('an account that works for several roles has what each of them needs, and no more', () => {
    const [keeper] = staffOf(['dashboard', 'prerequisites'], {});
    const [alone] = staffOf(['dashboard'], { keeper: 'board' });

    expect(keeper).toMatchObject({
      roles: ['prerequisites', 'dashboard'],
      scopes: ['write:repository', 'read:user', 'write:issue'],
    });
    expect(alone).toMatchObject({
      login: 'board',
      roles: ['dashboard'],
      scopes: ['write:issue', 'read:repository', 'read:user'],
    });
    const [collector] = staffOf(['collect-engagement', 'collect-process-metrics'], {});
    expect(collector).toMatchObject({ ops: 'write', project: 'read' });
    const staff = staffOf(factoryRoles, {});
    expect(new Set(staff.map(({ name }) => name)).size).toBe(staff.length);
  });

  it('no agent, and nobody who only files or proposes, may push to the ops repo', () => {
    for (const { role, ops } of posts)
      if (
        ['ops-filer', 'architect-pitch', 'forge-agent', 'escalation', 'prerequisites', 'dashboard'].includes(
          role,
        )
      )
        expect([role, ops]).toEqual([role, 'read']);
  });
});
