import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectEngagement } from '../../actions/collect-engagement/role.ts';
import { opsFiler } from '../../actions/ops-filer/role.ts';
import { vaultDispatch } from '../../actions/vault-dispatch/role.ts';
import { vaultRequest } from '../../actions/vault-request/role.ts';
import { protect } from '../../cli/protect/role.ts';
import type { ChangeName } from '../../core/change.ts';
import type { Report } from '../../core/report.ts';
import type { Role, State } from '../../core/role.ts';
import { execute, type FlowSettings } from '../../core/run.ts';
import type { Settings } from '../../core/settings.ts';
import type { EmbeddedForge } from '../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';
import { roles } from '../../roles.ts';
import { startTestForge } from '../embedded.ts';
import { startFaultProxy } from '../faults/proxy.ts';
import { actionText } from '../vault.ts';

let forge: EmbeddedForge;
let seed: Seeder;
let owner: Person;
let worker: Person;
let workspace: string;
const [ops, project] = ['owner/ops', 'owner/project'];
beforeEach(async () => {
  forge = await startTestForge();
  seed = seeder(forge.url, forge.adminToken);
  owner = await seed.createUser('owner', allScopes);
  worker = await seed.createUser('worker', ['write:repository', 'write:issue', 'read:user']);
  await seed.createRepository(owner, 'ops');
  await seed.createRepository(owner, 'project');
  await seed.addCollaborator(owner, ops, worker.login, 'write');
  workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-pause-'));
});
afterEach(async () => {
  await forge.close();
  rmSync(workspace, { recursive: true, force: true });
});

type AnyRole = Role<Settings & FlowSettings, State, ChangeName>;

/** Everything that a role may need to be told to start, whichever it is. */
function settingsOf(role: { settings: Settings }): Record<string, string> {
  const values: Record<string, string> = {
    'forge-token': worker.token,
    'forge-login': worker.login,
    'ops-repo': ops,
    'project-repo': project,
    source: 'access.log',
    id: 'one',
    action: actionText(),
    dispatcher: 'dispatcher',
    gatekeeper: 'gatekeeper',
    'gate-wait': '1s',
    ...(Object.hasOwn(role.settings, 'trigger') ? { 'record-repo': 'worker/records' } : {}),
    engine: 'claude-cli',
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      Object.hasOwn(role.settings, name)
        ? [[`PLUGIN_${name.toUpperCase().replaceAll('-', '_')}`, value]]
        : [],
    ),
  );
}

async function run(
  role: unknown,
  more: Record<string, string> = {},
): Promise<{ code: number; text: string; calls: string[]; report: Report | undefined }> {
  const lines: string[] = [];
  const from = forge.requests.length;
  const { code, report } = await execute(role as AnyRole, {
    environment: {
      CI: 'woodpecker',
      CI_FORGE_URL: forge.url,
      CI_WORKSPACE: workspace,
      CI_REPO: ops,
      CI_REPO_DEFAULT_BRANCH: 'main',
      CI_COMMIT_BRANCH: 'main',
      CI_PIPELINE_EVENT: 'cron',
      ...settingsOf(role as AnyRole),
      ...more,
    },
    args: [],
    workingDirectory: workspace,
    print: (line) => lines.push(line),
    now: () => new Date(),
    pause: async () => undefined,
  });
  const calls = forge.requests
    .slice(from)
    .map(({ method, path: where, status }) => `${method} ${where} ${status}`);
  return { code, report, text: lines.join('\n'), calls };
}

const write = (text: string): Promise<unknown> => seed.putFile(owner, ops, 'forgecrew.toml', text);
/** The branch, its root, and the file itself: nothing of what the role is for. */
const asked = ['branches', 'git/trees', 'git/blobs'];
const kinds = (calls: string[]): string[] =>
  calls.map(
    (call) => /^GET \/repos\/owner\/ops\/(branches|git\/trees|git\/blobs)\b.* 200$/.exec(call)?.[1] ?? call,
  );
/** As a gate is started. */
const gate = { PLUGIN_MODE: 'gate', CI_PIPELINE_EVENT: 'manual', CI_PIPELINE_NUMBER: '7' };

