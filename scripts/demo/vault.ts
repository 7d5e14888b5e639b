// `npm run demo -- vault`: a low, a medium and a high action go through to their records; a forged one does not.
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
  const ops = await seed.createRepository(ada, 'ops');
  for (const person of [bob, agent]) await seed.addCollaborator(ada, ops, person.login, 'write');
  await seed.addCollaborator(ada, ops, dispatcher.login, 'write');
  await seed.putFile(ada, ops, 'vault/policy.toml', policy.replace('"ada"', `"${ada.login}"`));
  for (const [name, description] of Object.entries({
    'rotate-logs': 'Rotate the logs',
    backup: 'Back up one database',
    restore: 'Write a backup over the database',
  }))
    await seed.putFile(ada, ops, `vault/formulas/${name}.toml`, formula(description));
  await seed.putFile(ada, ops, '.forgejo/workflows/privileged.yml', workflow);
  note(`${ops}: rotate-logs is low, backup is medium, restore is high and only ${ada.login} may approve it`);

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
  };
  const plugin = path.join(root, 'plugins/vault-dispatch/vault-dispatch');
  const dispatch = (more: Record<string, string> = {}): Promise<number | null> =>
    runRole(plugin, [], { ...environment, ...more }, scratch);

  async function ask(id: string, text: string): Promise<number> {
    await seed.putFile(agent, ops, `vault/actions/${id}.toml`, text, { from: 'main', name: `vault/${id}` });
    return seed.openPull(agent, ops, { head: `vault/${id}`, base: 'main', title: `vault: ${id}`, body: '' });
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

  chapter('The agent asks for three actions, each as a pull request');
  const low = await ask('rotate-1', action('rotate-logs'));
  const medium = await ask('backup-1', action('backup'));
  const high = await ask('restore-1', action('restore'));
  note(`#${low} rotate-1, #${medium} backup-1, #${high} restore-1`);

  chapter('vault-dispatch reviews them: what would run, with which secrets, who can say yes');
  await dispatch({ PLUGIN_MODE: 'review' });
  const { body: comments } = await seed.api('GET', `/repos/${ops}/issues/${high}/comments`);
  for (const line of ((comments as { body: string }[])[0]?.body ?? '').split('\n'))
    console.log(`   ${paint('2', '│')} ${line}`);

  chapter(
    'People decide: bob approves backup-1, and restore-1 as well, which he may not; all three are merged',
  );
  await approve(bob, medium);
  await approve(bob, high);
  for (const pull of [low, medium, high]) await seed.mergePull(ada, ops, pull);
  note('And somebody pushes vault/actions/forged-1.toml straight to main, without asking anybody.');
  await seed.putFile(agent, ops, 'vault/actions/forged-1.toml', action('backup'));

  chapter('vault-dispatch starts what was approved, once, and says why it starts nothing else');
  const first = await dispatch();

  chapter(
    'restore is asked for again, under another id, and ada approves it; her agent could read the secret, so that is said first',
  );
  const again = await ask('restore-2', action('restore'));
  await approve(ada, again);
  await seed.mergePull(ada, ops, again);
  const exposed = await dispatch();
  note('The agent can push to this very repository. Here that is accepted; at home, take the right away.');
  const accepted = await dispatch({ PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' });

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
      const record = JSON.parse(
        Buffer.from((found as { content: string }).content, 'base64').toString('utf8'),
      );
      note(
        folder === 'fired'
          ? `${file}: ${record.outcome}, ${record.tier}, #${record.pull}, approved by ${record.approvals.map(({ login }: { login: string }) => login).join(', ') || 'nobody (low)'}`
          : `${file}: ${record.reasons.join('; ')}`,
      );
    }
  }
  if (started.length !== 3 || first !== 0 || exposed !== 1 || accepted !== 0 || last !== 0)
    throw new Error('the demo did not end as it should; see the lines above');

  chapter('The same on your own Forgejo');
  note('npm run demo -- vault --forge-url https://your.forge --token <a site admin’s token>');
  note('or set it up for good: actions/vault-dispatch/README.md.');
  if (isReal)
    note(
      `Left for you to look at: ${url}/${ops}; delete the accounts ${[ada, bob, agent, dispatcher].map(({ login }) => login).join(', ')} when done.`,
    );
}
