import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prerequisites } from '../actions/prerequisites/role.ts';
import type { Report } from '../core/report.ts';
import { execute } from '../core/run.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { startTestForge } from './embedded.ts';

/** When these stories play. */
export const today = '2026-11-26';

export interface TreeRun {
  code: number | null;
  lines: string[];
  calls: string[];
  report?: Report | undefined;
}

/** A forge with a project, an ops repo with a prerequisite tree, and an account that keeps it true. */
export interface Trees {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  keeper: Person;
  ops: string;
  project: string;
  /** Issues of the project with these labels, in order from #1; `closed` closes one. */
  issues(...labels: string[][]): Promise<void>;
  label(number: number, ...labels: string[]): Promise<void>;
  write(text: string, file?: string): Promise<void>;
  textOf(ref?: string): Promise<string | undefined>;
  protect(): Promise<void>;
  /** Pull requests of the keeper from its fork that were closed an hour before everything else. */
  turnedDown(branches: readonly string[]): Promise<void>;
  run(environment?: Record<string, string>): Promise<TreeRun>;
  /** The compiled role as a process of its own. */
  runCompiled(environment?: Record<string, string>, started?: (pid: number) => void): Promise<TreeRun>;
  close(): Promise<void>;
}

export async function startTrees({ access = 'write' as 'read' | 'write' } = {}): Promise<Trees> {
  let clock = 0;
  const forge = await startTestForge({ now: () => new Date(Date.now() + clock) });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const keeper = await seed.createUser('keeper', ['write:repository', 'read:issue', 'read:user']);
  const ops = await seed.createRepository(owner, 'ops');
  const project = await seed.createRepository(owner, 'project');
  await seed.addCollaborator(owner, ops, keeper.login, access);
  const labels = new Map<string, number>();
  const idOf = async (name: string): Promise<number> => {
    const id = labels.get(name) ?? (await seed.createLabel(owner, project, name));
    labels.set(name, id);
    return id;
  };
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-trees-'));
  const settings = {
    CI: 'woodpecker',
    CI_FORGE_URL: forge.url,
    CI_WORKSPACE: workspace,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    PLUGIN_FORGE_TOKEN: keeper.token,
    PLUGIN_PROJECT_REPO: project,
  };
  const callsFrom = (from: number): string[] =>
    forge.requests.slice(from).map(({ method, path: where, status }) => `${method} ${where} ${status}`);
  return {
    forge,
    seed,
    owner,
    keeper,
    ops,
    project,
    async issues(...all) {
      for (const names of all) {
        const isClosed = names.includes('closed');
        const ids = await Promise.all(names.filter((name) => name !== 'closed').map(idOf));
        const number = await seed.createIssue(owner, project, { title: 'a thing', labels: ids });
        if (isClosed) await seed.closeIssue(owner, project, number);
      }
    },
    async label(number, ...names) {
      const ids: number[] = [];
      for (const name of names) ids.push(await idOf(name));
      await seed.api('PUT', `/repos/${project}/issues/${number}/labels`, { labels: ids }, owner.token);
    },
    async write(text, file = 'prerequisites.md') {
      await seed.putFile(owner, ops, file, text);
    },
    async textOf(ref = 'main') {
      const { status, body } = await seed.api(
        'GET',
        `/repos/${ops}/contents/prerequisites.md?ref=${encodeURIComponent(ref)}`,
      );
      return status === 200
        ? Buffer.from((body as { content: string }).content, 'base64').toString('utf8')
        : undefined;
    },
    async protect() {
      await seed.api('POST', `/repos/${ops}/branch_protections`, { rule_name: 'main', enable_push: false });
    },
    async turnedDown(branches) {
      clock = -3_600_000;
      const fork = `${keeper.login}/ops`;
      await seed.api('POST', `/repos/${ops}/forks`, {}, keeper.token);
      const [first, ...others] = branches;
      if (first !== undefined)
        await seed.putFile(keeper, fork, 'other.md', 'x', { from: 'main', name: first });
      for (const name of others)
        await seed.api(
          'POST',
          `/repos/${fork}/branches`,
          { new_branch_name: name, old_ref_name: first },
          keeper.token,
        );
      for (const name of branches) {
        const head = `${keeper.login}:${name}`;
        const number = await seed.openPull(keeper, ops, { base: 'main', head, title: name });
        await seed.api('PATCH', `/repos/${ops}/pulls/${number}`, { state: 'closed' }, keeper.token);
      }
      clock = 0;
    },
    async run(environment = {}) {
      const from = forge.requests.length;
      const lines: string[] = [];
      const { code, report } = await execute(prerequisites, {
        environment: { ...settings, ...environment },
        args: [],
        workingDirectory: workspace,
        print: (said) => lines.push(said),
        now: () => new Date(`${today}T12:00:00Z`),
        pause: async () => undefined,
      });
      return { code, lines, calls: callsFrom(from), report };
    },
    async runCompiled(environment = {}, started = () => undefined) {
      const from = forge.requests.length;
      const { code, lines } = await runCompiled(
        compiledFile('prerequisites'),
        { ...settings, ...environment },
        { folder: workspace, started },
      );
      return { code, lines, calls: callsFrom(from) };
    },
    async close() {
      await forge.close();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
}
