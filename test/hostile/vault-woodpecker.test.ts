import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedWoodpecker } from '../../embedded-woodpecker/main.ts';
import { startTestWoodpecker } from '../embedded.ts';
import { startVault, type Vault } from '../vault.ts';

const formula = `description = "Back up"
secrets = ["BACKUP_KEY"]
timeout_minutes = 30
[inputs.target]
required = true
[run]
backend = "woodpecker-pipeline"
workflow = "backup"
`;
const pipeline = `when:
  - event: manual
steps:
  - name: gate
    image: /opt/forgecrew/plugins/vault-dispatch/vault-dispatch
    settings:
      mode: gate
      forge_token: {from_secret: gate_token}
  - name: backup
    image: alpine
    commands: ['./backup "$target"']
    environment:
      KEY: {from_secret: backup_key}
    when:
      - evaluate: 'FORMULA == "backup"'
`;

let vault: Vault;
let woodpecker: EmbeddedWoodpecker;
beforeEach(async () => {
  vault = await startVault();
  woodpecker = await startTestWoodpecker({
    users: [
      { login: 'dispatcher', token: 'a-woodpecker-token' },
      { login: 'reader', token: 'a-readers-token' },
    ],
    repositories: [{ id: 12, name: vault.ops, workflows: ['backup', 'other'], pushers: ['dispatcher'] }],
  });
  await vault.opened(async () => {
    await vault.seed.putFile(vault.owner, vault.ops, 'vault/formulas/backup.toml', formula);
    await vault.seed.putFile(vault.owner, vault.ops, '.woodpecker/backup.yaml', pipeline);
  });
});
afterEach(async () => {
  await woodpecker.close();
  await vault.close();
});

const settings = (): Record<string, string> => ({
  PLUGIN_WOODPECKER_URL: woodpecker.url,
  PLUGIN_WOODPECKER_TOKEN: 'a-woodpecker-token',
});

describe('a formula that runs on Woodpecker', () => {
  it('is started once, told what was approved, and followed by its own workflow', async () => {
    await vault.approved('backup-1');

    const first = await vault.run(settings());
    const [started] = woodpecker.pipelines;
    woodpecker.settle(1, 'other', 'failure');
    const running = await vault.run(settings());
    woodpecker.settle(1, 'backup', 'success');
    const ended = await vault.run(settings());
    const after = await vault.run(settings());

    expect(first.code).toBe(0);
    expect(woodpecker.pipelines).toHaveLength(1);
    const record = await vault.record('backup-1');
    expect(started).toMatchObject({
      branch: 'main',
      variables: { action: 'backup-1', nonce: record?.intent.nonce, target: 'db', FORMULA: 'backup' },
    });
    expect(running.text).toContain('backup-1 is running');
    expect(ended.text).toContain('ended: success');
    expect(after.text).toContain('Nothing to do: 1 action has ended');
    expect(await vault.ended('backup-1')).toMatchObject({ outcome: 'success' });
    expect(record).toMatchObject({
      run: {
        backend: 'woodpecker-pipeline',
        workflow_file: '.woodpecker/backup.yaml',
        id: 1,
        url: `${woodpecker.url}/repos/12/pipeline/1`,
      },
    });
  });

  it.each([
    ['failure', 'failure'],
    ['killed', 'cancelled'],
    ['skipped', 'cancelled'],
    ['error', 'failure'],
  ])('that ends with %s is on record as %s', async (state, outcome) => {
    await vault.approved('backup-1');
    await vault.run(settings());
    woodpecker.settle(1, 'other', 'success');
    woodpecker.settle(1, 'backup', state);

    const { code } = await vault.run(settings());

    expect(code).toBe(1);
    expect(await vault.ended('backup-1')).toMatchObject({ outcome });
  });

  it('with a matrix has succeeded when every part of it has', async () => {
    await vault.approved('backup-1');
    await vault.run(settings());
    const [started] = woodpecker.pipelines;
    started?.workflows.push({ name: 'backup', state: 'failure' });
    woodpecker.settle(1, 'other', 'success');
    woodpecker.settle(1, 'backup', 'success');

    await vault.run(settings());

    expect(await vault.ended('backup-1')).toMatchObject({ outcome: 'failure' });
  });

  it('whose answer never came is found again, and not by what somebody else started', async () => {
    await vault.approved('backup-1');
    await vault.run(settings());
    const record = await vault.record('backup-1');
    const { body } = await vault.seed.api(
      'GET',
      `/repos/${vault.ops}/contents/fired/backup-1.json?ref=vault-records`,
    );
    await vault.seed.api(
      'PUT',
      `/repos/${vault.ops}/contents/fired/backup-1.json`,
      {
        branch: 'vault-records',
        message: 'as if the run had crashed after it started the pipeline',
        sha: (body as { sha: string }).sha,
        content: Buffer.from(
          JSON.stringify({ ...record, run: { ...record?.run, id: null, url: null } }),
        ).toString('base64'),
      },
      vault.dispatcher.token,
    );
    const [ours] = woodpecker.pipelines;
    if (ours === undefined) throw new Error('nothing was started');
    woodpecker.pipelines.push({ ...ours, number: 2, author: 'mallory' });

    await vault.run(settings());

    expect(await vault.record('backup-1')).toMatchObject({ run: { id: 1 } });
    expect(woodpecker.pipelines).toHaveLength(2);
  });

  it.each([
    ['without Woodpecker’s settings', {}, 'set woodpecker-url and woodpecker-token'],
    [
      'with a token it does not know',
      { PLUGIN_WOODPECKER_TOKEN: 'wrong-token' },
      'does not know woodpecker-token',
    ],
    [
      'with a token that may not start it',
      { PLUGIN_WOODPECKER_TOKEN: 'a-readers-token' },
      'Woodpecker: reader may not start pipelines of owner/ops',
    ],
  ])('is refused before anything is intended %s', async (_, more, reason) => {
    await vault.approved('backup-1');

    const { code, text } = await vault.run(
      'PLUGIN_WOODPECKER_TOKEN' in more ? { ...settings(), ...more } : {},
    );

    expect(code).toBe(1);
    expect(text).toContain(reason);
    expect(text).not.toContain('wrong-token');
    expect(await vault.record('backup-1')).toBeUndefined();
    expect(woodpecker.pipelines).toEqual([]);
  });

  it('is refused before anything is intended where Woodpecker was switched off for the repository, and starts once it is on', async () => {
    await vault.approved('backup-1');
    const [repository] = woodpecker.repositories;
    if (repository === undefined) throw new Error('there is no repository');
    repository.active = false;

    const { code, text } = await vault.run(settings());

    expect(code).toBe(1);
    expect(text).toContain(
      `Woodpecker: ${vault.ops} is not active there, so nothing of it runs. Let an admin of it activate it (Add repository).`,
    );
    expect(await vault.record('backup-1')).toBeUndefined();
    expect(woodpecker.pipelines).toEqual([]);

    repository.active = true;
    await vault.run(settings());

    expect(await vault.record('backup-1')).toMatchObject({ run: { id: 1 } });
    expect(woodpecker.pipelines).toHaveLength(1);
  });

  it('sends each token to its own host only', async () => {
    await vault.approved('backup-1');

    const { text } = await vault.run({ ...settings(), PLUGIN_LOG_LEVEL: 'debug' });

    expect(text).not.toContain('a-woodpecker-token');
    expect(vault.forge.requests.every(({ path }) => !path.includes('/pipelines'))).toBe(true);
    expect(woodpecker.requests.every(({ status }) => status === 200)).toBe(true);
  });

  it('uses just the secrets its formula lists; a gate’s own token is none of them', async () => {
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      '.woodpecker/backup.yaml',
      pipeline.replace('backup_key', 'other_key'),
    );
    await vault.approved('backup-1');

    const { text } = await vault.run(settings());

    expect(text).toContain('uses secrets that its formula does not list: OTHER_KEY');
    expect(text).toContain('does not use secrets that its formula lists: BACKUP_KEY');
    expect(text).not.toContain('GATE_TOKEN');
    expect(woodpecker.pipelines).toEqual([]);
  });
});

