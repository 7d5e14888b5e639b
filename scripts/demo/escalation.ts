// `npm run demo -- escalation`: a person asks, a scripted engine answers with three proposals, a stranger and a writer click, one
// expires, one is edited and edited back; the records are printed.
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';
import { aloud, asked, cronStep, expectAll, pluginSettings, type Works } from './works.ts';

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

<action type="issue-create">{"title": "Mend the valve of the reading room", "body": "It sticks.", "labels": ["backlog"]}</action>
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
  await seed.createLabel(ada, project, 'backlog');
  const records = `${crew.login}/records`;
  const own = { body: { name: 'records', private: true, auto_init: true, default_branch: 'main' }, by: crew };
  await asked({ seed }, 'POST', '/user/repos', own);
  await asked({ seed }, 'PATCH', `/repos/${records}`, { body: { has_actions: false }, by: crew });
  const set: Record<string, string | null> = {};
  await escalationScene(
    {
      url,
      seed,
      ops,
      project,
      admin: ada,
      ada,
      bob,
      stranger,
      login: () => crew.login,
      uses: (role) => role,
      start: (role) =>
        runRole(
          path.join(root, 'plugins', role, role),
          [],
          {
            ...cronStep({ url, ops }, scratch),
            PLUGIN_PROJECT_REPO: project,
            PLUGIN_RECORD_REPO: records,
            PLUGIN_FORGE_TOKEN: crew.token,
            PLUGIN_FORGE_LOGIN: crew.login,
            ...pluginSettings(set),
          },
          scratch,
        ),
      async set(_, settings) {
        Object.assign(set, settings);
      },
      async land(files) {
        for (const [file, text] of Object.entries(files)) await seed.putFile(ada, ops, file, text ?? '');
      },
      merge: async () => 0,
      wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
      settleRun: undefined,
      tell: aloud,
    },
    scratch,
  );

  chapter('The same on your own Forgejo');
  note('npm run demo -- escalation --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: actions/escalation/README.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${project}; delete the accounts ${[ada, bob, stranger, crew].map(({ login }) => login).join(', ')} when done.`,
    );
}

