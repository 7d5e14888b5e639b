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
  withdrawnFolder,
} from '../../core/vault/record.ts';
import { allScopes, type Person, type Seeder } from '../../embedded-forge/seed.ts';
import { chapter, note, root, runRole, type Stage } from './stage.ts';
import { aloud, asked, expectAll, pluginSettings, type Start, textIn, type Works } from './works.ts';

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
    if: github.run_attempt <= 1
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
  await commit(seed, ada, ops, {
    message: 'set up the vault',
    files: Object.entries(vaultFiles({ uses: usesOf(url, forgecrew), gatekeeper: gatekeeper.login })).map(
      ([name, text]) => ({ path: name, content: Buffer.from(text, 'utf8') }),
    ),
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

  const shared = {
    CI: 'woodpecker',
    CI_FORGE_URL: url,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_COMMIT_BRANCH: 'main',
    CI_WORKSPACE: scratch,
    PLUGIN_OPS_REPO: ops,
  };
  const dispatching = {
    ...shared,
    CI_REPO: ops,
    CI_PIPELINE_EVENT: 'cron',
    PLUGIN_FORGE_TOKEN: dispatcher.token,
    PLUGIN_FORGE_LOGIN: dispatcher.login,
    PLUGIN_GATEKEEPER: gatekeeper.login,
    PLUGIN_AUDIT_TOKEN: ada.token,
  };
  const asking = {
    ...shared,
    CI_REPO: `${agent.login}/project`,
    CI_PIPELINE_EVENT: 'push',
    PLUGIN_FORGE_TOKEN: agent.token,
  };
  const set = new Map<string, Record<string, string | null>>();
  const works: Works = {
    url,
    seed,
    ops,
    project: `${agent.login}/project`,
    admin: ada,
    ada,
    bob,
    stranger: agent,
    login: (name) => ({ dispatcher, gatekeeper })[name]?.login ?? agent.login,
    uses: () => usesOf(url, forgecrew),
    async start(role, { mode, run } = {}) {
      if (run !== undefined) return gateOnForgejo(stage, { ops, run, gatekeeper });
      return runRole(
        path.join(root, 'plugins', role, role),
        [],
        {
          ...(role === 'vault-request' ? asking : dispatching),
          ...pluginSettings({ ...set.get(role), ...(mode === undefined ? {} : { mode }) }),
        },
        scratch,
      );
    },
    async set(role, settings) {
      set.set(role, { ...set.get(role), ...settings });
    },
    async land(files) {
      for (const [file, text] of Object.entries(files)) {
        const head = `change-${Object.keys(files).length}-${Date.now()}`;
        if (text !== null) await seed.putFile(ada, ops, file, text, { from: 'main', name: head });
        else {
          const { sha } = await asked<{ sha: string }>({ seed }, 'GET', `/repos/${ops}/contents/${file}`);
          await asked({ seed }, 'DELETE', `/repos/${ops}/contents/${file}`, {
            body: { branch: 'main', new_branch: head, sha, message: `Take ${file} away` },
            by: ada,
          });
        }
        const pull = await seed.openPull(ada, ops, { head, base: 'main', title: file });
        await asked({ seed }, 'POST', `/repos/${ops}/pulls/${pull}/reviews`, {
          body: { event: 'APPROVED' },
          by: bob,
        });
        await seed.mergePull(ada, ops, pull);
      }
    },
    merge: async () => 0,
    wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
    settleRun,
    tell: aloud,
  };
  await vaultScene(works);

  chapter('The same on your own Forgejo');
  note('npm run demo -- vault --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: docs/vault.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${[ada, bob, agent, dispatcher, gatekeeper].map(({ login }) => login).join(', ')} when done.`,
    );
}

/** The formulas of this story, the workflow that they run behind its gate, and their policy. */
export function vaultFiles(names: { uses: string; gatekeeper: string }): Record<string, string> {
  return {
    'vault/policy.toml': policy,
    [`.forgejo/workflows/${workflowName}`]: workflow(names.uses, names.gatekeeper),
    'vault/formulas/rotate-logs.toml': formula('Rotate the logs'),
    'vault/formulas/backup.toml': formula('Back up one database'),
    'vault/formulas/restore.toml': formula('Write a backup over the database'),
  };
}

/** Low, medium and high, a wrong approval, one that is withdrawn, and gates: on an ops repo that has the files of this story. */
export async function vaultScene(works: Works): Promise<void> {
  const { seed, ops, admin, ada, bob, tell, settleRun } = works;
  const policyFile = `/repos/${ops}/contents/vault/policy.toml`;
  const { sha } = await asked<{ sha: string }>(works, 'GET', policyFile);
  const forged = {
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
        sha,
      },
      admin.token,
    ),
  };
  tell.note(`${bob.login}, who may write, forges a record: the forge answers ${forged.record.status}`);
  tell.note(
    `${admin.login}, who administers the repository, changes the policy: the forge answers ${forged.policy.status}`,
  );

  async function ask(id: string, text: string): Promise<number> {
    await works.set('vault-request', { id, action: text });
    const code = await works.start('vault-request');
    const found = (
      await asked<{ number: number; title: string }[]>(works, 'GET', `/repos/${ops}/pulls?state=open`)
    ).find(({ title }) => title === `vault: ${id}`);
    if (found === undefined) throw new Error(`${id} was not asked for (${code})`);
    return found.number;
  }
  const approve = (by: Person, pull: number): Promise<unknown> =>
    asked(works, 'POST', `/repos/${ops}/pulls/${pull}/reviews`, { body: { event: 'APPROVED' }, by });
  const dispatch = (): Promise<number | null> => works.start('vault-dispatch', { mode: 'dispatch' });

  tell.chapter('The agent asks for four actions, each with vault-request and from its fork');
  const low = await ask('rotate-1', action('rotate-logs'));
  const medium = await ask('backup-1', action('backup'));
  const regretted = await ask('backup-2', action('backup'));
  const high = await ask('restore-1', action('restore'));

  tell.chapter(
    'vault-dispatch reviews them: what is low it merges itself; of the rest it says who can say yes',
  );
  await works.set('vault-dispatch', { 'low-tier': 'auto-merge' });
  await works.start('vault-dispatch', { mode: 'review' });
  const comments = await asked<{ body: string }[]>(works, 'GET', `/repos/${ops}/issues/${high}/comments`);
  tell.show(comments[0]?.body ?? '');
  const { merged } = await asked<{ merged: boolean }>(works, 'GET', `/repos/${ops}/pulls/${low}`);

  tell.chapter(
    `People decide: ${bob.login} approves backup-1, backup-2, and restore-1 as well, which he may not; all are merged`,
  );
  for (const pull of [medium, regretted, high]) {
    await approve(bob, pull);
    await seed.mergePull(ada, ops, pull);
  }

  tell.chapter('backup-2 is withdrawn before it starts: its file is taken away by a merge');
  await works.land({ 'vault/actions/backup-2.toml': null });

  tell.chapter('vault-dispatch starts what was approved, once, and says why it starts nothing else');
  const first = await dispatch();

  tell.chapter(
    `restore is asked for again and ${admin.login} approves it, but ${bob.login} could read its secret: that is said first`,
  );
  const again = await ask('restore-2', action('restore'));
  await approve(admin, again);
  await seed.mergePull(ada, ops, again);
  const exposed = await dispatch();
  tell.note('He can push to this very repository. Here that is accepted; at home, take the right away.');
  await works.set('vault-dispatch', { 'accept-exposed-secrets': 'true' });
  const accepted = await dispatch();

  tell.chapter(
    'The gate, a job of its own that every other waits for: open for the run that was approved, once',
  );
  const record = JSON.parse(
    await textIn(works, recordPath(firedFolder, 'backup-1'), recordsBranch),
  ) as FiredRecord;
  const gates = settleRun === undefined ? await realGates(works, record) : await playedGates(works, record);

  tell.chapter('The runs are over, and the records say how');
  for (const { id } of await runsOf(seed, ops)) settleRun?.(id, 'success');
  const last = await dispatch();

  tell.chapter(`What is on ${recordsBranch} now`);
  let ended = 0;
  for (const folder of [firedFolder, endedFolder, rejectedFolder]) {
    const { body } = await seed.api('GET', `/repos/${ops}/contents/${folder}?ref=${recordsBranch}`);
    for (const { path: file } of body as { path: string }[]) {
      const { outcome, tier, pull, approvals, reasons } = JSON.parse(
        await textIn(works, file, recordsBranch),
      ) as Shown;
      if (outcome === 'success') ended += 1;
      tell.note(
        `${file}: ${
          outcome ??
          reasons?.join('; ') ??
          `${tier}, #${pull}, approved by ${approvals?.map(({ login }) => login).join(', ') || 'nobody (low)'}`
        }`,
      );
    }
  }
  const { body: tree } = await seed.api('GET', `/repos/${ops}/git/trees/${recordsBranch}?recursive=true`);
  const withdrawn = (tree as { tree: { path: string }[] }).tree
    .map(({ path: file }) => file)
    .filter((file) => file.startsWith(`${withdrawnFolder}/`) && file.endsWith('backup-2.json'));
  for (const file of withdrawn) tell.note(`${file}: withdrawn`);
  expectAll(
    {
      merged: true,
      open: 0,
      shut: 1,
      first: 0,
      exposed: 1,
      accepted: 0,
      last: 0,
      ended: 3,
      withdrawn: 1,
      record: 403,
      policy: 403,
    },
    {
      merged,
      ...gates,
      first,
      exposed,
      accepted,
      last,
      ended,
      withdrawn: withdrawn.length,
      record: forged.record.status,
      policy: forged.policy.status,
    },
  );
}

interface Gates {
  open: number | null;
  shut: number | null;
}

/** On a real forge its runner runs the gates, and tells what they said. */
async function realGates({ seed, ops, admin, tell }: Works, record: FiredRecord): Promise<Gates> {
  const approved = await awaitRuns(seed, ops);
  for (const { id } of approved) await showRun(seed, ops, id);
  tell.note('Somebody copies its inputs and starts the workflow by hand:');
  await asked({ seed }, 'POST', `/repos/${ops}/actions/workflows/${workflowName}/dispatches`, {
    body: { ref: 'main', inputs: record.run.inputs },
    by: admin,
  });
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
async function playedGates(works: Works, { run: { id, commit, inputs } }: FiredRecord): Promise<Gates> {
  const gate = (number: number): Promise<number | null> =>
    works.start('vault-dispatch', {
      mode: 'gate',
      run: { id: number, workflow: workflowName, commit, inputs },
    });
  const open = await gate(id ?? 0);
  works.tell.note('Somebody copies its inputs and starts the workflow by hand:');
  return { open, shut: await gate((id ?? 0) + 1_000_000) };
}

/** A gate as a step of a workflow's run. */
async function gateOnForgejo(
  { url, scratch }: Stage,
  { ops, run, gatekeeper }: { ops: string; run: NonNullable<Start['run']>; gatekeeper: Person },
): Promise<number | null> {
  const event = path.join(scratch, 'event.json');
  writeFileSync(event, JSON.stringify({ inputs: run.inputs }));
  return runRole(
    process.execPath,
    [path.join(root, 'dist/vault-dispatch/index.js')],
    {
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: url,
      GITHUB_REPOSITORY: ops,
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_EVENT_PATH: event,
      GITHUB_RUN_ID: `${run.id}`,
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_SHA: run.commit,
      GITHUB_WORKFLOW_REF: `${ops}/.forgejo/workflows/${run.workflow}@${run.commit}`,
      GITHUB_WORKSPACE: scratch,
      INPUT_MODE: 'gate',
      'INPUT_FORGE-TOKEN': gatekeeper.token,
      'INPUT_FORGE-LOGIN': gatekeeper.login,
      'INPUT_GATE-WAIT': '1s',
    },
    scratch,
  );
}
