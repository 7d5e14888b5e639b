import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** The version that the examples name. */
const exampleVersion = 'v0.1.0';

/** A real forge with what a team has: a project, an ops repo, somebody who gives issues to agents, and the agents' account. */
export interface RealAgents {
  url: string;
  seed: Seeder;
  owner: Person;
  crew: Person;
  project: string;
  ops: string;
  label: number;
  /** A copy of forgecrew on the forge, at the version that the examples name, for a runner to clone. */
  publish(role?: string): Promise<[string, string][]>;
  /** Opens an issue and gives it to the agent. */
  ask(title: string): Promise<number>;
  get<T>(where: string): Promise<T>;
  /** Asks until the answer is as it has to become. */
  until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean, what: string): Promise<T>;
  pulls(): Promise<
    {
      title: string;
      body: string;
      state: string;
      head: { label: string; repo: { full_name: string } };
      requested_reviewers: { login: string }[];
    }[]
  >;
  comments(issue: number): Promise<string[]>;
  labels(issue: number): Promise<string[]>;
  /** A folder that is gone afterwards. */
  scratch: string;
  close(): Promise<void>;
}

export async function run(
  file: string,
  args: string[],
  folder: string,
  environment: Record<string, string> = {},
): Promise<string> {
  const { PATH } = process.env;
  const { stdout, stderr } = await promisify(execFile)(file, args, {
    cwd: folder,
    env: { PATH, HOME: folder, GIT_TERMINAL_PROMPT: '0', ...environment },
  });
  return `${stdout}${stderr}`;
}

/** An agent of the engine `command` that does what the first word of its issue's title says. */
const program = readFileSync(path.join(root, 'test/e2e/agent-program.cjs'), 'utf8');

export async function startRealAgents(url: string, adminToken: string): Promise<RealAgents> {
  const seed = seeder(url, adminToken);
  const mark = randomBytes(3).toString('hex');
  const owner = await seed.createUser(`owner-${mark}`, allScopes);
  const crew = await seed.createUser(`crew-${mark}`, ['write:repository', 'write:issue', 'write:user']);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  for (const repository of [project, ops]) await seed.addCollaborator(owner, repository, crew.login, 'read');
  const label = await seed.createLabel(owner, project, 'crew:builder');
  await seed.putFile(
    owner,
    ops,
    'agents/builder.toml',
    `enabled = true\nengine = "command"\ncommand = ${JSON.stringify(['node', '-e', program])}\nrepositories = ["${project}"]\nprompt = "Do it."\nchecks = ["git log -1"]\n`,
  );
  const scratch = mkdtempSync(path.join(tmpdir(), 'forgecrew-e2e-'));
  const get = async <T>(where: string): Promise<T> => {
    const { status, body } = await seed.api('GET', where);
    if (status !== 200) throw new Error(`${where}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  };
  return {
    url: seed.url,
    seed,
    owner,
    crew,
    project,
    ops,
    label,
    async publish(role = 'forge-agent') {
      const repository = await seed.createRepository(owner, 'forgecrew');
      const folder = path.join(scratch, 'forgecrew');
      for (const part of [`actions/${role}`, `dist/${role}`, 'package.json'])
        cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
      const git = (...args: string[]): Promise<string> =>
        run('git', ['-c', 'user.name=owner', '-c', 'user.email=owner@example.test', ...args], folder);
      await git('init', '-q');
      await git('add', '--all', '--force');
      await git('commit', '-qm', 'forgecrew');
      const remote = seed.url.replace('://', `://${owner.login}:${owner.token}@`);
      await git('push', '-q', `${remote}/${repository}.git`, `HEAD:refs/tags/${exampleVersion}`);
      const commit = (await git('rev-parse', 'HEAD')).trim();
      return [
        ['https://forge.example/owner/forgecrew', `${seed.url}/${repository}`],
        ['<commit>', commit],
      ];
    },
    async ask(title) {
      const number = await seed.createIssue(owner, project, { title, body: 'See the title.' });
      const { status } = await seed.api(
        'POST',
        `/repos/${project}/issues/${number}/labels`,
        { labels: [label] },
        owner.token,
      );
      if (status !== 200) throw new Error(`label: ${status}`);
      return number;
    },
    get,
    async until(ask, isSo, what) {
      for (let attempt = 0; ; attempt += 1) {
        const answer = await ask();
        if (isSo(answer)) return answer;
        if (attempt === 180) throw new Error(`${what}: it is still ${JSON.stringify(answer)}`);
        await new Promise((done) => setTimeout(done, 1000));
      }
    },
    pulls: () => get(`/repos/${project}/pulls?state=all`),
    comments: async (issue) =>
      (await get<{ body: string }[]>(`/repos/${project}/issues/${issue}/comments`)).map(({ body }) => body),
    labels: async (issue) =>
      (await get<{ labels: { name: string }[] }>(`/repos/${project}/issues/${issue}`)).labels.map(
        ({ name }) => name,
      ),
    scratch,
    async close() {
      if (process.env.FORGE_AGENT_KEEP === undefined)
        for (const { login } of [crew, owner]) await seed.api('DELETE', `/admin/users/${login}?purge=true`);
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** Woodpecker beside a real forge, with the ops repo active there. */
export interface RealWoodpecker {
  /** Asks it as the owner. */
  ask<T>(method: string, where: string, body?: unknown): Promise<T>;
  /** Its number of the ops repo. */
  ops: number;
  /** Starts the pipelines of cron, and tells the number of one; nobody can wait for their time. */
  startCron(): Promise<number>;
  close(): Promise<void>;
}

/** `login`: a program that prints a token for an account and its password. `secretsOf`: by name, given the owner's token. */
export async function startRealWoodpecker(
  { get, owner, ops: name }: RealAgents,
  {
    url,
    login,
    secretsOf,
    events,
  }: {
    url: string;
    login: string;
    secretsOf: (token: string) => Record<string, string>;
    /** What Woodpecker hands them to. */
    events: string[];
  },
): Promise<RealWoodpecker> {
  const token = (await promisify(execFile)(login, [owner.login, owner.password])).stdout.trim();
  async function ask<T>(method: string, where: string, body?: unknown): Promise<T> {
    const response = await fetch(`${url}/api${where}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status > 299) throw new Error(`${method} ${where}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  const { id } = await get<{ id: number }>(`/repos/${name}`);
  const ops = (await ask<{ id: number }>('POST', `/repos?forge_remote_id=${id}`)).id;
  for (const [secret, value] of Object.entries(secretsOf(token)))
    await ask('POST', `/repos/${ops}/secrets`, { name: secret, value, events });
  return {
    ask,
    ops,
    async startCron() {
      const cron = await ask<{ id: number }>('POST', `/repos/${ops}/cron`, {
        name: 'agents',
        schedule: '@daily',
        branch: 'main',
      });
      const { number } = await ask<{ number: number }>('POST', `/repos/${ops}/cron/${cron.id}`);
      await ask('DELETE', `/repos/${ops}/cron/${cron.id}`);
      return number;
    },
    close: () => ask('DELETE', `/repos/${ops}?remove=true`),
  };
}

/** A text with parts of it replaced. One that is not there is a test that no longer does what it says. */
export function changed(text: string, changes: [string, string][]): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`there is no ${from} in the example`);
    return before.replaceAll(from, to);
  }, text);
}
