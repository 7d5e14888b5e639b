import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ExplainOptions, explain } from '../../cli/explain/explain.ts';
import type { Person } from '../../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { actionText, ruleOf, startVault, type Vault } from '../vault.ts';

const compiled = compiledFile('forgecrew');

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

async function told(
  id: string,
  by: Person = vault.ada,
  more: Partial<ExplainOptions> = {},
): Promise<{ found: boolean; text: string }> {
  const lines: string[] = [];
  const options: ExplainOptions = {
    forgeUrl: vault.forge.url,
    token: by.token,
    repository: vault.ops,
    recordRepository: undefined,
    dispatcher: 'dispatcher',
    bots: ['gatekeeper'],
    id,
    ...more,
  };
  const found = await explain(options, (line) => lines.push(line));
  return { found, text: lines.join('\n') };
}

/** A pull request that somebody made by hand in a fork, under a branch of their own name. */
async function byHand(id: string, text = actionText()): Promise<number> {
  const agent = await vault.seed.createUser('agent', ['write:repository', 'read:user']);
  await vault.seed.api('POST', `/repos/${vault.ops}/forks`, {}, agent.token);
  await vault.seed.putFile(agent, 'agent/ops', `vault/actions/${id}.toml`, text, {
    from: 'main',
    name: 'my-own-words',
  });
  return vault.seed.openPull(agent, vault.ops, {
    head: 'agent:my-own-words',
    base: 'main',
    title: 'please',
    body: '',
  });
}

const write = (branch: string, path: string, by: Person, content: string): Promise<unknown> =>
  vault.seed.api(
    'POST',
    `/repos/${vault.ops}/contents/${path}`,
    { branch, message: 'm', content: Buffer.from(content).toString('base64') },
    by.token,
  );

const claim = (id: string, run: number): string =>
  JSON.stringify({
    version: 2,
    id,
    nonce: 'n',
    run: { backend: 'forgejo-workflow', repository: vault.ops, id: run, url: null },
    at: '2026-11-20T10:00:00Z',
    by: 'gatekeeper',
  });

