import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { EmbeddedWoodpecker } from '../../embedded-woodpecker/main.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { startTestWoodpecker } from '../embedded.ts';
import { actionText, startVault, type Vault } from '../vault.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const dispatcher = compiledFile('vault-dispatch');
const requester = compiledFile('vault-request');

let vault: Vault;
let woodpecker: EmbeddedWoodpecker | undefined;
afterEach(async () => {
  await woodpecker?.close();
  woodpecker = undefined;
  await vault.close();
});

type Environment = Record<string, string>;

/** One run behind a proxy, killed at a call of it where one is given; the calls that it made. */
async function runBehind(
  file: string,
  target: string,
  environment: (url: string) => Environment,
  fault?: { call: number; point: FailPoint },
): Promise<{ code: number | null; calls: string[]; struck: boolean }> {
  let pid = 0;
  const proxy = await startFaultProxy(
    target,
    fault === undefined ? undefined : { ...fault, act: () => process.kill(pid, 'SIGKILL') },
  );
  const { code } = await runCompiled(file, environment(proxy.url), {
    started: (id) => {
      pid = id;
    },
  });
  const { calls, struck } = proxy;
  await proxy.close();
  return { code, calls, struck };
}

describe.skipIf(!existsSync(dispatcher))('the compiled vault-dispatch on Woodpecker, killed with -9', () => {
  async function start(): Promise<EmbeddedWoodpecker> {
    vault = await startVault();
    const made = await startTestWoodpecker({
      users: [{ login: 'dispatcher', token: 'a-woodpecker-token' }],
      repositories: [{ id: 12, name: vault.ops, workflows: ['backup'], pushers: ['dispatcher'] }],
    });
    woodpecker = made;
    await vault.opened(() =>
      vault.seed.putFile(
        vault.owner,
        vault.ops,
        'vault/formulas/backup.toml',
        'description = "d"\nsecrets = ["BACKUP_KEY"]\ntimeout_minutes = 5\n[inputs.target]\n[run]\nbackend = "woodpecker-pipeline"\nworkflow = "backup"\n',
      ),
    );
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      '.woodpecker/backup.yaml',
      'when:\n  - event: manual\nsteps:\n  - name: x\n    image: alpine\n    environment:\n      K: {from_secret: backup_key}\n',
    );
    await vault.approved('backup-1');
    return made;
  }
  const settings = (url: string): Environment => ({
    ...vault.environment(),
    PLUGIN_WOODPECKER_URL: url,
    PLUGIN_WOODPECKER_TOKEN: 'a-woodpecker-token',
  });

  const callsOfARun = once(async () => {
    const first = await start();
    const { calls } = await runBehind(dispatcher, first.url, settings);
    expect(calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
    await first.close();
    await vault.close();
    return calls;
  });

  it.each(failPoints)('%s, where it starts the pipeline: never two', async (point) => {
    const calls = await callsOfARun();
    for (const call of callsToStrike(calls, point, { reads: 0 })) {
      const ci = await start();

      const { struck } = await runBehind(dispatcher, ci.url, settings, { call, point });
      const again = settings(ci.url);
      await vault.run(again);
      const later = await vault.run(again, new Date(Date.now() + 20 * 60_000));

      expect(struck).toBe(true);
      if (calls[call - 1]?.startsWith('POST'))
        expect(ci.pipelines).toHaveLength(point === 'before-send' ? 0 : 1);
      expect(ci.pipelines.length).toBeLessThanOrEqual(1);
      const record = await vault.record('backup-1');
      if (ci.pipelines.length === 1) {
        expect(record?.run.id).toBe(1);
        expect(ci.pipelines[0]?.variables.nonce).toBe(record?.intent.nonce);
      } else {
        expect(later.code).toBe(1);
        expect(later.text).toContain('whether it ran is unknown, so it is not started again');
      }
      await ci.close();
      await vault.close();
    }
  });
});

describe.skipIf(!existsSync(dispatcher))(
  'a vault-dispatch killed with -9 while it tells of a withdrawal',
  () => {
    async function start(): Promise<number> {
      vault = await startVault('[tiers]\nbackup = "medium"\n\n[rules.medium]\ndelay_minutes = 60\n');
      const pull = await vault.approved('backup-1');
      const file = `/repos/${vault.ops}/contents/vault/actions/backup-1.toml`;
      const { body } = await vault.seed.api('GET', file);
      await vault.seed.api(
        'DELETE',
        file,
        { sha: (body as { sha: string }).sha, branch: 'main', message: 'not after all' },
        vault.owner.token,
      );
      return pull;
    }
    const environment = (url: string): Environment => ({ ...vault.environment(), CI_FORGE_URL: url });

    const callsOfARun = once(async () => {
      await start();
      const { calls } = await runBehind(dispatcher, vault.forge.url, environment);
      await vault.close();
      expect(calls.filter((call) => !call.startsWith('GET'))).toHaveLength(3);
      return calls;
    });

    it.each(failPoints)('%s: it is told, in one comment, and then no more', async (point) => {
      const calls = await callsOfARun();
      for (const call of callsToStrike(calls, point)) {
        const pull = await start();

        const { struck } = await runBehind(dispatcher, vault.forge.url, environment, { call, point });
        const next = await vault.run();
        const last = await vault.run();

        expect(struck).toBe(true);
        expect(next.code, next.text).toBe(0);
        const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
        const said = (body as { body: string }[]).map((comment) => comment.body);
        expect(said).toEqual([expect.stringContaining('was withdrawn by commit')]);
        expect(last.calls.filter((item) => !item.startsWith('GET'))).toEqual([]);
        await vault.close();
      }
    });
  },
);

