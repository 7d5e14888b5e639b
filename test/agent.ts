import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { forgeAgent } from '../actions/forge-agent/role.ts';
import { parseRunRecord } from '../core/agent/run-record.ts';
import type { Report } from '../core/report.ts';
import { execute } from '../core/run.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { startTestForge } from './embedded.ts';

/** A forge with a project, an ops repo that declares one agent, and an account for the role. */
export interface AgentRig {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  ada: Person;
  worker: Person;
  project: string;
  ops: string;
  state: string;
  /** Declares the agent `builder`; `program` is what it runs, by `node -e`. */
  declare(program: string, more?: string): Promise<void>;
  /** Opens an issue and gives it to an agent. */
  ask(title?: string, body?: string, by?: Person): Promise<number>;
  give(issue: number, label?: string, by?: Person): Promise<void>;
  /** What a run of the role is started with. */
  environment(overrides?: Record<string, string>): Record<string, string>;
  /** `ago`: by how many minutes its clock is behind. */
  run(
    overrides?: Record<string, string>,
    ago?: number,
    pause?: (ms: number) => Promise<void>,
  ): Promise<{ code: number; text: string; calls: string[]; report: Report | undefined }>;
  /** So many seconds go by, for the forge and for the role. */
  pass(seconds: number): void;
  /** Comments on an issue or a pull request. */
  say(number: number, body: string, by?: Person): Promise<number>;
  /** Takes the label off again. */
  take(issue: number, by?: Person): Promise<void>;
  /** The record of a round. */
  record(issue: number, round: number): Promise<Record<string, unknown> | undefined>;
  /** Issues that the state repo says are worked on. */
  running(): Promise<string[]>;
  entry(issue: number): Promise<Record<string, unknown> | undefined>;
  file(repository: string, path: string, ref?: string): Promise<string | undefined>;
  pulls(): Promise<{ number: number; title: string; body: string; state: string }[]>;
  comments(issue: number): Promise<{ body: string; user: { login: string } }[]>;
  labels(issue: number): Promise<string[]>;
  close(): Promise<void>;
}