describe('a pause in the ops repo', () => {
  // The list of roles itself: one that is added to it is held to this too.
  it.each(roles.map((role) => [role.name, role] as const))(
    'stops %s before it asks anything else',
    async (_, role) => {
      await write('pause = true\nreason = "the forge is moved"\n');

      const { code, text, calls, report } = await run(role);

      expect(text).toContain('Paused by forgecrew.toml of the ops repo: the forge is moved');
      expect(kinds(calls)).toEqual(asked);
      // Where green would be taken for a yes, it is red.
      const isRed = role.name === vaultRequest.name;
      expect({ code, outcome: report?.outcome }).toEqual(
        isRed ? { code: 1, outcome: 'refused' } : { code: 0, outcome: 'paused' },
      );
    },
  );

  it.each([
    ['it is over', 'pause = false\nreason = "the forge is moved"\n'],
    ['nothing is said of one', 'bots = ["agent"]\n'],
    ['there is no such file', undefined],
  ])('does not hold any role where %s', async (_, text) => {
    if (text !== undefined) await write(text);

    for (const role of roles) {
      const ran = await run(role);

      expect(ran.text).not.toContain('aused');
      expect(ran.report?.outcome).not.toBe('paused');
      expect(ran.calls.length).toBeGreaterThan(1);
    }
  });

  it.each(roles.map((role) => [role.name, role] as const))(
    'is not taken to be none by %s where the file says nothing that can be understood',
    async (_, role) => {
      await write('paused = true\n');

      const { code, text, calls } = await run(role);

      expect(code).toBe(1);
      expect(text).toContain(
        'forgecrew.toml of owner/ops cannot be read, so nobody knows whether this role is paused',
      );
      expect(text).toContain('forgecrew.toml:1:1: "paused": no such field');
      expect(kinds(calls)).toEqual(asked);
    },
  );

  it.each([
    ['the forge fails', { status: 500, body: { message: '' } }],
    ['the account may not read the code', { status: 403, body: { message: 'no' } }],
    [
      'something in front of the forge says that it is not there',
      { status: 404, body: '<html>no</html>', headers: { 'content-type': 'text/html' } },
    ],
    [
      'it comes without its content',
      { status: 200, body: { type: 'file', sha: 'a'.repeat(40), content: null } },
    ],
    ['the answer has no form that is known', { status: 200, body: [] }],
  ])('is not taken to be none where %s', async (_, answer) => {
    await write('pause = false\n');

    for (const [index, call] of asked.entries())
      for (const role of roles) {
        const proxy = await startFaultProxy(forge.url, undefined, (_call, request) =>
          request.includes(`/${call}`) ? answer : undefined,
        );
        const { code, calls } = await run(role, { CI_FORGE_URL: proxy.url });
        await proxy.close();

        expect({ role: role.name, code, calls: kinds(calls) }).toEqual({
          role: role.name,
          code: 1,
          calls: asked.slice(0, index),
        });
      }
  });

  it('is not taken to be none where it is a folder or a link', async () => {
    await seed.putFile(owner, ops, 'forgecrew.toml/inside', 'pause = true\n');

    for (const role of roles) {
      const { code, text } = await run(role);

      expect({ role: role.name, code }).toEqual({ role: role.name, code: 1 });
      expect(text).toContain('forgecrew.toml is no ordinary file in owner/ops');
    }
  });

  it('is not taken to be none where the ops repo is not there', async () => {
    for (const role of roles) {
      const { code, calls } = await run(role, { PLUGIN_OPS_REPO: 'owner/gone' });

      expect({ role: role.name, code }).toEqual({ role: role.name, code: 1 });
      expect(calls).toEqual([
        ...(role.readsBranches === undefined ? [] : ['GET /repos/owner/gone/branches?page=1&limit=50 404']),
        'GET /repos/owner/gone/branches/main 404',
      ]);
    }
  });

  it('makes a gate refuse, so that nothing after it runs', async () => {
    await write('pause = true\nreason = "the forge is moved"\n');

    const { code, text, calls, report } = await run(vaultDispatch, gate);

    expect({ code, outcome: report?.outcome }).toEqual({ code: 1, outcome: 'refused' });
    expect(text).toContain('Stopped: Paused by forgecrew.toml of the ops repo: the forge is moved');
    expect(text).toContain('Nothing after this step may run.');
    expect(kinds(calls)).toEqual(asked);
  });

  it('does not make a gate ask anybody that would refuse anyway', async () => {
    await write('pause = true\n');

    const { code, calls } = await run(vaultDispatch, { ...gate, CI_PIPELINE_EVENT: 'push' });

    expect(code).toBe(1);
    expect(calls).toEqual([]);
  });

  it.each(roles.map((role) => [role.name, role] as const))(
    'does not hold %s in the own pipeline of a pull request, which writes nothing',
    async (_, role) => {
      await write('pause = true\n');

      const { text, calls } = await run(role, { CI_PIPELINE_EVENT: 'pull_request' });

      expect(text).not.toContain('Paused');
      const blob = createHash('sha1').update('blob 13\0pause = true\n').digest('hex');
      expect(calls.filter((call) => call.includes(blob))).toEqual([]);
    },
  );

  it('is said in a dry run, which shows what would be done', async () => {
    await write('pause = true\nreason = "the forge is moved"\n');

    const { text, calls } = await run(vaultDispatch, { PLUGIN_DRY_RUN: 'true' });

    expect(text).toContain('the forge is moved. A run that writes does nothing now.');
    expect(calls.length).toBeGreaterThan(1);
  });

  it('holds nothing that writes nothing on the forge: evidence for a file, and looking whether there is any', async () => {
    await write('pause = true\n');
    writeFileSync(path.join(workspace, 'access.log'), '');

    const file = await run(collectEngagement, { PLUGIN_COMMIT: 'none' });
    const observing = await run(collectEngagement, { PLUGIN_MODE: 'verify-observable' });

    for (const { text } of [file, observing]) expect(text).not.toContain('Paused');
  });

  it('holds no command of a person', async () => {
    await write('pause = true\n');

    const { text } = await run(protect, { PLUGIN_FORGE_TOKEN: owner.token });

    expect(text).toContain('main of owner/ops');
    expect(text).not.toContain('Paused');
  });

  it('of another branch says nothing of this one', async () => {
    await seed.putFile(owner, ops, 'forgecrew.toml', 'pause = true\n', { from: 'main', name: 'side' });

    const { report } = await run(vaultDispatch);

    expect(report?.outcome).not.toBe('paused');
  });

  it('keeps its reason to one harmless line of the log', async () => {
    await write('pause = true\nreason = "::set-output name=x::y\\u202e"\n');

    const { text } = await run(opsFiler);

    expect(text).toContain('Paused by forgecrew.toml of the ops repo: ::set-output name=x::y');
    expect(text).not.toContain('\u202e');
  });
});

