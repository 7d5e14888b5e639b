import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { escalation } from '../actions/escalation/role.ts';
import type { ModelAnswer, ModelQuestion } from '../core/model.ts';
import { runRole } from '../core/run.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { startTestForge } from './embedded.ts';

/** The scopes escalation asks for, and no more. */
export const crewScopes = ['write:repository', 'write:issue', 'read:user'];

export const policyText = `[issue-create]
repositories = ["owner/project"]
labels = ["bug"]

[pr-create]
repositories = ["owner/project"]
branches = ["main"]

[ci-run]
repositories = ["owner/project"]
workflows = ["deploy.yml"]
branches = ["main"]
`;

export const deployText = `on:
  workflow_dispatch:
    inputs:
      target: {required: true}
      nonce: {required: true}
jobs:
  deploy:
    runs-on: docker
    steps:
      - run: ./deploy
`;

export interface Ran {
  code: number | null;
  text: string;
  /** Questions that were put to the model. */
  asked: ModelQuestion[];
  calls: string[];
  writes: string[];
}

/** What a comment looks like to a reader of the thread. */
export interface CommentSeen {
  id: number;
  body: string;
  user: { login: string; id: number };
  created_at: string;
  updated_at: string;
}

/** A forge with a project, its ops repo and a record repo: what tests of escalation start from. */
export interface Escalating {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  /** May write. */
  ada: Person;
  bob: Person;
  /** May read. */
  reader: Person;
  stranger: Person;
  crew: Person;
  /** May propose by a comment. */
  agent: Person;
  project: string;
  ops: string;
  records: string;
  issue: number;
  /** Seconds go by on the forge, and for the role. */
  later(seconds?: number): void;
  now(): Date;
  environment(): Record<string, string>;
  run(
    answer?: string | ((question: ModelQuestion) => string),
    overrides?: Record<string, string>,
  ): Promise<Ran>;
  runCompiled(
    overrides?: Record<string, string>,
    started?: (pid: number) => void,
  ): Promise<{ code: number | null; text: string }>;
  say(by: Person, text: string, issue?: number): Promise<number>;
  react(by: Person, comment: number, content?: string): Promise<void>;
  edit(by: Person, comment: number, body: string): Promise<void>;
  comments(issue?: number): Promise<CommentSeen[]>;
  /** Comments that people can click on, oldest first. */
  proposals(issue?: number): Promise<CommentSeen[]>;
  /** Asked, and answered with these actions: the comments of their proposals. */
  proposed(...actions: { type: string; payload: unknown }[]): Promise<CommentSeen[]>;
  record<T = Record<string, unknown>>(file: string): Promise<T | undefined>;
  files(folder: string): Promise<string[]>;
  /** Issues by the role's account. */
  made(): Promise<
    { number: number; title: string; body: string; labels: { name: string }[]; pull_request?: unknown }[]
  >;
  runs(): Promise<{ id: number; commit: string; inputs: Record<string, string> }[]>;
  setPolicy(text: string): Promise<void>;
  close(): Promise<void>;
}

export function action(type: string, payload: unknown): string {
  return `<action type="${type}">${typeof payload === 'string' ? payload : JSON.stringify(payload)}</action>`;
}

export const anIssue = { type: 'issue-create', payload: { title: 'Mend the roof', body: 'It leaks.' } };
export const aRun = {
  type: 'ci-run',
  payload: { ref: 'main', workflow: 'deploy.yml', inputs: { target: 'staging' } },
};
export const aPull = {
  type: 'pr-create',
  payload: { head: 'topic', base: 'main', title: 'A topic', body: 'Why.' },
};

