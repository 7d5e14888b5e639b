import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { protect } from '../../cli/protect/role.ts';
import type { Person } from '../../embedded-forge/seed.ts';
import { runCommand } from '../command.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { actionText, ruleOf, startVault, type Vault } from '../vault.ts';

const compiled = compiledFile('forgecrew');

interface Rule {
  rule_name: string;
  push_whitelist_usernames: string[];
  protected_file_patterns: string;
  [name: string]: unknown;
}

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

const protectAs = (
  person: Person,
  more: Record<string, string> = {},
): Promise<{ code: number; text: string }> =>
  runCommand(protect, person.token, {
    'forge-url': vault.forge.url,
    'ops-repo': vault.ops,
    dispatcher: 'dispatcher',
    gatekeeper: 'gatekeeper',
    ...more,
  });
const apply = (more: Record<string, string> = {}): ReturnType<typeof protectAs> =>
  protectAs(vault.owner, { apply: 'true', ...more });

async function ask<T>(method: string, path: string, body?: unknown, by = vault.owner): Promise<T> {
  const answer = await vault.seed.api(method, `/repos/${vault.ops}${path}`, body, by.token);
  if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.body as T;
}
const rules = async (): Promise<Map<string, Rule>> =>
  new Map((await ask<Rule[]>('GET', '/branch_protections')).map((rule) => [rule.rule_name, rule]));
async function remove(branch: string): Promise<void> {
  await ask('DELETE', `/branch_protections/${ruleOf(branch)}`);
  if (branch !== 'main') await ask('DELETE', `/branches/${branch}`);
}
/** Nothing is protected yet, as somebody finds it who begins. */
async function bare(): Promise<void> {
  for (const branch of ['main', 'vault-records', 'vault-claims']) await remove(branch);
}
const write = (branch: string, path: string, by: Person): Promise<unknown> =>
  ask('POST', `/contents/${path}`, { branch, message: 'm', content: 'e30=' }, by);

