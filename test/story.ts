import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { opsFiler } from '../actions/ops-filer/role.ts';
import type { Report } from '../core/report.ts';
import { runRole } from '../core/run.ts';
import type { EmbeddedForge, ForgeOptions } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { startTestForge } from './embedded.ts';
import { writtenReport } from './report.ts';
import { runStep } from './workflow-step.ts';

/** The scopes ops-filer asks for, and no more. */
export const filerScopes = ['write:issue', 'read:repository', 'read:user'];

export interface Ran {
  code: number | null;
  /** What was printed, by line. */
  lines: string[];
  text: string;
  /** What the run wrote; undefined where it wrote none. */
  report: Report | undefined;
  /** Calls the run made, `GET /path status`, in order. */
  calls: string[];
}

export interface IssueSeen {
  number: number;
  title: string;
  body: string;
  state: string;
  labels: string[];
  author: string;
}

/** A forge with a project, an ops repo, a filer and a checkout: what most tests of ops-filer start from. */
export interface Story {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  filer: Person;
  project: string;
  ops: string;
  /** Ids of labels by name. */
  labels: Record<string, number>;
  vision: number;
  /** Writes a document into the checkout. */
  document(name: string, text: string): void;
  removeDocument(name: string): void;
  /** Runs the role in this process, as Woodpecker would start it on a push. */
  run(environment?: Record<string, string>): Promise<Ran>;
  /** Runs the compiled role as a process of its own. */
  runCompiled(environment?: Record<string, string>, started?: (pid: number) => void): Promise<Ran>;
  /** All issues of the project that are no pull requests, oldest first. */
  issues(): Promise<IssueSeen[]>;
  comments(number: number): Promise<string[]>;
  workspace: string;
  close(): Promise<void>;
}

/** A sprint document with a filer block of entries given as YAML. */
export function sprintDocument(vision: number, block: string): string {
  return `# Sprint: a sprint\n\n## Vision issues\n- #${vision} — a goal\n\n## Sub-issues\n\n<!-- filer:begin -->\n${block}\n<!-- filer:end -->\n`;
}

/** Entries with ids, each depending on those after the colon: `a`, `b: a`. */
export function entries(...ids: string[]): string {
  return ids
    .map((item) => {
      const [id = '', ...needs] = item.split(/[: ]+/);
      return `- id: ${id}\n  title: Title of ${id}\n  labels: [backlog]\n  depends_on: [${needs.join(', ')}]\n  body: |\n    What ${id} is about.\n`;
    })
    .join('\n');
}

let nth = 0;

export async function startStory(options: ForgeOptions = {}): Promise<Story> {
  const forge = await startTestForge(options);
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const filer = await seed.createUser('filer', filerScopes);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, project, filer.login, 'write');
  const labels: Record<string, number> = {};
  for (const name of ['vision', 'in-progress', 'backlog'])
    labels[name] = await seed.createLabel(owner, project, name);
  const vision = await seed.createIssue(owner, project, {
    title: 'A goal',
    body: 'Why.',
    labels: [labels.vision ?? 0],
  });
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-workspace-'));
  mkdirSync(path.join(workspace, 'sprints'));
  const head = async (): Promise<string> => {
    const { body } = await seed.api('GET', `/repos/${ops}/branches/main`);
    return (body as { commit: { id: string } }).commit.id;
  };

  async function environmentOf(overrides: Record<string, string>): Promise<Record<string, string>> {
    nth += 1;
    return {
      CI: 'woodpecker',
      CI_FORGE_URL: forge.url,
      CI_WORKSPACE: workspace,
      CI_REPO: ops,
      CI_REPO_DEFAULT_BRANCH: 'main',
      CI_COMMIT_BRANCH: 'main',
      CI_COMMIT_SHA: await head(),
      CI_PIPELINE_EVENT: 'push',
      PLUGIN_FORGE_TOKEN: filer.token,
      PLUGIN_FORGE_LOGIN: filer.login,
      PLUGIN_PROJECT_REPO: project,
      PLUGIN_RESULT_FILE: `result-${nth}.json`,
      ...overrides,
    };
  }

  function outcome(
    code: number | null,
    lines: string[],
    environment: Record<string, string>,
    from: number,
  ): Ran {
    return {
      code,
      lines,
      text: lines.join('\n'),
      report: writtenReport(
        path.join(environment.CI_WORKSPACE ?? workspace, environment.PLUGIN_RESULT_FILE ?? ''),
      ),
      calls: forge.requests
        .slice(from)
        .map(({ method, path: where, status }) => `${method} ${where} ${status}`),
    };
  }

  return {
    forge,
    seed,
    owner,
    filer,
    project,
    ops,
    labels,
    vision,
    workspace,
    document: (name, text) => writeFileSync(path.join(workspace, 'sprints', name), text),
    removeDocument: (name) => rmSync(path.join(workspace, 'sprints', name)),
    async run(overrides = {}) {
      const environment = await environmentOf(overrides);
      const from = forge.requests.length;
      if (environment.GITHUB_ACTIONS === 'true') {
        const step = await runStep('ops-filer', environment, { folder: workspace });
        return outcome(step.code, step.lines, environment, from);
      }
      const lines: string[] = [];
      const code = await runRole(opsFiler, {
        environment,
        args: [],
        workingDirectory: workspace,
        print: (line) => lines.push(line),
        now: () => new Date(),
        pause: async () => undefined,
      });
      return outcome(code, lines, environment, from);
    },
    async runCompiled(overrides = {}, started = () => undefined) {
      const environment = await environmentOf(overrides);
      const from = forge.requests.length;
      const ran = await runCompiled(compiledFile('ops-filer'), environment, { folder: workspace, started });
      return outcome(ran.code, ran.lines, environment, from);
    },
    async issues() {
      const found: IssueSeen[] = [];
      for (let page = 1; ; page += 1) {
        const { body } = await seed.api(
          'GET',
          `/repos/${project}/issues?state=all&type=issues&sort=oldest&limit=50&page=${page}`,
        );
        const list = body as {
          number: number;
          title: string;
          body: string;
          state: string;
          labels: { name: string }[];
          user: { login: string };
        }[];
        if (list.length === 0) return found;
        found.push(
          ...list.map((issue) => ({
            number: issue.number,
            title: issue.title,
            body: issue.body,
            state: issue.state,
            labels: issue.labels.map(({ name }) => name),
            author: issue.user.login,
          })),
        );
      }
    },
    async comments(number) {
      const { body } = await seed.api('GET', `/repos/${project}/issues/${number}/comments`);
      return (body as { body: string }[]).map((comment) => comment.body);
    },
    async close() {
      await forge.close();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
}
