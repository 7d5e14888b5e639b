import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { startVault, type Vault } from '../vault.ts';

// A start that the server itself turned down spends no id; any other answer leaves open whether something runs.

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

type Given = { status: number; body?: unknown; headers?: Record<string, string> };

/** A run in which the start of a workflow is answered so, once. */
async function started(
  answer: Given,
  asks = /^POST .*\/dispatches$/,
): Promise<{ code: number | null; text: string }> {
  const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) =>
    asks.test(request) ? answer : undefined,
  );
  try {
    return await vault.run({ CI_FORGE_URL: proxy.url });
  } finally {
    await proxy.close();
  }
}

describe('a start that is turned down', () => {
  it.each([
    ['a right that is gone', { status: 403, body: { message: 'user should have a permission to write' } }],
    ['a missing scope', { status: 403, body: { message: 'required scope(s): [write:repository]' } }],
    ['a required input', { status: 400, body: { message: 'input target is required' } }],
    ['a repository that is gone', { status: 404, body: { message: 'not found' } }],
    ['an archived repository', { status: 423, body: { message: 'archived' } }],
  ])('by the forge (%s) leaves the id free, and the next run starts it', async (_, answer) => {
    await vault.approved('backup-1');

    const first = await started(answer);

    expect(first.code).toBe(1);
    expect(first.text).toContain(
      'Nothing was started, so fired/backup-1.json is taken back and the next run tries again',
    );
    expect(await vault.record('backup-1')).toBeUndefined();

    const second = await vault.run();
    await vault.run();

    expect(second.code).toBe(0);
    expect((await vault.runs()).map(({ inputs }) => inputs.action)).toEqual(['backup-1']);
  });

  it.each([
    [
      'a web page of a firewall',
      { status: 403, body: '<html>no</html>', headers: { 'content-type': 'text/html' } },
    ],
    [
      'a firewall that looks at answers, in one word',
      { status: 403, body: 'Forbidden', headers: { 'content-type': 'text/plain' } },
    ],
    ['a firewall that looks at answers, without a word', { status: 403 }],
    ['a firewall in JSON of its own', { status: 403, body: { error: 'blocked', code: 1020 } }],
    [
      'a balancer without a server',
      { status: 404, body: 'no backend', headers: { 'content-type': 'text/plain' } },
    ],
    ['a proxy that lost patience', { status: 408, body: { error: 'timeout' } }],
    ['a gateway that gave up', { status: 502, body: { message: 'bad gateway' } }],
    ['a failure of the forge', { status: 500, body: { message: '' } }],
    ['an answer that is none', { status: 200, body: { what: 'no run' } }],
  ])('by %s keeps its id spent, because something may run', async (_, answer) => {
    await vault.approved('backup-1');

    const { code, text } = await started(answer);

    expect(code).toBe(1);
    expect(text).not.toContain('defect');
    expect(text).not.toContain('taken back');
    expect(await vault.record('backup-1')).toMatchObject({ run: { id: null } });
    await vault.run();
    expect(await vault.runs()).toEqual([]);
  });

  it('before anything was asked to start leaves the id free, whatever failed', async () => {
    await vault.approved('backup-1');

    const { code, text } = await started(
      { status: 500, body: { message: '' } },
      /^GET .*\/git\/refs\/tags\//,
    );

    expect(code).toBe(1);
    expect(text).toContain('is taken back');
    expect((await vault.run()).code).toBe(0);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('stays spent where its record cannot be taken back, and says so', async () => {
    await vault.approved('backup-1');
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) => {
      if (/^POST .*\/dispatches$/.test(request)) return { status: 403, body: { message: 'no' } };
      return request === `POST /api/v1/repos/${vault.ops}/contents`
        ? { status: 403, body: { message: 'no' } }
        : undefined;
    });

    const { code, text } = await vault.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();

    expect(code).toBe(1);
    expect(text).toContain('fired/backup-1.json could not be taken back');
    expect(await vault.record('backup-1')).toBeDefined();
    await vault.run();
    expect(await vault.runs()).toEqual([]);
  });
});
