// `npm run demo -- oversight`: the prerequisite tree follows the forge, what happened becomes evidence, and one issue says what
// waits for whom.
import path from 'node:path';
import { markLine } from '../../core/sprint/marker.ts';
import { allScopes } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';

const treeOf = (login: number, keys: number): string => `# Prerequisite Tree
<!-- Last updated: 2026-04-15 -->

## Objective: Access — people can log in
- [ ] A page to log in (#${login} — backlog)
Status: READY

## Objective: Access — keys are rotated
- [ ] A role that does it (#${keys} — backlog, depends on #${login})
- [ ] Somebody has tried it
Status: BLOCKED — waits for #${login}

## --- ACCESS MILESTONE: IN PROGRESS ---
`;

const asked = `# Give the collector a key

Waiting since 2026-11-20.

## Human action
1. Make a key that may only read
2. Put it into the secret COLLECTOR_KEY

## Unblocks
- evidence of engagement
`;

function shown(text: string): void {
  for (const line of text.trimEnd().split('\n')) console.log(`   ${paint('2', '│')} ${line}`);
}

export async function oversight({ url, seed, scratch, isReal, named }: Stage): Promise<void> {
  chapter('Create what a team has: a project with a vision, an ops repo, and an account for the three roles');
  const owner = await seed.createUser(named('ada'), allScopes);
  const keeper = await seed.createUser(named('keeper'), ['write:repository', 'write:issue', 'read:user']);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, keeper.login, 'write');
  const labels: Record<string, number> = {};
  for (const name of ['vision', 'backlog']) labels[name] = await seed.createLabel(owner, project, name);
  const vision = await seed.createIssue(owner, project, {
    title: 'People can log in',
    labels: [labels.vision ?? 0],
  });
  const part = (id: string, title: string): Promise<number> =>
    seed.createIssue(owner, project, {
      title,
      body: `What to do.\n${markLine({ vision, sprint: 'access', id })}`,
      labels: [labels.backlog ?? 0],
    });
  const login = await part('page', 'A page to log in');
  const keys = await part('keys', 'Rotate the keys');
  await seed.putFile(owner, ops, 'prerequisites.md', treeOf(login, keys));
  await seed.putFile(owner, ops, 'vault/pending/collector-key.md', asked);
  note(`${project} with vision #${vision}; ${ops} with a prerequisite tree and a request to a person`);

  chapter('The work on one of them is done: a pull request is merged, and its issue closed');
  await seed.putFile(owner, project, 'login.html', '<p>Log in</p>\n', { from: 'main', name: 'login' });
  const pull = await seed.openPull(owner, project, {
    head: 'login',
    base: 'main',
    title: 'A page to log in',
    body: `Closes #${login}`,
  });
  await seed.mergePull(owner, project, pull);
  await seed.closeIssue(owner, project, login);
  note(`pull request #${pull} of ${project} is merged, #${login} is closed`);

  const shared = {
    CI: 'woodpecker',
    CI_FORGE_URL: url,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    CI_WORKSPACE: scratch,
    PLUGIN_FORGE_TOKEN: keeper.token,
    PLUGIN_PROJECT_REPO: project,
  };
  const codes: (number | null)[] = [];
  const start = async (role: string, more: Record<string, string> = {}): Promise<void> => {
    codes.push(await runRole(path.join(root, 'plugins', role, role), [], { ...shared, ...more }, scratch));
  };
  const textOf = async (file: string): Promise<string> => {
    const { body } = await seed.api('GET', `/repos/${ops}/contents/${file}`);
    return Buffer.from((body as { content?: string }).content ?? '', 'base64').toString('utf8');
  };

  chapter('Cron starts prerequisites: the tree says what is so');
  await start('prerequisites');
  const tree = await textOf('prerequisites.md');
  shown(tree);

  chapter('Cron starts collect-process-metrics: today, so far, as evidence');
  const today = new Date().toISOString().slice(0, 10);
  await start('collect-process-metrics', { PLUGIN_DATE: today });
  const page = await textOf('evidence/process/README.md');
  shown(page.split('## What is counted')[0] ?? '');

  chapter('Cron starts dashboard: one issue, and a page with a picture');
  await start('dashboard', { PLUGIN_PAGE: 'true', PLUGIN_ASSIGN: 'true' });
  const { body: issues } = await seed.api('GET', `/repos/${ops}/issues?state=open&type=issues`);
  const [board] = issues as { number: number; title: string; body: string; assignees: { login: string }[] }[];
  note(
    `#${board?.number} ${board?.title}, assigned to ${(board?.assignees ?? []).map((item) => item.login)}`,
  );
  shown(board?.body ?? '');

  chapter('Nothing has changed: none of them writes anything');
  await start('prerequisites');
  await start('collect-process-metrics', { PLUGIN_DATE: today });
  await start('dashboard', { PLUGIN_PAGE: 'true', PLUGIN_ASSIGN: 'true' });
  const isRight =
    codes.every((code) => code === 0) &&
    tree.includes(`- [x] A page to log in (#${login} — closed)`) &&
    tree.includes(`Status: READY`) &&
    page.includes(today) &&
    (board?.body ?? '').includes('1 of 2');
  if (!isRight) throw new Error('the demo did not end as it should; see the lines above');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${owner.login} and ${keeper.login} when done.`,
    );
}
