import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formulaFiles, type Names, pipelinesOf } from '../../cli/factory/pipelines.ts';
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
    expect(collector).toMatchObject({ ops: 'read', opsWithoutVault: 'write', project: 'read' });
    const staff = staffOf(factoryRoles, {});
    expect(new Set(staff.map(({ name }) => name)).size).toBe(staff.length);
  });

  it('where a vault works, nobody but its own two accounts may push to the ops repo', () => {
    for (const { role, ops } of posts)
      expect([role, ops]).toEqual([role, role === 'vault-dispatch' ? 'write' : 'read']);
  });
});

describe('pipelines of a factory', () => {
  it.each(['forgejo', 'woodpecker'] as const)(
    'hold names as they are on %s, also those that YAML would read as a number, as nothing, or as no value',
    (ci) => {
      const odd = ['0412', '1.10', '1e3', '0x1F', '1_000', 'null', 'true', 'No', '7', '_a.b'];
      const logins = Object.fromEntries(posts.map(({ name }, nth) => [name, odd[nth] ?? `${nth}0`]));
      const branch = '1.10';
      const names: Names = {
        ci,
        ops: '1.0/0x1',
        project: 'a/-b.',
        branch,
        source: 'https://forge.example/owner/forgecrew',
        commit: undefined,
        checkout: 'actions/checkout@v4',
        staff: staffOf(factoryRoles, logins),
      };
      const expected = new Set<unknown>(Object.values(logins));
      const branches: unknown[] = [];
      const read = (name: string, value: unknown): void => {
        if (typeof value === 'object' && value !== null)
          for (const [key, item] of Object.entries(value)) read(/^\d+$/.test(key) ? name : key, item);
        else if (/^branch(?:es)?$/.test(name)) branches.push(value);
        else if (/login$|^(?:bots|gatekeeper|proposers)$/.test(name))
          for (const login of typeof value === 'string' ? value.split(',') : [value])
            expect(expected).toContain(login);
      };
      for (const { content } of [...pipelinesOf(names, undefined), ...formulaFiles(names, undefined)])
        if (!content.startsWith('# vault/')) read('', parse(content));

      expect([...new Set(branches)]).toEqual([branch]);
    },
  );

  it.each([
    ['forgejo', '!next', '\\!next'],
    ['forgejo', 'c++/1!', 'c\\+\\+/1!'],
    ['woodpecker', '{next}+1', '\\{next\\}+1'],
  ] as const)('take a branch for its name on %s where the name is a pattern: %s', (ci, branch, pattern) => {
    const names: Names = {
      ci,
      ops: 'acme/ops',
      project: 'acme/app',
      branch,
      source: 'https://forge.example/owner/forgecrew',
      commit: undefined,
      checkout: 'actions/checkout@v4',
      staff: staffOf(factoryRoles, Object.fromEntries(posts.map(({ name }) => [name, name]))),
    };

    const filters: unknown[] = [];
    const settings: unknown[] = [];
    const read = (name: string, value: unknown): void => {
      if (typeof value === 'object' && value !== null)
        for (const [key, item] of Object.entries(value)) read(/^\d+$/.test(key) ? name : key, item);
      else if (/^branch(?:es)?$/.test(name)) filters.push(value);
      else if (name === 'ops_branch') settings.push(value);
    };
    for (const { content } of [...pipelinesOf(names, undefined), ...formulaFiles(names, undefined)])
      if (!content.startsWith('# vault/')) read('', parse(content));

    expect([...new Set(filters)]).toEqual([pattern]);
    // A setting is a name, and no filter.
    expect([...new Set(settings)]).toEqual(ci === 'woodpecker' ? [branch] : []);
  });
});
