import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statusContext } from '../../../actions/vault-dispatch/text.ts';
import { actionText, startVault, type Vault } from '../../vault.ts';

let vault: Vault;
beforeEach(async () => {
  // Long enough that what was approved can be withdrawn before it starts.
  vault = await startVault('[tiers]\nbackup = "medium"\n\n[rules.medium]\ndelay_minutes = 10\n');
});
afterEach(() => vault.close());

const isWrite = (call: string): boolean => !call.startsWith('GET');

/** Takes an action away with a pull request of its own, and answers its number. */
async function withdraw(id: string, style = 'merge'): Promise<number> {
  const path = `/repos/${vault.ops}/contents/vault/actions/${id}.toml`;
  const { body } = await vault.seed.api('GET', path);
  await vault.seed.api(
    'DELETE',
    path,
    {
      sha: (body as { sha: string }).sha,
      branch: 'main',
      new_branch: `away-${id}`,
      message: 'not after all',
    },
    vault.asker.token,
  );
  const pull = await vault.seed.openPull(vault.asker, vault.ops, {
    head: `away-${id}`,
    base: 'main',
    title: `not ${id}`,
    body: '',
  });
  const merged = await vault.seed.api(
    'POST',
    `/repos/${vault.ops}/pulls/${pull}/merge`,
    { Do: style },
    vault.owner.token,
  );
  expect(merged.status).toBe(200);
  return pull;
}

/** Our comment on a pull request and our status of its head. */
async function saidOn(pull: number): Promise<{ comment: string; state: string; description: string }> {
  const { body: comments } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
  const { body: found } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
  const { sha } = (found as { head: { sha: string } }).head;
  const { body: statuses } = await vault.seed.api('GET', `/repos/${vault.ops}/commits/${sha}/status`);
  const own = (
    statuses as { statuses: { context: string; status: string; description: string }[] | null }
  ).statuses?.find(({ context }) => context === statusContext);
  const bodies = (comments as { body: string; user: { login: string } }[])
    .filter(({ user }) => user.login === vault.dispatcher.login)
    .map(({ body }) => body);
  expect(bodies.length).toBeLessThanOrEqual(1);
  return { comment: bodies.join(''), state: own?.status ?? '', description: own?.description ?? '' };
}

describe('an approved action that is withdrawn before it started', () => {
  it('says so on the pull request that asked for it, with a link, and once', async () => {
    const pull = await vault.ask('backup-1');
    await vault.run({ PLUGIN_MODE: 'review' });
    await vault.approve(vault.ada, pull);
    await vault.run({ PLUGIN_MODE: 'review' });
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
    const held = await vault.run();
    const before = await saidOn(pull);
    const by = await withdraw('backup-1');

    const first = await vault.run();
    const second = await vault.run();

    expect(held.calls.filter(isWrite)).toEqual([]);
    expect(before.comment).toContain('approved by');
    expect(first.code, first.text).toBe(0);
    const { comment, state, description } = await saidOn(pull);
    expect(comment).toContain(
      `was withdrawn by #${by} before it started, and does not run\`: ${vault.forge.url}/${vault.ops}/pulls/${by}`,
    );
    expect(comment).not.toContain('approved by');
    expect(state).toBe('failure');
    expect(description).toBe(`backup-1 was withdrawn by #${by} before it started, and does not run`);
    expect(second.calls.filter(isWrite)).toEqual([]);
    expect(await vault.runs()).toEqual([]);
  });

  it.each(['merge', 'squash', 'rebase'])('by a %s as well', async (style) => {
    const pull = await vault.approved('backup-1');
    const by = await withdraw('backup-1', style);

    const { code, text } = await vault.run();

    expect(code, text).toBe(0);
    expect((await saidOn(pull)).comment).toContain(`was withdrawn by #${by} before`);
  });

  it('can be asked for again under its id, and withdrawn again', async () => {
    await vault.approved('backup-1');
    await withdraw('backup-1');
    await vault.run();
    const again = await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/actions/backup-1.toml',
      actionText(),
      { from: 'main', name: 'again' },
    );
    expect(again).toBeDefined();
    const pull = await vault.seed.openPull(vault.asker, vault.ops, {
      head: 'again',
      base: 'main',
      title: 'again',
      body: '',
    });
    await vault.approve(vault.ada, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
    const waiting = await vault.run();
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/contents/vault/actions/backup-1.toml`);
    await vault.seed.api(
      'DELETE',
      `/repos/${vault.ops}/contents/vault/actions/backup-1.toml`,
      { sha: (body as { sha: string }).sha, branch: 'main', message: 'away again' },
      vault.owner.token,
    );

    const { code, text } = await vault.run();

    expect(waiting.calls.filter(isWrite)).toEqual([]);
    expect(code, text).toBe(0);
    expect((await saidOn(pull)).comment).toMatch(/was withdrawn by commit [0-9a-f]{40} before/);
  });

  it('is told once no run is followed any more, where nothing else asks for the newest commits', async () => {
    const later = new Date(Date.now() + 11 * 60_000);
    await vault.approved('runs-1');
    await vault.run({}, later);
    const [run] = await vault.runs();
    const pull = await vault.approved('backup-1');
    await withdraw('backup-1');

    const meanwhile = await vault.run({}, later);
    vault.forge.settleRun(run?.id ?? 0, 'success');
    await vault.run({}, later);
    await vault.run({}, later);

    expect(meanwhile.calls.filter((call) => call.includes('/commits?'))).toEqual([]);
    expect((await saidOn(pull)).comment).toContain('was withdrawn by');
  });

  it('is told of ten at once, and of the others by the next runs', async () => {
    const ids = Array.from({ length: 12 }, (_, nth) => `many-${nth}`);
    const pulls: number[] = [];
    for (const id of ids) pulls.push(await vault.approved(id));
    for (const id of ids) await withdraw(id);

    const first = await vault.run();
    const second = await vault.run();
    const third = await vault.run();

    const told = ({ calls }: { calls: string[] }): number =>
      calls.filter((call) => call.includes('/contents/withdrawn/')).length;
    expect([told(first), told(second), told(third)]).toEqual([10, 2, 0]);
    for (const pull of pulls) expect((await saidOn(pull)).state).toBe('failure');
  });
});

describe('what is taken away and was not withdrawn', () => {
  it('is an action that has started: its end is said, and nothing else', async () => {
    const pull = await vault.approved('backup-1');
    const later = new Date(Date.now() + 11 * 60_000);
    await vault.run({}, later);
    const [run] = await vault.runs();
    await withdraw('backup-1');
    vault.forge.settleRun(run?.id ?? 0, 'success');

    const { text } = await vault.run({}, later);
    await vault.run({}, later);

    expect(text).not.toContain('withdrawn');
    expect((await saidOn(pull)).comment).toContain('ended with success');
  });

  it('is what a person was asked to do and did: its pull request is left as it is, and not looked at again', async () => {
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      'vault/actions/button-1.toml',
      'context = "why"\n[action_required]\ndescription = "Press the button"\n',
    );
    await withdraw('button-1');

    const first = await vault.run();
    const second = await vault.run();

    expect(first.code, first.text).toBe(0);
    expect(first.calls.filter(isWrite)).toEqual([expect.stringMatching(/^POST .*\/contents\/withdrawn\//)]);
    expect(second.calls.filter(isWrite)).toEqual([]);
  });
});