describe.skipIf(!existsSync(dispatcher))('a gate killed with -9', () => {
  let folder: string;
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function start(): Promise<(url: string) => Environment> {
    vault = await startVault();
    await vault.approved('backup-1');
    await vault.run();
    const [run] = await vault.runs();
    const commit = (await vault.record('backup-1'))?.run.commit ?? '';
    folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-gate-'));
    const event = path.join(folder, 'event.json');
    writeFileSync(event, JSON.stringify({ inputs: run?.inputs }));
    return (url) => ({
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: url,
      GITHUB_REPOSITORY: vault.ops,
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_EVENT_PATH: event,
      GITHUB_RUN_ID: `${run?.id}`,
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_SHA: commit,
      GITHUB_WORKFLOW_REF: `${vault.ops}/.forgejo/workflows/backup.yml@refs/heads/main`,
      GITHUB_WORKSPACE: folder,
      'INPUT_FORGE-TOKEN': vault.gatekeeper.token,
      'INPUT_FORGE-LOGIN': vault.gatekeeper.login,
      INPUT_MODE: 'gate',
      'INPUT_GATE-WAIT': '1s',
    });
  }

  const callsOfARun = once(async () => {
    const undisturbed = await start();
    const { calls } = await runBehind(dispatcher, vault.forge.url, undisturbed);
    const write = calls.findIndex((call) => call.startsWith('POST')) + 1;
    expect(write).toBeGreaterThan(0);
    await vault.close();
    rmSync(folder, { recursive: true, force: true });
    return calls;
  });

  it.each(failPoints)('%s, at its claim: opens at most once', async (point) => {
    for (const call of callsToStrike(await callsOfARun(), point, { reads: 0 })) {
      const environment = await start();

      const killed = await runBehind(dispatcher, vault.forge.url, environment, { call, point });
      const again = await runBehind(dispatcher, vault.forge.url, environment);
      const third = await runBehind(dispatcher, vault.forge.url, environment);

      expect(killed.code).not.toBe(0);
      expect([again.code, third.code].filter((code) => code === 0).length).toBeLessThanOrEqual(1);
      expect(third.code).toBe(1);
      await vault.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!existsSync(dispatcher))('a merge of low tier killed with -9', () => {
  const settings = (url: string): Environment => ({
    ...vault.environment(),
    CI_FORGE_URL: url,
    PLUGIN_MODE: 'review',
    PLUGIN_LOW_TIER: 'auto-merge',
  });

  const callsOfARun = once(async () => {
    vault = await startVault();
    await vault.ask('clean-1', actionText('cleanup'));
    const { calls } = await runBehind(dispatcher, vault.forge.url, settings);
    await vault.close();
    return calls;
  });

  it.each(failPoints)('%s, at its writes: one comment, one approval, merged in the end', async (point) => {
    for (const call of callsToStrike(await callsOfARun(), point, { reads: 0 })) {
      vault = await startVault();
      const pull = await vault.ask('clean-1', actionText('cleanup'));

      const { struck } = await runBehind(dispatcher, vault.forge.url, settings, { call, point });
      await vault.start(settings(vault.forge.url));

      expect(struck).toBe(true);
      const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
      expect((body as { merged: boolean }).merged).toBe(true);
      const { body: reviews } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}/reviews`);
      expect(reviews).toHaveLength(1);
      const { body: comments } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
      expect(comments).toHaveLength(1);
      await vault.close();
    }
  });
});

describe.skipIf(!existsSync(requester))('a request killed with -9', () => {
  async function start(): Promise<(url: string) => Environment> {
    vault = await startVault();
    const agent = await vault.seed.createUser('agent', ['write:repository', 'read:user']);
    return (url) => ({
      CI: 'woodpecker',
      CI_FORGE_URL: url,
      CI_PIPELINE_EVENT: 'push',
      PLUGIN_OPS_REPO: vault.ops,
      PLUGIN_FORGE_TOKEN: agent.token,
      PLUGIN_ID: 'backup-1',
      PLUGIN_ACTION: actionText(),
    });
  }

  const callsOfARun = once(async () => {
    const undisturbed = await start();
    const { calls } = await runBehind(requester, vault.forge.url, undisturbed);
    await vault.close();
    return calls;
  });

  it.each(failPoints)('%s, at its writes: a rerun leaves one branch and one pull request', async (point) => {
    for (const call of callsToStrike(await callsOfARun(), point, { reads: 0 })) {
      const environment = await start();

      const { struck } = await runBehind(requester, vault.forge.url, environment, { call, point });
      const again = await runBehind(requester, vault.forge.url, environment);

      expect(struck).toBe(true);
      expect(again.code).toBe(0);
      const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls?state=all`);
      expect(body).toMatchObject([{ title: 'vault: backup-1', state: 'open' }]);
      await vault.close();
    }
  });
});