describe('forgecrew protect', () => {
  it('says what is missing, sets it, and shows what the forge stored; the vault works behind it', async () => {
    await bare();

    const before = await protectAs(vault.owner);
    const applied = await apply();
    const after = await protectAs(vault.owner);

    expect(before.code).toBe(1);
    for (const part of [
      'main of owner/ops: no rule protects it',
      'vault-records of owner/ops: it is not there',
      'vault-claims of owner/ops: it is not there',
    ])
      expect(before.text).toContain(part);
    expect(applied.code).toBe(0);
    expect(after).toMatchObject({ code: 0 });
    for (const part of [
      'main of owner/ops, by the rule mai[n]',
      'pushing: dispatcher',
      'approvals needed to merge: 1, dismissed by a push, none against',
      'without a pull request: evidence/**',
    ])
      expect(after.text).toContain(part);
    await vault.approved('backup-1');
    expect((await vault.run()).code).toBe(0);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('makes the branches of records from the first commit of main, each under a rule for its account alone', async () => {
    await bare();

    await apply();

    const [first] = (await ask<{ sha: string }[]>('GET', '/commits?sha=main')).reverse();
    for (const [branch, writer] of [
      ['vault-records', vault.dispatcher],
      ['vault-claims', vault.gatekeeper],
    ] as const) {
      expect(await ask('GET', `/branches/${branch}`)).toMatchObject({ commit: { id: first?.sha } });
      for (const by of [vault.owner, vault.ada, vault.dispatcher, vault.gatekeeper])
        await (by === writer
          ? write(branch, 'x', by)
          : expect(write(branch, 'x', by)).rejects.toThrow('403'));
    }
    expect([...(await rules()).keys()].sort()).toEqual(['mai[n]', 'vault-claim[s]', 'vault-record[s]']);
  });

  it('lets nobody write to a branch of records while it is made', async () => {
    await bare();
    const from = vault.forge.requests.length;

    await apply();

    const writes = vault.forge.requests
      .slice(from)
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.replace('/repos/owner/ops', '')}`);
    const rule = '/branch_protections';
    expect(writes).toEqual([
      `POST ${rule}`,
      `POST ${rule}`,
      'POST /branches',
      `POST ${rule}`,
      'POST /branches',
      `PATCH ${rule}/vault-record%5Bs%5D`,
      `PATCH ${rule}/vault-claim%5Bs%5D`,
    ]);
  });

  it('copies what stood on record on main once, and takes none of it away', async () => {
    await bare();
    for (const path of ['vault/fired/old-1.json', 'vault/claimed/old-1.json', 'vault/rejected/old-2.json'])
      await write('main', path, vault.asker);

    await apply();

    const names = async (folder: string, ref: string): Promise<string[]> =>
      (await ask<{ name: string }[]>('GET', `/contents/${folder}?ref=${ref}`)).map(({ name }) => name);
    expect(await names('earlier', 'vault-records')).toEqual(['old-1.json', 'old-2.json']);
    expect(await names('vault/fired', 'main')).toEqual(['old-1.json']);
    await vault.approved('old-1');
    await vault.run();
    expect(await vault.runs()).toEqual([]);
    const writes = vault.forge.requests.length;
    expect((await apply()).code).toBe(0);
    expect(vault.forge.requests.slice(writes).filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('copies the records of a repository of records as well', async () => {
    await bare();
    const records = await vault.seed.createRepository(vault.owner, 'records');
    for (const login of ['dispatcher', 'gatekeeper'])
      await vault.seed.addCollaborator(vault.owner, records, login, 'write');
    await vault.seed.putFile(vault.owner, records, 'vault/fired/old-1.json', '{}');

    const { code } = await apply({ 'record-repo': records });

    expect(code).toBe(0);
    const copy = await vault.seed.api(
      'GET',
      `/repos/${records}/contents/earlier/old-1.json?ref=vault-records`,
      undefined,
      vault.owner.token,
    );
    expect(copy.status).toBe(200);
  });

  it('goes on where it was cut off: the branch is there, its rule lets only the admin in, and nothing is copied', async () => {
    await bare();
    await write('main', 'vault/fired/old-1.json', vault.asker);
    await ask('POST', '/branch_protections', {
      rule_name: 'vault-record[s]',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: ['owner'],
      enable_merge_whitelist: true,
      merge_whitelist_usernames: [],
      apply_to_admins: true,
    });
    await ask('POST', '/branches', { new_branch_name: 'vault-records', old_ref_name: 'main' });

    expect((await apply()).code).toBe(0);

    await ask('GET', '/contents/earlier/old-1.json?ref=vault-records');
    expect((await rules()).get('vault-record[s]')?.push_whitelist_usernames).toEqual(['dispatcher']);
  });

  it('believes no records that others could have written, unless somebody has looked at them', async () => {
    await ask('DELETE', `/branch_protections/${ruleOf('vault-records')}`);
    await write('vault-records', 'fired/forged-1.json', vault.asker);

    const refused = await apply();
    const before = (await rules()).has('vault-record[s]');
    const accepted = await apply({ 'accept-records': 'true' });

    expect(refused.code).toBe(1);
    expect(refused.text).toContain(
      '1 record stands there that others than dispatcher could have written (fired/forged-1.json)',
    );
    expect(before).toBe(false);
    expect(accepted.code).toBe(0);
    expect((await rules()).get('vault-record[s]')?.push_whitelist_usernames).toEqual(['dispatcher']);
  });

  it('believes no records where a merge could have brought them', async () => {
    await ask('PATCH', `/branch_protections/${ruleOf('vault-records')}`, { enable_merge_whitelist: false });
    await write('vault-records', 'fired/forged-1.json', vault.dispatcher);

    const { code, text } = await apply();

    expect(code).toBe(1);
    expect(text).toContain('nobody should be allowed to merge into it');
    expect(text).toContain('others than dispatcher could have written (fired/forged-1.json)');
  });

  it('is needed again where merges could bring records: until then nothing is started', async () => {
    await ask('PATCH', `/branch_protections/${ruleOf('vault-records')}`, { enable_merge_whitelist: false });
    await vault.approved('backup-1');

    const stopped = await vault.run();
    const runsThen = await vault.runs();
    await apply();
    await vault.run();

    expect(stopped.code).toBe(1);
    expect(stopped.text).toContain(
      'vault-records of owner/ops: takes pull requests that whoever may write can merge',
    );
    expect(runsThen).toEqual([]);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('says that nothing tells whether missing records were ever there, and does not make them anew where claims show that they were', async () => {
    await remove('vault-records');
    const first = await protectAs(vault.owner);
    await write('vault-claims', 'claimed/backup-1.json', vault.gatekeeper);

    const { code, text } = await apply();

    expect(first.text).toContain('nothing tells whether vault-records was ever there');
    expect(code).toBe(1);
    expect(text).toContain('so it was there, and somebody with admin rights took it away');
    expect((await vault.seed.api('GET', `/repos/${vault.ops}/branches/vault-records`)).status).toBe(404);
  });

  it('replaces a rule that bears the branch’s name, keeps what people set in it, and is never without one', async () => {
    for (const branch of ['main', 'vault-records'])
      await ask('DELETE', `/branch_protections/${ruleOf(branch)}`);
    await ask('POST', '/branch_protections', {
      rule_name: 'main',
      enable_push: true,
      required_approvals: 2,
      enable_status_check: true,
      status_check_contexts: ['ci'],
      protected_file_patterns: 'LICENSE',
      unprotected_file_patterns: 'notes/**',
    });
    await ask('POST', '/branch_protections', {
      rule_name: 'vault-records',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: ['dispatcher'],
      enable_merge_whitelist: true,
      merge_whitelist_usernames: [],
      apply_to_admins: true,
    });
    await write('vault-records', 'fired/real-1.json', vault.dispatcher);
    const before = await protectAs(vault.owner);

    const { code } = await apply();

    expect(before.text).toContain('its rule is called vault-records like the branch');
    expect(code).toBe(0);
    const after = await rules();
    expect([...after.keys()].sort()).toEqual(['mai[n]', 'vault-claim[s]', 'vault-record[s]']);
    expect(after.get('mai[n]')).toMatchObject({
      required_approvals: 2,
      enable_status_check: true,
      status_check_contexts: ['ci'],
      protected_file_patterns: expect.stringMatching(/^LICENSE;vault\/policy\.toml;/),
      unprotected_file_patterns: 'notes/**;evidence/**',
    });
  });

  it('touches nothing where another branch was put in the place of main', async () => {
    await ask('DELETE', `/branch_protections/${ruleOf('main')}`);
    await ask('POST', '/branch_protections', { rule_name: 'main', enable_push: true });
    await ask('POST', '/branches', { new_branch_name: 'evil', old_ref_name: 'main' }, vault.asker);
    await ask('PATCH', '/branches/main', { name: 'Main' }, vault.asker);
    await ask('PATCH', '/branches/evil', { name: 'main' }, vault.asker);
    await vault.seed.api('PATCH', `/repos/${vault.ops}`, { default_branch: 'main' }, vault.owner.token);

    const { code, text } = await apply();

    expect(code).toBe(1);
    expect(text).toContain('another branch was put in its place: the rule that protects it is called Main');
    expect([...(await rules()).keys()]).toContain('Main');
  });

  it('leaves a rule that holds for many branches to the people who made it', async () => {
    await ask('DELETE', `/branch_protections/${ruleOf('main')}`);
    await ask('POST', '/branch_protections', { rule_name: 'm*', enable_push: true });

    const { code, text } = await apply();

    expect(code).toBe(1);
    expect(text).toContain('the rule m* holds for it, and maybe for other branches');
    expect((await rules()).has('mai[n]')).toBe(false);
  });

  it('makes protected files of everything that decides, the workflows of all formulas among it', async () => {
    await bare();

    await apply();

    const patterns = (await rules()).get('mai[n]')?.protected_file_patterns.split(';');
    expect(patterns).toEqual([
      'vault/policy.toml',
      'vault/formulas/**',
      '.forgejo/workflows/backup.yml',
      '.gitea/workflows/backup.yml',
      '.github/workflows/backup.yml',
      'escalation/policy.toml',
    ]);
  });

  it('sets nothing for an account that cannot write, and shows nothing to who is no admin', async () => {
    await bare();

    const nobody = await apply({ dispatcher: 'nobody' });

    expect(nobody.code).toBe(1);
    for (const branch of ['main', 'vault-records'])
      expect(nobody.text).toContain(
        `${branch} of owner/ops: nobody has no write access to owner/ops, or there is no such account`,
      );
    expect((await rules()).has('mai[n]')).toBe(false);
    expect(await protectAs(vault.ada)).toMatchObject({
      code: 1,
      text: expect.stringContaining("The token's account does not administer owner/ops"),
    });
  });

  it('names the posture: open as soon as an agent can push, and says what an exemption would allow', async () => {
    await apply();
    await ask('PATCH', `/branch_protections/${ruleOf('main')}`, {
      unprotected_file_patterns: 'vault/fired/**;VAULT/Policy.toml;notes/**',
    });

    const { code, text } = await protectAs(vault.owner, { bots: 'asker' });

    expect(code).toBe(1);
    expect(text).toContain('vault/fired/** may not be exempt');
    expect(text).toContain('VAULT/Policy.toml may not be exempt');
    expect(text).not.toContain('notes/** may not');
    expect(text).toContain('posture: open, because asker can push');
  });

  it('advises --bots only where none were named', async () => {
    expect((await protectAs(vault.owner)).text).toContain('Name agents with --bots');
    const { text } = await protectAs(vault.owner, { bots: 'agent' });
    expect(text).toContain('posture: closed: agent cannot push');
    expect(text).not.toContain('--bots');
  });

  it('takes the accounts of the vault for no agents, though they are named as bots: the dispatcher merges what is low', async () => {
    const { text } = await apply({ bots: 'dispatcher,Gatekeeper,asker' });
    const unnamed = await protectAs(vault.owner, { bots: 'Dispatcher,gatekeeper' });

    const main = (await rules()).get('mai[n]');
    expect(text).toContain('posture: open, because asker can push');
    expect([...(main?.merge_whitelist_usernames as string[])].sort()).toEqual([
      'ada',
      'dispatcher',
      'gatekeeper',
      'owner',
    ]);
    expect(unnamed.text).toContain('posture: closed, as long as all of these are people');
  });

  it('lets people merge, and no agent', async () => {
    const before = await apply({ bots: 'asker' });
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    await vault.approve(vault.ada, pull);
    const byAgent = await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/pulls/${pull}/merge`,
      { Do: 'merge' },
      vault.asker.token,
    );

    expect(before.text).toContain('merging: ');
    expect(before.text).not.toContain('asker should not merge: that is for people; ');
    expect(byAgent.status).toBeGreaterThanOrEqual(400);
    await vault.seed.mergePull(vault.ada, vault.ops, pull);
  });

  it('locks nobody out who is alone without saying so', async () => {
    const alone = { bots: 'ada,asker' };
    await bare();

    const shown = await protectAs(vault.owner, alone);
    const refused = await apply(alone);
    const ruledThen = (await rules()).has('mai[n]');
    const solo = await apply({ ...alone, solo: 'true' });

    for (const { text } of [shown, refused])
      expect(text).toContain(
        "owner is the only person who may write here, and a merge would need an approval that nobody else could give: no change of owner's own could ever be merged",
      );
    expect([refused.code, ruledThen]).toEqual([1, false]);
    expect(solo.code).toBe(0);
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
  });

  it('shows who can do what, now and afterwards', async () => {
    await bare();

    const before = (await protectAs(vault.owner, { bots: 'agent' })).text;
    const applied = (await apply({ bots: 'agent' })).text;

    const everybody = 'ada, asker, dispatcher, gatekeeper, owner';
    const now = before.slice(
      before.indexOf('what is possible now:'),
      before.indexOf('what will be possible'),
    );
    const then = before.slice(before.indexOf('what will be possible after --apply:'));
    for (const line of [
      `push to main: ${everybody}`,
      `merge into main: ${everybody}, without an approval`,
      'change policy, formulas and their workflows: whoever pushes or merges there',
      `write records (vault-records): ${everybody}`,
    ])
      expect(now).toContain(line);
    for (const line of [
      'push to main: dispatcher\n',
      `merge into main: ${everybody}, after an approval by somebody other than the author`,
      'change policy, formulas and their workflows: nobody, until dispatcher or owner runs forgecrew policy open',
      'run what is low: needs nobody',
      'run what is medium: after the approval of ada, asker or owner, never of who asks',
      'run what is high: after the approval of owner, never of who asks; refused, unless accept-exposed-secrets is set, because ada, asker can push',
      'write records (vault-records): dispatcher\n',
      'write what gates let through (vault-claims): gatekeeper\n',
    ])
      expect(then).toContain(line);
    // Afterwards it is so, and nothing more will be.
    expect(applied.slice(applied.lastIndexOf('what is possible now:'))).not.toContain(
      'what will be possible',
    );
  });

  it('says that a dispatcher who is no admin is not told who is one, where a rule needs an admin', async () => {
    await vault.seed.addCollaborator(vault.owner, vault.ops, 'dispatcher', 'write');

    expect((await protectAs(vault.owner)).text).toContain(
      'dispatcher is no admin here and is not told who is one: vault-dispatch needs the setting audit-token',
    );
  });

  it('says what no rule of main reaches, what cannot be read, and that a policy is missing', async () => {
    await vault.opened(async () => {
      const elsewhere =
        'description = "x"\nsecrets = []\ntimeout_minutes = 1\n[run]\nbackend = "forgejo-workflow"\nworkflow = "w.yml"\nref = "release"\n';
      await vault.seed.putFile(vault.owner, vault.ops, 'vault/formulas/elsewhere.toml', elsewhere);
      await vault.seed.putFile(vault.owner, vault.ops, 'vault/formulas/broken.toml', 'x');
      const { sha } = await ask<{ sha: string }>('GET', '/contents/vault/policy.toml');
      await ask('DELETE', '/contents/vault/policy.toml', { sha, message: 'm', branch: 'main' });
    });

    const { text } = await protectAs(vault.owner);

    expect(text).toContain('release: .forgejo/workflows/w.yml decides too, and stands on another branch');
    expect(text).toContain('vault/formulas/broken.toml cannot be read');
    expect(text).toContain('there is no vault/policy.toml on main of owner/ops: then everything is high');
  });

  it.skipIf(!existsSync(compiled))('takes all of its options from the command line', async () => {
    await bare();
    const args = [
      ...['protect', '--ops-repo', vault.ops, '--forge-url', vault.forge.url],
      ...['--dispatcher', 'dispatcher', '--gatekeeper', 'gatekeeper', '--record-repo', vault.ops],
      ...['--bots', 'agent,ada,asker', '--solo', '--accept-records', '--apply'],
    ];

    const { code, text } = await runCompiled(
      compiled,
      { FORGECREW_FORGE_TOKEN: vault.owner.token },
      { args },
    );

    expect(text).toContain('approvals needed to merge: 0');
    expect(code).toBe(0);
  });
});
