// `npm run demo -- pitch`: a vision becomes a pitch, people accept it and decide, a person merges it, and ops-filer files it.
import path from 'node:path';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';
import { cronStep } from './works.ts';

const visionText = `A letter of 1901 is asked for about once a week, and finding it takes an afternoon.

## Today
- Letters are scanned, and the scans are in folders by year.

## Tasks
- [x] Scan the letters
- [ ] Index the letters
  - [ ] Every letter has a date and a sender
- [ ] A page to search them
  - [ ] A name finds every letter from or to them
- [ ] Ask ten readers to try it

## Risks
Names are spelt in many ways.
`;

export async function pitch({ url, seed, scratch, isReal, named }: Stage): Promise<void> {
  chapter('Create what a team has: a project, an ops repo, two people, and accounts for two roles');
  const ada = await seed.createUser(named('ada'), allScopes);
  const bob = await seed.createUser(named('bob'), allScopes);
  const architect = await seed.createUser(named('architect'), [
    'write:repository',
    'write:issue',
    'read:user',
  ]);
  const filer = await seed.createUser(named('filer'), ['write:issue', 'read:repository', 'read:user']);
  const project = await seed.createRepository(ada, 'project');
  const ops = await seed.createRepository(ada, 'ops');
  await seed.addCollaborator(ada, ops, bob.login, 'write');
  await seed.addCollaborator(ada, project, filer.login, 'write');
  for (const role of [architect, filer]) await seed.addCollaborator(ada, ops, role.login, 'read');
  const label = await seed.createLabel(ada, project, 'vision');
  for (const name of ['in-progress', 'backlog']) await seed.createLabel(ada, project, name);
  // So that the vision and its pull request do not have the same number.
  for (const title of ['A letter from 1926 is torn', 'The reading room is cold'])
    await seed.createIssue(ada, project, { title, body: '' });
  const vision = await seed.createIssue(ada, project, {
    title: 'vision: an archive people can search',
    body: visionText,
    labels: [label],
  });
  note(`${project} with vision issue #${vision}, a goal with a few tasks under it`);
  note(
    `${architect.login} may read both repositories and write to neither; it proposes from a fork of its own`,
  );
  note(`${filer.login} may write issues in ${project}; ${ada.login} and ${bob.login} decide`);

  const shared = {
    ...cronStep({ url, ops }, scratch),
    PLUGIN_PROJECT_REPO: project,
    PLUGIN_OPS_REPO: ops,
  };
  const start = (role: string, who: Person, more: Record<string, string>): Promise<number | null> =>
    runRole(
      path.join(root, `plugins/${role}/${role}`),
      [],
      { ...shared, PLUGIN_FORGE_TOKEN: who.token, PLUGIN_FORGE_LOGIN: who.login, ...more },
      scratch,
    );
  const codes: (number | null)[] = [];
  const architectRuns = async (): Promise<void> => {
    codes.push(await start('architect-pitch', architect, { PLUGIN_FILER_LOGIN: filer.login }));
  };
  async function say(by: Person, pull: number, text: string): Promise<void> {
    const { status } = await seed.api(
      'POST',
      `/repos/${ops}/issues/${pull}/comments`,
      { body: text },
      by.token,
    );
    if (status !== 201) throw new Error(`the comment on #${pull} was answered ${status}`);
    for (const line of text.split('\n')) note(`${paint('1', by.login)}: ${line}`);
  }
  async function commentsOn(pull: number): Promise<string[]> {
    const { body } = await seed.api('GET', `/repos/${ops}/issues/${pull}/comments`);
    return (body as { body: string; user: { login: string } }[])
      .filter((comment) => comment.user.login === architect.login)
      .map((comment) => comment.body);
  }
  const shownText = (text: string): void => {
    for (const line of text.split('\n'))
      if (!line.startsWith('<!--')) console.log(`   ${paint('2', '│')} ${line}`);
  };

  chapter('Cron starts architect-pitch, with the engine `outline`: no model, no key, no cost');
  await architectRuns();
  const { body: pulls } = await seed.api('GET', `/repos/${ops}/pulls?state=open`);
  const [opened] = pulls as { number: number; title: string; body: string }[];
  if (opened === undefined) throw new Error('no pitch was opened');
  const { number } = opened;

  chapter(`The pitch, as pull request #${number} shows it: ${opened.title}`);
  shownText(opened.body.trimEnd());

  chapter('Started again before anybody has answered, it has nothing to do');
  await architectRuns();

  chapter(`${bob.login} accepts it; the next run asks what is left to decide`);
  await say(bob, number, 'ACCEPT');
  await architectRuns();
  note(`what it wrote on #${number}:`);
  shownText(
    (await commentsOn(number))
      .at(-1)
      ?.replace(/<!--.*?-->/gs, '')
      .trimEnd() ?? '',
  );

  chapter(`${ada.login} and ${bob.login} answer; the next run revises the sub-issues and says it is ready`);
  await say(ada, number, 'A1: A\nA2: B');
  await say(bob, number, 'A3: Ten readers find a letter in a minute.');
  await architectRuns();
  note(
    'a letter picks an option, and the sub-issues follow it; words of their own are told to every sub-issue',
  );
  shownText(
    (await commentsOn(number))
      .at(-1)
      ?.replace(/<!--.*?-->/gs, '')
      .trimEnd() ?? '',
  );

  chapter(`${ada.login} merges it, as a person would, and the push starts ops-filer`);
  await seed.mergePull(ada, ops, number);
  codes.push(await start('ops-filer', filer, { CI_PIPELINE_EVENT: 'push', CI_REPO: project }));
  const { body: issues } = await seed.api(
    'GET',
    `/repos/${project}/issues?state=open&type=issues&created_by=${filer.login}`,
  );
  const filed = (issues as { number: number; title: string }[]).sort((a, b) => a.number - b.number);
  note(`filed: ${filed.map((issue) => `#${issue.number} ${issue.title}`).join('; ')}`);

  chapter('One of them is done; architect-pitch tells the pull request how far it is');
  const [first] = filed;
  if (first === undefined) throw new Error('nothing was filed');
  await seed.closeIssue(ada, project, first.number);
  await architectRuns();

  chapter(`What ${architect.login} wrote in all this`);
  for (const text of await commentsOn(number)) note(`on #${number}: ${text.split('\n')[0]}`);
  const { body: forkBranches } = await seed.api('GET', `/repos/${architect.login}/ops/branches`);
  note(
    `branches left in its fork: ${(forkBranches as { name: string }[]).map(({ name }) => name).join(', ')}`,
  );
  if (codes.some((code) => code !== 0) || filed.length !== 3)
    throw new Error('the demo did not end as it should; see the lines above');

  chapter('The same on your own Forgejo');
  note('npm run demo -- pitch --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: actions/architect-pitch/README.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${[ada, bob, architect, filer].map(({ login }) => login).join(', ')} when done.`,
    );
}
