import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { architectPitch } from '../actions/architect-pitch/role.ts';
import type { ModelAnswer, ModelQuestion } from '../core/model.ts';
import type { Report } from '../core/report.ts';
import { runRole } from '../core/run.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { compiledFile, runCompiled } from './compiled.ts';
import { startTestForge } from './embedded.ts';
import { writtenReport } from './report.ts';
import { runStep } from './workflow-step.ts';

/** The scopes architect-pitch asks for, and no more. */
export const architectScopes = ['write:repository', 'write:issue', 'read:user'];

export interface Ran {
  code: number | null;
  lines: string[];
  text: string;
  /** What the run wrote; undefined where it wrote none. */
  report: Report | undefined;
  /** Writes of the run, `POST /path 201`, in order. */
  writes: string[];
  calls: string[];
}

export interface PullSeen {
  number: number;
  title: string;
  body: string;
  state: string;
  merged: boolean;
  head: {
    label: string;
    ref: string;
    sha: string;
    repo_id: number;
    repo: { full_name: string } | null;
  };
}

/** A forge with a project, an ops repo and an architect who may only read both: what tests of pitches start from. */
export interface Pitching {
  forge: EmbeddedForge;
  seed: Seeder;
  owner: Person;
  /** May write to the ops repo, and so decide. */
  ada: Person;
  stranger: Person;
  architect: Person;
  project: string;
  ops: string;
  labels: Record<string, number>;
  workspace: string;
  /** Makes a vision issue and answers its number. */
  vision(title: string, body?: string): Promise<number>;
  /** A pitch of a new vision, open, by a model that writes it well; answers the vision's number. */
  pitched(): Promise<number>;
  /** Time passes on the forge: an edit is seen by the second. */
  later(): void;
  environment(): Record<string, string>;
  /** Runs the role in this process; with `engine`, that answers in place of the one in the settings. */
  run(
    overrides?: Record<string, string>,
    engine?: (question: ModelQuestion) => string | ModelAnswer,
  ): Promise<Ran>;
  runCompiled(overrides?: Record<string, string>, started?: (pid: number) => void): Promise<Ran>;
  say(by: Person, pull: number, text: string): Promise<number>;
  pulls(): Promise<PullSeen[]>;
  comments(pull: number): Promise<string[]>;
  /** Branches of the ops repo and of the architect's fork, main left out. */
  branches(): Promise<string[]>;
  /** The names of the files a pull request changes. */
  files(pull: number): Promise<string[]>;
  /** The document as it is on a pull request's branch. */
  document(pull: number): Promise<string>;
  close(): Promise<void>;
}

/** What a model would answer: a right pitch of a vision. */
export function pitchText(
  vision: number,
  { name = 'a first step', entries }: { name?: string; entries?: string } = {},
): string {
  return `# Sprint: ${name}

## Vision issues
- #${vision} — A goal

## What this enables
People can do it.

## What exists today
Nothing.

## Complexity
- Two files

## Risks
- None known

## Cost — new infra to maintain
- None

## Recommendation
Worth it.

## Sub-issues

<!-- filer:begin -->
${
  entries ??
  `- id: measure
  title: "vision(#${vision}): measure"
  labels: [backlog]
  depends_on: []
  body: |
    ## Goal
    Know how it is.
    ## Acceptance criteria
    - [ ] One number`
}
<!-- filer:end -->
`;
}

/** A commit in a fork is known late, as on a real forge: only after the run that made it has looked for it more than once. */
const forkLag = 3;

let nth = 0;

