import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

onEveryForge('a protected branch', ({ api, bot, fresh, owner }) => {
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
