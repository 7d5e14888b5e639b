import { vaultDispatch } from '../actions/vault-dispatch/role.ts';
import { runRole } from '../core/run.ts';
import { steadyRuleName } from '../core/vault/guard.ts';
import { claimsBranch, type EndedRecord, type FiredRecord, recordsBranch } from '../core/vault/record.ts';
import type { EmbeddedForge } from '../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../embedded-forge/seed.ts';
import { startTestForge } from './embedded.ts';
import { runStep } from './workflow-step.ts';

/** A forge with an ops repo, a formula, and people: what tests of the vault start from. */
export interface Vault {
  forge: EmbeddedForge;
  seed: Seeder;
  /** Owns the ops repo. */
  owner: Person;
  /** May write, and so approve what is medium. */
  ada: Person;
  /** Asks, with write access. */
  asker: Person;
  dispatcher: Person;
  /** Whose token gates have. */
  gatekeeper: Person;
  ops: string;
  environment(): Record<string, string>;
  run(
    overrides?: Record<string, string>,
    now?: Date,
  ): Promise<{ code: number; text: string; calls: string[] }>;
  /** Starts the role with nothing but this environment; waiting takes no time, and is counted. */
  start(
    environment: Record<string, string>,
    now?: Date,
  ): Promise<{ code: number; text: string; waited: number }>;
  /** Opens a pull request with an action and answers its number. */
  ask(id: string, text?: string): Promise<number>;
  approve(by: Person, pull: number, more?: Record<string, unknown>): Promise<void>;
  /** Asked, approved by somebody who may, and merged: the pull request's number. */
  approved(id: string, text?: string): Promise<number>;
  record(id: string): Promise<FiredRecord | undefined>;
  ended(id: string): Promise<EndedRecord | undefined>;
  rejected(id: string): Promise<{ reasons: string[] } | undefined>;
  /** Lets main's protected files be changed while something is done, as an admin would. */
  opened<T>(work: () => Promise<T>): Promise<T>;
  /** Runs that were started, oldest first. */
  runs(): Promise<{ id: number; status: string; inputs: Record<string, string> }[]>;
  close(): Promise<void>;
}

export const actionText = (formula = 'backup', more = ''): string =>
  `formula = "${formula}"\ncontext = "why"\nsecrets = ["BACKUP_KEY"]\n${more}\n[inputs]\ntarget = "db"\n`;

const formulaText = `description = "Back up"
secrets = ["BACKUP_KEY"]
timeout_minutes = 30
[inputs.target]
required = true
one_of = ["db", "files"]
[run]
backend = "forgejo-workflow"
workflow = "backup.yml"
`;
const workflowText = `on:
  workflow_dispatch:
    inputs:
      action: {required: true}
      nonce: {required: true}
      target: {required: true}
jobs:
  backup:
    runs-on: docker
    steps:
      - run: ./backup
        env:
          KEY: \${{ secrets.BACKUP_KEY }}
`;

const deciding =
  'vault/policy.toml;vault/formulas/**;.forgejo/workflows/**;.gitea/workflows/**;.github/workflows/**;escalation/policy.toml';

/** A branch's rule, as a part of a path. */
export function ruleOf(branch: string): string {
  return encodeURIComponent(steadyRuleName(branch));
}

/** The two branches of records, each with one account that may push to it. */
export async function seedRecords(
  seed: Seeder,
  owner: Person,
  repository: string,
  { dispatcher, gatekeeper }: { dispatcher: Person; gatekeeper: Person },
): Promise<void> {
  for (const [branch, writer] of [
    [recordsBranch, dispatcher],
    [claimsBranch, gatekeeper],
  ] as const) {
    const made = await seed.api(
      'POST',
      `/repos/${repository}/branches`,
      { new_branch_name: branch, old_ref_name: 'main' },
      owner.token,
    );
    const ruled = await seed.api(
      'POST',
      `/repos/${repository}/branch_protections`,
      {
        rule_name: steadyRuleName(branch),
        enable_push: true,
        enable_push_whitelist: true,
        push_whitelist_usernames: [writer.login],
        enable_merge_whitelist: true,
        merge_whitelist_usernames: [],
        apply_to_admins: true,
      },
      owner.token,
    );
    for (const { status, body } of [made, ruled])
      if (status !== 201) throw new Error(`${branch}: ${status} ${JSON.stringify(body)}`);
  }
}

