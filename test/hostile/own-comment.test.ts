import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EmbeddedForge } from '../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';
import { startTestForge } from '../embedded.ts';
import { actionText } from '../vault.ts';
import { runStep } from '../workflow-step.ts';

// A comment of a role starts the workflow again that wrote it.

let forge: EmbeddedForge;
let seed: Seeder;
let worker: Person;
let folder: string;
beforeEach(async () => {
  forge = await startTestForge();
  seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  worker = await seed.createUser('worker', ['write:repository', 'write:issue', 'read:user']);
  for (const name of ['ops', 'project']) await seed.createRepository(owner, name);
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-comment-'));
});
afterEach(async () => {
  await forge.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startedBy(
  login: string,
  role: string,
  more: Record<string, string>,
): Promise<{ code: number | null; text: string; calls: string[] }> {
  const event = path.join(folder, 'event.json');
  writeFileSync(event, JSON.stringify({ action: 'created', sender: { login }, comment: { body: 'x' } }));
  const from = forge.requests.length;
  const { code, lines } = await runStep(
    role,
    {
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'issue_comment',
      GITHUB_EVENT_PATH: event,
      GITHUB_SERVER_URL: forge.url,
      GITHUB_REPOSITORY: 'owner/ops',
      GITHUB_WORKSPACE: folder,
      'INPUT_FORGE-TOKEN': worker.token,
      'INPUT_FORGE-LOGIN': 'worker',
      ...more,
    },
    { folder },
  );
  return {
    code,
    text: lines.join('\n'),
    calls: forge.requests.slice(from).map(({ method, path: where }) => `${method} ${where}`),
  };
}

it.each([
  ['ops-filer', { 'INPUT_PROJECT-REPO': 'owner/project' }],
  ['architect-pitch', { 'INPUT_PROJECT-REPO': 'owner/project' }],
  ['vault-dispatch', {}],
  ['vault-dispatch', { INPUT_MODE: 'review' }],
])('%s ends at once when a comment of its own started it, and works when another did', async (role, more) => {
  const own = await startedBy('Worker', role, more);
  const others = await startedBy('somebody', role, more);

  expect(own).toMatchObject({ code: 0, calls: [] });
  expect(own.text).toContain('a comment of our own started this run');
  expect(others.calls.length).toBeGreaterThan(0);
});

it('a gate that a comment of its own account started still refuses', async () => {
  const { code } = await startedBy('worker', 'vault-dispatch', { INPUT_MODE: 'gate' });

  expect(code).toBe(1);
});

it('a role that never comments asks for what somebody asked for by a comment, whoever that is', async () => {
  const { calls } = await startedBy('worker', 'vault-request', {
    'INPUT_OPS-REPO': 'owner/ops',
    INPUT_ID: 'one',
    INPUT_ACTION: actionText(),
  });

  expect(calls.length).toBeGreaterThan(0);
});
