// `npm run demo -- vault`: a low, a medium and a high action go through to their records; one that the wrong person approved
// does not, and neither does a run that was started by hand. On a real forge its own runner runs the workflows, gates and all.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  endedFolder,
  type FiredRecord,
  firedFolder,
  recordPath,
  recordsBranch,
  rejectedFolder,
} from '../../core/vault/record.ts';
import { allScopes, type Person, type Seeder } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';

const workflowName = 'privileged.yml';
const formula = (description: string): string => `description = "${description}"
secrets = ["DEPLOY_KEY"]
timeout_minutes = 30
[inputs.target]
required = true
one_of = ["db", "files"]
[run]
backend = "forgejo-workflow"
workflow = "${workflowName}"
`;
const workflow = (action: string, gatekeeper: string): string => `on:
  workflow_dispatch:
    inputs:
      action: {required: true}
      nonce: {required: true}
      target: {required: true}
jobs:
  gate:
    runs-on: docker
    steps:
      - uses: ${action}
        with:
          mode: gate
          forge-login: ${gatekeeper}
          forge-token: \${{ secrets.GATE_TOKEN }}
  run:
    needs: gate
    runs-on: docker
    steps:
      - run: echo "with a key of \${#KEY} characters, for $TARGET"
        env:
          TARGET: \${{ inputs.target }}
          KEY: \${{ secrets.DEPLOY_KEY }}
`;
const action = (name: string, more = ''): string =>
  `formula = "${name}"\ncontext = "the demo asks for it"\nsecrets = ["DEPLOY_KEY"]\n${more}[inputs]\ntarget = "db"\n`;
const policy = `[tiers]
rotate-logs = "low"
backup = "medium"
restore = "high"
`;

type Shown = Partial<FiredRecord> & { outcome?: string; reasons?: string[] };

/** A file of JSON in a repository. */
async function readJson(seed: Seeder, repository: string, file: string, ref: string): Promise<unknown> {
  const { status, body } = await seed.api('GET', `/repos/${repository}/contents/${file}?ref=${ref}`);
  if (status !== 200) throw new Error(`${file} at ${ref} was answered ${status}`);
  return JSON.parse(Buffer.from((body as { content: string }).content, 'base64').toString('utf8'));
}

/** Several files as one commit on main. */
async function commit(
  seed: Seeder,
  by: Person,
  repository: string,
  { message, files }: { message: string; files: { path: string; content: Buffer }[] },
): Promise<void> {
  const { status, body } = await seed.api(
    'POST',
    `/repos/${repository}/contents`,
    {
      branch: 'main',
      message,
      files: files.map(({ path: name, content }) => ({
        operation: 'create',
        path: name,
        content: content.toString('base64'),
      })),
    },
    by.token,
  );
  if (status !== 201) throw new Error(`"${message}" was answered ${status}: ${JSON.stringify(body)}`);
}

/** The role as a workflow's `uses:` finds it: a public repository of that very forge, with its action.yml and its dist. */
async function publish(seed: Seeder, by: Person): Promise<string> {
  const repository = await seed.createRepository(by, 'forgecrew');
  const names = [
    'actions/vault-dispatch/action.yml',
    ...readdirSync(path.join(root, 'dist/vault-dispatch')).map((name) => `dist/vault-dispatch/${name}`),
  ];
  await commit(seed, by, repository, {
    message: 'vault-dispatch as it was built',
    files: names.map((name) => ({ path: name, content: readFileSync(path.join(root, name)) })),
  });
  return repository;
}

/**
 * How a workflow names that repository. A runner takes the first two words after the host for owner and name, so a forge below
 * a sub-path is named by its own default, which has to be that forge.
 */
function usesOf(url: string, repository: string): string {
  const { origin, pathname } = new URL(url);
  const host = pathname === '/' ? `${origin}/` : '';
  return `${host}${repository}/actions/vault-dispatch@main`;
}

/** What a forge tells of a run. */
interface Run {
  id: number;
  status: string;
}

async function runsOf(seed: Seeder, ops: string): Promise<Run[]> {
  const { body } = await seed.api('GET', `/repos/${ops}/actions/runs?limit=50`);
  return (body as { workflow_runs: Run[] | null }).workflow_runs ?? [];
}

const patienceMs = 180_000;

