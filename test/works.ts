import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseDocument } from 'yaml';
import type { opsFiler } from '../actions/ops-filer/role.ts';
import { examples } from '../cli/factory/examples.ts';
import { pinExample } from '../cli/factory/pins.ts';
import { purposeIn } from '../cli/factory/pipelines.ts';
import { policy } from '../cli/policy/role.ts';
import { execute } from '../core/run.ts';
import { version } from '../core/version.ts';
import { type Person, seeder } from '../embedded-forge/seed.ts';
import { roles } from '../roles.ts';
import { asked, type Start, type Works } from '../scripts/demo/works.ts';
import { runCommand } from './command.ts';
import type { Factory } from './factory.ts';
import { runStep } from './workflow-step.ts';

// The scenes of the demos on what `forgecrew init` made. Nothing is told to a role here: which token it has, for whom it works and
// what it may do is what its pipeline says, what the secret of that name holds, and what the documents on main say.

export interface InitWorks extends Works {
  /** What was told and printed. */
  lines: string[];
  close(): void;
}

/** A step of a role in a pipeline, and its file. */
interface Step {
  repository: string;
  file: string;
  settings: Record<string, unknown>;
}

type Ci = 'forgejo' | 'woodpecker';

export async function worksOf(
  factory: Factory,
  { ci, admin, stranger, clock }: { ci: Ci; admin: Person; stranger: Person; clock: { passed: number } },
): Promise<InitWorks> {
  const { ops, project, forge, woodpecker, ada, bob } = factory;
  const seed = seeder(forge.url, forge.adminToken);
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-works-'));
  const lines: string[] = [];
  const isOfHost = (file: string): boolean =>
    ci === 'forgejo' ? file.includes('/workflows/') : file.startsWith('.woodpecker/');
  const now = (): Date => new Date(Date.now() + clock.passed);
  let nth = 0;

  /** The files of pipelines that start a role, with their texts. */
  async function pipelines(role: string): Promise<{ repository: string; file: string; text: string }[]> {
    const found = [];
    for (const repository of [ops, project])
      for (const file of (await factory.files(repository)).filter(isOfHost)) {
        const text = await factory.text(repository, file);
        if (purposeIn(text, role) !== undefined) found.push({ repository, file, text });
      }
    return found;
  }

  async function stepOf(role: string, { mode, run }: Start): Promise<Step> {
    const steps: Step[] = [];
    for (const { repository, file, text } of await pipelines(role)) {
      if (run === undefined ? purposeIn(text, role) !== 'work' : !file.endsWith(`/${run.workflow}`)) continue;
      for (const settings of stepsIn(text, role)) steps.push({ repository, file, settings });
    }
    const [step = undefined] = [
      ...steps.filter(({ settings }) => settings.mode === mode),
      ...steps.filter(({ settings }) => settings.mode === undefined),
    ];
    if (step === undefined)
      throw new Error(`no pipeline starts ${role}${mode === undefined ? '' : ` (${mode})`}`);
    return step;
  }

  const commit = async (files: Record<string, string | null>, title: string): Promise<void> => {
    nth += 1;
    const head = `people-${nth}`;
    const operations = [];
    for (const [file, text] of Object.entries(files)) {
      const there = await seed.api('GET', `/repos/${ops}/contents/${file}`);
      const { sha } = there.body as { sha?: string };
      operations.push({
        operation: text === null ? 'delete' : there.status === 200 ? 'update' : 'create',
        path: file,
        ...(there.status === 200 ? { sha } : {}),
        ...(text === null ? {} : { content: Buffer.from(text).toString('base64') }),
      });
    }
    await asked(works, 'POST', `/repos/${ops}/contents`, {
      body: { branch: 'main', new_branch: head, message: title, files: operations },
      by: ada,
    });
    await approveAndMerge(await seed.openPull(ada, ops, { head, base: 'main', title }));
  };
  const approveAndMerge = async (number: number): Promise<void> => {
    await asked(works, 'POST', `/repos/${ops}/pulls/${number}/reviews`, {
      body: { event: 'APPROVED' },
      by: bob,
    });
    await seed.mergePull(ada, ops, number);
  };
  const turn = async (what: 'open' | 'close'): Promise<void> => {
    const { code, text } = await runCommand(policy, forge.adminToken, {
      'forge-url': forge.url,
      'ops-repo': ops,
      what,
      ...(what === 'open' ? { reason: 'people decide otherwise' } : {}),
    });
    if (code !== 0) throw new Error(`policy ${what} ended with ${code}: ${text}`);
  };
  /** What decides is changed between `policy open` and `policy close`, as the pull request of init says. */
  const decides = /^(?:vault\/(?:policy\.toml|formulas\/)|escalation\/policy\.toml)/;

  const release = await factory.ask<{ commit: { id: string } }>('GET', '/repos/acme/forgecrew/branches/main');
  const works: InitWorks = {
    url: forge.url,
    seed,
    ops,
    project,
    admin,
    ada,
    bob,
    stranger,
    lines,
    login: (name) => name,
    uses: (role) => `${forge.url}/acme/forgecrew/actions/${role}@${release.commit.id} # v0.1.0`,
    async start(role, how = {}) {
      const step = await stepOf(role, how);
      const workspace = mkdtempSync(path.join(folder, 'run-'));
      const given = { ...step.settings, ...(how.mode === undefined ? {} : { mode: how.mode }), ...how.more };
      lines.push(`$ ${step.repository} ${step.file}: ${role} ${how.mode ?? ''}`);
      if (ci === 'woodpecker') return inWoodpecker(role, { ...step, settings: given }, workspace);
      const event = path.join(workspace, 'event.json');
      writeFileSync(
        event,
        JSON.stringify(
          how.run === undefined
            ? { action: 'schedule', repository: { default_branch: 'main' } }
            : { inputs: how.run.inputs },
        ),
      );
      const ran = await runStep(
        role,
        {
          CI: 'true',
          GITHUB_ACTIONS: 'true',
          GITHUB_SERVER_URL: forge.url,
          GITHUB_REPOSITORY: step.repository,
          GITHUB_EVENT_NAME: how.run === undefined ? 'schedule' : 'workflow_dispatch',
          GITHUB_EVENT_PATH: event,
          GITHUB_REF: 'refs/heads/main',
          GITHUB_RUN_ID: `${how.run?.id ?? 7}`,
          GITHUB_RUN_ATTEMPT: '1',
          GITHUB_WORKSPACE: workspace,
          ...(how.run === undefined
            ? {}
            : {
                GITHUB_SHA: how.run.commit,
                GITHUB_WORKFLOW_REF: `${ops}/${step.file}@${how.run.commit}`,
              }),
          ...inputsOf(given, forge.secretsOf(step.repository)),
        },
        { folder: workspace, now: now() },
      );
      lines.push(...ran.lines);
      return ran.code;
    },
    async set(role, settings) {
      const found = (await pipelines(role)).filter(({ text }) => purposeIn(text, role) === 'work');
      if (role === 'vault-request') return request(found[0]?.text, settings);
      await commit(
        Object.fromEntries(found.map(({ file, text }) => [file, withSettings(text, role, settings)])),
        `Set ${Object.keys(settings).join(', ')} of ${role}`,
      );
    },
    async land(files) {
      const isDeciding = Object.keys(files).some((file) => decides.test(file));
      if (isDeciding) await turn('open');
      await commit(files, `Change ${Object.keys(files).join(', ')}`);
      if (isDeciding) await turn('close');
    },
    async merge(login) {
      const open = await asked<{ number: number; user: { login: string } }[]>(
        works,
        'GET',
        `/repos/${ops}/pulls?state=open`,
      );
      const own = open.filter(({ user }) => user.login === login);
      for (const { number } of own) await approveAndMerge(number);
      return own.length;
    },
    async wait(milliseconds) {
      clock.passed += milliseconds;
    },
    settleRun: forge.settleRun,
    tell: {
      chapter: (text) => lines.push(`## ${text}`),
      note: (text) => lines.push(text),
      show: (text) => lines.push(...text.split('\n')),
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
  return works;

  /** The pipeline of the project that asks: the example of the documents, with what is asked for. */
  async function request(there: string | undefined, settings: Record<string, string | null>): Promise<void> {
    const example = examples.find((item) => item.role === 'vault-request' && item.ci === ci);
    if (example === undefined) throw new Error('there is no example of vault-request');
    if (there === undefined) {
      // The account that proposes is one of the factory's; in which project its token is, people decide.
      const { sha1 } = await asked<{ sha1: string }>(works, 'POST', '/admin/users/crew/tokens', {
        body: { name: 'asks', scopes: ['write:repository', 'write:issue', 'read:user'] },
      });
      await asked(works, 'PUT', `/repos/${project}/actions/secrets/AGENT_TOKEN`, { body: { data: sha1 } });
    }
    const pinned = pinExample(example.text, { version, commit: release.commit.id });
    const text = (there ?? pinned)
      .replaceAll('owner/ops', ops)
      .replaceAll('https://forge.example/owner/forgecrew', `${forge.url}/acme/forgecrew`)
      .replaceAll(/login: agent$/gm, 'login: crew');
    await seed.putFile(ada, project, example.path, withSettings(text, 'vault-request', settings));
  }

  async function inWoodpecker(role: string, step: Step, workspace: string): Promise<number> {
    const found = roles.find((item) => item.name === role) as unknown as typeof opsFiler | undefined;
    if (found === undefined) throw new Error(`there is no role ${role}`);
    const secrets = woodpecker.secretsFor(step.repository, 'cron');
    const { code } = await execute(found, {
      environment: {
        PATH: process.env.PATH ?? '',
        CI: 'woodpecker',
        CI_FORGE_URL: forge.url,
        CI_WORKSPACE: workspace,
        CI_REPO: step.repository,
        CI_REPO_DEFAULT_BRANCH: 'main',
        CI_COMMIT_BRANCH: 'main',
        CI_PIPELINE_EVENT: 'cron',
        CI_PIPELINE_NUMBER: '7',
        ...Object.fromEntries(
          Object.entries(step.settings).map(([name, value]) => [
            `PLUGIN_${name.toUpperCase().replaceAll('-', '_')}`,
            pluginValue(value, secrets),
          ]),
        ),
      },
      args: [],
      workingDirectory: workspace,
      print: (line) => lines.push(line),
      now,
    });
    return code;
  }
}

/** As Woodpecker gives a setting to a plugin. A secret that is not there, or not for the event, stops the pipeline. */
function pluginValue(value: unknown, secrets: Record<string, string>): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  const name = String((value as { from_secret?: unknown }).from_secret);
  const secret = secrets[name];
  if (secret === undefined) throw new Error(`secret "${name}" not found`);
  return secret;
}

/** As a Forgejo runner gives the inputs of a step. A secret that is not there is empty. */
function inputsOf(
  settings: Record<string, unknown>,
  secrets: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `INPUT_${name.toUpperCase()}`,
      String(value).replace(/\$\{\{ secrets\.(\w+) \}\}/g, (_, secret: string) => secrets[secret] ?? ''),
    ]),
  );
}

