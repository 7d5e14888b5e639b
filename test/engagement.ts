import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collectEngagement } from '../actions/collect-engagement/role.ts';
import type { Environment } from '../core/host/host.ts';
import { runRole } from '../core/run.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { startTestForge } from './embedded.ts';
import { runStep } from './workflow-step.ts';

// Runs of collect-engagement in this process; collecting.ts has those of the compiled role.

/** The day that is collected, where a test does not say otherwise: the run is soon after it. */
export const day = '2026-11-20';
const now = new Date('2026-11-21T01:15:00Z');
export const evidenceFile = `evidence/engagement/${day}.json`;

/** A page view by a browser, as Caddy writes it. */
export function line(uri: string, ip: string, ts = `${day}T12:00:00Z`): string {
  const headers = { 'User-Agent': ['Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0'], Cookie: ['secret=1'] };
  return `${JSON.stringify({ ts: Date.parse(ts) / 1000, request: { remote_ip: ip, method: 'GET', host: 'site.test', uri, headers }, duration: 0.1, status: 200 })}\n`;
}

export interface Ran {
  code: number;
  /** What was printed. */
  text: string;
  /** What stands in engagement.json of the workspace. */
  evidence: unknown;
}

/** A folder with logs, in which the role runs. */
export interface Workspace {
  /** Where a file of it is. */
  at(file: string): string;
  /** As Woodpecker would run it, with `commit: none` unless the settings say otherwise. */
  run(settings: Record<string, string>): Promise<Ran>;
  /** Moves the clock of the machine. */
  moveClock(ms: number): void;
  /** In any environment. */
  start(environment: Environment): Promise<Ran>;
  close(): void;
}

export function createWorkspace(): Workspace {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-engagement-'));
  const at = (file: string): string => path.join(folder, file);
  let ahead = 0;

  /** The role's exit code, and what it printed. */
  async function ran(environment: Environment): Promise<{ code: number; lines: string[] }> {
    if (environment.GITHUB_ACTIONS === 'true')
      return runStep('collect-engagement', environment, { folder, now });
    const lines: string[] = [];
    const code = await runRole(collectEngagement, {
      environment,
      args: [],
      workingDirectory: folder,
      print: (item) => lines.push(item),
      now: () => new Date(now.getTime() + ahead),
      pause: async () => undefined,
    });
    return { code, lines };
  }

  async function start(environment: Environment): Promise<Ran> {
    const { code, lines } = await ran(environment);
    const written = at('engagement.json');
    return {
      code,
      text: lines.join('\n'),
      evidence: existsSync(written) ? JSON.parse(readFileSync(written, 'utf8')) : undefined,
    };
  }

  return {
    at,
    start,
    moveClock: (ms) => {
      ahead += ms;
    },
    run(settings) {
      const given = Object.entries({ commit: 'none', ...settings }).map(([name, value]) => [
        `PLUGIN_${name.toUpperCase().replaceAll('-', '_')}`,
        value,
      ]);
      return start({
        CI: 'woodpecker',
        CI_PIPELINE_EVENT: 'cron',
        CI_WORKSPACE: folder,
        ...Object.fromEntries(given),
      });
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a test looks at in a pull request. */
interface PullSeen {
  number: number;
  state: string;
  title: string;
  head: { ref: string; label: string; repo: { full_name: string } };
}

/** A workspace with one page view in access.log, and a forge with an ops repo that the evidence goes to. */
export interface Committing extends Omit<Workspace, 'close'> {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  /** The account that collects. */
  bot: Person;
  ops: string;
  /** Collects access.log and commits, with `commit: auto` unless the settings say otherwise. */
  commit(settings?: Record<string, string>): Promise<Ran>;
  protect(rule?: Record<string, unknown>): Promise<void>;
  /** A file's text, or undefined. */
  textOf(file: string, ref?: string): Promise<string | undefined>;
  pulls(state?: string): Promise<PullSeen[]>;
  close(): Promise<void>;
}

export async function startCommitting({ access = 'write' as 'read' | 'write' } = {}): Promise<Committing> {
  const workspace = createWorkspace();
  const forge = await startTestForge({ now: () => now });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const bot = await seed.createUser('bot', ['write:repository', 'read:user']);
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, bot.login, access);
  writeFileSync(workspace.at('access.log'), line('/a', '::1'));
  return {
    ...workspace,
    forge,
    seed,
    owner,
    bot,
    ops,
    commit: (settings = {}) =>
      workspace.run({
        source: 'access.log',
        commit: 'auto',
        'forge-url': forge.url,
        'forge-token': bot.token,
        'ops-repo': ops,
        ...settings,
      }),
    async protect(rule = {}) {
      await seed.api('POST', `/repos/${ops}/branch_protections`, {
        rule_name: 'main',
        enable_push: false,
        ...rule,
      });
    },
    async textOf(file, ref = 'main') {
      const { status, body } = await seed.api(
        'GET',
        `/repos/${ops}/contents/${file}?ref=${encodeURIComponent(ref)}`,
      );
      return status === 200
        ? Buffer.from((body as { content: string }).content, 'base64').toString('utf8')
        : undefined;
    },
    pulls: async (state = 'open') =>
      (await seed.api('GET', `/repos/${ops}/pulls?state=${state}`)).body as PullSeen[],
    async close() {
      workspace.close();
      await forge.close();
    },
  };
}
