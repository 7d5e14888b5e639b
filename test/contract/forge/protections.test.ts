import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';
import { withClone } from './git.ts';

onEveryForge('a protected branch', ({ api, bot, fresh, owner, reader, seed, until, url }) => {
  const write = (
    name: string,
    path: string,
    more: Record<string, unknown> = {},
  ): [string, string, unknown] => [
    'POST',
    `/repos/${name}/contents/${path}`,
    { content: base64('{}'), message: 'm', branch: 'main', ...more },
  ];
  async function protectedRepo(name: string, rule: Record<string, unknown> = {}): Promise<string> {
    const full = await fresh(name);
    const { status } = await api(owner, 'POST', `/repos/${full}/branch_protections`, {
      rule_name: 'main',
      enable_push: false,
      ...rule,
    });
    expect(status).toBe(201);
    return full;
  }

  it('says so to a writer, who may not read its rules', async () => {
    const name = await protectedRepo('protected');

    expect((await api(bot, 'GET', `/repos/${name}/branches/main`)).body).toMatchObject({
      protected: true,
      user_can_push: false,
      user_can_merge: true,
    });
    expect((await api(bot, 'GET', `/repos/${name}/branch_protections`)).status).toBe(403);
    expect(
      (await api(owner, 'POST', `/repos/${name}/branch_protections`, { rule_name: 'main' })).status,
    ).toBe(403);
  });

  it('takes no commit through the contents API, from its owner neither, but branches may start from it', async () => {
    const name = await protectedRepo('no-commit');

    for (const person of [bot, owner]) {
      const refused = await api(person, ...write(name, 'evidence/a.json'));
      expect(refused.status).toBe(403);
      expect(refused.body.message).toContain('user cannot commit to repo');
    }
    expect((await api(bot, ...write(name, 'evidence/a.json', { new_branch: 'evidence/a' }))).status).toBe(
      201,
    );
  });

  it('takes a commit whose paths are all exempt, and nothing of one with a path that is not', async () => {
    const name = await protectedRepo('exempt', { unprotected_file_patterns: 'evidence/**' });

    expect((await api(bot, ...write(name, 'evidence/engagement/a.json'))).status).toBe(201);
    expect(
      (
        await api(bot, 'POST', `/repos/${name}/contents`, {
          branch: 'main',
          message: 'm',
          files: [
            { operation: 'create', path: 'evidence/b.json', content: base64('1') },
            { operation: 'create', path: 'other/b.json', content: base64('2') },
          ],
        })
      ).status,
    ).toBe(403);
    expect((await api(bot, 'GET', `/repos/${name}/contents/evidence/b.json`)).status).toBe(404);
    expect((await api(bot, 'GET', `/repos/${name}/branches/main`)).body).toMatchObject({
      user_can_push: false,
    });
  });

  const held = {
    enable_push: true,
    protected_file_patterns: 'vault/policy.toml;vault/formulas/**;vault/*.lock',
  };
  const refusedMerge = (name: string, number: number, more: Record<string, unknown> = {}) =>
    until(
      () => api(owner, 'POST', `/repos/${name}/pulls/${number}/merge`, { Do: 'merge', ...more }),
      ({ body }) => body.message !== 'Please try again later',
    );

  it('takes no change of a protected file from anybody, by the contents API or by a merge', async () => {
    const name = await protectedRepo('files-held', held);

    for (const person of [bot, owner])
      for (const path of ['vault/policy.toml', 'VAULT/Policy.toml', 'vault/formulas/a/b.md']) {
        const refused = await api(person, ...write(name, path));
        expect([refused.status, refused.body.message]).toEqual([
          403,
          `path is protected and can not be changed [path: ${path}]`,
        ]);
      }
    // A star ends at a dot as it does at a slash.
    expect((await api(bot, ...write(name, 'vault/a.lock'))).status).toBe(403);
    expect((await api(bot, ...write(name, 'vault/a.b.lock'))).status).toBe(201);
    expect((await api(bot, ...write(name, 'vault/policy.toml', { new_branch: 'topic' }))).status).toBe(201);
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'x' });
    const refused = await refusedMerge(name, number);
    expect([refused.status, refused.body.message]).toEqual([
      405,
      'not allowed to merge [reason: Changed protected files]',
    ]);
    await api(owner, 'PATCH', `/repos/${name}/branch_protections/main`, { protected_file_patterns: '' });
    await seed.mergePull(owner, name, number);
    expect((await api(owner, 'GET', `/repos/${name}/contents/vault/policy.toml`)).status).toBe(200);
  });

  it('lets its owner force a change of a protected file, unless the rule holds for admins too', async () => {
    const name = await protectedRepo('files-forced', { ...held, apply_to_admins: true });
    for (const topic of ['one', 'two'])
      await api(bot, ...write(name, `vault/formulas/${topic}`, { new_branch: topic }));
    const one = await seed.openPull(bot, name, { head: 'one', base: 'main', title: 'x' });
    const two = await seed.openPull(bot, name, { head: 'two', base: 'main', title: 'x' });

    const refused = await refusedMerge(name, one, { force_merge: true });
    await api(owner, 'PATCH', `/repos/${name}/branch_protections/main`, { apply_to_admins: false });
    const merged = await refusedMerge(name, two, { force_merge: true });

    expect([refused.status, merged.status]).toEqual([405, 200]);
  });

  it('does not see that a protected file was moved away: a move has its new name only', async () => {
    const name = await fresh('files-moved');
    await seed.putFile(bot, name, 'vault/policy.toml', 'a long enough line\n');
    await api(owner, 'POST', `/repos/${name}/branch_protections`, { rule_name: 'main', ...held });
    const { body } = await api<{ sha: string }>(bot, 'GET', `/repos/${name}/contents/vault/policy.toml`);
    const moved = await api(bot, 'POST', `/repos/${name}/contents`, {
      branch: 'main',
      new_branch: 'topic',
      message: 'm',
      files: [
        {
          operation: 'update',
          path: 'elsewhere.toml',
          from_path: 'vault/policy.toml',
          sha: body.sha,
          content: base64('a long enough line\n'),
        },
      ],
    });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'x' });

    await seed.mergePull(bot, name, number);

    expect(moved.status).toBe(201);
    expect((await api(bot, 'GET', `/repos/${name}/contents/vault/policy.toml`)).status).toBe(404);
  });

  it('is pushed to over git by those whom its rule names, and never back, away or over a protected file', async () => {
    const name = await fresh('pushed');
    const branch = 'vault-records';
    await api(owner, 'POST', `/repos/${name}/branches`, { new_branch_name: branch, old_branch_name: 'main' });
    await api(owner, 'POST', `/repos/${name}/branch_protections`, {
      rule_name: branch,
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: [owner.login],
      protected_file_patterns: 'held/**',
      unprotected_file_patterns: 'free/**',
    });
    const push = (by: typeof owner, file: string, ...how: string[]): Promise<string> =>
      withClone(url(), by, name, async (clone) => {
        await clone.git('checkout', '-q', branch);
        mkdirSync(path.join(clone.folder, path.dirname(file)), { recursive: true });
        clone.write(file, `${Math.random()}\n`);
        await clone.commit('a file');
        return clone.git('push', ...(how.length === 0 ? ['origin', branch] : how)).then(
          () => 'pushed',
          (error: Error) => /remote: Forgejo: (.*)/.exec(error.message)?.[1]?.trim() ?? error.message,
        );
      });

    expect(await push(owner, 'fired/x.json')).toBe('pushed');
    expect(await push(bot, 'fired/y.json')).toBe(`Not allowed to push to protected branch ${branch}`);
    expect(await push(bot, 'free/y.json')).toBe('pushed');
    expect(await push(owner, 'held/x')).toBe(`branch ${branch} is protected from changing file held/x`);
    expect(await push(bot, 'a', 'origin', `:${branch}`)).toBe(`branch ${branch} is protected from deletion`);
    expect(await push(owner, 'a', '-f', 'origin', `origin/main:${branch}`)).toBe(
      `branch ${branch} is protected from force push`,
    );
    expect((await api(bot, 'GET', `/repos/${name}/contents/fired/x.json?ref=${branch}`)).status).toBe(200);
    for (const [person, status] of [
      [owner, 201],
      [bot, 403],
    ] as const)
      expect((await api(person, ...write(name, `fired/${status}.json`, { branch }))).status).toBe(status);
    expect((await api(owner, 'DELETE', `/repos/${name}/branches/${branch}`)).status).toBe(403);
  });

  it('is merged into by everybody who may write, though few may push, until nobody is named who may', async () => {
    const name = await fresh('merged-into');
    const rule = `/repos/${name}/branch_protections/${encodeURIComponent('vault-record[s]')}`;
    await api(owner, 'POST', `/repos/${name}/branch_protections`, {
      rule_name: 'vault-record[s]',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: [owner.login],
      apply_to_admins: true,
    });
    await api(owner, 'POST', `/repos/${name}/branches`, {
      new_branch_name: 'vault-records',
      old_ref_name: 'main',
    });
    const ask = async (file: string): Promise<number> => {
      await api(bot, ...write(name, file, { new_branch: file }));
      return seed.openPull(bot, name, { head: file, base: 'vault-records', title: file });
    };
    const merge = (by: typeof owner, pull: number) =>
      until(
        () => api(by, 'POST', `/repos/${name}/pulls/${pull}/merge`, { Do: 'merge', force_merge: true }),
        ({ body }) => body.message !== 'Please try again later',
      );
    const told = async (by: typeof owner): Promise<unknown> =>
      (await api<{ user_can_merge: boolean }>(by, 'GET', `/repos/${name}/branches/vault-records`)).body
        .user_can_merge;
    const [one, two] = [await ask('one'), await ask('two')];

    expect([await told(bot), await told(owner)]).toEqual([true, true]);
    expect((await merge(bot, one)).status).toBe(200);
    const closed = await api(owner, 'PATCH', rule, {
      enable_merge_whitelist: true,
      merge_whitelist_usernames: [],
    });
    expect(closed.body).toMatchObject({ enable_merge_whitelist: true, merge_whitelist_usernames: [] });
    expect([await told(bot), await told(owner)]).toEqual([false, false]);
    for (const by of [bot, owner])
      expect(await merge(by, two)).toMatchObject({
        status: 405,
        body: { message: 'User not allowed to merge PR' },
      });
  });

  it('is given another name by whoever may write, and its rule goes along', async () => {
    const name = await protectedRepo('renamed');
    await api(owner, 'POST', `/repos/${name}/branches`, {
      new_branch_name: 'records',
      old_branch_name: 'main',
    });
    await api(owner, 'POST', `/repos/${name}/branch_protections`, {
      rule_name: 'records',
      enable_push: false,
    });
    await api(bot, ...write(name, 'a', { new_branch: 'topic' }));
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'records', title: 'x' });
    const rename = async (from: string, to: string, by = bot): Promise<number> =>
      (await api(by, 'PATCH', `/repos/${name}/branches/${from}`, { name: to })).status;

    expect(await rename('records', 'main')).toBe(422);
    expect(await rename('none', 'other')).toBe(404);
    expect(await rename('records', 'old-records', reader)).toBe(403);
    expect(await rename('records', 'old-records')).toBe(204);
    expect(await rename('topic', 'subject')).toBe(204);

    const rules = await api<{ rule_name: string }[]>(owner, 'GET', `/repos/${name}/branch_protections`);
    expect(rules.body.map(({ rule_name }) => rule_name).sort()).toEqual(['main', 'old-records']);
    expect((await api(bot, 'GET', `/repos/${name}/branches/records`)).status).toBe(404);
    expect((await api(bot, 'GET', `/repos/${name}/pulls/${number}`)).body).toMatchObject({
      state: 'open',
      base: { ref: 'old-records' },
      head: { ref: 'subject' },
    });
    // What stands free again is no longer protected.
    expect(
      (
        await api(bot, 'POST', `/repos/${name}/branches`, {
          new_branch_name: 'records',
          old_branch_name: 'main',
        })
      ).body,
    ).toMatchObject({ protected: false });
    await api(owner, 'POST', `/repos/${name}/branch_protections`, {
      rule_name: 'pattern-*',
      enable_push: true,
    });
    await api(bot, 'POST', `/repos/${name}/branches`, {
      new_branch_name: 'pattern-a',
      old_branch_name: 'main',
    });
    expect(await rename('pattern-a', 'free')).toBe(500);
    expect(await rename('main', 'trunk')).toBe(204);
    expect((await api(bot, 'GET', `/repos/${name}`)).body).toMatchObject({ default_branch: 'trunk' });
  });

  it('is made under a rule that is there first by those whom the rule names, and by nobody else', async () => {
    const name = await fresh('ruled-first');
    const where = `/repos/${name}/branch_protections`;
    const rule = { rule_name: 'vault-record[s]', enable_push: true, enable_push_whitelist: true };
    const make = async (by: typeof owner): Promise<number> =>
      (
        await api(by, 'POST', `/repos/${name}/branches`, {
          new_branch_name: 'vault-records',
          old_ref_name: 'main',
        })
      ).status;

    expect(
      (await api(owner, 'POST', where, { ...rule, push_whitelist_usernames: [owner.login] })).status,
    ).toBe(201);
    expect(await make(bot)).toBe(500);
    expect(await make(owner)).toBe(201);
    for (const [by, told] of [
      [owner, { protected: true, user_can_push: true, effective_branch_protection_name: rule.rule_name }],
      [bot, { protected: true, user_can_push: false, effective_branch_protection_name: '' }],
    ] as const)
      expect((await api(by, 'GET', `/repos/${name}/branches/vault-records`)).body).toMatchObject(told);
    // Nobody gives it another name, and the list of those let through may change.
    for (const by of [bot, owner])
      expect((await api(by, 'PATCH', `/repos/${name}/branches/vault-records`, { name: 'x' })).status).toBe(
        500,
      );
    await api(owner, 'PATCH', `${where}/${encodeURIComponent(rule.rule_name)}`, {
      ...rule,
      push_whitelist_usernames: [bot.login],
    });
    expect((await api(owner, ...write(name, 'a', { branch: 'vault-records' }))).status).toBe(403);
    expect((await api(bot, ...write(name, 'a', { branch: 'vault-records' }))).status).toBe(201);
  });

  it.each([
    ['a[bc]', ['ab'], ['ad', 'aB']],
    ['a[!bc]', ['ad'], ['ab']],
    ['a[b-d]x', ['acx'], ['aex']],
    ['q{a,bc}z', ['qaz', 'qbcz'], ['qcz']],
    ['plain', ['plain', 'Plain'], ['plain2']],
  ])('has the rule %s where that fits its name', async (rule, fitting, others) => {
    const name = await fresh(`fits-${rule.replace(/\W/g, '')}${rule.includes('!') ? '-not' : ''}`);
    for (const branch of [...fitting, ...others])
      await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: branch, old_ref_name: 'main' });

    await api(owner, 'POST', `/repos/${name}/branch_protections`, { rule_name: rule, enable_push: true });

    for (const branch of [...fitting, ...others])
      expect((await api(owner, 'GET', `/repos/${name}/branches/${branch}`)).body).toMatchObject({
        protected: fitting.includes(branch),
        effective_branch_protection_name: fitting.includes(branch) ? rule : '',
      });
  });

  it('can be put in the place of another one whose rule bears its name, but of none whose rule is a pattern', async () => {
    const name = await protectedRepo('swapped');
    await api(owner, 'POST', `/repos/${name}/branch_protections`, {
      rule_name: 'mai[n]',
      enable_push: false,
    });
    await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'evil', old_ref_name: 'main' });
    const rename = async (from: string, to: string): Promise<number> =>
      (await api(bot, 'PATCH', `/repos/${name}/branches/${from}`, { name: to })).status;
    const ruleOf = async (branch: string): Promise<unknown> =>
      (
        await api<{ effective_branch_protection_name: string }>(
          owner,
          'GET',
          `/repos/${name}/branches/${branch}`,
        )
      ).body.effective_branch_protection_name;

    // The plain rule comes first, so a pattern beside it holds nothing yet.
    expect(await ruleOf('main')).toBe('main');
    expect(await rename('main', 'Main')).toBe(204);
    expect(await rename('evil', 'main')).toBe(204);
    expect([await ruleOf('main'), await ruleOf('Main')]).toEqual(['Main', 'Main']);
    expect(await rename('main', 'elsewhere')).toBe(500);
    await api(owner, 'DELETE', `/repos/${name}/branch_protections/Main`);
    expect(await ruleOf('main')).toBe('mai[n]');
    expect(await rename('main', 'elsewhere')).toBe(500);
  });

  it('finds a pull request by its two branches, closed ones included', async () => {
    const name = await protectedRepo('two-branches');
    await api(bot, ...write(name, 'a.json', { new_branch: 'evidence/by-name' }));
    const { body } = await api<{ number: number }>(bot, 'POST', `/repos/${name}/pulls`, {
      head: 'evidence/by-name',
      base: 'main',
      title: 't',
    });
    const where = `/repos/${name}/pulls/main/evidence%2Fby-name`;

    expect((await api(bot, 'GET', where)).body).toMatchObject({ number: body.number, state: 'open' });
    await api(bot, 'PATCH', `/repos/${name}/pulls/${body.number}`, { state: 'closed' });
    expect((await api(bot, 'GET', where)).body).toMatchObject({
      number: body.number,
      state: 'closed',
      merged: false,
    });
    expect((await api(bot, 'GET', `/repos/${name}/pulls/main/none`)).status).toBe(404);
  });
});
