// `npm run demo -- vault`: a low, a medium and a high action go through to their records; a forged one does not, and
// neither does a run that was started by hand.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { chapter, note, paint, root, runRole, type Stage } from './stage.ts';

const formula = (description: string): string => `description = "${description}"
secrets = ["DEPLOY_KEY"]
timeout_minutes = 30
[inputs.target]
required = true
one_of = ["db", "files"]
[run]
backend = "forgejo-workflow"
workflow = "privileged.yml"
`;
const workflow = `on:
  workflow_dispatch:
    inputs:
      action: {required: true}
      nonce: {required: true}
      target: {required: true}
jobs:
  run:
    runs-on: docker
    steps:
      - uses: https://forge.example/owner/forgecrew/actions/vault-dispatch@v0.1.0
        with:
          mode: gate
          forge-token: \${{ secrets.GATE_TOKEN }}
      - run: ./do-it "$TARGET"
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

[rules.high]
approvers = ["ada"]
`;

/** A record as it stands in the repository. */
function decoded(file: unknown): {
  run: { id: number; inputs: Record<string, string> };
  outcome: string;
  tier: string;
  pull: number;
  approvals: { login: string }[];
  reasons: string[];
} {
  return JSON.parse(Buffer.from((file as { content: string }).content, 'base64').toString('utf8'));
}

export async function vault({ url, seed, scratch, isReal, named, settleRun }: Stage): Promise<void> {
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
  const ops = await seed.createRepository(ada, 'ops');
  for (const person of [bob, dispatcher, gatekeeper])
    await seed.addCollaborator(ada, ops, person.login, 'write');
  await seed.putFile(ada, ops, 'vault/policy.toml', policy.replace('"ada"', `"${ada.login}"`));
  for (const [name, description] of Object.entries({
    'rotate-logs': 'Rotate the logs',
    backup: 'Back up one database',
    restore: 'Write a backup over the database',
  }))
    await seed.putFile(ada, ops, `vault/formulas/${name}.toml`, formula(description));
  await seed.putFile(ada, ops, '.forgejo/workflows/privileged.yml', workflow);
  note(`${ops}: rotate-logs is low, backup is medium, restore is high and only ${ada.login} may approve it`);
  note(`${agent.login} may read it, and nothing more: it proposes from a fork of its own`);

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
        // Nobody is waited for in a demo; otherwise a high action waits for its merge.
        PLUGIN_WAIT_FOR: '1s',
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
  note('What is high waits for its merge, and is red without one; here for a second only.');

  chapter('vault-dispatch reviews them: what is low it merges itself; of the rest it says who can say yes');
  await dispatch({ PLUGIN_MODE: 'review', PLUGIN_LOW_TIER: 'auto-merge' });
  const { body: comments } = await seed.api('GET', `/repos/${ops}/issues/${high}/comments`);
  for (const line of ((comments as { body: string }[])[0]?.body ?? '').split('\n'))
    console.log(`   ${paint('2', '│')} ${line}`);

  chapter('People decide: bob approves backup-1, and restore-1 as well, which he may not; both are merged');
  await approve(bob, medium);
  await approve(bob, high);
  for (const pull of [medium, high]) await seed.mergePull(ada, ops, pull);
  note('And somebody pushes vault/actions/forged-1.toml straight to main, without asking anybody.');
  await seed.putFile(bob, ops, 'vault/actions/forged-1.toml', action('backup'));

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

  chapter('The gate, first step of every formula: open for the run that was approved, and for that one once');
  const { body: fired } = await seed.api('GET', `/repos/${ops}/contents/vault/fired/backup-1.json`);
  const record = decoded(fired);
  const { body: main } = await seed.api('GET', `/repos/${ops}/branches/main`);
  const gate = async (run: number): Promise<number | null> => {
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
        GITHUB_SHA: (main as { commit: { id: string } }).commit.id,
        GITHUB_WORKFLOW_REF: `${ops}/.forgejo/workflows/privileged.yml@refs/heads/main`,
        GITHUB_WORKSPACE: scratch,
        INPUT_MODE: 'gate',
        'INPUT_FORGE-TOKEN': gatekeeper.token,
        'INPUT_FORGE-LOGIN': gatekeeper.login,
        INPUT_DISPATCHER: dispatcher.login,
        'INPUT_GATE-WAIT': '1s',
      },
      scratch,
    );
  };
  const open = await gate(record.run.id);
  note('Somebody copies its inputs and starts the workflow by hand:');
  const shut = await gate(record.run.id + 1_000_000);

  chapter(settleRun === undefined ? 'The runs are followed' : 'The runs end, and the records say how');
  const { body: runs } = await seed.api('GET', `/repos/${ops}/actions/runs`);
  const started = (runs as { workflow_runs: { id: number }[] }).workflow_runs;
  for (const { id } of started) settleRun?.(id, 'success');
  const last = await dispatch({ PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' });

  chapter('What is on the forge now');
  for (const folder of ['fired', 'rejected']) {
    const { body } = await seed.api('GET', `/repos/${ops}/contents/vault/${folder}`);
    for (const { path: file } of body as { path: string }[]) {
      const { body: found } = await seed.api('GET', `/repos/${ops}/contents/${file}`);
      const { outcome, tier, pull, approvals, reasons } = decoded(found);
      note(
        folder === 'fired'
          ? `${file}: ${outcome}, ${tier}, #${pull}, approved by ${approvals.map(({ login }) => login).join(', ') || 'nobody (low)'}`
          : `${file}: ${reasons.join('; ')}`,
      );
    }
  }
  const codes = { first, exposed, accepted, open, shut, last };
  const wanted = { first: 0, exposed: 1, accepted: 0, open: 0, shut: 1, last: 0 };
  if (started.length !== 3 || JSON.stringify(codes) !== JSON.stringify(wanted))
    throw new Error('the demo did not end as it should; see the lines above');

  chapter('The same on your own Forgejo');
  note('npm run demo -- vault --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: docs/vault.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${[ada, bob, agent, dispatcher, gatekeeper].map(({ login }) => login).join(', ')} when done.`,
    );
}