export async function startVault(
  policy = '[tiers]\nbackup = "medium"\ncleanup = "low"\nwipe = "high"\n',
  options: Parameters<typeof startTestForge>[0] = {},
): Promise<Vault> {
  // Where a test lets time pass, it passes on the forge as well.
  let clock = (): Date => new Date();
  const forge = await startTestForge({ now: () => clock(), ...options });
  const seed = seeder(forge.url, forge.adminToken);
  const owner = await seed.createUser('owner', allScopes);
  const ada = await seed.createUser('ada', allScopes);
  const asker = await seed.createUser('asker', allScopes);
  const dispatcher = await seed.createUser('dispatcher', ['write:repository', 'write:issue', 'read:user']);
  const gatekeeper = await seed.createUser('gatekeeper', ['write:repository', 'read:user']);
  const ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, ada.login, 'write');
  await seed.addCollaborator(owner, ops, asker.login, 'write');
  await seed.addCollaborator(owner, ops, dispatcher.login, 'admin');
  await seed.addCollaborator(owner, ops, gatekeeper.login, 'write');
  await seedRecords(seed, owner, ops, { dispatcher, gatekeeper });
  const files = {
    'vault/policy.toml': policy,
    ...Object.fromEntries(
      ['backup', 'cleanup', 'wipe'].map((name) => [`vault/formulas/${name}.toml`, formulaText]),
    ),
    '.forgejo/workflows/backup.yml': workflowText,
  };
  // As one commit: this is done for every test.
  await seed.api('POST', `/repos/${ops}/contents`, {
    branch: 'main',
    message: 'set up the vault',
    files: Object.entries(files).map(([path, content]) => ({
      operation: 'create',
      path,
      content: Buffer.from(content, 'utf8').toString('base64'),
    })),
  });

  await seed.api('POST', `/repos/${ops}/branch_protections`, {
    rule_name: steadyRuleName('main'),
    enable_push: true,
    protected_file_patterns: deciding,
  });

  async function json<T>(path: string): Promise<T | undefined> {
    const { status, body } = await seed.api('GET', `/repos/${ops}/contents/${path}?ref=${recordsBranch}`);
    if (status !== 200) return undefined;
    return JSON.parse(Buffer.from((body as { content: string }).content, 'base64').toString('utf8'));
  }

  const environment = (): Record<string, string> => ({
    CI: 'woodpecker',
    CI_FORGE_URL: forge.url,
    CI_REPO: ops,
    CI_REPO_DEFAULT_BRANCH: 'main',
    CI_PIPELINE_EVENT: 'cron',
    PLUGIN_FORGE_TOKEN: dispatcher.token,
    PLUGIN_FORGE_LOGIN: dispatcher.login,
    PLUGIN_GATEKEEPER: gatekeeper.login,
  });

  const start: Vault['start'] = async (given, now) => {
    const lines: string[] = [];
    let waited = 0;
    clock = () => new Date((now ?? new Date()).getTime() + waited);
    try {
      if (given.GITHUB_ACTIONS === 'true') return await runStep('vault-dispatch', given, { now });
      const code = await runRole(vaultDispatch, {
        environment: given,
        args: [],
        workingDirectory: '/',
        print: (line) => lines.push(line),
        now: () => clock(),
        pause: async (ms) => {
          waited += ms;
        },
      });
      return { code, text: lines.join('\n'), waited };
    } finally {
      clock = () => new Date();
    }
  };

  const vault: Vault = {
    forge,
    seed,
    owner,
    ada,
    asker,
    dispatcher,
    gatekeeper,
    ops,
    environment,
    start,
    async run(overrides = {}, now) {
      const from = forge.requests.length;
      const { code, text } = await start({ ...environment(), ...overrides }, now);
      return {
        code,
        text,
        calls: forge.requests.slice(from).map(({ method, path, status }) => `${method} ${path} ${status}`),
      };
    },
    async ask(id, text = actionText()) {
      await seed.putFile(asker, ops, `vault/actions/${id}.toml`, text, { from: 'main', name: `vault/${id}` });
      return seed.openPull(asker, ops, {
        head: `vault/${id}`,
        base: 'main',
        title: `vault: ${id}`,
        body: '',
      });
    },
    async approved(id, text) {
      const pull = await vault.ask(id, text);
      await vault.approve(ada, pull);
      await seed.mergePull(owner, ops, pull);
      return pull;
    },
    async approve(by, pull, more = {}) {
      const { status } = await seed.api(
        'POST',
        `/repos/${ops}/pulls/${pull}/reviews`,
        { event: 'APPROVED', ...more },
        by.token,
      );
      if (status !== 200) throw new Error(`the review was answered ${status}`);
    },
    record: (id) => json(`fired/${id}.json`),
    ended: (id) => json(`ended/${id}.json`),
    rejected: (id) => json(`rejected/${id}.json`),
    async opened(work) {
      const rule = `/repos/${ops}/branch_protections/${ruleOf('main')}`;
      await seed.api('PATCH', rule, { protected_file_patterns: '' });
      const done = await work();
      await seed.api('PATCH', rule, { protected_file_patterns: deciding });
      return done;
    },
    async runs() {
      const { body } = await seed.api('GET', `/repos/${ops}/actions/runs?limit=50`);
      const { workflow_runs } = body as {
        workflow_runs: { id: number; status: string; event_payload: string }[];
      };
      return workflow_runs
        .map(({ id, status, event_payload }) => ({ id, status, inputs: JSON.parse(event_payload).inputs }))
        .reverse();
    },
    close: () => forge.close(),
  };
  return vault;
}
