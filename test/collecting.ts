import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collectEngagement } from '../actions/collect-engagement/role.ts';
import { runRole } from '../core/run.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { startTestForge } from './embedded.ts';

/** The day that is collected in these stories; it is long over. */
export const date = '2026-01-20';
export const evidenceFile = `evidence/engagement/${date}.json`;

/** A forge with an ops repo, a collector and a log: what runs of the compiled collect-engagement start from. */
export interface Collecting {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  collector: Person;
  ops: string;
  workspace: string;
  /** Starts the compiled role as a process of its own, as Woodpecker would from cron. */
  run(
    environment?: Record<string, string>,
    started?: (pid: number) => void,
  ): Promise<{ code: number | null; lines: string[]; calls: string[] }>;
  /** Runs the role in this process, on the same settings. */
  runHere(): Promise<{ code: number; lines: string[] }>;
  /** A file's text, or undefined. */
  textOf(file: string, ref?: string): Promise<string | undefined>;
  protect(): Promise<void>;
  close(): Promise<void>;
}

/** A page view at noon of the day. */
export function line(uri: string, ip: string, on = date): string {
  return `${JSON.stringify({ ts: Date.parse(`${on}T12:00:00Z`) / 1000, request: { remote_ip: ip, method: 'GET', host: 'h', uri, headers: {} }, duration: 0.1, status: 200 })}\n`;
}

export async function startCollecting(): Promise<Collecting> {
  const forge = await startTestForge();
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const collector = await seed.createUser('collector', ['write:repository', 'read:user']);
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, collector.login, 'write');
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-collecting-'));
  writeFileSync(path.join(workspace, 'access.log'), line('/a', '::1') + line('/b', '10.0.0.1'));
  const settings = {
    CI: 'woodpecker',
    CI_FORGE_URL: forge.url,
    CI_WORKSPACE: workspace,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    PLUGIN_FORGE_TOKEN: collector.token,
    PLUGIN_SOURCE: 'access.log',
    PLUGIN_DATE: date,
  };
  return {
    forge,
    seed,
    owner,
    collector,
    ops,
    workspace,
    async runHere() {
      const lines: string[] = [];
      const code = await runRole(collectEngagement, {
        environment: settings,
        args: [],
        workingDirectory: workspace,
        print: (said) => lines.push(said),
        now: () => new Date(),
        pause: async () => undefined,
      });
      return { code, lines };
    },
    async run(environment = {}, started = () => undefined) {
      const from = forge.requests.length;
      const { code, lines } = await runCompiled(
        compiledFile('collect-engagement'),
        { ...settings, ...environment },
        { folder: workspace, started },
      );
      return {
        code,
        lines,
        calls: forge.requests
          .slice(from)
          .map(({ method, path: where, status }) => `${method} ${where} ${status}`),
      };
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
    async protect() {
      await seed.api('POST', `/repos/${ops}/branch_protections`, { rule_name: 'main', enable_push: false });
    },
    async close() {
      await forge.close();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
}
