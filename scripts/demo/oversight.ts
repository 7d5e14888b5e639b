// `npm run demo -- oversight`: the prerequisite tree follows the forge, what happened becomes evidence, and one issue says what
// waits for whom.
import path from 'node:path';
import { markLine } from '../../core/sprint/marker.ts';
import { allScopes } from '../../embedded-forge/seed.ts';
import { chapter, note, root, runRole, type Stage } from './stage.ts';
import { aloud, asked as ask, cronStep, expectAll, pluginSettings, textIn, type Works } from './works.ts';

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

export async function oversight({ url, seed, scratch, isReal, named }: Stage): Promise<void> {
  chapter('Create what a team has: a project with a vision, an ops repo, and an account for the three roles');
  const owner = await seed.createUser(named('ada'), allScopes);
  const keeper = await seed.createUser(named('keeper'), ['write:repository', 'write:issue', 'read:user']);
  const project = await seed.createRepository(owner, 'project');
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, keeper.login, 'write');
  for (const name of ['vision', 'backlog']) await seed.createLabel(owner, project, name);
  // The page with a picture is a commit, for which an account needs write access.
  const set = new Map<string, Record<string, string | null>>([
    ['dashboard', { page: 'true', assign: 'true' }],
  ]);
  await oversightScene({
    url,
    seed,
    ops,
    project,
    admin: owner,
    ada: owner,
    bob: owner,
    stranger: owner,
    login: () => keeper.login,
    uses: (role) => role,
    start: (role, { more = {} } = {}) =>
      runRole(
        path.join(root, 'plugins', role, role),
        [],
        {
          ...cronStep({ url, ops }, scratch),
          PLUGIN_FORGE_TOKEN: keeper.token,
          PLUGIN_PROJECT_REPO: project,
          ...pluginSettings({ ...set.get(role), ...more }),
        },
        scratch,
      ),
    async set(role, settings) {
      set.set(role, { ...set.get(role), ...settings });
    },
    async land(files) {
      for (const [file, text] of Object.entries(files)) await seed.putFile(owner, ops, file, text ?? '');
    },
    merge: async () => 0,
    wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
    settleRun: undefined,
    tell: aloud,
  });
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${owner.login} and ${keeper.login} when done.`,
    );
}

/** The tree follows the forge, what happened becomes evidence, and one issue says what waits for whom. */
export async function oversightScene(works: Works): Promise<void> {
  const { seed, ops, project, ada, tell } = works;
  const all = await ask<{ id: number; name: string }[]>(works, 'GET', `/repos/${project}/labels?limit=50`);
  const labelled = (name: string): number[] => all.filter((label) => label.name === name).map(({ id }) => id);
  const vision = await seed.createIssue(ada, project, {
    title: 'People can log in',
    labels: labelled('vision'),
  });
  const part = (id: string, title: string): Promise<number> =>
    seed.createIssue(ada, project, {
      title,
      body: `What to do.\n${markLine({ vision, sprint: 'access', id })}`,
      labels: labelled('backlog'),
    });
  const login = await part('page', 'A page to log in');
  const keys = await part('keys', 'Rotate the keys');
  await works.land({ 'prerequisites.md': treeOf(login, keys), 'vault/pending/collector-key.md': asked });
  tell.note(`${project} with vision #${vision}; ${ops} with a prerequisite tree and a request to a person`);

  tell.chapter('The work on one of them is done: a pull request is merged, and its issue closed');
  await seed.putFile(ada, project, 'login.html', '<p>Log in</p>\n', { from: 'main', name: 'login' });
  const pull = await seed.openPull(ada, project, {
    head: 'login',
    base: 'main',
    title: 'A page to log in',
    body: `Closes #${login}`,
  });
  await seed.mergePull(ada, project, pull);
  await seed.closeIssue(ada, project, login);
  tell.note(`pull request #${pull} of ${project} is merged, #${login} is closed`);

  const codes: (number | null)[] = [];
  const start = async (role: string, more: Record<string, string> = {}): Promise<void> => {
    codes.push(await works.start(role, { more }));
  };

  tell.chapter('Cron starts prerequisites: the tree says what is so');
  await start('prerequisites');
  await works.merge(works.login('keeper'));
  const tree = await textIn(works, 'prerequisites.md');
  tell.show(tree);

  tell.chapter('Cron starts collect-process-metrics: today, so far, as evidence');
  const today = new Date().toISOString().slice(0, 10);
  await start('collect-process-metrics', { date: today });
  await works.merge(works.login('collector'));
  const page = await textIn(works, 'evidence/process/README.md');
  tell.show(page.split('## What is counted')[0] ?? '');

  tell.chapter('Cron starts dashboard: one issue');
  await start('dashboard');
  const issues = await ask<{ number: number; title: string; body: string; assignees: { login: string }[] }[]>(
    works,
    'GET',
    `/repos/${ops}/issues?state=open&type=issues&created_by=${works.login('keeper')}`,
  );
  const [board, ...doubled] = issues;
  tell.note(
    `#${board?.number} ${board?.title}, assigned to ${(board?.assignees ?? []).map((item) => item.login)}`,
  );
  tell.show(board?.body ?? '');

  tell.chapter('Nothing has changed: none of them writes anything');
  await start('prerequisites');
  await start('collect-process-metrics', { date: today });
  await start('dashboard');
  expectAll(
    { ended: true, closed: true, ready: true, evidence: true, told: true, boards: 1, merged: 0 },
    {
      ended: codes.every((code) => code === 0),
      closed: tree.includes(`- [x] A page to log in (#${login} — closed)`),
      ready: tree.includes('Status: READY'),
      evidence: page.includes(today),
      told: (board?.body ?? '').includes('1 of 2'),
      boards: 1 + doubled.length,
      merged: await works.merge(works.login('collector')),
    },
  );
}
