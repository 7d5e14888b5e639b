import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { ruleOf, startVault, type Vault } from '../vault.ts';

let vault: Vault;
let folder: string;
// What a gate refuses, case by case, stands in test/actions/vault-dispatch/gate.test.ts; these are whole runs.

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-gate-'));
  vault = await startVault();
  await vault.approved('backup-1');
  await vault.run();
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await vault.close();
});

interface Started {
  id: number;
  inputs: Record<string, string>;
}

/** The first step of a workflow's run, as the Forgejo runner starts it. */
async function gate(
  { id, inputs }: Started,
  more: Record<string, string> = {},
): Promise<{ code: number; text: string; waited: number }> {
  const event = path.join(folder, 'event.json');
  writeFileSync(event, JSON.stringify({ inputs, repository: { default_branch: 'main' } }));
  return vault.start({
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: vault.forge.url,
    GITHUB_REPOSITORY: vault.ops,
    GITHUB_EVENT_NAME: 'workflow_dispatch',
    GITHUB_EVENT_PATH: event,
    GITHUB_RUN_ID: `${id}`,
    GITHUB_RUN_NUMBER: `${id}`,
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_SHA: (await vault.record('backup-1'))?.run.commit ?? '',
    GITHUB_WORKFLOW_REF: `${vault.ops}/.forgejo/workflows/backup.yml@refs/heads/main`,
    GITHUB_WORKSPACE: folder,
    'INPUT_FORGE-TOKEN': vault.gatekeeper.token,
    'INPUT_FORGE-LOGIN': vault.gatekeeper.login,
    INPUT_MODE: 'gate',
    ...more,
  });
}

async function theRun(): Promise<Started> {
  const [run] = await vault.runs();
  if (run === undefined) throw new Error('nothing was started');
  return run;
}

async function claims(): Promise<number> {
  const { status } = await vault.seed.api(
    'GET',
    `/repos/${vault.ops}/contents/claimed/backup-1.json?ref=vault-claims`,
  );
  return status;
}

describe('a gate', () => {
  it('lets the run through that was approved, once, and leaves a claim', async () => {
    const run = await theRun();

    const first = await gate(run);
    const again = await gate(run);

    expect(first).toMatchObject({ code: 0, text: expect.stringContaining('the gate is open') });
    expect(await claims()).toBe(200);
    expect(again).toMatchObject({ code: 1, text: expect.stringContaining('was claimed at') });
  });

  it('lets one of four steps through that start at the same moment', async () => {
    const run = await theRun();

    const all = await Promise.all([gate(run), gate(run), gate(run), gate(run)]);

    expect(all.map(({ code }) => code).sort()).toEqual([0, 1, 1, 1]);
  });

  it('refuses a run that was started by hand, with the same inputs or with none', async () => {
    const run = await theRun();

    for (const inputs of [run.inputs, {}]) {
      const { code, text, waited } = await gate({ id: 99, inputs });
      expect(code).toBe(1);
      expect(text).toContain('no intent on record waits for run 99');
      expect(waited).toBe(0);
    }
    expect(await claims()).toBe(404);
  });

  it('takes no record for permission that is not on its writer’s branch', async () => {
    const record = await vault.record('backup-1');
    const forged = { ...record, id: 'forged-1', run: { ...record?.run, id: 99 } };
    for (const folder of ['fired', 'vault/fired'])
      await vault.seed.putFile(vault.asker, vault.ops, `${folder}/forged-1.json`, JSON.stringify(forged));

    const { code, text } = await gate({
      id: 99,
      inputs: { ...record?.run.inputs, action: 'forged-1' },
    });

    expect(code).toBe(1);
    expect(text).toContain('no intent on record waits for run 99');
  });

  it('waits for the record to name its run, and no longer than it was told', async () => {
    const run = await theRun();
    const record = await vault.record('backup-1');
    // As it stands between the start of a run and the commit that names it.
    await vault.seed.putFile(
      vault.dispatcher,
      vault.ops,
      'fired/backup-1.json',
      JSON.stringify({ ...record, run: { ...record?.run, id: null, url: null } }),
      { from: 'vault-records', name: 'vault-records' },
    );

    const { waited, code } = await gate(run, {
      'INPUT_GATE-WAIT': '1m',
      GITHUB_SHA: record?.run.commit ?? '',
    });

    expect(code).toBe(1);
    expect(waited).toBeGreaterThanOrEqual(60_000);
    expect(waited).toBeLessThan(70_000);
  });

  it('sends its token to no other forge, whatever the run was started with', async () => {
    const asked: string[] = [];
    const evil = await startFaultProxy(vault.forge.url, undefined, (_, request) => {
      asked.push(request);
      return undefined;
    });

    const { code, text } = await gate(await theRun(), { 'INPUT_FORGE-URL': evil.url });
    await evil.close();

    expect(code).toBe(1);
    expect(text).toContain('a gate asks no other');
    expect(asked).toEqual([]);
  });

  it('refuses a run at any other commit, and the branch that moved since the start is no hindrance', async () => {
    const run = await theRun();
    const moved = await vault.opened(() =>
      vault.seed.putFile(vault.owner, vault.ops, '.forgejo/workflows/backup.yml', 'on: workflow_dispatch\n'),
    );

    const elsewhere = await gate(run, { GITHUB_SHA: moved });
    const right = await gate(run);

    expect(elsewhere).toMatchObject({
      code: 1,
      text: expect.stringContaining('has moved since it was started'),
    });
    expect(right.code).toBe(0);
  });

  it('believes no branch of records that anybody may push to', async () => {
    const run = await theRun();
    await vault.seed.api('DELETE', `/repos/${vault.ops}/branch_protections/${ruleOf('vault-records')}`);

    const { code, text } = await gate(run);

    expect(code).toBe(1);
    expect(text).toContain('vault-records of owner/ops: is not protected');
    expect(await claims()).toBe(404);
  });

  it('believes no branch of records that it may push to itself', async () => {
    const run = await theRun();
    await vault.seed.api('PATCH', `/repos/${vault.ops}/branch_protections/${ruleOf('vault-records')}`, {
      push_whitelist_usernames: [vault.dispatcher.login, vault.gatekeeper.login],
    });

    const { code, text } = await gate(run);

    expect(code).toBe(1);
    expect(text).toContain('can be pushed to by gatekeeper, and should not');
  });

  it('stays shut when others are always faster: a claim that was not made has let nothing through', async () => {
    const run = await theRun();
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) =>
      request.startsWith('POST')
        ? { status: 403, body: { message: 'PushRejected: cannot lock ref' } }
        : undefined,
    );

    const { code, text } = await gate(run, { GITHUB_SERVER_URL: proxy.url });
    await proxy.close();

    expect(code).toBe(1);
    expect(text).toContain('4 times another run wrote first, so this run stopped');
    expect(await claims()).toBe(404);
  });
});
