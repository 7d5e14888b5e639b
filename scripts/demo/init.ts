// `npm run demo -- init`: an empty forge becomes a factory, looked at before and after, and a merged sprint document is filed on it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { version } from '../../core/version.ts';
import { allScopes } from '../../embedded-forge/seed.ts';
import { chapter, note, root, runRole, type Stage } from './stage.ts';

const forgecrew = path.join(root, 'dist/forgecrew/index.js');

const sprint = (vision: number): string => `# Sprint: a first step

## Vision issues
- #${vision} — what we want

## Sub-issues

<!-- filer:begin -->
- id: measure
  title: Measure how it is today
  labels: [backlog]
  body: |
    ## Acceptance criteria
    - [ ] One number, and how it was taken
<!-- filer:end -->
`;

/** As the last lines of init tell a person to. */
async function pushClone(
  address: string,
  { login, token, home }: { login: unknown; token: string; home: string },
): Promise<void> {
  const git = (args: string[], environment: NodeJS.ProcessEnv = {}): Promise<{ stdout: string }> =>
    promisify(execFile)('git', ['-C', root, ...args], {
      env: { PATH: process.env.PATH, HOME: home, GIT_TERMINAL_PROMPT: '0', ...environment },
    });
  if ((await git(['rev-parse', '--is-shallow-repository'])).stdout.trim() === 'true')
    throw new Error('This clone is shallow, and no forge takes such a one. Run git fetch --unshallow first.');
  await git(['push', '-q', address, 'HEAD:refs/heads/main', `HEAD:refs/tags/v${version}`], {
    // Where other processes do not see it, and no error repeats it.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`${login}:${token}`).toString('base64')}`,
  });
}

export async function initStory({ url, seed, scratch, named }: Stage): Promise<void> {
  chapter('Two people and an organisation; nothing else is there');
  const ada = await seed.createUser(named('ada'), allScopes);
  const bob = await seed.createUser(named('bob'), allScopes);
  const org = named('acme');
  const must = async (method: string, route: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await seed.api(method, route, body);
    if (answer.status > 299)
      throw new Error(`${method} ${route} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as Record<string, unknown>;
  };
  await must('POST', '/orgs', { username: org });
  const { login: admin } = await must('GET', '/user');
  const token = async (login: unknown, scopes: string[]): Promise<string> =>
    String((await must('POST', `/admin/users/${login}/tokens`, { name: named('demo'), scopes })).sha1);
  const posts = ['filer', 'architect', 'dispatcher', 'gatekeeper'];
  const options = [
    `--ops-repo=${org}/ops`,
    `--project-repo=${org}/app`,
    `--accounts=${[...posts, 'crew'].map((name) => `${name}=${named(name)}`).join(',')}`,
  ];
  const environment = { FORGECREW_FORGE_URL: url, FORGECREW_FORGE_TOKEN: await token(admin, ['all']) };
  const command = (args: string[]): Promise<number | null> =>
    runRole(process.execPath, [forgecrew, ...args], environment, scratch);
  const expectCode = async (work: Promise<number | null>, ...wanted: number[]): Promise<void> => {
    const code = await work;
    note(`exit code ${code}`);
    if (!wanted.includes(code ?? -1))
      throw new Error(`the exit code is ${code}, and should be ${wanted.join(' or ')}`);
  };

  chapter('forgecrew doctor, before: nothing could be looked at');
  await expectCode(command(['doctor', ...options]), 1, 2);

  chapter('forgecrew init shows its plan');
  await expectCode(command(['init', ...options, `--people=${ada.login},${bob.login}`]), 0);

  chapter('forgecrew init --apply carries it out');
  await expectCode(command(['init', ...options, `--people=${ada.login},${bob.login}`, '--apply']), 0);

  chapter('The one thing that is left: forgecrew itself, where runners find it');
  // A person pushes a clone there, and the pipelines name the commit that the clone is at: its tag has to be that very commit.
  // Where forgecrew was unpacked and not cloned, they name the tag alone. Nothing of it runs in this story.
  if (existsSync(path.join(root, '.git')))
    await pushClone(`${url}/${org}/forgecrew.git`, {
      login: admin,
      token: environment.FORGECREW_FORGE_TOKEN,
      home: scratch,
    });
  else {
    await must('POST', `/repos/${org}/forgecrew/contents/README.md`, {
      content: Buffer.from('forgecrew\n').toString('base64'),
      message: 'As pushed',
      branch: 'main',
    });
    await must('POST', `/repos/${org}/forgecrew/tags`, { tag_name: `v${version}`, target: 'main' });
  }
  note(`${url}/${org}/forgecrew, with the tag v${version}`);

  chapter('forgecrew init again: nothing to do');
  await expectCode(command(['init', ...options, `--people=${ada.login},${bob.login}`, '--apply']), 0);

  chapter('forgecrew doctor, after: a site admin is told what the tokens in the secrets may do');
  await expectCode(command(['doctor', ...options]), 0);

  chapter('forgecrew agents add: main is protected, so a pull request declares the agent');
  const agent = ['agents', 'add', 'claude', '--model=claude-sonnet-4-5', ...options, '--apply'];
  await expectCode(command(agent), 0);
  const asked = (await must('GET', `/repos/${org}/ops/pulls?state=open`)) as unknown as { title: string }[];
  if (asked.map(({ title }) => title).join() !== 'Declare the agent claude')
    throw new Error('agents add asked for something else');

  chapter('... and again: it waits for a person');
  await expectCode(command(agent), 0);

  chapter('A vision, and a sprint document for it: ada writes it, bob approves, ada merges');
  const labels = (await must('GET', `/repos/${org}/app/labels?limit=50`)) as unknown as {
    id: number;
    name: string;
  }[];
  const vision = await seed.createIssue(ada, `${org}/app`, {
    title: 'Letters can be found',
    labels: labels.filter(({ name }) => name === 'vision').map(({ id }) => id),
  });
  await seed.putFile(ada, `${org}/ops`, 'sprints/first.md', sprint(vision), { from: 'main', name: 'first' });
  const pull = await seed.openPull(ada, `${org}/ops`, { head: 'first', base: 'main', title: 'A first step' });
  const { head } = await must('GET', `/repos/${org}/ops/pulls/${pull}`);
  const reviewed = await seed.api(
    'POST',
    `/repos/${org}/ops/pulls/${pull}/reviews`,
    { event: 'APPROVED', body: '', commit_id: (head as { sha: string }).sha },
    bob.token,
  );
  if (reviewed.status > 299) throw new Error(`the approval was answered ${reviewed.status}`);
  await seed.mergePull(ada, `${org}/ops`, pull);

  chapter('ops-filer files it, with nothing but what init made');
  await expectCode(
    runRole(
      process.execPath,
      [path.join(root, 'dist/ops-filer/index.js')],
      {
        FORGECREW_FORGE_URL: url,
        FORGECREW_FORGE_TOKEN: await token(named('filer'), ['write:issue', 'read:repository', 'read:user']),
        FORGECREW_FORGE_LOGIN: named('filer'),
        FORGECREW_OPS_REPO: `${org}/ops`,
        FORGECREW_PROJECT_REPO: `${org}/app`,
      },
      scratch,
    ),
    0,
  );
}
