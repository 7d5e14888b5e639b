import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dashboard } from '../actions/dashboard/role.ts';
import { execute } from '../core/run.ts';
import { markLine } from '../core/sprint/marker.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { startTestForge } from './embedded.ts';

/** When these stories play. */
export const today = '2026-11-26';

export interface BoardRun {
  code: number | null;
  lines: string[];
  calls: string[];
}

export interface BoardSeen {
  number: number;
  title: string;
  body: string;
  state: string;
  assignees: string[];
}

/** A forge with a project, an ops repo, and an account that keeps the dashboard. */
export interface Boards {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  keeper: Person;
  ops: string;
  project: string;
  label(name: string): Promise<number>;
  vision(title: string): Promise<number>;
  /** A sub-issue of a vision, as the filer leaves it. */
  part(vision: number, id: string, by?: Person): Promise<number>;
  put(file: string, text: string, repository?: string): Promise<void>;
  /** Records on a branch of their own. */
  records(files: Record<string, string>): Promise<void>;
  /** Issues of the keeper in the ops repo. */
  boards(): Promise<BoardSeen[]>;
  textOf(file: string): Promise<string | undefined>;
  run(environment?: Record<string, string>): Promise<BoardRun>;
  runCompiled(environment?: Record<string, string>, started?: (pid: number) => void): Promise<BoardRun>;
  close(): Promise<void>;
}

export async function startBoards({
  access = 'write' as 'read' | 'write',
  isOpsPrivate = false,
} = {}): Promise<Boards> {
  let clock = new Date(`${today}T08:00:00Z`);
  const forge = await startTestForge({ now: () => clock });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const keeper = await seed.createUser('keeper', [
    'write:issue',
    access === 'write' ? 'write:repository' : 'read:repository',
    'read:user',
  ]);
  const ops = await seed.createRepository(owner, 'ops');
  const project = await seed.createRepository(owner, 'project');
  await seed.addCollaborator(owner, ops, keeper.login, access);
  await seed.addCollaborator(owner, project, keeper.login, 'read');
  if (isOpsPrivate) await seed.api('PATCH', `/repos/${ops}`, { private: true }, owner.token);
  const labels = new Map<string, number>();
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-boards-'));
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
  const label = async (name: string): Promise<number> => {
    const id = labels.get(name) ?? (await seed.createLabel(owner, project, name));
    labels.set(name, id);
    return id;
  };
  return {
    forge,
    seed,
    owner,
    keeper,
    ops,
    project,
    label,
    async vision(title) {
      return seed.createIssue(owner, project, { title, labels: [await label('vision')] });
    },
    async part(vision, id, by = owner) {
      const body = `what to do\n${markLine({ vision, sprint: 'a', id })}`;
      return seed.createIssue(by, project, { title: `Part ${id}`, body });
    },
    async put(file, text, repository = ops) {
      await seed.putFile(owner, repository, file, text);
    },
    async records(files) {
      const branch = 'vault-records';
      const { status } = await seed.api('GET', `/repos/${ops}/branches/${branch}`, undefined, owner.token);
      const { status: written, body } = await seed.api(
        'POST',
        `/repos/${ops}/contents`,
        {
          ...(status === 200 ? { branch } : { branch: 'main', new_branch: branch }),
          message: 'records',
          files: Object.entries(files).map(([file, text]) => ({
            operation: 'create',
            path: file,
            content: Buffer.from(text).toString('base64'),
          })),
        },
        owner.token,
      );
      if (written > 299) throw new Error(JSON.stringify(body));
    },
    async boards() {
      const { body } = await seed.api(
        'GET',
        `/repos/${ops}/issues?state=all&type=issues&created_by=${keeper.login}`,
        undefined,
        owner.token,
      );
      return (body as (Omit<BoardSeen, 'assignees'> & { assignees: { login: string }[] | null })[]).map(
        ({ number, title, body: text, state, assignees }) => ({
          number,
          title,
          body: text,
          state,
          assignees: (assignees ?? []).map(({ login }) => login),
        }),
      );
    },
    async textOf(file) {
      const { status, body } = await seed.api(
        'GET',
        `/repos/${ops}/contents/${file}`,
        undefined,
        owner.token,
      );
      return status === 200
        ? Buffer.from((body as { content: string }).content, 'base64').toString('utf8')
        : undefined;
    },
    async run(environment = {}) {
      clock = new Date(`${today}T12:00:00Z`);
      const from = forge.requests.length;
      const lines: string[] = [];
      const { code } = await execute(dashboard, {
        environment: { ...settings, ...environment },
        args: [],
        workingDirectory: workspace,
        print: (said) => lines.push(said),
        now: () => new Date(`${today}T12:00:00Z`),
        pause: async () => undefined,
      });
      return { code, lines, calls: callsFrom(from) };
    },
    async runCompiled(environment = {}, started = () => undefined) {
      const from = forge.requests.length;
      const { code, lines } = await runCompiled(
        compiledFile('dashboard'),
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