describe('a gate on Woodpecker', () => {
  const gate = async (number: number, more: Record<string, string> = {}): ReturnType<Vault['start']> =>
    vault.start({
      ...vault.environment(),
      CI_PIPELINE_EVENT: 'manual',
      CI_PIPELINE_NUMBER: `${number}`,
      CI_PIPELINE_PARENT: '0',
      CI_WORKFLOW_NAME: 'backup',
      CI_COMMIT_SHA: (await vault.record('backup-1'))?.run.commit ?? '',
      PLUGIN_MODE: 'gate',
      PLUGIN_FORGE_TOKEN: vault.gatekeeper.token,
      PLUGIN_FORGE_LOGIN: vault.gatekeeper.login,
      ...more,
    });

  it('finds the record that names its pipeline, and lets it through once', async () => {
    await vault.approved('backup-1');
    await vault.run(settings());

    const first = await gate(1);
    const again = await gate(1);

    expect(first).toMatchObject({ code: 0, text: expect.stringContaining('the run of backup-1') });
    expect(again).toMatchObject({ code: 1, text: expect.stringContaining('was claimed at') });
  });

  it.each([
    ['a pipeline started by hand', 7, {}, 'no intent on record waits for run 7'],
    ['a restart', 2, { CI_PIPELINE_PARENT: '1' }, 'this is a rerun'],
    ['another workflow of the same pipeline', 1, { CI_WORKFLOW_NAME: 'other' }, 'and this is other'],
    ['cron', 1, { CI_PIPELINE_EVENT: 'cron' }, 'was started by cron'],
    [
      'the same number in another repository',
      1,
      { CI_REPO: 'owner/else', PLUGIN_OPS_REPO: 'owner/ops' },
      'no intent on record waits for run 1',
    ],
  ])('refuses %s', async (_, number, more, reason) => {
    await vault.approved('backup-1');
    await vault.run(settings());

    const { code, text } = await gate(number, more);

    expect(code).toBe(1);
    expect(text).toContain(reason);
  });

  it('compares the variables, where it is given a token to read them with', async () => {
    await vault.approved('backup-1');
    await vault.run(settings());
    const [started] = woodpecker.pipelines;
    if (started !== undefined) started.variables.target = 'files';

    const { code, text } = await gate(1, settings());

    expect(code).toBe(1);
    expect(text).toContain('its inputs differ');
  });
});
