import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboard } from '../actions/dashboard/role.ts';
import { opsFiler } from '../actions/ops-filer/role.ts';
import { prerequisites } from '../actions/prerequisites/role.ts';
import { vaultDispatch } from '../actions/vault-dispatch/role.ts';
import { version } from '../core/version.ts';
import { byHand, exampleFolder, exampleOpsRepo } from '../scripts/docs/example-ops-repo.ts';
import { runCommand } from './command.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { type Factory, startFactory } from './factory.ts';

// The example of a whole ops repo: checked by the parsers of the roles, and put on a forge on which the roles run.

const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, exampleFolder);
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((item) => item.isFile())
  .map((item) => path.relative(folder, path.join(item.parentPath, item.name)))
  .sort();
const textOf = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
const action = 'vault/actions/backup-before-search.toml';

describe('the example of an ops repo', () => {
  it('holds what init makes and what people write, and nothing else', () => {
    const made = exampleOpsRepo().map(({ file }) => path.relative(exampleFolder, file));

    expect(files).toEqual([...made, ...byHand].sort());
  });

  it('is valid, as forgecrew lint reads it', async () => {
    const documents = files.filter(
      (file) => file.startsWith('sprints/') || (file.endsWith('.toml') && !file.startsWith('.')),
    );

    const { code, lines } = await runCompiled(
      compiledFile('forgecrew'),
      {},
      { args: ['lint', ...documents], folder },
    );

    expect({ code, lines: lines.filter((line) => !line.includes('valid')) }).toEqual({ code: 0, lines: [] });
    expect(lines.length).toBe(documents.length);
    expect(documents.length).toBeGreaterThan(5);
  });

  it('has pipelines that can be read, each pinned to a version and its commit', () => {
    const pipelines = files.filter((file) => file.startsWith('.forgejo/workflows/'));

    for (const file of pipelines) {
      const text = textOf(file);
      expect(Object.keys(parse(text) as object)).toContain('jobs');
      for (const [, used = ''] of text.matchAll(/uses: (.*forgecrew.*)/g))
        expect([file, used]).toEqual([file, expect.stringContaining(`@<commit> # v${version}`)]);
    }
    expect(pipelines.length).toBeGreaterThan(10);
  });
});

describe('the example of an ops repo on a forge', () => {
  let factory: Factory;
  let tokens: Record<string, string>;
  let vision: number;

  /** One run of a role in a terminal, with the example's names. */
  const start = (
    role: Parameters<typeof runCommand>[0],
    token: string | undefined,
    given: Record<string, string>,
  ): Promise<{ code: number; text: string }> =>
    runCommand(role, token ?? '', { 'forge-url': factory.forge.url, 'ops-repo': factory.ops, ...given });

  beforeAll(async () => {
    factory = await startFactory({ owner: 'owner' });
    const { ask, ops, project, seed, ada } = factory;
    for (const name of ['ops', 'app'])
      await ask('POST', '/orgs/owner/repos', {
        name,
        auto_init: true,
        default_branch: 'main',
        private: true,
      });
    await ask('PUT', `/repos/${ops}/collaborators/ada`, { permission: 'write' });
    await ask('PUT', `/repos/${project}/collaborators/ada`, { permission: 'write' });
    const label = await seed.createLabel(ada, project, 'vision');
    vision = await seed.createIssue(ada, project, {
      title: 'People find what they look for',
      labels: [label],
    });
    await ask('DELETE', `/repos/${ops}/contents/README.md`, {
      message: 'Ours comes',
      sha: (await ask<{ sha: string }>('GET', `/repos/${ops}/contents/README.md`)).sha,
    });
    // The action is asked for later, as an agent would.
    for (const file of files.filter((item) => item !== action))
      await seed.putFile(ada, ops, file, textOf(file));
  });
  afterAll(() => factory.close());

  it('is a factory already: init adds accounts, rights, tokens, labels and rules, and no file', async () => {
    const { code, text } = await factory.init({
      roles: 'ops-filer,architect-pitch,collect-engagement,vault-dispatch,forge-agent',
    });
    tokens = await factory.tokens();
    const { ask, ops } = factory;
    const { tree } = await ask<{ tree: { path: string; type: string }[] }>(
      'GET',
      `/repos/${ops}/git/trees/main?recursive=true`,
    );

    expect({ code, failed: /failed:|unknown:|not-done:/.test(text) }).toEqual({ code: 0, failed: false });
    expect(
      tree
        .filter(({ type }) => type === 'blob')
        .map(({ path: file }) => file)
        .sort(),
      // The folder that the action comes to later is kept by a file of its own.
    ).toEqual([...files.filter((file) => file !== action), 'vault/actions/.gitkeep'].sort());
  });

  it('has its sprint document filed', async () => {
    const { code, text } = await start(opsFiler, tokens['filer-token'], {
      'project-repo': factory.project,
      'forge-login': 'filer',
    });

    expect(vision).toBe(1);
    expect({ code, done: /2 issues created, 1 dependency added/.test(text) }).toEqual({
      code: 0,
      done: true,
    });
  });

  it('has its tree found true, because its issues are those that were filed', async () => {
    const { code, text } = await start(prerequisites, factory.forge.adminToken, {
      'project-repo': factory.project,
      'dry-run': 'true',
    });

    expect({ code, last: text.split('\n').at(-1) }).toEqual({
      code: 0,
      last: 'Nothing to do: prerequisites.md is true.',
    });
  });

  it('has its action started, once people approved it', async () => {
    const { seed, ada, bob, ops, ask } = factory;
    await seed.putFile(ada, ops, action, textOf(action), {
      from: 'main',
      name: 'vault/backup-before-search',
    });
    const pull = await seed.openPull(ada, ops, {
      head: 'vault/backup-before-search',
      base: 'main',
      title: 'vault: backup-before-search',
    });
    const { head } = await ask<{ head: { sha: string } }>('GET', `/repos/${ops}/pulls/${pull}`);
    await seed.api(
      'POST',
      `/repos/${ops}/pulls/${pull}/reviews`,
      { event: 'APPROVED', body: '', commit_id: head.sha },
      bob.token,
    );
    await seed.mergePull(ada, ops, pull);

    const { code, text } = await start(vaultDispatch, tokens['dispatcher-token'], {
      'forge-login': 'dispatcher',
      gatekeeper: 'gatekeeper',
      'audit-token': tokens['audit-token'] ?? '',
      mode: 'dispatch',
      'dry-run': 'true',
    });

    expect({ code, text }).toMatchObject({
      code: 0,
      text: expect.stringContaining('1 run to start (dry run)'),
    });
    expect(text).toMatch(/\+ run of backup\.yml at [0-9a-f]{40} of owner\/ops/);
  });

  it('has a dashboard that says what waits for whom', async () => {
    const { code, text } = await start(dashboard, factory.forge.adminToken, {
      'project-repo': factory.project,
      'dry-run': 'true',
    });

    expect(code).toBe(0);
    // The action, which no run was started for, and the request to a person.
    expect(text).toContain('2 things wait for a person, 1 open vision');
  });
});
