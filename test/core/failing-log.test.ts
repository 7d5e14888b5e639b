import { afterEach, expect, it } from 'vitest';
import { createSend } from '../../core/api/http.ts';
import type { Send } from '../../core/api/send.ts';
import { failingLogs } from '../../core/failing-log.ts';
import { createMask } from '../../core/mask.ts';
import { woodpeckerService } from '../../core/woodpecker/pipelines.ts';
import { seeder } from '../../embedded-forge/seed.ts';
import { startTestForge, startTestWoodpecker } from '../embedded.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const commit = 'c'.repeat(40);
const at = '2026-11-26T08:43:11.1234567Z ';

async function forge(without: string[] = []) {
  const embedded = await startTestForge({ without });
  closing.push(() => embedded.close());
  const seed = seeder(embedded.url, embedded.adminToken);
  const owner = await seed.createUser('owner', ['all']);
  const repository = await seed.createRepository(owner, 'ops');
  const send = createSend({
    url: embedded.url,
    token: embedded.adminToken,
    mask: createMask(),
    deadline: Date.now() + 60_000,
  });
  closing.push(() => send.close());
  const read = (woodpecker?: Send) => failingLogs({ send, woodpecker }, { repository, commit });
  return { embedded, repository, read };
}

async function woodpecker() {
  const embedded = await startTestWoodpecker({
    users: [{ login: 'owner', token: 'a-token' }],
    repositories: [{ id: 12, name: 'owner/ops', workflows: [], pushers: ['owner'] }],
  });
  closing.push(() => embedded.close());
  const send = createSend({
    url: embedded.url,
    token: 'a-token',
    service: woodpeckerService,
    mask: createMask(),
    deadline: Date.now() + 60_000,
  });
  closing.push(() => send.close());
  return { embedded, send };
}

it('is the end of what failed jobs of the newest runs printed, without times', async () => {
  const { embedded, repository, read } = await forge();
  const lines = Array.from({ length: 150 }, (_, index) => `${at}line ${index + 1}\n`).join('');
  const add = (status: 'success' | 'failure', log: string, workflow = 'ci.yml'): void =>
    embedded.addFinishedRun(repository, {
      workflow,
      commit,
      status,
      jobs: [
        { name: 'lint', status: 'success', log: 'fine' },
        { name: 'test', status, log },
      ],
    });
  add('failure', 'older');
  add('failure', lines);
  add('failure', 'mended since', 'other.yml');
  add('success', 'well', 'other.yml');

  const [only, ...others] = await read();

  expect(others).toEqual([]);
  expect(only).toMatchObject({ name: 'ci.yml / test', url: expect.stringContaining('/actions/runs/2') });
  expect(only?.tail.split('\n')).toEqual(Array.from({ length: 100 }, (_, index) => `line ${index + 51}`));
});

it('holds only the end of a log, whatever came before, and no half character', async () => {
  const { embedded, repository, read } = await forge();
  embedded.addFinishedRun(repository, {
    workflow: 'ci.yml',
    commit,
    status: 'failure',
    jobs: [
      { name: 'test', status: 'failure', log: `${'x'.repeat(3_000_000)}${'\u{1f600}'.repeat(20_000)}!` },
    ],
  });

  const [only] = await read();

  expect(only?.tail.length).toBeLessThanOrEqual(8000);
  expect(only?.tail).toMatch(/^(?:\u{1f600}){3900,}!$/u);
});

it('gives five jobs, and says in the place of a log why there is none', async () => {
  const { embedded, repository, read } = await forge();
  embedded.addFinishedRun(repository, {
    workflow: 'ci.yml',
    commit,
    status: 'failure',
    jobs: Array.from({ length: 7 }, (_, index) => ({
      name: `job ${index}`,
      status: 'failure' as const,
      ...(index === 0 ? {} : { log: '' }),
    })),
  });

  const logs = await read();

  expect(logs.length).toBe(5);
  expect(logs.find(({ name }) => name.endsWith('job 0'))?.tail).toContain('job has not been executed yet');
});

it('says that an older forge gives no logs out', async () => {
  const { embedded, repository, read } = await forge([
    'GET /repos/{owner}/{repo}/actions/runs/{id}/jobs',
    'GET /repos/{owner}/{repo}/actions/jobs/{id}/logs',
  ]);
  embedded.addFinishedRun(repository, { workflow: 'ci.yml', commit, status: 'failure', jobs: [] });

  expect(await read()).toEqual([
    {
      name: 'ci.yml',
      url: expect.stringContaining('/actions/runs/1'),
      tail: 'This forge does not give the logs of its jobs out: that takes Forgejo 16.',
    },
  ]);
});

it('is what failed steps of Woodpecker printed, or why none of them ran', async () => {
  const { read } = await forge();
  const { embedded, send } = await woodpecker();
  embedded.addFinished('owner/ops', {
    commit,
    status: 'failure',
    workflows: [
      {
        name: 'ci',
        state: 'failure',
        steps: [
          { name: 'clone', state: 'success', lines: ['fine'] },
          {
            name: 'test',
            state: 'failure',
            lines: ['x'.repeat(1_000_000), '+ npm test', '', 'gr\u00f6\u00dfer than \u001b[31mred', 'end'],
          },
        ],
      },
    ],
  });
  embedded.addFinished('owner/ops', {
    commit,
    event: 'pull_request',
    status: 'error',
    errors: [{ message: 'steps is missing' }, { message: 'odd', is_warning: true }],
    workflows: [],
  });
  embedded.addFinished('owner/ops', { commit: 'd'.repeat(40), status: 'failure', workflows: [] });

  const logs = (await read(send)).sort((a, b) => (a.name < b.name ? -1 : 1));

  expect(logs.map(({ name }) => name)).toEqual(['ci / test', 'pipeline 2']);
  expect(logs[0]?.tail).toMatch(/x\n\+ npm test\n\ngr\u00f6\u00dfer than \u001b\[31mred\nend$/);
  expect(logs[0]?.tail.length).toBeLessThanOrEqual(8000);
  expect(logs[1]?.tail).toBe('steps is missing');
});

it('says that Woodpecker did not answer, and gives what the forge has', async () => {
  const { embedded, repository, read } = await forge();
  embedded.addFinishedRun(repository, {
    workflow: 'ci.yml',
    commit,
    status: 'failure',
    jobs: [{ name: 'test', status: 'failure', log: 'red' }],
  });
  const broken: Send = async () => ({ status: 500, headers: {}, body: '' });

  const logs = await read(broken);

  expect(logs).toMatchObject([
    { tail: 'red' },
    { name: 'Woodpecker', tail: expect.stringContaining('could not be read') },
  ]);
});
