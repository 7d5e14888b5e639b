// How long a role takes to start, on each host, as a ratio to a Node that does nothing. FORGECREW_BENCH_ACTION names a
// compiled actions/create-github-app-token (its dist/main.cjs): a published action of this shape, run beside them.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startForge } from '../../embedded-forge/main.ts';
import { allScopes, seeder } from '../../embedded-forge/seed.ts';
import { median, type Row, root, timed } from './measure.ts';

const role = path.join(root, 'dist/ops-filer/index.js');
const runs = 25;

/** A command to time, with what it needs. */
interface Start {
  what: string;
  args: string[];
  environment: Record<string, string>;
  /** Times `node -e 0`, at most; undefined for what is only there to compare. */
  most?: number;
}

/** The three hosts, each with a forge and a project, and nothing declared in the workspace. */
async function hosts(workspace: string): Promise<{ starts: Start[]; close: () => Promise<void> }> {
  const forge = await startForge();
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const project = await seed.createRepository(owner, 'project');
  await seed.createLabel(owner, project, 'vision');
  mkdirSync(path.join(workspace, 'sprints'));
  writeFileSync(path.join(workspace, 'event.json'), '{}');
  for (const file of ['output', 'summary']) writeFileSync(path.join(workspace, file), '');
  const starts = [
    {
      what: 'in a terminal',
      environment: {
        FORGECREW_FORGE_TOKEN: owner.token,
        FORGECREW_FORGE_URL: forge.url,
        FORGECREW_FORGE_LOGIN: owner.login,
        FORGECREW_PROJECT_REPO: project,
      },
      most: 3.5,
    },
    {
      what: 'on Woodpecker',
      environment: {
        CI: 'woodpecker',
        CI_FORGE_URL: forge.url,
        CI_PIPELINE_EVENT: 'cron',
        CI_WORKSPACE: workspace,
        PLUGIN_FORGE_TOKEN: owner.token,
        PLUGIN_FORGE_LOGIN: owner.login,
        PLUGIN_PROJECT_REPO: project,
      },
      most: 3.5,
    },
    {
      what: 'on Forgejo Actions',
      environment: {
        GITHUB_ACTIONS: 'true',
        GITHUB_EVENT_NAME: 'schedule',
        GITHUB_EVENT_PATH: path.join(workspace, 'event.json'),
        GITHUB_OUTPUT: path.join(workspace, 'output'),
        GITHUB_STEP_SUMMARY: path.join(workspace, 'summary'),
        GITHUB_SERVER_URL: forge.url,
        GITHUB_WORKSPACE: workspace,
        'INPUT_FORGE-TOKEN': owner.token,
        'INPUT_FORGE-LOGIN': owner.login,
        'INPUT_PROJECT-REPO': project,
      },
      most: 4.5,
    },
  ].map((start) => ({ ...start, args: [role] }));
  return { starts, close: () => forge.close() };
}

/** The published action with a server that answers its two calls; nothing where it was not given. */
async function published(workspace: string): Promise<{ starts: Start[]; close: () => Promise<void> }> {
  const action = process.env.FORGECREW_BENCH_ACTION ?? '';
  if (action === '') return { starts: [], close: async () => undefined };
  const server = createServer((request, response) => {
    response.writeHead(request.method === 'GET' ? 200 : 201, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        request.method === 'GET'
          ? { id: 1, app_slug: 'app' }
          : { token: 'made-for-the-bench', expires_at: '2030-01-01T00:00:00Z' },
      ),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const start: Start = {
    what: 'actions/create-github-app-token, making a token with two calls',
    args: [action],
    environment: {
      GITHUB_REPOSITORY: 'owner/ops',
      GITHUB_REPOSITORY_OWNER: 'owner',
      GITHUB_OUTPUT: path.join(workspace, 'output'),
      'INPUT_GITHUB-API-URL': `http://127.0.0.1:${port}`,
      'INPUT_CLIENT-ID': 'client',
      'INPUT_PRIVATE-KEY': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'INPUT_SKIP-TOKEN-REVOKE': 'true',
    },
  };
  return { starts: [start], close: async () => void server.close() };
}

export const conditions = `medians of ${runs} runs, taken in turn.`;

export async function measure(): Promise<Row[]> {
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-bench-'));
  const [ours, theirs] = [await hosts(workspace), await published(workspace)];
  const starts = [...ours.starts, ...theirs.starts];
  const bare: number[] = [];
  const times = starts.map((): number[] => []);
  process.stderr.write(`${starts.length + 1} commands, ${runs} runs each ...\n`);
  // In turn, so that whatever else the machine does falls on all of them.
  for (let nth = 0; nth < runs; nth += 1) {
    bare.push((await timed(process.execPath, ['-e', '0'])).ms);
    for (const [index, { args, environment }] of starts.entries())
      times[index]?.push((await timed(process.execPath, args, environment, workspace)).ms);
  }
  await Promise.all([ours.close(), theirs.close()]);
  rmSync(workspace, { recursive: true, force: true });
  const empty = median(bare);
  process.stderr.write(`  node -e 0: ${empty.toFixed(0)} ms\n`);
  return starts.map(({ what, most }, index) => {
    const ratio = median(times[index] ?? []) / empty;
    process.stderr.write(`  ${what}: ${(ratio * empty).toFixed(0)} ms\n`);
    return {
      what: most === undefined ? what : `a run of ops-filer with nothing declared, ${what}`,
      measured: `${ratio.toFixed(2)} x`,
      limit: most === undefined ? '' : `at most ${most} x`,
      holds: most === undefined || ratio <= most,
    };
  });
}