describe('forgecrew explain', () => {
  it('tells what was asked, who said what, and how it ended', async () => {
    await vault.approved('backup-1');
    await vault.run();
    await write('vault-claims', 'claimed/backup-1.json', vault.gatekeeper, claim('backup-1', 1));
    vault.forge.settleRun(1, 'success');
    await vault.run();

    const { found, text } = await told('backup-1');

    expect(found).toBe(true);
    for (const part of [
      '#1 "vault: backup-1" by asker',
      '#1 approved by ada',
      '#1 was merged',
      'vault/actions/backup-1.toml is on main; it asks for backup',
      'intended by dispatcher: medium (policy says medium for backup), approved by ada',
      'started as run 1 of backup.yml at commit',
      'its gate let run 1 through',
      'ended: success',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('!');
  });

  it('names a run by the number on its page, as the comment on the pull request does', async () => {
    // The forge counts ids over all repositories, and numbers in each.
    const other = await vault.seed.createRepository(vault.owner, 'other');
    vault.forge.addFinishedRun(other, {
      workflow: '.forgejo/workflows/a.yml',
      commit: '1'.repeat(40),
      event: 'push',
      status: 'success',
      jobs: [],
    });
    const pull = await vault.approved('backup-1');
    const { text: log } = await vault.run();
    await write('vault-claims', 'claimed/backup-1.json', vault.gatekeeper, claim('backup-1', 7));

    const { text } = await told('backup-1');

    const [run] = await vault.runs();
    const { body: comments } = await vault.seed.api(
      'GET',
      `/repos/${vault.ops}/issues/${pull}/comments`,
      undefined,
      vault.owner.token,
    );
    expect(run).toMatchObject({ id: 2 });
    expect(log).toContain('started as run 1\n');
    expect(log).toContain('(run 1 was started)');
    expect(JSON.stringify(comments)).toMatch(/runs as run 1\b.*\/owner\/ops\/actions\/runs\/1\b/);
    expect(text).toMatch(/started as run 1 of backup\.yml .*\/owner\/ops\/actions\/runs\/1$/m);
    expect(text).toContain('a gate let run 7 through, and run 1 (id 2) is the one that was started');
  });

  it('finds a request made by hand, from a fork and under any name, and says what is missing', async () => {
    await byHand('backup-1');

    const { found, text } = await told('backup-1');

    expect(found).toBe(true);
    for (const part of [
      '#1 "please" by agent',
      '#1 is open, and was not merged',
      'vault/actions/backup-1.toml is not on main: nothing of it can run; it asks for backup',
      'if it were merged now, vault-dispatch with its default settings would say:',
      'not approved (medium: policy says medium for backup): #1 has 0 of 1 approvals',
      'an approval could come from ada, asker, owner',
    ])
      expect(text).toContain(part);
  });

  it('finds a request that was closed', async () => {
    const pull = await byHand('backup-1');
    await vault.seed.api(
      'PATCH',
      `/repos/${vault.ops}/pulls/${pull}`,
      { state: 'closed' },
      vault.owner.token,
    );

    expect((await told('backup-1')).text).toContain('#1 is closed, and was not merged');
  });

  it('takes no pull request for a request that only began where the action stood', async () => {
    await vault.seed.putFile(vault.owner, vault.ops, 'vault/actions/gone-1.toml', actionText());
    await vault.ask('other-1');
    const there = await vault.seed.api('GET', `/repos/${vault.ops}/contents/vault/actions/gone-1.toml`);
    await vault.seed.api(
      'DELETE',
      `/repos/${vault.ops}/contents/vault/actions/gone-1.toml`,
      { sha: (there.body as { sha: string }).sha, message: 'm', branch: 'main' },
      vault.owner.token,
    );

    expect(await told('gone-1')).toEqual({
      found: false,
      text: 'vault/actions/gone-1.toml is not on main: nothing of it can run',
    });
  });

  it('says of an approved request that nothing is missing', async () => {
    const pull = await byHand('backup-1');
    await vault.approve(vault.ada, pull);

    expect((await told('backup-1')).text).toContain(
      'approved (medium: policy says medium for backup), and started by its next run',
    );
  });

  it('tells what is wrong with what was asked', async () => {
    await byHand('backup-1', 'formula = "backup"\n');

    expect((await told('backup-1')).text).toMatch(/nothing of it can run; it cannot be read: .*context/);
  });

  it('says where anybody could have written the records', async () => {
    await vault.approved('backup-1');
    await vault.run();
    await vault.seed.api(
      'PATCH',
      `/repos/${vault.ops}/branch_protections/${ruleOf('vault-records')}`,
      { enable_merge_whitelist: false },
      vault.owner.token,
    );

    expect((await told('backup-1')).text).toContain(
      '! vault-records is not protected as it has to be: whoever may write could have written what stands there',
    );
  });

  it('says where there is no branch of records, and what is no record', async () => {
    await write('vault-claims', 'claimed/backup-1.json', vault.gatekeeper, '{}');
    await vault.seed.api(
      'DELETE',
      `/repos/${vault.ops}/branch_protections/${ruleOf('vault-records')}`,
      undefined,
      vault.owner.token,
    );
    await vault.seed.api(
      'DELETE',
      `/repos/${vault.ops}/branches/vault-records`,
      undefined,
      vault.owner.token,
    );
    await vault.approved('backup-1');

    const { text } = await told('backup-1');

    expect(text).toContain('! there is no branch vault-records');
    expect(text).toContain('! claimed/backup-1.json is there, and is no record');
  });

  it('says of a gate that let something else through than was started', async () => {
    await vault.approved('backup-1');
    await vault.run();
    await write('vault-claims', 'claimed/backup-1.json', vault.gatekeeper, claim('backup-1', 7));
    await write('vault-claims', 'claimed/none-1.json', vault.gatekeeper, claim('none-1', 8));

    expect((await told('backup-1')).text).toContain(
      'a gate let run 7 through, and run 1 is the one that was started',
    );
    expect((await told('none-1')).text).toContain('and nothing on record was started');
  });

  it('tells what the verdict on something would be that is merged and has no record, and what became of it', async () => {
    const pull = await vault.ask('backup-1');
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    const before = (await told('backup-1')).text;
    await vault.run();
    const after = (await told('backup-1')).text;

    expect(before).toContain('With its default settings vault-dispatch would now say:');
    expect(before).toContain('not approved (medium: policy says medium for backup)');
    expect(before).toMatch(/an approval could come from ada, owner$/m);
    expect(before).not.toContain('gatekeeper');
    expect(after).toContain('rejected by dispatcher: #1 has 0 of 1 approvals');
    expect(after).not.toContain('would now say');
  });

  it('says what a token cannot find out, and tells an admin the rest', async () => {
    const pull = await vault.ask('wipe-1', actionText('wipe'));
    await vault.approve(vault.owner, pull);

    const asked = (await told('wipe-1')).text;
    const asAdmin = (await told('wipe-1', vault.owner)).text;

    expect(asked).toContain('could not be found out with the rights of this token');
    expect(asAdmin).toContain('approved, and not started');
    expect(asAdmin).toContain('its secrets can be read by ada, asker, who may not approve it');
  });

  it('says that without a policy nothing decides, so that what is high is not started', async () => {
    await vault.opened(async () => {
      const path = `/repos/${vault.ops}/contents/vault/policy.toml`;
      const { body } = await vault.seed.api('GET', path);
      const { sha } = body as { sha: string };
      await vault.seed.api('DELETE', path, { sha, message: 'm', branch: 'main' }, vault.owner.token);
    });
    const pull = await vault.ask('backup-1');
    await vault.approve(vault.owner, pull);

    expect((await told('backup-1', vault.owner)).text).toContain(
      'there is no vault/policy.toml, and a merge alone may have moved it away',
    );
  });

  it('tells of an action that was put there without a pull request, and of an id from before', async () => {
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/actions/direct-1.toml', actionText());
    await vault.seed.putFile(vault.owner, vault.ops, 'vault/fired/old-1.json', '{}');

    expect((await told('direct-1')).text).toMatch(/commit [0-9a-f]{10} put it there, without a pull request/);
    expect(await told('old-1')).toMatchObject({
      found: true,
      text: expect.stringContaining('the id was used before records had a branch of their own: it is spent'),
    });
  });

  it.skipIf(!existsSync(compiled))('ends with 1 where nothing is known, from the command line', async () => {
    const { code, text } = await runCompiled(
      compiled,
      { FORGECREW_FORGE_TOKEN: vault.ada.token },
      {
        args: [
          ...['explain', 'none-1', '--ops-repo', vault.ops, '--forge-url', vault.forge.url],
          ...['--dispatcher', 'dispatcher', '--bots', 'gatekeeper, agent'],
        ],
      },
    );

    expect(text).toContain('vault/actions/none-1.toml is not on main: nothing of it can run');
    expect(code).toBe(1);
  });
});