export async function startPitching(): Promise<Pitching> {
  let clock = 0;
  const forge = await startTestForge({ now: () => new Date(Date.now() + clock), forkLag });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const ada = await seed.createUser('ada', allScopes);
  const stranger = await seed.createUser('stranger', allScopes);
  const architect = await seed.createUser('architect', architectScopes);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, ada.login, 'write');
  await seed.addCollaborator(owner, ops, architect.login, 'read');
  await seed.addCollaborator(owner, project, architect.login, 'read');
  const labels: Record<string, number> = {};
  for (const name of ['vision', 'in-progress', 'backlog'])
    labels[name] = await seed.createLabel(owner, project, name);
  const workspace = mkdtempSync(path.join(tmpdir(), 'forgecrew-pitching-'));

  const environment = (): Record<string, string> => ({
    CI: 'woodpecker',
    CI_FORGE_URL: forge.url,
    CI_WORKSPACE: workspace,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    PLUGIN_FORGE_TOKEN: architect.token,
    PLUGIN_FORGE_LOGIN: architect.login,
    PLUGIN_PROJECT_REPO: project,
  });

  async function ran(
    overrides: Record<string, string>,
    start: (environment: Record<string, string>) => Promise<{ code: number | null; lines: string[] }>,
  ): Promise<Ran> {
    nth += 1;
    const result = `result-${nth}.json`;
    const from = forge.requests.length;
    const { code, lines } = await start({ ...environment(), PLUGIN_RESULT_FILE: result, ...overrides });
    const calls = forge.requests
      .slice(from)
      .map(({ method, path: where, status }) => `${method} ${where} ${status}`);
    return {
      code,
      lines,
      text: lines.join('\n'),
      report: writtenReport(path.join(workspace, result)),
      calls,
      writes: calls.filter((call) => !call.startsWith('GET')),
    };
  }

  async function pulls(): Promise<PullSeen[]> {
    const { body } = await seed.api('GET', `/repos/${ops}/pulls?state=all&limit=50`);
    return (body as PullSeen[]).sort((a, b) => a.number - b.number);
  }
  async function files(pull: number): Promise<string[]> {
    const { body } = await seed.api('GET', `/repos/${ops}/pulls/${pull}/files`);
    return (body as { filename: string }[]).map(({ filename }) => filename);
  }

  const pitching: Pitching = {
    forge,
    seed,
    owner,
    ada,
    stranger,
    architect,
    project,
    ops,
    labels,
    workspace,
    vision: (title, body = 'Why.') =>
      seed.createIssue(owner, project, { title, body, labels: [labels.vision ?? 0] }),
    async pitched() {
      const vision = await pitching.vision('A goal');
      await pitching.run({}, () => pitchText(vision));
      return vision;
    },
    later() {
      clock += 5000;
    },
    environment,
    run: (overrides = {}, engine) =>
      ran(overrides, async (given) => {
        if (given.GITHUB_ACTIONS === 'true') return runStep('architect-pitch', given, { folder: workspace });
        const lines: string[] = [];
        const role =
          engine === undefined
            ? architectPitch
            : {
                ...architectPitch,
                ask: async (question: ModelQuestion): Promise<ModelAnswer> => {
                  const answer = engine(question);
                  return typeof answer === 'string'
                    ? {
                        text: answer,
                        use: {
                          engine: 'scripted',
                          model: 'm',
                          inputTokens: 100,
                          outputTokens: 50,
                          cost: 0.25,
                        },
                      }
                    : answer;
                },
              };
        const code = await runRole(role, {
          environment: given,
          args: [],
          workingDirectory: workspace,
          print: (line) => lines.push(line),
          now: () => new Date(),
          pause: async () => undefined,
        });
        return { code, lines };
      }),
    runCompiled: (overrides = {}, started = () => undefined) =>
      ran(overrides, (given) =>
        runCompiled(compiledFile('architect-pitch'), given, { folder: workspace, started }),
      ),
    async say(by, pull, text) {
      const { status, body } = await seed.api(
        'POST',
        `/repos/${ops}/issues/${pull}/comments`,
        { body: text },
        by.token,
      );
      if (status !== 201) throw new Error(`the comment was answered ${status}`);
      return (body as { id: number }).id;
    },
    pulls,
    async comments(pull) {
      const { body } = await seed.api('GET', `/repos/${ops}/issues/${pull}/comments`);
      return (body as { body: string }[]).map((comment) => comment.body);
    },
    async branches() {
      const found: string[] = [];
      for (const name of [ops, `${architect.login}/ops`]) {
        const { status, body } = await seed.api('GET', `/repos/${name}/branches?limit=50`);
        if (status === 200)
          found.push(
            ...(body as { name: string }[])
              .filter((item) => item.name !== 'main')
              .map((item) => `${name}:${item.name}`),
          );
      }
      return found;
    },
    files,
    async document(pull) {
      const found = (await pulls()).find(({ number }) => number === pull);
      const [file = ''] = await files(pull);
      const where = found?.head.repo?.full_name ?? ops;
      const { body } = await seed.api('GET', `/repos/${where}/contents/${file}?ref=${found?.head.sha}`);
      return Buffer.from((body as { content: string }).content, 'base64').toString('utf8');
    },
    async close() {
      await forge.close();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
  return pitching;
}

/** Two questions as a model would ask them. */
export const questionsAsked = `Q1 (critical): One or two?
A: One -> it is done sooner
B: Two -> each can fail alone
Recommended: B

Q2 (secondary): Now or later?
A: Now -> nothing else is done this week
B: Later -> somebody has to remember it
Recommended: A
`;

/** Answers each question as its kind asks for. */
export const wellBehaved = (vision: number) => (question: { about: Record<string, unknown> }) =>
  question.about.purpose === 'pitch'
    ? pitchText(vision)
    : question.about.purpose === 'questions'
      ? questionsAsked
      : `${pitchText(vision).split('## Sub-issues\n\n')[1]?.replace('measure\n  title', 'measure-twice\n  title')}`;
