// `npm run demo -- agent`: a labelled issue, a scripted agent that does its work and tries what it must not, the pull request; a
// review that wakes it, a merge that ends it, and its records checked.
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import { parseRunRecord } from '../../core/agent/run-record.ts';
import { UserError } from '../../core/errors.ts';
import { allScopes } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';
import { cronStep } from './works.ts';

/** Plain Node, as any agent could be: it has nothing but its folder, the prompt on its standard input, and the command `forge`. */
const agentText = readFileSync(path.join(root, 'scripts/demo/agent.program.cjs'), 'utf8');

export async function agent({ url, seed, scratch, isReal, named }: Stage): Promise<void> {
  const { best, tried } = await possibleIsolation({ first: 70_000, count: 256 });
  if (best === 'none')
    throw new UserError(
      `An agent cannot be isolated on this machine. ${tried.map(({ isolation, why }) => `${isolation}: ${why}`).join(' ')}`,
      'Run the demo as root, or where bubblewrap works.',
    );
  chapter('Create what a team has: a project, an ops repo, a person, and an account for the agents');
  const ada = await seed.createUser(named('ada'), allScopes);
  const crew = await seed.createUser(named('crew'), ['write:repository', 'write:issue', 'write:user']);
  const project = await seed.createRepository(ada, 'project');
  const ops = await seed.createRepository(ada, 'ops');
  for (const repository of [project, ops]) await seed.addCollaborator(ada, repository, crew.login, 'read');
  await seed.putFile(ada, project, 'greet.sh', '#!/bin/sh\necho "Hello"\n');
  const label = await seed.createLabel(ada, project, 'crew:builder');
  const other = await seed.createIssue(ada, project, { title: 'The heating is loud', body: '' });
  note(`${crew.login} may read ${project} and ${ops}, and write to neither`);

  chapter('Declare an agent: agents/builder.toml on main of the ops repo');
  const manifest = `enabled = true
engine = "command"
command = ["node", "-e", ${JSON.stringify(agentText)}]
repositories = ["${project}"]
prompt = "You write small changes."
session_folder = "memory"
checks = ["sh greet.sh Ada | grep -q 'Hello, Ada'"]
timeout_minutes = 5
watchdog_minutes = 2
`;
  await seed.putFile(ada, ops, 'agents/builder.toml', manifest);
  for (const line of manifest.split('\n'))
    if (!line.startsWith('command')) console.log(`   ${paint('2', '│')} ${line}`);

  chapter(`${ada.login} opens an issue and gives it to the agent, by its label`);
  const issue = await seed.createIssue(ada, project, {
    title: 'greet.sh should greet by name',
    body: 'With a name as its argument it should say "Hello, <name>".\n',
    labels: [label],
  });
  note(`#${issue} of ${project}, with the label crew:builder`);

  chapter(
    'Cron starts forge-agent. The agent reads its issue, and tries to write elsewhere and to find the token',
  );
  const workspace = path.join(scratch, 'workspace');
  mkdirSync(workspace);
  const keys = path.join(scratch, 'keys');
  mkdirSync(keys);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const publicFile = path.join(keys, 'provenance.pub');
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const environment = {
    PLUGIN_PROVENANCE_KEY: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    ...cronStep({ url, ops }, workspace),
    PLUGIN_FORGE_TOKEN: crew.token,
    PLUGIN_FORGE_LOGIN: crew.login,
  };
  const said: string[] = [];
  const start = (): Promise<number | null> =>
    runRole(path.join(root, 'plugins/forge-agent/forge-agent'), [], environment, workspace, (line) => {
      said.push(line);
      console.log(`   ${paint('2', '│')} ${line}`);
    });
  const first = await start();

  chapter('What came of it, as the pull request shows it');
  const { body: pulls } = await seed.api('GET', `/repos/${project}/pulls?state=open`);
  const [pull] = pulls as { number: number; title: string; body: string; head: { label: string } }[];
  if (pull === undefined) throw new Error('no pull request was opened');
  note(`#${pull.number} ${paint('1', pull.title)}, from ${pull.head.label}`);
  for (const line of pull.body.split('\n')) console.log(`   ${paint('2', '│')} ${line}`);
  const { body: comments } = await seed.api('GET', `/repos/${project}/issues/${other}/comments`);
  note(`comments on #${other}, where the agent tried to write: ${(comments as unknown[]).length}`);

  chapter('Started again, it has nothing to do');
  const second = await start();

  chapter('What the state repo keeps of it');
  const state = `${crew.login}/forgecrew-state`;
  const list = async (folder: string): Promise<string[]> =>
    ((await seed.api('GET', `/repos/${state}/contents/${folder}`)).body as { path: string }[]).map(
      (item) => item.path,
    );
  const records = (): Promise<string[]> => list(`records/${project}/${issue}`);
  const [record = ''] = await records();
  const { body: file } = await seed.api('GET', `/repos/${state}/contents/${record}`);
  const kept = parseRunRecord(Buffer.from((file as { content: string }).content, 'base64'));
  if (kept === undefined) throw new Error(`${record} is no record`);
  note(record);
  note(`isolation ${kept.isolation.level}, ended: ${kept.end.how}; what it asked of the forge:`);
  for (const { tool, target, allowed } of kept.operations.entries)
    note(`  ${tool} ${target}: ${allowed ? 'allowed' : paint('31', 'refused')}`);
  const isRefused = kept.operations.entries.some(({ allowed }) => !allowed);
  const foundNone = said.some((line) => line.includes('could be read, a token stood in 0;'));
  const untouched = (comments as unknown[]).length === 0;
  const entry = async (): Promise<{ status: string; rounds: number; why: string }> => {
    const { body } = await seed.api('GET', `/repos/${state}/contents/agents/${project}/${issue}.json`);
    return JSON.parse(Buffer.from((body as { content: string }).content, 'base64').toString('utf8'));
  };
  note(`the agent is ${paint('1', (await entry()).status)}: its session waits in the state repo`);

  chapter(`${ada.login} reviews it, with a comment on a line; the next run wakes the agent with its session`);
  await seed.api(
    'POST',
    `/repos/${project}/pulls/${pull.number}/reviews`,
    {
      event: 'REQUEST_CHANGES',
      body: 'Nearly.',
      comments: [{ path: 'greet.sh', new_position: 2, body: 'Without a name it should greet nobody.' }],
    },
    ada.token,
  );
  const third = await start();
  const isWoken = said.some((line) => line.includes('I was here before')) && (await entry()).rounds === 2;

  chapter(`${ada.login} merges it; the next run destroys what is left of the agent`);
  await seed.mergePull(ada, project, pull.number);
  const fourth = await start();
  const last = await entry();
  note(`the agent is ${paint('1', last.status)}: ${last.why}`);

  chapter('Anybody with the public key can check the records, offline, from clones');
  const clones = await cloneAll({ project, state, ops }, { url, token: crew.token, into: scratch });
  const verify = (): Promise<number | null> =>
    runRole(
      process.execPath,
      [
        path.join(root, 'dist/forgecrew/index.js'),
        'provenance',
        `${project}#${issue}`,
        '--verify',
        publicFile,
        ...['--state', clones.state, '--repository', clones.project, '--ops', clones.ops],
      ],
      {},
      scratch,
      (line) => console.log(`   ${paint('2', '│')} ${line}`),
    );
  const verified = await verify();

  chapter('Somebody with the account’s token bends a record; the same check refuses it');
  const bent = path.join(clones.state, record);
  const envelope = JSON.parse(readFileSync(bent, 'utf8')) as { payload: string };
  const payload = Buffer.from(envelope.payload, 'base64')
    .toString('utf8')
    .replace('"given_by":"', '"given_by":"not-');
  writeFileSync(
    bent,
    `${JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') })}\n`,
  );
  await commitAll(clones.state, 'Nothing to see');
  const refused = await verify();

  if (
    [first, second, third, fourth, verified].some((code) => code !== 0) ||
    !isRefused ||
    !foundNone ||
    !untouched ||
    !isWoken ||
    last.status !== 'destroyed' ||
    refused === 0
  )
    throw new Error('the demo did not end as it should; see the lines above');

  chapter('The same on your own Forgejo');
  note('npm run demo -- agent --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: actions/forge-agent/README.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${project}; delete the accounts ${ada.login} and ${crew.login} when done.`,
    );
}

const run = promisify(execFile);

/** Clones of the three repositories that a check of the records reads, as anybody would make them. */
async function cloneAll(
  repositories: Record<'project' | 'state' | 'ops', string>,
  { url, token, into }: { url: string; token: string; into: string },
): Promise<Record<'project' | 'state' | 'ops', string>> {
  const clone = async (name: 'project' | 'state' | 'ops'): Promise<string> => {
    const folder = path.join(into, `clone-${name}`);
    const header = Buffer.from(`x-access-token:${token}`).toString('base64');
    await run('git', [
      '-c',
      `http.extraHeader=Authorization: Basic ${header}`,
      'clone',
      '--quiet',
      `${url}/${repositories[name]}.git`,
      folder,
    ]);
    return folder;
  };
  return { project: await clone('project'), state: await clone('state'), ops: await clone('ops') };
}

async function commitAll(folder: string, message: string): Promise<void> {
  await run('git', [
    '-C',
    folder,
    '-c',
    'user.name=x',
    '-c',
    'user.email=x@example.test',
    'commit',
    '-qam',
    message,
  ]);
}