describe('an account that may not read the ops repo', () => {
  beforeEach(async () => {
    await seed.api('PATCH', `/repos/${ops}`, { private: true }, owner.token);
    await seed.api('DELETE', `/repos/${ops}/collaborators/${worker.login}`, undefined, owner.token);
    await seed.addCollaborator(owner, project, worker.login, 'write');
    await seed.createLabel(owner, project, 'vision');
    await seed.putFile(owner, ops, 'sprints/a.md', '# A\n');
  });

  it('takes the file of its checkout', async () => {
    writeFileSync(path.join(workspace, 'forgecrew.toml'), 'pause = true\nreason = "the forge is moved"\n');

    const { code, text, report } = await run(opsFiler);

    expect({ code, outcome: report?.outcome }).toEqual({ code: 0, outcome: 'paused' });
    expect(text).toContain('the forge is moved');
  });

  it('takes a checkout without that file for one that is not paused', async () => {
    mkdirSync(path.join(workspace, 'sprints'));

    const { code, text } = await run(opsFiler);

    expect(text).toContain('Nothing to do');
    expect(code).toBe(0);
  });

  it('ends red where the file of the checkout cannot be understood', async () => {
    writeFileSync(path.join(workspace, 'forgecrew.toml'), 'pause = maybe\n');

    const { code, text } = await run(opsFiler);

    expect(code).toBe(1);
    expect(text).toContain('forgecrew.toml of the checkout of owner/ops cannot be read');
  });

  it('ends red where it is a link, whatever that leads to', async () => {
    writeFileSync(path.join(workspace, 'other.toml'), 'pause = false\n');
    symlinkSync('other.toml', path.join(workspace, 'forgecrew.toml'));

    const { code, text } = await run(opsFiler);

    expect(code).toBe(1);
    expect(text).toContain('is no ordinary file');
  });

  it.skipIf(process.getuid?.() === 0)('ends red where the file may not be read', async () => {
    writeFileSync(path.join(workspace, 'forgecrew.toml'), 'pause = false\n');
    chmodSync(path.join(workspace, 'forgecrew.toml'), 0);

    expect((await run(opsFiler)).code).toBe(1);
  });

  it.each([
    ['nothing was cloned', {}],
    ['what was cloned is another repository', { CI_REPO: project }],
  ])('ends red where %s', async (_, more) => {
    if ('CI_REPO' in more) writeFileSync(path.join(workspace, 'README.md'), '');

    const { code, calls } = await run(opsFiler, more);

    expect(code).toBe(1);
    expect(calls.every((call) => call.startsWith('GET'))).toBe(true);
  });
});