/** A comment, an answer with three proposals, clicks of a stranger and of a writer, what they let happen, an edit, and an expiry. */
export async function escalationScene(works: Works, scratch: string): Promise<void> {
  const { seed, ops, project, ada, bob, stranger, tell } = works;
  const speaker = works.login('speaker');
  const records = `${speaker}/records`;
  await seed.putFile(ada, project, '.forgejo/workflows/deploy.yml', deploy);
  await works.land({
    'escalation/policy.toml': `[issue-create]\nrepositories = ["${project}"]\nlabels = ["backlog"]\nexpiry = "1m"\n\n[ci-run]\nrepositories = ["${project}"]\nworkflows = ["deploy.yml"]\nbranches = ["main"]\n`,
  });
  const issue = await seed.createIssue(ada, project, {
    title: 'The reading room is cold',
    body: 'Since Monday.',
  });
  tell.note(
    `${project} with issue #${issue}; ${ops} with escalation/policy.toml; ${records}, private and without Actions`,
  );

  const engine = path.join(scratch, 'engine.sh');
  const say = (answer: string): void => {
    writeFileSync(engine, `#!/bin/sh\ncat > /dev/null\ncat <<'ANSWER'\n${answer}\nANSWER\n`);
    chmodSync(engine, 0o755);
  };
  await works.set('escalation', {
    engine: 'command',
    'engine-command': engine,
    // What belongs to a model that counts what it is asked.
    ...Object.fromEntries(
      ['model', 'engine-url', 'engine-key', 'max-cost-per-day', 'price-input', 'price-output'].map((name) => [
        name,
        null,
      ]),
    ),
  });
  const runs = async (): Promise<void> => {
    const code = await works.start('escalation');
    if (code !== 0) throw new Error(`the role ended with ${code}`);
  };
  const comment = async (by: Person, body: string): Promise<void> => {
    await asked(works, 'POST', `/repos/${project}/issues/${issue}/comments`, { body: { body }, by });
    tell.note(`${paint('1', by.login)}: ${body}`);
  };
  interface Seen {
    id: number;
    body: string;
  }
  const comments = (): Promise<Seen[]> => asked(works, 'GET', `/repos/${project}/issues/${issue}/comments`);
  const proposals = async (): Promise<Seen[]> =>
    (await comments()).filter(({ body }) => body.includes('<!-- forgecrew: crew proposal '));
  const idOf = ({ body }: Seen): string => /`(.+?)`/.exec(body)?.[1] ?? '';
  const show = (text: string): void =>
    tell.show(
      text
        .split('\n')
        .filter((line) => !line.startsWith('<!--'))
        .join('\n'),
    );
  const click = async (by: Person, { id, body }: Seen): Promise<void> => {
    await asked(works, 'POST', `/repos/${project}/issues/comments/${id}/reactions`, {
      body: { content: '+1' },
      by,
    });
    tell.note(`${paint('1', by.login)} clicks 👍 on ${body.split('\n')[0]?.replace('### ', '')}`);
  };
  const edit = ({ id }: Seen, body: string): Promise<unknown> =>
    asked(works, 'PATCH', `/repos/${project}/issues/comments/${id}`, { body: { body }, by: ada });
  const made = (): Promise<{ number: number; title: string; body: string }[]> =>
    asked(works, 'GET', `/repos/${project}/issues?state=all&created_by=${speaker}`);
  // Clicks of the second in which a comment was written do not count.
  const second = (): Promise<void> => works.wait(1100);

  tell.chapter(`${ada.login} asks; cron starts the role, and the engine answers with three proposals`);
  await comment(ada, '/crew it is cold in the reading room, what can be done?');
  say(answers[0] ?? '');
  await runs();
  const [valve, deployed, letter] = await proposals();
  if (valve === undefined || deployed === undefined || letter === undefined)
    throw new Error('three proposals were to be shown');
  show(valve.body);
  show(deployed.body);

  tell.chapter('A stranger clicks: nothing happens');
  await second();
  const before = (await made()).length;
  await click(stranger, valve);
  await runs();
  const ofStranger = (await made()).length - before;

  tell.chapter(`${bob.login} clicks: an issue is made, and a run is started at the commit that was shown`);
  await seed.putFile(ada, project, 'notes.md', 'The branch has moved since.\n');
  await click(bob, valve);
  await click(bob, deployed);
  await runs();

  tell.chapter(`One more is asked for; somebody edits its comment, waits for a click, and edits it back`);
  await comment(ada, '/crew and the roof?');
  say(answers[1] ?? '');
  await runs();
  const roof = (await proposals()).at(-1);
  if (roof === undefined) throw new Error('the roof was to be proposed');
  await second();
  await edit(roof, roof.body.replace('82,000', '820,000'));
  await click(bob, roof);
  await second();
  await edit(roof, roof.body);
  await runs();

  tell.chapter('A minute later, as the policy of this story has it: what nobody clicked has expired');
  await works.wait(65_000);
  await runs();

  tell.chapter('What the thread says, and what is on record');
  const ends = (await comments()).filter(({ body }) => body.includes('<!-- forgecrew: crew end '));
  for (const { body } of ends) tell.note(body.split('\n')[0] ?? '');
  for (const folder of ['answers', 'escalation', 'decided', 'outcomes', 'told']) {
    const { status, body } = await seed.api('GET', `/repos/${records}/contents/${folder}`);
    const names = status === 200 ? (body as { name: string }[]).map(({ name }) => name) : [];
    tell.note(`${folder}/: ${names.join(', ')}`);
  }
  for (const file of ['decided/%.json', 'outcomes/%.json'].map((name) => name.replace('%', idOf(valve)))) {
    const { content } = await asked<{ content: string }>(works, 'GET', `/repos/${records}/contents/${file}`);
    tell.note(`${file}:`);
    show(Buffer.from(content, 'base64').toString('utf8').trimEnd());
  }
  const issues = (await made()).slice(0, (await made()).length - before);
  for (const { number, title, body } of issues) {
    tell.note(`#${number} ${title}`);
    show(body);
  }
  const { workflow_runs: started } = await asked<{ workflow_runs: { id: number; commit_sha: string }[] }>(
    works,
    'GET',
    `/repos/${project}/actions/runs`,
  );
  for (const { id, commit_sha } of started) tell.note(`run ${id} at ${commit_sha}`);
  const ended = (how: string): number => ends.filter(({ body }) => body.includes(how)).length;
  expectAll(
    {
      ofStranger: 0,
      issues: 1,
      runs: 1,
      carriedOut: 2,
      void: 1,
      expired: 2,
      commit: /Commit: `([0-9a-f]+)`/.exec(deployed.body)?.[1],
    },
    {
      ofStranger,
      issues: issues.length,
      runs: started.length,
      carriedOut: ended('carried out'),
      void: ended('is void'),
      // The one that was edited is shown anew, and nobody clicks on that.
      expired: ended('has expired'),
      commit: started[0]?.commit_sha,
    },
  );
}