const placeOf = (text: string): string => (/^jobs:/m.test(text) ? 'with' : 'settings');

/** The settings of the steps of a pipeline that are a role, as they are written there but with hyphens. */
function stepsIn(text: string, role: string): Record<string, unknown>[] {
  return stepNodes(text, role).map(({ step }) =>
    Object.fromEntries(
      Object.entries((step[placeOf(text)] ?? {}) as Record<string, unknown>).map(([name, value]) => [
        name.replaceAll('_', '-'),
        value,
      ]),
    ),
  );
}

interface Node {
  step: Record<string, unknown>;
  /** Where it stands in the document. */
  path: (string | number)[];
}

function stepNodes(text: string, role: string): Node[] {
  const data = parseDocument(text).toJS() as {
    jobs?: Record<string, { steps?: Record<string, unknown>[] }>;
    steps?: Record<string, unknown>[];
  };
  const lists =
    data.jobs === undefined
      ? [{ path: ['steps'], steps: data.steps ?? [] }]
      : Object.entries(data.jobs).map(([job, { steps = [] }]) => ({ path: ['jobs', job, 'steps'], steps }));
  return lists.flatMap(({ path: place, steps }) =>
    steps.flatMap((step, index) =>
      new RegExp(`/${role}(?:@|$)`).test(String(step.uses ?? step.image ?? ''))
        ? [{ step, path: [...place, index] }]
        : [],
    ),
  );
}

/** A pipeline with settings of a role changed, as people edit it. */
function withSettings(text: string, role: string, settings: Record<string, string | null>): string {
  const document = parseDocument(text);
  const place = placeOf(text);
  for (const node of stepNodes(text, role))
    for (const [name, value] of Object.entries(settings)) {
      const key = [...node.path, place, place === 'with' ? name : name.replaceAll('-', '_')];
      if (value === null) document.deleteIn(key);
      else document.setIn(key, value);
    }
  return document.toString();
}
