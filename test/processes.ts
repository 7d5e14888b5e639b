import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collectProcessMetrics } from '../actions/collect-process-metrics/role.ts';
import { execute } from '../core/run.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { startTestForge } from './embedded.ts';

/** The day that is collected in these stories. */
export const day = '2026-01-20';
export const processFile = `evidence/process/${day}.json`;

export interface ProcessRun {
  code: number | null;
  lines: string[];
  calls: string[];
}

/** A forge whose clock a test moves, with a project, an ops repo and a collector. */
export interface Processes {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  other: Person;
  collector: Person;
  ops: string;
  project: string;
  /** Moves the forge's clock; what is done afterwards happened then. */
  at(time: string): void;
  /** A pull request with a change of its own. */
  pull(by: Person, title: string, body?: string): Promise<number>;
  review(by: Person, number: number, event: 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT'): Promise<void>;
  /** Runs the role at a time by its machine's clock, which is the forge's as well unless that is said. */
  run(environment?: Record<string, string>, now?: string, forgeNow?: string): Promise<ProcessRun>;
  runCompiled(environment?: Record<string, string>, started?: (pid: number) => void): Promise<ProcessRun>;
  textOf(file: string, ref?: string): Promise<string | undefined>;
  evidence(): Promise<Record<string, unknown>>;
  protect(): Promise<void>;
  close(): Promise<void>;
}

export async function startProcesses({ access = 'write' as 'read' | 'write' } = {}): Promise<Processes> {
  let clock = new Date('2025-12-01T00:00:00Z');
  const forge = await startTestForge({ now: () => clock });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const other = await seed.createUser('other', allScopes);
  const collector = await seed.createUser('collector', ['write:repository', 'read:issue', 'read:user']);
  const ops = await seed.createRepository(owner, 'ops');
  const project = await seed.createRepository(owner, 'project');
  await seed.addCollaborator(owner, ops, collector.login, access);
  await seed.addCollaborator(owner, project, other.login, 'write');
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-processes-'));
  const settings = {
    CI: 'woodpecker',
    CI_FORGE_URL: forge.url,
    CI_WORKSPACE: workspace,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    PLUGIN_FORGE_TOKEN: collector.token,
    PLUGIN_PROJECT_REPO: project,
    PLUGIN_DATE: day,
  };
  const callsFrom = (from: number): string[] =>
    forge.requests.slice(from).map(({ method, path: where, status }) => `${method} ${where} ${status}`);
  const textOf = async (file: string, ref = 'main'): Promise<string | undefined> => {
    const { status, body } = await seed.api(
      'GET',
      `/repos/${ops}/contents/${file}?ref=${encodeURIComponent(ref)}`,
    );
    return status === 200
      ? Buffer.from((body as { content: string }).content, 'base64').toString('utf8')
      : undefined;
  };
  let nth = 0;
  return {
    forge,
    seed,
    owner,
    other,
    collector,
    ops,
    project,
    at: (time) => {
      clock = new Date(time);
    },
    async pull(by, title, body = '') {
      nth += 1;
      await seed.putFile(by, project, `file-${nth}.txt`, `${nth}\n`, { from: 'main', name: `change-${nth}` });
      return seed.openPull(by, project, { head: `change-${nth}`, base: 'main', title, body });
    },
    async review(by, number, event) {
      const { status, body } = await seed.api(
        'POST',
        `/repos/${project}/pulls/${number}/reviews`,
        { event, body: 'x' },
        by.token,
      );
      if (status !== 200) throw new Error(`the review was answered ${status}: ${JSON.stringify(body)}`);
    },
    async run(environment = {}, now = '2026-01-21T01:25:00Z', forgeNow = now) {
      clock = new Date(forgeNow);
      const from = forge.requests.length;
      const lines: string[] = [];
      const { code } = await execute(collectProcessMetrics, {
        environment: { ...settings, ...environment },
        args: [],
        workingDirectory: workspace,
        print: (said) => lines.push(said),
        now: () => new Date(now),
        pause: async () => undefined,
      });
      return { code, lines, calls: callsFrom(from) };
    },
    async runCompiled(environment = {}, started = () => undefined) {
      const from = forge.requests.length;
      const { code, lines } = await runCompiled(
        compiledFile('collect-process-metrics'),
        { ...settings, ...environment },
        { folder: workspace, started },
      );
      return { code, lines, calls: callsFrom(from) };
    },
    textOf,
    async evidence() {
      return JSON.parse((await textOf(processFile)) ?? '{}');
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