export async function startAgents(options: Parameters<typeof startTestForge>[0] = {}): Promise<AgentRig> {
  // The forge's clock shows seconds: what happens twice in the same one is not seen to have happened again.
  let aheadMs = 0;
  const now = (): Date => new Date(Date.now() + aheadMs);
  const forge = await startTestForge({ now, ...options });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const ada = await seed.createUser('ada', allScopes);
  const worker = await seed.createUser('crew', ['write:repository', 'write:issue', 'write:user']);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, project, ada.login, 'write');
  await seed.addCollaborator(owner, project, worker.login, 'read');
  await seed.addCollaborator(owner, ops, worker.login, 'read');
  const label = await seed.createLabel(owner, project, 'crew:builder');
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-agent-'));
  const base = mkdtempSync(path.join(tmpdir(), 'forgecrew-cells-'));
  const json = async (where: string, token = owner.token): Promise<unknown> => {
    const { status, body } = await seed.api('GET', where, undefined, token);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${where}: ${status}`);
    return body;
  };
  const file = async (repository: string, name: string, ref?: string): Promise<string | undefined> => {
    const found = (await json(
      `/repos/${repository}/contents/${name}${ref === undefined ? '' : `?ref=${ref}`}`,
      forge.adminToken,
    )) as { content: string } | undefined;
    return found === undefined ? undefined : Buffer.from(found.content, 'base64').toString('utf8');
  };
  const rig: AgentRig = {
    forge,
    seed,
    owner,
    ada,
    worker,
    project,
    ops,
    state: `${worker.login}/forgecrew-state`,
    async declare(program, more = '') {
      const command = JSON.stringify(['node', '-e', program]);
      await seed.putFile(
        owner,
        ops,
        'agents/builder.toml',
        `enabled = true\nengine = "command"\ncommand = ${command}\nrepositories = ["${project}"]\nprompt = "Do it."\n${more}`,
      );
    },
    async ask(title = 'Write a poem', body = 'In poem.txt.', by = ada) {
      const number = await seed.createIssue(by, project, { title, body });
      await rig.give(number);
      return number;
    },
    async give(issue, _label = 'crew:builder', by = ada) {
      const { status } = await seed.api(
        'POST',
        `/repos/${project}/issues/${issue}/labels`,
        { labels: [label] },
        by.token,
      );
      if (status !== 200) throw new Error(`label: ${status}`);
    },
    pass(seconds) {
      aheadMs += seconds * 1000;
    },
    async say(number, body, by = ada) {
      const { status, body: made } = await seed.api(
        'POST',
        `/repos/${project}/issues/${number}/comments`,
        { body },
        by.token,
      );
      if (status !== 201) throw new Error(`comment: ${status}`);
      return (made as { id: number }).id;
    },
    async take(issue, by = ada) {
      const { status } = await seed.api(
        'DELETE',
        `/repos/${project}/issues/${issue}/labels/${label}`,
        undefined,
        by.token,
      );
      if (status !== 204) throw new Error(`label: ${status}`);
      rig.pass(1);
    },
    async record(issue, round) {
      const names = (await json(
        `/repos/${rig.state}/contents/records/${project}/${issue}`,
        forge.adminToken,
      )) as { name: string }[] | undefined;
      const found = names?.find(({ name }) => name.startsWith(`${round}-`));
      const text =
        found === undefined ? undefined : await file(rig.state, `records/${project}/${issue}/${found.name}`);
      return text === undefined ? undefined : parseRunRecord(Buffer.from(text));
    },
    async running() {
      const found = (await json(`/repos/${rig.state}/contents/running/${project}`, forge.adminToken)) as
        | { name: string }[]
        | undefined;
      return (found ?? []).map(({ name }) => name);
    },
    environment: (overrides = {}) => ({
      PATH: process.env.PATH ?? '',
      CI: 'woodpecker',
      CI_FORGE_URL: forge.url,
      CI_WORKSPACE: workspace,
      CI_REPO: ops,
      CI_REPO_DEFAULT_BRANCH: 'main',
      CI_COMMIT_BRANCH: 'main',
      CI_PIPELINE_EVENT: 'cron',
      CI_PIPELINE_NUMBER: '7',
      PLUGIN_FORGE_TOKEN: worker.token,
      PLUGIN_FORGE_LOGIN: worker.login,
      PLUGIN_AGENT_FOLDER: base,
      ...overrides,
    }),
    async run(overrides = {}, ago = 0, pause = undefined) {
      const lines: string[] = [];
      const from = forge.requests.length;
      const { code, report } = await execute(forgeAgent, {
        environment: rig.environment(overrides),
        args: [],
        workingDirectory: workspace,
        print: (line) => lines.push(line),
        now: () => new Date(now().getTime() - ago * 60_000),
        ...(pause === undefined ? {} : { pause }),
      });
      const calls = forge.requests
        .slice(from)
        .map(({ method, path: where, status }) => `${method} ${where} ${status}`);
      return { code, report, text: lines.join('\n'), calls };
    },
    entry: async (issue) => {
      const text = await file(rig.state, `agents/${project}/${issue}.json`);
      return text === undefined ? undefined : JSON.parse(text);
    },
    file,
    pulls: async () => (await json(`/repos/${project}/pulls?state=all`)) as never,
    comments: async (issue) => (await json(`/repos/${project}/issues/${issue}/comments`)) as never,
    labels: async (issue) =>
      ((await json(`/repos/${project}/issues/${issue}`)) as { labels: { name: string }[] }).labels.map(
        ({ name }) => name,
      ),
    async close() {
      await forge.close();
      for (const folder of [workspace, base]) rmSync(folder, { recursive: true, force: true });
    },
  };
  return rig;
}
