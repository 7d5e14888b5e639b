// `npm run demo`: a merged sprint document becomes issues, and a done vision is closed.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { allScopes } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';

const documentOf = (vision: number): string => `# Sprint: a status page

## Vision issues
- #${vision} — people can see whether the service is up

## Recommendation
Start with a static page; history can come later.

## Sub-issues

<!-- filer:begin -->
- id: publish-page
  title: Publish the page from CI
  labels: [backlog]
  depends_on: [probe]
  body: |
    ## Goal
    The page is rebuilt every five minutes.

    ## Acceptance criteria
    - [ ] It shows the time of the last probe

- id: probe
  title: Probe the service
  labels: [backlog]
  body: |
    ## Goal
    One request a minute, and its outcome in a file.
<!-- filer:end -->
`;

export async function filing({ url, seed, scratch, isReal, named }: Stage): Promise<void> {
  chapter('Create what a team has: a project, an ops repo, and an account for the filer');
  const owner = await seed.createUser(named('ada'), allScopes);
  const filer = await seed.createUser(named('filer'), ['write:issue', 'read:repository', 'read:user']);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, project, filer.login, 'write');
  await seed.addCollaborator(owner, ops, filer.login, 'read');
  const label = await seed.createLabel(owner, project, 'vision');
  for (const name of ['in-progress', 'backlog']) await seed.createLabel(owner, project, name);
  const vision = await seed.createIssue(owner, project, {
    title: 'People can see whether the service is up',
    body: 'A goal, not a task.',
    labels: [label],
  });
  note(
    `${project} with vision issue #${vision}; ${ops}; ${filer.login} may write issues and read, nothing more`,
  );

  chapter('Propose a sprint as a pull request on the ops repo, and merge it as a person would');
  await seed.putFile(owner, ops, 'sprints/status-page.md', documentOf(vision), {
    from: 'main',
    name: 'sprint/status-page',
  });
  const pull = await seed.openPull(owner, ops, {
    head: 'sprint/status-page',
    base: 'main',
    title: 'sprint: a status page',
    body: 'Two steps.',
  });
  await seed.mergePull(owner, ops, pull);
  note(`pull request #${pull} of ${ops} is merged`);
  const checkout = path.join(scratch, 'ops');
  await promisify(execFile)(
    'git',
    ['clone', '-q', `${url.replace('://', `://${filer.login}:${filer.token}@`)}/${ops}.git`, checkout],
    { env: { PATH: process.env.PATH, HOME: scratch, GIT_TERMINAL_PROMPT: '0' } },
  );
  const head = (await promisify(execFile)('git', ['-C', checkout, 'rev-parse', 'HEAD'])).stdout.trim();

  const asPlugin = {
    CI: 'woodpecker',
    CI_FORGE_URL: url,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_COMMIT_BRANCH: 'main',
    CI_COMMIT_SHA: head,
    CI_PIPELINE_EVENT: 'push',
    CI_WORKSPACE: checkout,
    PLUGIN_FORGE_TOKEN: filer.token,
    PLUGIN_FORGE_LOGIN: filer.login,
    PLUGIN_PROJECT_REPO: project,
  };
  const plugin = path.join(root, 'plugins/ops-filer/ops-filer');

  chapter('The push starts ops-filer as a Woodpecker plugin');
  const first = await runRole(plugin, [], asPlugin, checkout);

  chapter('The same again, as a Forgejo Action: being started twice is normal');
  const event = path.join(scratch, 'event.json');
  writeFileSync(event, JSON.stringify({ repository: { default_branch: 'main' } }));
  const second = await runRole(
    process.execPath,
    [path.join(root, 'dist/ops-filer/index.js')],
    {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: url,
      GITHUB_REPOSITORY: ops,
      GITHUB_EVENT_NAME: 'push',
      GITHUB_EVENT_PATH: event,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: head,
      GITHUB_WORKSPACE: checkout,
      'INPUT_FORGE-TOKEN': filer.token,
      'INPUT_FORGE-LOGIN': filer.login,
      'INPUT_PROJECT-REPO': project,
    },
    checkout,
  );

  chapter('What is on the forge now');
  const { body: issues } = await seed.api(
    'GET',
    `/repos/${project}/issues?state=all&type=issues&sort=oldest`,
  );
  const filed: number[] = [];
  for (const issue of issues as {
    number: number;
    title: string;
    labels: { name: string }[];
    user: { login: string };
  }[]) {
    const { body: needs } = await seed.api('GET', `/repos/${project}/issues/${issue.number}/dependencies`);
    const on = (needs as { number: number }[]).map(({ number }) => `#${number}`).join(', ');
    note(
      `#${issue.number} ${issue.title}  [${issue.labels.map(({ name }) => name).join(', ')}]${on === '' ? '' : `  depends on ${on}`}`,
    );
    if (issue.user.login === filer.login) filed.push(issue.number);
  }

  chapter('The work gets done: both issues are closed, and cron starts ops-filer again');
  for (const number of filed) await seed.closeIssue(owner, project, number);
  const third = await runRole(plugin, [], { ...asPlugin, CI_PIPELINE_EVENT: 'cron' }, checkout);
  const { body: closed } = await seed.api('GET', `/repos/${project}/issues/${vision}`);
  const { body: comments } = await seed.api('GET', `/repos/${project}/issues/${vision}/comments`);
  note(`vision #${vision} is ${(closed as { state: string }).state}; its last comment:`);
  for (const line of ((comments as { body: string }[]).at(-1)?.body ?? '').split('\n'))
    console.log(`   ${paint('2', '│')} ${line}`);
  if ([first, second, third].some((code) => code !== 0) || (closed as { state: string }).state !== 'closed')
    throw new Error('the demo did not end as it should; see the lines above');

  chapter('The same on your own Forgejo');
  note(
    'npm run demo -- --forge-url https://your.forge --token <a site admin’s token>   (makes accounts of its own)',
  );
  note('or set it up for good: README.md, "Ten minutes to a factory".');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${project} and ${url}/${ops}; delete the accounts ${owner.login} and ${filer.login} when done.`,
    );
}
