import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { roles } from '../../roles.ts';
import { entries, type Story, sprintDocument, startStory } from '../story.ts';

/** The doors through real runners, where they are given; what a newcomer copies from the examples is what runs. */
const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const woodpecker = process.env.WOODPECKER_CLI ?? '';
const runner = process.env.FORGEJO_RUNNER ?? '';

/** The version that the examples name. */
const exampleVersion = 'v0.1.0';

it.each(Object.entries({ WOODPECKER_CLI: woodpecker, FORGEJO_RUNNER: runner }))(
  '%s names a program that is there, or its runner is not tried, and that is said',
  (name, file) => {
    if (file === '') console.warn(`${name} is not set: no example was run by that runner`);
    else expect(existsSync(file), `${name}=${file}`).toBe(true);
  },
);

let story: Story;
let scratch: string;
beforeEach(async () => {
  story = await startStory();
  scratch = mkdtempSync(path.join(tmpdir(), 'forgecrew-e2e-'));
});
afterEach(async () => {
  await story.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function run(file: string, args: string[], folder: string): Promise<string> {
  const { PATH } = process.env;
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, {
      cwd: folder,
      // A home of its own: the runner keeps clones of actions there.
      env: { PATH, HOME: scratch },
    });
    return `${stdout}${stderr}`;
  } catch (error) {
    const said = error as { stdout?: string; stderr?: string };
    throw new Error(`${path.basename(file)} ${args[0]} failed:\n${said.stdout}${said.stderr}`);
  }
}

/** A clone of the ops repo with one sprint document merged, and its commit. */
async function checkout(): Promise<{ folder: string; commit: string }> {
  await story.seed.addCollaborator(story.owner, story.ops, story.filer.login, 'read');
  await story.seed.putFile(
    story.owner,
    story.ops,
    'sprints/x.md',
    sprintDocument(story.vision, entries('a', 'b: a')),
  );
  const folder = path.join(scratch, 'ops');
  await run('git', ['clone', '-q', `${story.forge.url}/${story.ops}.git`, folder], scratch);
  return { folder, commit: (await run('git', ['rev-parse', 'HEAD'], folder)).trim() };
}

/** A text with parts of it replaced. One that is not there is a test that no longer does what it says. */
function changed(text: string, changes: [string, string][]): string {
  return changes.reduce((before, [from, to]) => {
    expect(before).toContain(from);
    return before.replaceAll(from, to);
  }, text);
}

async function filed(): Promise<string[]> {
  return (await story.issues())
    .filter(({ author }) => author === story.filer.login)
    .map(({ title }) => title);
}

/** A log with one page view of yesterday, which is what a pipeline without `date` collects. */
function yesterday(): string {
  const ts = Math.floor(Date.now() / 86_400_000) * 86_400 - 43_200;
  const request = { remote_ip: '::1', method: 'GET', host: 'h', uri: '/', headers: {} };
  return `${JSON.stringify({ ts, request, duration: 0.1, status: 200 })}\n`;
}

describe.skipIf(woodpecker === '')('Woodpecker (WOODPECKER_CLI)', () => {
  it.each(roles.map(({ name }) => name))(
    'finds nothing to complain about in the example of %s',
    async (name) => {
      for (const file of ['example.yaml', 'example-fan-out.yaml', 'example-steps.yaml']
        .map((item) => path.join(root, 'plugins', name, item))
        .filter((item) => existsSync(item)))
        expect(await run(woodpecker, ['lint', '--strict', file], scratch)).toContain('Config is valid');
    },
  );

  /** Runs a pipeline through the real runner, in a folder, as the server would on an event. */
  async function exec(
    pipeline: string,
    {
      folder,
      commit,
      event,
      cron,
      secret,
    }: { folder: string; commit: string; event: string; cron: string; secret: string },
  ): Promise<string> {
    writeFileSync(path.join(scratch, 'pipeline.yaml'), pipeline);
    const metadata = {
      repo: {
        name: 'ops',
        owner: 'owner',
        remote_id: '1',
        default_branch: 'main',
        forge_url: `${story.forge.url}/${story.ops}`,
      },
      curr: {
        number: 1,
        event,
        cron,
        commit: {
          sha: commit,
          ref: 'refs/heads/main',
          branch: 'main',
          message: 'a sprint',
          changed_files: ['sprints/x.md'],
        },
      },
      forge: { type: 'forgejo', url: story.forge.url },
      sys: { name: 'woodpecker' },
    };
    writeFileSync(path.join(scratch, 'metadata.json'), JSON.stringify(metadata));
    return run(
      woodpecker,
      [
        'exec',
        '--backend-engine',
        'local',
        '--metadata-file',
        path.join(scratch, 'metadata.json'),
        '--pipeline-event',
        event,
        '--repo-path',
        folder,
        '--secrets',
        secret,
        path.join(scratch, 'pipeline.yaml'),
      ],
      folder,
    );
  }

  it.each(['push', 'cron'])('runs the example of ops-filer on %s', async (event) => {
    const pipeline = changed(readFileSync(path.join(root, 'plugins/ops-filer/example.yaml'), 'utf8'), [
      ['/opt/forgecrew/', `${root}/`],
      ['forge_login: filer', `forge_login: ${story.filer.login}`],
      ['project_repo: owner/project', `project_repo: ${story.project}`],
    ]);

    const said = await exec(pipeline, {
      ...(await checkout()),
      event,
      cron: 'file-sprints',
      secret: `filer_token=${story.filer.token}`,
    });

    expect(said).toContain('Done: 1 issue labelled, 2 issues created');
    expect(said).not.toContain(story.filer.token);
    expect(await filed()).toEqual(['Title of a', 'Title of b']);
  });

  it('runs the example of collect-engagement on cron', async () => {
    const log = path.join(scratch, 'access.log');
    writeFileSync(log, yesterday());
    const pipeline = changed(
      readFileSync(path.join(root, 'plugins/collect-engagement/example.yaml'), 'utf8'),
      [
        ['/opt/forgecrew/', `${root}/`],
        ['/var/log/caddy/access*.log*', `${scratch}/access*.log*`],
      ],
    );

    const said = await exec(pipeline, {
      ...(await checkout()),
      event: 'cron',
      cron: 'engagement',
      secret: `collector_token=${story.owner.token}`,
    });

    expect(said).toContain('1 page view by 1 visitor');
    expect(said).toContain('Done: 1 commit made');
    expect(said).not.toContain(story.owner.token);
  });
});

