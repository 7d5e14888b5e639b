// `npm run demo -- escalation`: a person asks, a scripted engine answers with three proposals, a stranger and a writer click, one
// expires, one is edited and edited back; the records are printed.
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';

const deploy = `on:
  workflow_dispatch:
    inputs:
      target: {required: true}
      nonce: {required: true}
jobs:
  deploy:
    runs-on: docker
    steps:
      - run: echo deployed
`;

/** What the engine says to each request, in their order. */
const answers = [
  `The reading room is cold because the valve sticks. I propose an issue for it, a run of the deployment to staging, and an issue for the torn letter.

<action type="issue-create">{"title": "Mend the valve of the reading room", "body": "It sticks.", "labels": ["bug"]}</action>
<action type="ci-run">{"ref": "main", "workflow": "deploy.yml", "inputs": {"target": "staging"}}</action>
<action type="issue-create">{"title": "Mend the letter of 1926", "body": "It is torn."}</action>`,
  `One more, then.

<action type="issue-create">{"title": "Pay 82,000 for the roof", "body": "As offered."}</action>`,
];

export async function escalation({ url, seed, scratch, isReal, named }: Stage): Promise<void> {
  chapter(
    'Create what a team has: a project, an ops repo with a policy, people, and an account for the role',
  );
  const ada = await seed.createUser(named('ada'), allScopes);
  const bob = await seed.createUser(named('bob'), allScopes);
  const stranger = await seed.createUser(named('stranger'), allScopes);
  const crew = await seed.createUser(named('crew'), ['write:repository', 'write:issue', 'write:user']);
  const project = await seed.createRepository(ada, 'project');
  const ops = await seed.createRepository(ada, 'ops');
  for (const person of [bob, crew]) await seed.addCollaborator(ada, project, person.login, 'write');
  await seed.addCollaborator(ada, ops, crew.login, 'read');
  await seed.createLabel(ada, project, 'bug');
  await seed.putFile(ada, project, '.forgejo/workflows/deploy.yml', deploy);
  await seed.putFile(
    ada,
    ops,
    'escalation/policy.toml',
    `[issue-create]\nrepositories = ["${project}"]\nlabels = ["bug"]\nexpiry = "1m"\n\n[ci-run]\nrepositories = ["${project}"]\nworkflows = ["deploy.yml"]\nbranches = ["main"]\n`,
  );
  const records = `${crew.login}/records`;
  const ask = async (method: string, where: string, body: unknown, by: Person): Promise<unknown> => {
    const answer = await seed.api(method, where, body, by.token);
    if (answer.status > 299) throw new Error(`${method} ${where} was answered ${answer.status}`);
    return answer.body;
  };
  await ask(
    'POST',
    '/user/repos',
    { name: 'records', private: true, auto_init: true, default_branch: 'main' },
    crew,
  );
  await ask('PATCH', `/repos/${records}`, { has_actions: false }, crew);
  const issue = await seed.createIssue(ada, project, {
    title: 'The reading room is cold',
    body: 'Since Monday.',
  });
  note(
    `${project} with issue #${issue}; ${ops} with escalation/policy.toml; ${records}, private and without Actions`,
  );

  const engine = path.join(scratch, 'engine.sh');
  const say = (answer: string): void => {
    writeFileSync(engine, `#!/bin/sh\ncat > /dev/null\ncat <<'ANSWER'\n${answer}\nANSWER\n`);
    chmodSync(engine, 0o755);
  };
  const runs = async (): Promise<void> => {
    const code = await runRole(
      path.join(root, 'plugins/escalation/escalation'),
      [],
      {
        CI: 'woodpecker',
        CI_FORGE_URL: url,
        CI_REPO: ops,
        CI_REPO_DEFAULT_BRANCH: 'main',
        CI_PIPELINE_EVENT: 'cron',
        CI_WORKSPACE: scratch,
        PLUGIN_PROJECT_REPO: project,
        PLUGIN_RECORD_REPO: records,
        PLUGIN_FORGE_TOKEN: crew.token,
        PLUGIN_FORGE_LOGIN: crew.login,
        PLUGIN_ENGINE: 'command',
        PLUGIN_ENGINE_COMMAND: engine,
      },
      scratch,
    );
    if (code !== 0) throw new Error(`the role ended with ${code}`);
  };
  const comment = async (by: Person, text: string): Promise<void> => {
    await ask('POST', `/repos/${project}/issues/${issue}/comments`, { body: text }, by);
    note(`${paint('1', by.login)}: ${text}`);
  };
  interface Seen {
    id: number;
    body: string;
  }
  const proposals = async (): Promise<Seen[]> => {
    const all = (await ask('GET', `/repos/${project}/issues/${issue}/comments`, undefined, crew)) as Seen[];
    return all.filter(({ body }) => body.includes('<!-- forgecrew: crew proposal '));
  };
  const idOf = ({ body }: Seen): string => /`(.+?)`/.exec(body)?.[1] ?? '';
  const show = (text: string): void => {
    for (const line of text.split('\n'))
      if (!line.startsWith('<!--')) console.log(`   ${paint('2', '│')} ${line}`);
  };
  const click = async (by: Person, { id, body }: Seen, content = '+1'): Promise<void> => {
    await ask('POST', `/repos/${project}/issues/comments/${id}/reactions`, { content }, by);
    note(
      `${paint('1', by.login)} clicks ${content === '+1' ? '👍' : '👎'} on ${body.split('\n')[0]?.replace('### ', '')}`,
    );
  };
  // Clicks of the second in which a comment was written do not count.
  const second = (): Promise<void> => new Promise((done) => setTimeout(done, 1100));

  chapter(`${ada.login} asks; cron starts the role, and the engine answers with three proposals`);
  await comment(ada, '/crew it is cold in the reading room, what can be done?');
  say(answers[0] ?? '');
  const begun = Date.now();
  await runs();
  const [valve, deployed, letter] = await proposals();
  if (valve === undefined || deployed === undefined || letter === undefined)
    throw new Error('three proposals were to be shown');
  show(valve.body);
  show(deployed.body);

  chapter('A stranger clicks: nothing happens');
  await second();
  await click(stranger, valve);
  await runs();

  chapter(`${bob.login} clicks: an issue is made, and a run is started at the commit that was shown`);
  await seed.putFile(ada, project, 'notes.md', 'The branch has moved since.\n');
  await click(bob, valve);
  await click(bob, deployed);
  await runs();

  chapter(`One more is asked for; somebody edits its comment, waits for a click, and edits it back`);
  await comment(ada, '/crew and the roof?');
  say(answers[1] ?? '');
  await runs();
  const roof = (await proposals()).at(-1);
  if (roof === undefined) throw new Error('the roof was to be proposed');
  await second();
  await ask(
    'PATCH',
    `/repos/${project}/issues/comments/${roof.id}`,
    { body: roof.body.replace('82,000', '820,000') },
    ada,
  );
  await click(bob, roof);
  await second();
  await ask('PATCH', `/repos/${project}/issues/comments/${roof.id}`, { body: roof.body }, ada);
  await runs();

  chapter('A minute later, as the policy of this demo has it: what nobody clicked has expired');
  await new Promise((done) => setTimeout(done, Math.max(0, begun + 65_000 - Date.now())));
  await runs();

  chapter('What the thread says, and what is on record');
  const all = (await ask('GET', `/repos/${project}/issues/${issue}/comments`, undefined, crew)) as Seen[];
  for (const { body } of all.filter((item) => item.body.includes('<!-- forgecrew: crew end ')))
    note(body.split('\n')[0] ?? '');
  for (const folder of ['answers', 'escalation', 'decided', 'outcomes', 'told']) {
    const { status, body } = await seed.api(
      'GET',
      `/repos/${records}/contents/${folder}`,
      undefined,
      crew.token,
    );
    const names = status === 200 ? (body as { name: string }[]).map(({ name }) => name) : [];
    note(`${folder}/: ${names.join(', ')}`);
  }
  for (const file of ['decided/%.json', 'outcomes/%.json'].map((name) => name.replace('%', idOf(valve)))) {
    const { content } = (await ask('GET', `/repos/${records}/contents/${file}`, undefined, crew)) as {
      content: string;
    };
    note(`${file}:`);
    show(Buffer.from(content, 'base64').toString('utf8').trimEnd());
  }
  const made = (await ask(
    'GET',
    `/repos/${project}/issues?state=all&created_by=${crew.login}`,
    undefined,
    crew,
  )) as { number: number; title: string; body: string }[];
  for (const { number, title, body } of made) {
    note(`#${number} ${title}`);
    show(body);
  }
  const { workflow_runs: started } = (await ask('GET', `/repos/${project}/actions/runs`, undefined, ada)) as {
    workflow_runs: { id: number; commit_sha: string }[];
  };
  for (const { id, commit_sha } of started) note(`run ${id} at ${commit_sha}`);
  if (made.length !== 1 || started.length !== 1)
    throw new Error('the demo did not end as it should; see the lines above');
  const shown = /Commit: `([0-9a-f]+)`/.exec(deployed.body)?.[1];
  if (started[0]?.commit_sha !== shown) throw new Error('the run is not of the commit that was shown');

  chapter('The same on your own Forgejo');
  note('npm run demo -- escalation --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: actions/escalation/README.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${project}; delete the accounts ${[ada, bob, stranger, crew].map(({ login }) => login).join(', ')} when done.`,
    );
}