/** Waits until a real runner is done with everything that was started. */
async function awaitRuns(seed: Seeder, ops: string): Promise<Run[]> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const runs = await runsOf(seed, ops);
    const open = runs.filter(
      ({ status }) => !['success', 'failure', 'cancelled', 'skipped'].includes(status),
    );
    if (open.length === 0) return runs;
    if (Date.now() > until)
      throw new Error(
        `${open.length} runs of ${ops} are not over after ${patienceMs / 1000} seconds: is there a runner with the label docker, which reaches the forge and has Node 20.18 or later?`,
      );
    await new Promise((done) => setTimeout(done, 1000));
  }
}

export async function vault(stage: Stage): Promise<void> {
  const { url, seed, scratch, isReal, named, settleRun } = stage;
  chapter(
    'Create what a team has: an ops repo with formulas and policy, an agent that asks, people who decide',
  );
  const ada = await seed.createUser(named('ada'), allScopes);
  const bob = await seed.createUser(named('bob'), allScopes);
  const agent = await seed.createUser(named('agent'), allScopes);
  const dispatcher = await seed.createUser(named('dispatcher'), [
    'write:repository',
    'write:issue',
    'read:user',
  ]);
  const gatekeeper = await seed.createUser(named('gatekeeper'), ['write:repository', 'read:user']);
  const forgecrew = await publish(seed, ada);
  const ops = await seed.createRepository(ada, 'ops');
  for (const person of [bob, dispatcher, gatekeeper])
    await seed.addCollaborator(ada, ops, person.login, 'write');
  const descriptions = {
    'rotate-logs': 'Rotate the logs',
    backup: 'Back up one database',
    restore: 'Write a backup over the database',
  };
  await commit(seed, ada, ops, {
    message: 'set up the vault',
    files: Object.entries({
      'vault/policy.toml': policy,
      [`.forgejo/workflows/${workflowName}`]: workflow(usesOf(url, forgecrew), gatekeeper.login),
      ...Object.fromEntries(
        Object.entries(descriptions).map(([name, text]) => [`vault/formulas/${name}.toml`, formula(text)]),
      ),
    }).map(([name, text]) => ({ path: name, content: Buffer.from(text, 'utf8') })),
  });
  for (const [name, data] of Object.entries({
    GATE_TOKEN: gatekeeper.token,
    DEPLOY_KEY: 'a-key-of-the-demo',
  }))
    await seed.api('PUT', `/repos/${ops}/actions/secrets/${name}`, { data }, ada.token);
  note(
    `${ops}: rotate-logs is low, backup is medium, restore is high, which an admin approves: that is ${ada.login} alone`,
  );
  note(`${agent.login} may read it, and nothing more: it proposes from a fork of its own`);
  note(`${forgecrew}: the action, where the workflow finds it`);

  chapter('Guard it: records on branches that one account each may push to, and what decides is protected');
  const command = path.join(root, 'dist/forgecrew/index.js');
  const accounts = { dispatcher, gatekeeper, bots: agent };
  const guarded = await runRole(
    process.execPath,
    [
      command,
      'protect',
      '--apply',
      `--ops-repo=${ops}`,
      ...Object.entries(accounts).map(([option, { login }]) => `--${option}=${login}`),
    ],
    { FORGECREW_FORGE_URL: url, FORGECREW_FORGE_TOKEN: ada.token },
    scratch,
  );
  if (guarded !== 0) throw new Error('the ops repo could not be guarded; see the lines above');
  const policyFile = `/repos/${ops}/contents/vault/policy.toml`;
  const { body: there } = await seed.api('GET', policyFile);
  const forge = {
    record: await seed.api(
      'POST',
      `/repos/${ops}/contents/${recordPath(firedFolder, 'forged-1')}`,
      { branch: recordsBranch, message: 'a record of my own', content: '' },
      bob.token,
    ),
    policy: await seed.api(
      'PUT',
      policyFile,
      {
        message: 'restore is low',
        content: Buffer.from('[tiers]\nrestore = "low"\n').toString('base64'),
        sha: (there as { sha: string }).sha,
      },
      ada.token,
    ),
  };
  note(`${bob.login}, who may write, forges a record: the forge answers ${forge.record.status}`);
  note(`${ada.login}, who owns the repository, changes the policy: the forge answers ${forge.policy.status}`);

  const environment = {
    CI: 'woodpecker',
    CI_FORGE_URL: url,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_COMMIT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    CI_WORKSPACE: scratch,
    PLUGIN_FORGE_TOKEN: dispatcher.token,
    PLUGIN_FORGE_LOGIN: dispatcher.login,
    PLUGIN_GATEKEEPER: gatekeeper.login,
    PLUGIN_AUDIT_TOKEN: ada.token,
  };
  const plugin = path.join(root, 'plugins/vault-dispatch/vault-dispatch');
  const dispatch = (more: Record<string, string> = {}): Promise<number | null> =>
    runRole(plugin, [], { ...environment, ...more }, scratch);

  const asking = path.join(root, 'plugins/vault-request/vault-request');
  async function ask(id: string, text: string): Promise<number> {
    writeFileSync(path.join(scratch, `${id}.toml`), text);
    const code = await runRole(
      asking,
      [],
      {
        CI: 'woodpecker',
        CI_FORGE_URL: url,
        CI_REPO: `${agent.login}/project`,
        CI_PIPELINE_EVENT: 'push',
        CI_WORKSPACE: scratch,
        PLUGIN_OPS_REPO: ops,
        PLUGIN_FORGE_TOKEN: agent.token,
        PLUGIN_ACTION_FILE: `${id}.toml`,
      },
      scratch,
    );
    const { body } = await seed.api('GET', `/repos/${ops}/pulls?state=open`);
    const found = (body as { number: number; title: string }[]).find(({ title }) => title === `vault: ${id}`);
    if (found === undefined) throw new Error(`${id} was not asked for (${code})`);
    return found.number;
  }
  async function approve(by: Person, pull: number): Promise<void> {
    const { status } = await seed.api(
      'POST',
      `/repos/${ops}/pulls/${pull}/reviews`,
      { event: 'APPROVED' },
      by.token,
    );
    if (status !== 200) throw new Error(`the review of #${pull} was answered ${status}`);
  }

  chapter('The agent asks for three actions, each with vault-request and from its fork');
  await ask('rotate-1', action('rotate-logs'));
  const medium = await ask('backup-1', action('backup'));
  const high = await ask('restore-1', action('restore'));

  chapter('vault-dispatch reviews them: what is low it merges itself; of the rest it says who can say yes');
  await dispatch({ PLUGIN_MODE: 'review', PLUGIN_LOW_TIER: 'auto-merge' });
  const { body: comments } = await seed.api('GET', `/repos/${ops}/issues/${high}/comments`);
  for (const line of ((comments as { body: string }[])[0]?.body ?? '').split('\n'))
    console.log(`   ${paint('2', '│')} ${line}`);

  chapter('People decide: bob approves backup-1, and restore-1 as well, which he may not; both are merged');
  await approve(bob, medium);
  await approve(bob, high);
  for (const pull of [medium, high]) await seed.mergePull(ada, ops, pull);

  chapter('vault-dispatch starts what was approved, once, and says why it starts nothing else');
  const first = await dispatch();

  chapter(
    'restore is asked for again and ada approves it, but bob could read its secret: that is said first',
  );
  const again = await ask('restore-2', action('restore'));
  await approve(ada, again);
  await seed.mergePull(ada, ops, again);
  const exposed = await dispatch();
  note('He can push to this very repository. Here that is accepted; at home, take the right away.');
  const accepted = await dispatch({ PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' });

  chapter('The gate, a job of its own that every other waits for: open for the run that was approved, once');
  const record = (await readJson(
    seed,
    ops,
    recordPath(firedFolder, 'backup-1'),
    recordsBranch,
  )) as FiredRecord;
  const byHand = { ref: 'main', inputs: record.run.inputs };
  const started = `/repos/${ops}/actions/workflows/${workflowName}/dispatches`;
  const gates = isReal
    ? await realGates(seed, ops, async () => {
        note('Somebody copies its inputs and starts the workflow by hand:');
        const { status } = await seed.api('POST', started, byHand, ada.token);
        if (status !== 204 && status !== 201) throw new Error(`the start by hand was answered ${status}`);
      })
    : await playedGates(stage, { ops, record, gatekeeper });

  chapter('The runs are over, and the records say how');
  for (const { id } of await runsOf(seed, ops)) settleRun?.(id, 'success');
  const last = await dispatch({ PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' });

  chapter(`What is on ${recordsBranch} now`);
  let ended = 0;
  for (const folder of [firedFolder, endedFolder, rejectedFolder]) {
    const { body } = await seed.api('GET', `/repos/${ops}/contents/${folder}?ref=${recordsBranch}`);
    for (const { path: file } of body as { path: string }[]) {
      const { outcome, tier, pull, approvals, reasons } = (await readJson(
        seed,
        ops,
        file,
        recordsBranch,
      )) as Shown;
      if (outcome === 'success') ended += 1;
      note(
        `${file}: ${
          outcome ??
          reasons?.join('; ') ??
          `${tier}, #${pull}, approved by ${approvals?.map(({ login }) => login).join(', ') || 'nobody (low)'}`
        }`,
      );
    }
  }
  const codes = { ...gates, first, exposed, accepted, last, ended, ...statusOf(forge) };
  const wanted = {
    open: 0,
    shut: 1,
    first: 0,
    exposed: 1,
    accepted: 0,
    last: 0,
    ended: 3,
    record: 403,
    policy: 403,
  };
  const wrong = Object.entries(wanted).filter(([name, value]) => Reflect.get(codes, name) !== value);
  if (wrong.length > 0)
    throw new Error(
      `the demo did not end as it should (${wrong.map(([name, value]) => `${name}: ${Reflect.get(codes, name)} instead of ${value}`).join(', ')}); see the lines above`,
    );

  chapter('The same on your own Forgejo');
  note('npm run demo -- vault --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: docs/vault.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${[ada, bob, agent, dispatcher, gatekeeper].map(({ login }) => login).join(', ')} when done.`,
    );
}

function statusOf(answers: Record<string, { status: number }>): Record<string, number> {
  return Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]));
}

interface Gates {
  open: number | null;
  shut: number | null;
}

/** On a real forge its runner runs the gates, and tells what they said. */
async function realGates(seed: Seeder, ops: string, startByHand: () => Promise<void>): Promise<Gates> {
  const approved = await awaitRuns(seed, ops);
  for (const { id } of approved) await showRun(seed, ops, id);
  await startByHand();
  const known = new Set(approved.map(({ id }) => id));
  const others = (await awaitRuns(seed, ops)).filter(({ id }) => !known.has(id));
  for (const { id } of others) await showRun(seed, ops, id);
  return {
    open: approved.length === 3 && approved.every(({ status }) => status === 'success') ? 0 : 1,
    shut: others.length === 1 && others.every(({ status }) => status === 'failure') ? 1 : 0,
  };
}

/** How the jobs of a run ended. */
async function showRun(seed: Seeder, ops: string, id: number): Promise<void> {
  const { status, body } = await seed.api('GET', `/repos/${ops}/actions/runs/${id}/jobs`);
  const found = status === 200 ? (body as { jobs?: unknown[] } | unknown[]) : [];
  const jobs = (Array.isArray(found) ? found : (found.jobs ?? [])) as { name: string; status: string }[];
  note(`run ${id}: ${jobs.map((job) => `${job.name} ${job.status}`).join(', ') || 'its jobs are not told'}`);
}

/** On the embedded forge, which runs nothing, gates are started as a runner would. */
async function playedGates(
  { url, scratch }: Stage,
  { ops, record, gatekeeper }: { ops: string; record: FiredRecord; gatekeeper: Person },
): Promise<Gates> {
  const gate = async (run: number | null): Promise<number | null> => {
    const event = path.join(scratch, 'event.json');
    writeFileSync(event, JSON.stringify({ inputs: record.run.inputs }));
    return runRole(
      process.execPath,
      [path.join(root, 'dist/vault-dispatch/index.js')],
      {
        GITHUB_ACTIONS: 'true',
        GITHUB_SERVER_URL: url,
        GITHUB_REPOSITORY: ops,
        GITHUB_EVENT_NAME: 'workflow_dispatch',
        GITHUB_EVENT_PATH: event,
        GITHUB_RUN_ID: `${run}`,
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_SHA: record.run.commit,
        GITHUB_WORKFLOW_REF: `${ops}/.forgejo/workflows/${workflowName}@${record.run.commit}`,
        GITHUB_WORKSPACE: scratch,
        INPUT_MODE: 'gate',
        'INPUT_FORGE-TOKEN': gatekeeper.token,
        'INPUT_FORGE-LOGIN': gatekeeper.login,
        'INPUT_GATE-WAIT': '1s',
      },
      scratch,
    );
  };
  const open = await gate(record.run.id);
  note('Somebody copies its inputs and starts the workflow by hand:');
  return { open, shut: await gate((record.run.id ?? 0) + 1_000_000) };
}