describe.skipIf(runner === '')('the Forgejo runner (FORGEJO_RUNNER)', () => {
  it.each(roles.map(({ name }) => name))(
    'finds nothing to complain about in the files of %s',
    async (name) => {
      const validated = (kind: string, file: string): Promise<string> =>
        run(runner, ['validate', `--${kind}`, '--path', path.join(root, 'actions', name, file)], scratch);

      for (const file of ['example.yml', 'example-fan-out.yml'].filter((item) =>
        existsSync(path.join(root, 'actions', name, item)),
      ))
        expect(await validated('workflow', file)).toContain('validation OK');
      expect(await validated('action', 'action.yml')).toContain('validation OK');
    },
  );

  /** A public copy of forgecrew on the forge, at the version that the examples name, which the runner clones itself: what an example says of it. */
  async function publish(role: string): Promise<[string, string][]> {
    const repository = await story.seed.createRepository(story.owner, 'forgecrew');
    const folder = path.join(scratch, 'forgecrew');
    for (const part of [`actions/${role}`, `dist/${role}`, 'package.json'])
      cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
    const git = (...args: string[]): Promise<string> =>
      run('git', ['-c', 'user.name=owner', '-c', 'user.email=owner@example.test', ...args], folder);
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'forgecrew');
    const remote = story.forge.url.replace('://', `://${story.owner.login}:${story.owner.token}@`);
    await git('push', '-q', `${remote}/${repository}.git`, `HEAD:refs/tags/${exampleVersion}`);
    const commit = (await git('rev-parse', 'HEAD')).trim();
    return [
      ['https://forge.example/owner/forgecrew', `${story.forge.url}/${repository}`],
      ['<commit>', commit],
    ];
  }

  /** The example of a role as a newcomer changes it: the forge, what runs where, and further lines. */
  async function example(role: string, changes: [string, string][]): Promise<string> {
    return changed(readFileSync(path.join(root, 'actions', role, 'example.yml'), 'utf8'), [
      ...(await publish(role)),
      // Without a server no event names the forge and the repository of the run.
      [
        '        with:\n',
        `        with:\n          forge-url: ${story.forge.url}\n          ops-repo: ${story.ops}\n`,
      ],
      ...changes,
    ]);
  }

  /** Runs a workflow in a checkout through the real runner, in host mode, as the server would on an event. */
  function act(folder: string, workflow: string, event: string, secret: string): Promise<string> {
    mkdirSync(path.join(folder, '.forgejo/workflows'), { recursive: true });
    writeFileSync(path.join(folder, '.forgejo/workflows/example.yml'), workflow);
    return run(
      runner,
      [
        'exec',
        '--event',
        event,
        '--image',
        '-self-hosted',
        '--workflows',
        '.forgejo/workflows',
        '--secret',
        secret,
        '--forgejo-instance',
        story.forge.url,
        '--directory',
        folder,
      ],
      folder,
    );
  }

  it.each(['push', 'schedule'])('runs the example of ops-filer on %s, in host mode', async (event) => {
    const { folder } = await checkout();
    const workflow = await example('ops-filer', [
      ['forge-login: filer', `forge-login: ${story.filer.login}`],
      ['project-repo: owner/project', `project-repo: ${story.project}`],
    ]);

    const said = await act(folder, workflow, event, `FILER_TOKEN=${story.filer.token}`);

    expect(said).toContain('Done: 1 issue labelled, 2 issues created');
    expect(said).not.toContain(story.filer.token);
    expect(await filed()).toEqual(['Title of a', 'Title of b']);
  });

  it('ends its log with what is to mend, and with nothing else that is long', async () => {
    const { folder } = await checkout();
    const workflow = await example('ops-filer', [
      ['forge-login: filer', `forge-login: ${story.filer.login}`],
      ['project-repo: owner/project', `project-repo: ${story.owner.login}/nowhere`],
    ]);

    const said = await act(folder, workflow, 'push', `FILER_TOKEN=${story.filer.token}`).catch(
      ({ message }: Error) => message,
    );

    const [, below = ''] = said.split('The run ends red. Nothing was written.');
    expect(below).toMatch(/::set-output:: outcome=refused$/m);
    expect(below).toMatch(/::set-output:: result-file=\S+\.json$/m);
    // What the runner says of the outputs, and the summary, which repeats the last lines.
    expect(below.length).toBeLessThan(2000);
    expect(below).toContain(`Check that ${story.owner.login}/nowhere is right`);
  });

  it('runs the example of collect-engagement in host mode', async () => {
    const { folder } = await checkout();
    writeFileSync(path.join(scratch, 'access.log'), yesterday());
    const workflow = await example('collect-engagement', [
      ['/var/log/caddy/access*.log*', `${scratch}/access*.log*`],
    ]);

    const said = await act(folder, workflow, 'schedule', `COLLECTOR_TOKEN=${story.owner.token}`);

    expect(said).toContain('1 page view by 1 visitor');
    expect(said).toContain('Done: 1 commit made');
    expect(said).not.toContain(story.owner.token);
  });
});
