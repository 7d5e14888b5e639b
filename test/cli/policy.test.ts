import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plan } from '../../cli/policy/plan.ts';
import { policy } from '../../cli/policy/role.ts';
import { protect } from '../../cli/protect/role.ts';
import type { Person } from '../../embedded-forge/seed.ts';
import { runCommand } from '../command.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { ruleOf, startVault, type Vault } from '../vault.ts';

const compiled = compiledFile('forgecrew');

interface Issue {
  number: number;
  title: string;
  body: string;
  state: string;
}

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

const policyAs = (
  person: Person,
  what: 'open' | 'close',
  more: Record<string, string> = {},
): Promise<{ code: number; text: string }> =>
  runCommand(policy, person.token, { 'forge-url': vault.forge.url, 'ops-repo': vault.ops, what, ...more });

async function ask<T>(method: string, path: string, body?: unknown, by = vault.owner): Promise<T> {
  const answer = await vault.seed.api(method, `/repos/${vault.ops}${path}`, body, by.token);
  if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.body as T;
}
const protectedFiles = async (): Promise<string> =>
  (await ask<{ protected_file_patterns: string }>('GET', `/branch_protections/${ruleOf('main')}`))
    .protected_file_patterns;
const issues = (): Promise<Issue[]> => ask('GET', '/issues?state=all&type=issues');

/** Whether a merge may change the policy. */
async function changePolicy(topic: string): Promise<number> {
  await vault.seed.putFile(vault.asker, vault.ops, 'vault/policy.toml', `# ${topic}\n`, {
    from: 'main',
    name: topic,
  });
  const pull = await vault.seed.openPull(vault.asker, vault.ops, {
    head: topic,
    base: 'main',
    title: topic,
    body: '',
  });
  await vault.approve(vault.ada, pull);
  const { status } = await vault.seed.api(
    'POST',
    `/repos/${vault.ops}/pulls/${pull}/merge`,
    { Do: 'merge' },
    vault.owner.token,
  );
  return status;
}