export async function startEscalating(
  policy = policyText,
  options: Parameters<typeof startTestForge>[0] = {},
): Promise<Escalating> {
  let clock = 0;
  const now = (): Date => new Date(Date.now() + clock);
  const forge = await startTestForge({ now, ...options });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const ada = await seed.createUser('ada', allScopes);
  const bob = await seed.createUser('bob', allScopes);
  const reader = await seed.createUser('reader', allScopes);
  const stranger = await seed.createUser('stranger', allScopes);
  const agent = await seed.createUser('agent', allScopes);
  const crew = await seed.createUser('crew', crewScopes);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  for (const person of [ada, bob, crew]) await seed.addCollaborator(owner, project, person.login, 'write');
  for (const person of [reader, agent]) await seed.addCollaborator(owner, project, person.login, 'read');
  await seed.addCollaborator(owner, ops, crew.login, 'read');
  await seed.createLabel(owner, project, 'bug');
  await seed.putFile(owner, project, '.forgejo/workflows/deploy.yml', deployText);
  await seed.putFile(owner, project, 'x.md', 'x', { from: 'main', name: 'topic' });
  if (policy !== '') await seed.putFile(owner, ops, 'escalation/policy.toml', policy);
  await seed.api(
    'POST',
    '/user/repos',
    { name: 'records', private: true, auto_init: true, default_branch: 'main' },
    await makerToken(seed, crew),
  );
  const records = `${crew.login}/records`;
  await seed.api('PATCH', `/repos/${records}`, { has_actions: false }, crew.token);
  const issue = await seed.createIssue(ada, project, { title: 'The roof', body: 'Rain comes in.' });
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-escalating-'));

  const environment = (): Record<string, string> => ({
    CI: 'woodpecker',
    CI_FORGE_URL: forge.url,
    CI_WORKSPACE: workspace,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    PLUGIN_FORGE_TOKEN: crew.token,
    PLUGIN_FORGE_LOGIN: crew.login,
    PLUGIN_PROJECT_REPO: project,
    PLUGIN_RECORD_REPO: records,
    PLUGIN_ENGINE: 'command',
    PLUGIN_ENGINE_COMMAND: 'false',
    PLUGIN_PROPOSERS: agent.login,
  });

  const must = async (
    method: string,
    where: string,
    body: unknown,
    by: Person,
    ...fine: number[]
  ): Promise<unknown> => {
    const answer = await seed.api(method, where, body, by.token);
    if (!fine.includes(answer.status)) throw new Error(`${method} ${where} answered ${answer.status}`);
    return answer.body;
  };

  const escalating: Escalating = {
    forge,
    seed,
    owner,
    ada,
    bob,
    reader,
    stranger,
    crew,
    agent,
    project,
    ops,
    records,
    issue,
    later(seconds = 5) {
      clock += seconds * 1000;
    },
    now,
    environment,
    async run(answer = 'Nothing to do.', overrides = {}) {
      const from = forge.requests.length;
      const lines: string[] = [];
      const asked: ModelQuestion[] = [];
      const code = await runRole(
        {
          ...escalation,
          ask: async (question: ModelQuestion): Promise<ModelAnswer> => {
            asked.push(question);
            return {
              text: typeof answer === 'string' ? answer : answer(question),
              use: { engine: 'scripted', model: 'm', inputTokens: 100, outputTokens: 50, cost: 0.25 },
            };
          },
        },
        {
          environment: { ...environment(), ...overrides },
          args: [],
          workingDirectory: workspace,
          print: (line) => lines.push(line),
          now,
          pause: async () => undefined,
        },
      );
      const calls = forge.requests
        .slice(from)
        .map(({ method, path: where, status }) => `${method} ${where} ${status}`);
      return {
        code,
        text: lines.join('\n'),
        asked,
        calls,
        writes: calls.filter((call) => !call.startsWith('GET')),
      };
    },
    async runCompiled(overrides = {}, started = () => undefined) {
      const { code, lines } = await runCompiled(
        compiledFile('escalation'),
        { ...environment(), ...overrides },
        { folder: workspace, started },
      );
      return { code, text: lines.join('\n') };
    },
    async say(by, text, where = issue) {
      const made = await must('POST', `/repos/${project}/issues/${where}/comments`, { body: text }, by, 201);
      return (made as { id: number }).id;
    },
    async react(by, comment, content = '+1') {
      await must('POST', `/repos/${project}/issues/comments/${comment}/reactions`, { content }, by, 201, 500);
    },
    async edit(by, comment, body) {
      await must('PATCH', `/repos/${project}/issues/comments/${comment}`, { body }, by, 200);
    },
    async comments(where = issue) {
      const { body } = await seed.api('GET', `/repos/${project}/issues/${where}/comments`);
      return body as CommentSeen[];
    },
    async proposals(where = issue) {
      return (await escalating.comments(where)).filter(
        ({ body, user }) => user.login === crew.login && body.includes('<!-- forgecrew: crew proposal '),
      );
    },
    async proposed(...actions) {
      const before = (await escalating.proposals()).map(({ id }) => id);
      await escalating.say(ada, '/crew please');
      await escalating.run(
        `As you wish.\n${actions.map(({ type, payload }) => action(type, payload)).join('\n')}`,
      );
      // A click in the second of the comment does not count.
      escalating.later();
      return (await escalating.proposals()).filter(({ id }) => !before.includes(id));
    },
    async record<T>(file: string) {
      const { status, body } = await seed.api(
        'GET',
        `/repos/${records}/contents/${file}`,
        undefined,
        crew.token,
      );
      if (status !== 200) return undefined;
      return JSON.parse(Buffer.from((body as { content: string }).content, 'base64').toString('utf8')) as T;
    },
    async files(folder) {
      const { status, body } = await seed.api(
        'GET',
        `/repos/${records}/contents/${folder}`,
        undefined,
        crew.token,
      );
      return status === 200 ? (body as { name: string }[]).map(({ name }) => name) : [];
    },
    async made() {
      const { body } = await seed.api('GET', `/repos/${project}/issues?state=all&created_by=${crew.login}`);
      return body as Awaited<ReturnType<Escalating['made']>>;
    },
    async runs() {
      const { body } = await seed.api('GET', `/repos/${project}/actions/runs?limit=50`);
      const { workflow_runs } = body as {
        workflow_runs: { id: number; commit_sha: string; event_payload: string }[];
      };
      return workflow_runs.map(({ id, commit_sha, event_payload }) => ({
        id,
        commit: commit_sha,
        inputs: JSON.parse(event_payload).inputs,
      }));
    },
    async setPolicy(text) {
      await seed.putFile(owner, ops, 'escalation/policy.toml', text);
    },
    async close() {
      await forge.close();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
  return escalating;
}

/** Making a repository needs a scope that the role itself does without. */
async function makerToken(seed: Seeder, { login, password }: Person): Promise<string> {
  const response = await fetch(`${seed.url}/api/v1/users/${login}/tokens`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name: 'maker', scopes: ['write:user', 'write:repository'] }),
  });
  return ((await response.json()) as { sha1: string }).sha1;
}