describe('forgecrew policy', () => {
  it('opens: a merge may change the policy, and an issue says who did it, when and why', async () => {
    const before = await changePolicy('before');

    const { code, text } = await policyAs(vault.owner, 'open', { reason: 'a formula for @ada' });

    expect([before, code]).toEqual([405, 0]);
    expect(text).toContain('the policy is open: a merge may change vault/policy.toml');
    expect(await protectedFiles()).toBe('');
    expect(await changePolicy('after')).toBe(200);
    const [record] = await issues();
    expect(record).toMatchObject({ title: 'The policy is open', state: 'open' });
    expect(record?.body).toMatch(/^owner opened the policy of `main` at \d{4}-\d\d-\d\dT/);
    expect(record?.body).toContain('Why: a formula for @\u2060ada');
  });

  it('closes: nobody changes it again, what was protected before is back, and the issue ends with who did it', async () => {
    const before = await protectedFiles();
    await policyAs(vault.owner, 'open');

    const { code } = await policyAs(vault.owner, 'close');

    expect(code).toBe(0);
    expect((await protectedFiles()).split(';').slice(0, 6)).toEqual(before.split(';'));
    expect(await changePolicy('after')).toBe(405);
    const [record] = await issues();
    expect(record?.state).toBe('closed');
    const [comment] = await ask<{ body: string }[]>('GET', `/issues/${record?.number}/comments`);
    expect(comment?.body).toMatch(
      /^owner closed the policy at \d{4}-.*\. Protected again: `vault\/policy\.toml`/,
    );
    expect(await policyAs(vault.owner, 'close')).toMatchObject({
      code: 0,
      text: expect.stringContaining('the policy is closed'),
    });
  });

  it('closes over what is new: the workflow of a formula that was added meanwhile', async () => {
    const formula =
      'description = "x"\nsecrets = []\ntimeout_minutes = 1\n[run]\nbackend = "woodpecker-pipeline"\nworkflow = "new"\n';
    await policyAs(vault.owner, 'open');
    await vault.seed.putFile(vault.owner, vault.ops, 'vault/formulas/new.toml', formula);

    await policyAs(vault.owner, 'close');

    expect(await protectedFiles()).toContain('.woodpecker/new.yaml');
    expect(
      (
        await runCommand(protect, vault.owner.token, {
          'forge-url': vault.forge.url,
          'ops-repo': vault.ops,
          dispatcher: 'dispatcher',
          gatekeeper: 'gatekeeper',
        })
      ).text,
    ).not.toContain('a merge alone may change');
  });

  it('records first: where no issue can be written, nothing is opened', async () => {
    const before = await protectedFiles();
    await ask('PATCH', '', { has_issues: false });

    const { code, text } = await policyAs(vault.owner, 'open');

    expect(code).toBe(1);
    expect(text).toContain('its issues are switched off');
    expect(await protectedFiles()).toBe(before);
  });

  it('opens nothing with a token that may not write the issue', async () => {
    const admin = await vault.seed.createUser('admin2', ['write:repository', 'read:issue', 'read:user']);
    await vault.seed.addCollaborator(vault.owner, vault.ops, admin.login, 'admin');
    const before = await protectedFiles();

    const { code, text } = await policyAs(admin, 'open');

    expect(code).toBe(1);
    expect(text).toContain('write:issue');
    expect(await protectedFiles()).toBe(before);
  });

  it('opens only after the issue is written, and closes the issue only after the files are protected', () => {
    const rule = {
      rule_name: 'mai[n]',
      enable_push: true,
      enable_push_whitelist: false,
      required_approvals: 1,
      dismiss_stale_approvals: true,
      block_on_rejected_reviews: true,
      apply_to_admins: true,
      protected_file_patterns: 'vault/policy.toml',
      unprotected_file_patterns: '',
    };
    const state = {
      now: '2026-11-20T10:00:00Z',
      account: { id: 1, login: 'owner' },
      repository: 'owner/ops',
      main: { repository: 'owner/ops', branch: 'main', told: undefined, rule, steady: rule },
      deciding: { patterns: ['vault/policy.toml'], elsewhere: [], unread: [] },
      hasIssues: true,
      record: undefined,
    };
    const settings = (what: 'open' | 'close') => ({ what }) as Parameters<typeof plan>[0];
    const steps = (changes: ReturnType<typeof plan>): unknown[] =>
      changes.map(({ kind, key, after }) => [kind, key, after]);

    expect(steps(plan(settings('open'), state))).toEqual([
      ['create-issue', 'record', undefined],
      ['set-protection', undefined, ['record']],
    ]);
    expect(
      steps(
        plan(settings('close'), {
          ...state,
          main: { ...state.main, rule: { ...rule, protected_file_patterns: '' } },
          record: { number: 3, login: 'owner', title: 't', body: '' },
        }),
      ),
    ).toEqual([
      ['set-protection', 'shut', undefined],
      ['comment', 'closed', ['shut']],
      ['close-issue', undefined, ['closed']],
      ['keep', undefined, undefined],
    ]);
  });

  it('opened twice is opened once; closed by another admin is closed', async () => {
    await policyAs(vault.owner, 'open');
    const again = await policyAs(vault.owner, 'open');
    const closed = await policyAs(vault.dispatcher, 'close');

    expect(again.code).toBe(0);
    expect(closed.code).toBe(0);
    expect((await issues()).map(({ state }) => state)).toEqual(['closed']);
  });

  it('opened by a site admin who has no part in the repository is known as opened, and closed', async () => {
    const siteAdmin: Person = { ...vault.owner, login: 'admin', token: vault.forge.adminToken };

    const opened = await policyAs(siteAdmin, 'open');
    const again = await policyAs(vault.owner, 'close');

    expect(opened.text).not.toContain('no issue says who opened it');
    expect(again.text).not.toContain('no open issue of an admin says who opened the policy');
    expect((await issues()).map(({ state }) => state)).toEqual(['closed']);
  });

  it('says where the policy was opened by hand, and closes it', async () => {
    await ask('PATCH', `/branch_protections/${ruleOf('main')}`, { protected_file_patterns: 'LICENSE' });

    const open = await policyAs(vault.owner, 'open');
    const close = await policyAs(vault.owner, 'close');

    expect(open.text).toContain('is open already, and no issue says who opened it');
    expect(open.text).toContain('still protected, by what people set: LICENSE');
    expect(close.text).toContain('no open issue of an admin says who opened the policy');
    expect(await protectedFiles()).toMatch(/^LICENSE;vault\/policy\.toml;/);
    expect(await issues()).toEqual([]);
  });

  it('takes no issue of somebody else for its own, and nothing from one that was edited', async () => {
    await ask(
      'POST',
      '/issues',
      { title: 'The policy is open', body: 'x\n\n<!-- forgecrew: policy-open -->' },
      vault.asker,
    );
    await policyAs(vault.owner, 'open');
    const record = (await issues()).find(({ body }) => body.startsWith('owner opened'));
    await ask(
      'PATCH',
      `/issues/${record?.number}`,
      { body: record?.body.replace('    vault/policy.toml', '    **') },
      vault.asker,
    );

    const { text } = await policyAs(vault.owner, 'close');

    expect(text).toContain(`#${record?.number} was edited`);
    expect((await protectedFiles()).split(';')).not.toContain('**');
    expect((await issues()).map(({ state }) => state).sort()).toEqual(['closed', 'open']);
  });

  it('changes nothing for who is no admin, without a rule, and where another branch took the place of main', async () => {
    expect((await policyAs(vault.ada, 'open')).text).toContain('does not administer owner/ops');
    await ask('DELETE', `/branch_protections/${ruleOf('main')}`);
    expect((await policyAs(vault.owner, 'open')).text).toContain('no rule protects it');
    await ask('POST', '/branch_protections', { rule_name: 'MAIN', enable_push: true });
    expect((await policyAs(vault.owner, 'close')).text).toContain('another branch was put in its place');
  });

  it.skipIf(!existsSync(compiled))('is asked from the command line', async () => {
    const { code, text } = await runCompiled(
      compiled,
      { FORGECREW_FORGE_TOKEN: vault.owner.token },
      {
        args: [
          ...['policy', 'open', '--ops-repo', vault.ops, '--forge-url', vault.forge.url],
          ...['--reason', 'to try it'],
        ],
      },
    );

    expect(text).toContain('+ issue "The policy is open"');
    expect(code).toBe(0);
    expect((await issues())[0]?.body).toContain('Why: to try it');
  });
});
