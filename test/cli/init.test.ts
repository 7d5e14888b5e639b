import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboard } from '../../actions/dashboard/role.ts';
import { opsFiler } from '../../actions/ops-filer/role.ts';
import { parseCrewFile } from '../../core/crew-file.ts';
import { parseEscalationPolicy } from '../../core/escalation/policy.ts';
import { execute } from '../../core/run.ts';
import { disagreements, parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy } from '../../core/vault/policy.ts';
import { readWorkflow } from '../../core/vault/workflow-file.ts';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { line as pageView } from '../collecting.ts';
import { runCommand } from '../command.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { type Factory, moreRoles, ownCommit, startFactory } from '../factory.ts';
import { startFaultProxy } from '../faults/proxy.ts';

let factory: Factory;
afterEach(() => factory.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const realOpsRepo = '/work/shared/ops-repo';

describe('forgecrew init on an empty forge', () => {
  it('shows the whole plan, and writes nothing', async () => {
    factory = await startFactory();

    const { code, text, writes } = await factory.init({ 'dry-run': 'true' });

    expect(code).toBe(0);
    expect(writes).toEqual([]);
    for (const part of [
      '2 repositories to make, 4 accounts to make',
      '+ the private repository acme/ops',
      '+ the account filer',
      '+ write access to acme/ops for dispatcher',
      '+ label "in-progress"',
      'vault/policy.toml',
      '.forgejo/workflows/file-sprints.yml',
      'into the secret FILER_TOKEN of acme/ops',
      'Dry run: nothing was written.',
    ])
      expect(text).toContain(part);
  });

  it.each(['forgejo', 'woodpecker'] as const)(
    'makes a factory for %s, and then has nothing to do',
    async (ci) => {
      factory = await startFactory({ ci });

      const made = await factory.init();
      const again = await factory.init();

      expect(made.text).not.toMatch(/failed:|unknown:|not-done:/);
      expect(made.code).toBe(0);
      expect(again).toMatchObject({ code: 0, writes: [] });
    },
  );

  it('makes documents that the roles can read, and a gate that holds', async () => {
    factory = await startFactory();
    await factory.init();
    const read = async (file: string): Promise<Uint8Array> => bytes(await factory.text(factory.ops, file));

    const crew = parseCrewFile('forgecrew.toml', await read('forgecrew.toml'));
    const policy = parsePolicy('vault/policy.toml', await read('vault/policy.toml'));
    const formula = parseFormula('backup.toml', await read('vault/formulas/backup.toml'));
    const workflow = readWorkflow(
      '.forgejo/workflows/backup.yml',
      'b',
      await read('.forgejo/workflows/backup.yml'),
    );

    expect(crew).toMatchObject({
      ok: true,
      document: { paused: undefined, bots: ['filer', 'architect', 'dispatcher', 'gatekeeper'] },
    });
    expect(policy).toMatchObject({ ok: true, document: { tiers: { backup: 'medium' } } });
    expect(workflow).toMatchObject({ gate: { kind: 'gated' }, secrets: [], faults: [] });
    if (!formula.ok) throw new Error('unreachable');
    expect(
      disagreements(
        { kind: 'formula', formula: 'backup', context: '', secrets: [], inputs: { target: 'db' } } as never,
        formula.document,
      ),
    ).toEqual([]);
  });

  it('lets everybody who can push approve what is high, and nobody else: otherwise nothing high could ever run', async () => {
    factory = await startFactory();
    await factory.init();
    const text = await factory.text(factory.ops, 'vault/policy.toml');

    expect(parsePolicy('vault/policy.toml', bytes(text))).toMatchObject({
      ok: true,
      document: { rules: { high: { approvals: 1, approvers: ['ada', 'bob', 'admin'] } } },
    });
  });

  it('says that runners are refused what a private organisation shows to its members alone', async () => {
    factory = await startFactory();
    await factory.ask('PATCH', '/orgs/acme', { visibility: 'private' });

    const { text } = await factory.init({});

    expect(text).toContain('Let an owner of acme set its visibility to limited or public');
    expect(text).toMatch(/Then, in your clone of forgecrew: git push \S+\/acme\/forgecrew /);
  });

  it('makes the place that runners take the roles from, public and with nothing in it, and last says how to fill it', async () => {
    factory = await startFactory();

    const { text } = await factory.init({ 'forgecrew-repo': 'acme/roles' });
    const again = await factory.init({ 'forgecrew-repo': 'acme/roles' });

    expect(await factory.ask('GET', '/repos/acme/roles')).toMatchObject({
      private: false,
      has_actions: false,
    });
    expect(await factory.ask('GET', '/repos/acme/roles/branches')).toEqual([]);
    // Nothing tells the commit there yet: it is the one that will be pushed.
    expect(await factory.text(factory.ops, '.forgejo/workflows/file-sprints.yml')).toContain(
      `/acme/roles/actions/ops-filer@${ownCommit} # v0.1.0`,
    );
    const last = text.trimEnd().split('\n').slice(-3);
    expect(last).toEqual([
      'By hand, because only a person can do it: 1 thing. Afterwards forgecrew doctor says whether all is well.',
      `  1. In your clone of forgecrew: git push ${factory.forge.url}/acme/roles HEAD:refs/heads/main HEAD:refs/tags/v0.1.0`,
      `     Runners take the roles from there. git asks for a login: an owner of acme, with a token for the password. Afterwards ${factory.forge.url}/acme/roles/src/tag/v0.1.0 shows the folder actions.`,
    ]);
    expect(again).toMatchObject({ code: 0, writes: [] });
    expect(again.text).toContain(last[1] ?? '');
  });

  it.each(['forgejo', 'woodpecker'] as const)(
    'leaves no more than three things to a person on %s, whatever roles there are',
    async (ci) => {
      factory = await startFactory({ ci });

      const { text } = await factory.init({ roles: moreRoles, 'forgecrew-repo': 'acme/roles' });

      const clicks = text.split('\n').filter((line) => /^ {2}\d+\. /.test(line));
      expect(clicks.length).toBe(ci === 'forgejo' ? 2 : 3);
      expect(text).toContain(
        ci === 'forgejo'
          ? `${factory.forge.url}/acme/ops/settings/actions/secrets`
          : `${factory.woodpecker.url}/repos/1/settings/secrets`,
      );
    },
  );

  it('makes no second label of a name that the organisation has for all its repositories', async () => {
    factory = await startFactory();
    await factory.ask('POST', '/orgs/acme/labels', { name: 'vision', color: '#112233' });

    await factory.init();

    const labels = await factory.ask<{ name: string }[]>('GET', `/repos/${factory.project}/labels`);
    const names = labels.map(({ name }) => name);
    expect(names).toContain('backlog');
    expect(names).not.toContain('vision');
  });

  it('gives the tokens of those who label what being told of the labels of an organisation takes, where it has some', async () => {
    factory = await startFactory();
    await factory.ask('POST', '/orgs/acme/labels', { name: 'vision', color: '#112233' });

    await factory.init({ roles: moreRoles });

    const scopes = async (login: string): Promise<string[]> =>
      (await factory.ask<{ scopes: string[] }[]>('GET', `/admin/users/${login}/tokens`)).flatMap(
        (token) => token.scopes,
      );
    for (const login of ['filer', 'architect', 'crew', 'speaker'])
      expect(await scopes(login)).toContain('read:organization');
    for (const login of ['collector', 'dispatcher', 'gatekeeper', 'keeper'])
      expect(await scopes(login)).not.toContain('read:organization');
  });

  it('says what to do where Woodpecker has the repository under a name that it had before, and makes no second token', async () => {
    factory = await startFactory({ ci: 'woodpecker' });
    await factory.init();
    const [repository] = factory.woodpecker.repositories;
    if (repository === undefined) throw new Error('nothing is active');
    repository.name = 'acme/operations';

    const { code, text, writes } = await factory.init();

    expect(code).toBe(1);
    expect(text).toContain(
      'Woodpecker has acme/ops under another name, as it was called before it was renamed.',
    );
    expect(text).toContain('choose Repair repository');
    expect(writes).toEqual(['POST /repos?forge_remote_id=2 409']);
  });

  it('gives no token more where an organisation has no labels', async () => {
    factory = await startFactory();

    await factory.init();

    expect(await factory.ask('GET', '/admin/users/filer/tokens')).toMatchObject([
      { scopes: ['write:issue', 'read:repository', 'read:user'] },
    ]);
  });

  it('gives an account no more than its role needs: in an organisation a team may write issues, and no code', async () => {
    factory = await startFactory();
    await factory.init();

    const rights = await Promise.all(
      ['filer', 'architect', 'dispatcher', 'gatekeeper'].flatMap((login) =>
        [factory.ops, factory.project].map(async (name) => {
          const { permission } = await factory.ask<{ permission: string }>(
            'GET',
            `/repos/${name}/collaborators/${login}/permission`,
          );
          return `${login} ${name} ${permission}`;
        }),
      ),
    );

    expect(rights).toEqual([
      'filer acme/ops read',
      'filer acme/app read',
      'architect acme/ops read',
      'architect acme/app read',
      'dispatcher acme/ops write',
      'dispatcher acme/app none',
      'gatekeeper acme/ops write',
      'gatekeeper acme/app none',
    ]);
    expect(await factory.ask('GET', '/teams/1/members')).toMatchObject([{ login: 'filer' }]);
  });

  it('in a repository of a person gives write access where nothing less would do', async () => {
    factory = await startFactory({ isOrganisation: false });

    const { code } = await factory.init();

    expect(code).toBe(0);
    expect(
      await factory.ask('GET', `/repos/${factory.project}/collaborators/filer/permission`),
    ).toMatchObject({
      permission: 'write',
    });
  });

  it('shows no token, and keeps none in what it plans', async () => {
    factory = await startFactory();

    const { text } = await factory.init({ 'log-level': 'debug' });

    for (const name of ['filer', 'dispatcher', 'gatekeeper', 'admin']) {
      const tokens = await factory.ask<{ token_last_eight: string }[]>('GET', `/admin/users/${name}/tokens`);
      expect(tokens.length).toBeGreaterThan(0);
      for (const { token_last_eight: end } of tokens) expect(text).not.toContain(end);
    }
  });

  it('names this factory in its pipelines, under whatever logins its accounts have', async () => {
    factory = await startFactory();

    await factory.init({
      accounts: 'filer=ops-filer,gatekeeper=gate-1',
      roles: 'ops-filer,vault-dispatch,collect-engagement,forge-agent',
    });

    const of = async (name: string): Promise<string> =>
      factory.text(factory.ops, `.forgejo/workflows/${name}.yml`);
    const files = await Promise.all(['file-sprints', 'vault', 'backup', 'engagement', 'agents'].map(of));
    const bare = files.map((text) => text.replace(/^\s*#.*$/gm, '')).join('\n');
    expect(bare).toContain('forge-login: ops-filer');
    expect(bare).toContain('uses: https://code.forgejo.org/actions/checkout@v4');
    expect(bare).toContain('gatekeeper: gate-1');
    expect(bare).toContain('project-repo: acme/app');
    const { sha } = await factory.ask<{ sha: string }>('GET', '/repos/acme/forgecrew/git/commits/v0.1.0');
    expect(bare).toContain(`uses: ${factory.forge.url}/acme/forgecrew/actions/ops-filer@${sha} # v0.1.0`);
    expect(bare).not.toMatch(/owner\/|forge\.example|: filer\b|: gatekeeper\b/);
    for (const text of files) expect(() => parse(text)).not.toThrow();
  });

  it('takes actions/checkout from a copy, where runners do not reach the usual place', async () => {
    factory = await startFactory();
    const copy = 'https://forge.example/mirror/checkout@v4';

    const odd = await factory.init({ 'checkout-action': 'x@v4 # and more' });
    await factory.init({ roles: moreRoles, 'checkout-action': copy });

    expect([odd.code, odd.writes]).toEqual([1, []]);
    const workflows = (await factory.files(factory.ops)).filter((file) =>
      file.startsWith('.forgejo/workflows/'),
    );
    const texts = await Promise.all(workflows.map((file) => factory.text(factory.ops, file)));
    expect(texts.join('\n')).not.toContain('code.forgejo.org');
    expect(texts.filter((text) => text.includes(`uses: ${copy}\n`)).length).toBeGreaterThan(4);
    const { checkup } = await factory.doctor({ roles: moreRoles, 'checkout-action': copy });
    expect(checkup.findings.filter(({ state }) => state === 'broken').map(({ id }) => id)).toEqual([
      'secret.anthropic_api_key',
    ]);
  });

  it('makes Woodpecker know the repository, its secrets for the events of their pipelines, and its cron jobs', async () => {
    factory = await startFactory({ ci: 'woodpecker' });

    await factory.init();

    const [repository] = factory.woodpecker.repositories;
    expect(repository?.secrets).toEqual([
      { name: 'filer_token', events: ['push', 'cron'] },
      { name: 'architect_token', events: ['cron'] },
      { name: 'dispatcher_token', events: ['push', 'cron'] },
      { name: 'gate_token', events: ['manual'] },
      { name: 'audit_token', events: ['push', 'cron'] },
    ]);
    expect(
      repository?.crons?.map(({ name, schedule, branch, enabled }) => [name, schedule, branch, enabled]),
    ).toEqual([
      ['file-sprints', '*/30 * * * *', 'main', true],
      ['vault', '*/10 * * * *', 'main', true],
      ['pitch', '*/30 * * * *', 'main', true],
    ]);
  });
});

describe('forgecrew init with roles that keep something of their own', () => {
  const settingsOf = (name: string): Promise<Record<string, unknown>> => factory.ask('GET', `/repos/${name}`);

  it.each(['forgejo', 'woodpecker'] as const)(
    'on %s makes each a private repository of its account, without CI, which those that show it may read and nobody else',
    async (ci) => {
      factory = await startFactory({ ci });

      const made = await factory.init({ roles: moreRoles });
      const again = await factory.init({ roles: moreRoles });

      expect(made.text).not.toMatch(/failed:|unknown:|not-done:/);
      expect([made.code, again.code, again.writes]).toEqual([0, 0, []]);
      for (const name of ['speaker/records', 'crew/forgecrew-state']) {
        expect(await settingsOf(name)).toMatchObject({ private: true, has_actions: false });
        const others = await factory.ask<{ login: string }[]>('GET', `/repos/${name}/collaborators`);
        expect(others.map(({ login }) => login).sort()).toEqual(['collector', 'keeper']);
        for (const { login } of others)
          expect(await factory.ask('GET', `/repos/${name}/collaborators/${login}/permission`)).toMatchObject({
            permission: 'read',
          });
      }
      expect(factory.woodpecker.repositories.map(({ name }) => name)).toEqual(
        ci === 'woodpecker' ? [factory.ops] : [],
      );
    },
  );

  it('makes a policy of escalation that can be read, and a pipeline that says whose records they are', async () => {
    factory = await startFactory();

    await factory.init({ roles: moreRoles, accounts: 'speaker=voice-1' });

    const policy = parseEscalationPolicy(
      'escalation/policy.toml',
      bytes(await factory.text(factory.ops, 'escalation/policy.toml')),
    );
    expect(policy).toMatchObject({ ok: true, document: { 'issue-create': { repositories: ['acme/app'] } } });
    expect(policy.ok && Object.keys(policy.document)).toEqual(['issue-create']);
    const pipeline = await factory.text(factory.ops, '.forgejo/workflows/answers.yml');
    for (const line of [
      'record-repo: voice-1/records',
      'forge-login: voice-1',
      'secrets.SPEAKER_TOKEN',
      'proposers: crew',
    ])
      expect(pipeline).toContain(line);
    expect(await factory.files(factory.ops)).not.toContain('escalation/.gitkeep');
  });

  it.each(['forgejo', 'woodpecker'] as const)(
    'on %s lets the dashboard and the metrics show agents and proposals, and only those that are there',
    async (ci) => {
      factory = await startFactory({ ci });
      const accounts = 'speaker=voice-1,crew=0412';
      const shown = async (roles: string): Promise<string[]> => {
        await factory.init({ roles, accounts });
        const files = (await factory.files(factory.ops)).filter((file) =>
          /\/(?:dashboard|process)\.ya?ml$/.test(file),
        );
        const texts = await Promise.all(files.map((file) => factory.text(factory.ops, file)));
        return texts.map((text) =>
          [...text.matchAll(/^ *[^#\n]*(?:state|proposal)[-_]repo: .*$/gm)].join().trim(),
        );
      };

      expect(await shown(moreRoles)).toEqual(
        ci === 'forgejo'
          ? [
              'state-repo: 0412/forgecrew-state,          proposal-repo: voice-1/records',
              'state-repo: 0412/forgecrew-state,          proposal-repo: voice-1/records',
            ]
          : [
              'state_repo: 0412/forgecrew-state,      proposal_repo: voice-1/records',
              'state_repo: 0412/forgecrew-state,      proposal_repo: voice-1/records',
            ],
      );
      await factory.close();
      factory = await startFactory({ ci });
      expect(await shown('dashboard,forge-agent')).toEqual([
        ci === 'forgejo' ? 'state-repo: 0412/forgecrew-state' : 'state_repo: 0412/forgecrew-state',
      ]);
      await factory.close();
      factory = await startFactory({ ci });
      expect(await shown('dashboard')).toEqual(['']);
    },
  );

  it('says what to add to a dashboard that was there before the agents were', async () => {
    factory = await startFactory();
    await factory.init({ roles: 'dashboard' });

    const { text } = await factory.init({ roles: 'dashboard,forge-agent' });
    const { checkup } = await factory.doctor({ roles: 'dashboard,forge-agent' });

    expect(text).toContain('.forgejo/workflows/dashboard.yml: add state-repo: crew/forgecrew-state');
    expect(checkup.findings.find(({ id }) => id === 'pipeline.dashboard.work.settings')).toMatchObject({
      state: 'broken',
      what: expect.stringContaining('state-repo not set, and not crew/forgecrew-state'),
    });
    expect(checkup.findings.find(({ id }) => id === 'store.crew.readers')).toMatchObject({ state: 'ok' });
  });

  it('the keeper that it makes can show what agents do', async () => {
    factory = await startFactory();
    await factory.init({ roles: moreRoles });
    const { 'keeper-token': token = '' } = await factory.tokens();

    const { code, text } = await runCommand(dashboard, token, {
      'forge-url': factory.forge.url,
      'ops-repo': factory.ops,
      'project-repo': factory.project,
      'state-repo': 'crew/forgecrew-state',
      'proposal-repo': 'speaker/records',
    });

    expect(text).not.toMatch(/failed:|is not there|no repository/);
    expect(code).toBe(0);
  });

  it('names nobody whose comments may propose where there are no agents', async () => {
    factory = await startFactory();

    await factory.init({ roles: 'escalation' });

    expect(await factory.text(factory.ops, '.forgejo/workflows/answers.yml')).not.toContain('proposers');
  });

  it('switches Actions off where a run was cut off before it did, and touches nothing that others may have read', async () => {
    factory = await startFactory();
    await factory.init({ roles: moreRoles });
    await factory.ask('PATCH', '/repos/speaker/records', { has_actions: true });
    await factory.ask('PATCH', '/repos/crew/forgecrew-state', { private: false, has_actions: true });

    const { code, text } = await factory.init({ roles: moreRoles });

    expect(code).toBe(1);
    expect(await settingsOf('speaker/records')).toMatchObject({ has_actions: false });
    expect(await settingsOf('crew/forgecrew-state')).toMatchObject({ private: false, has_actions: true });
    expect(text).toContain('crew/forgecrew-state: is not private');
  });

  it('says which account has to make one, where it may not look into that account', async () => {
    factory = await startFactory();
    await factory.init({ roles: moreRoles });
    const owner = await factory.seed.createUser('olga', [
      'write:repository',
      'write:issue',
      'write:user',
      'write:organization',
    ]);
    for (const name of [factory.ops, factory.project])
      await factory.ask('PUT', `/repos/${name}/collaborators/olga`, { permission: 'admin' });

    const { code, text, writes } = await factory.init({ roles: moreRoles }, owner.token);

    expect([code, writes]).toEqual([0, []]);
    expect(text).toContain('as speaker, run forgecrew escalation-init --record-repo speaker/records');
    expect(text).toContain(`as crew, make crew/forgecrew-state at ${factory.forge.url}/repo/create`);
  });
});

describe('forgecrew init where something is there already', () => {
  /** Two repositories with a file each, as people have them. */
  async function withRepositories(
    files: Record<string, string>,
    more: Parameters<typeof startFactory>[0] = {},
  ): Promise<void> {
    factory = await startFactory(more);
    for (const name of ['ops', 'app'])
      await factory.ask('POST', '/orgs/acme/repos', { name, auto_init: true, default_branch: 'main' });
    await factory.ask('POST', `/repos/${factory.ops}/contents`, {
      branch: 'main',
      message: 'ours',
      files: Object.entries(files).map(([name, content]) => ({
        operation: 'create',
        path: name,
        content: Buffer.from(content).toString('base64'),
      })),
    });
  }
  const protectMain = (): Promise<unknown> =>
    factory.ask('POST', `/repos/${factory.ops}/branch_protections`, {
      rule_name: 'mai[n]',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: ['ada'],
      apply_to_admins: true,
    });
  const pulls = (state: string): Promise<{ number: number; title: string; body: string }[]> =>
    factory.ask('GET', `/repos/${factory.ops}/pulls?state=${state}`);

  it('adds what is missing, and leaves every file of theirs as it is', async () => {
    const theirs = {
      'forgecrew.toml': 'bots = ["x"]\n',
      'sprints/a.md': '# a\n',
      'vault/policy.toml': '[tiers]\nx = "low"\n',
      'vault/fired/old-1.json': '{}',
      'portfolio.md': 'ours\n',
    };
    await withRepositories(theirs);

    const { code } = await factory.init();

    expect(code).toBe(0);
    for (const [name, content] of Object.entries(theirs))
      expect(await factory.text(factory.ops, name)).toBe(content);
    expect(await factory.files(factory.ops)).toEqual(
      expect.arrayContaining(['RESOURCES.md', 'knowledge/.gitkeep']),
    );
    expect(await factory.files(factory.ops)).not.toContain('sprints/.gitkeep');
  });

  it('leaves a workflow alone that is only called like one of ours', async () => {
    const theirs = 'on: push\njobs: {}\n';
    await withRepositories({ '.forgejo/workflows/file-sprints.yml': theirs });

    const { code } = await factory.init();

    expect(code).toBe(0);
    expect(await factory.text(factory.ops, '.forgejo/workflows/file-sprints.yml')).toBe(theirs);
    expect(await factory.files(factory.ops)).toContain('forgecrew.toml');
  });

  it('puts its workflows where the forge looks: a folder of ours would put theirs out of use', async () => {
    await withRepositories({ '.github/workflows/ci.yml': 'on: push\njobs: {}\n' });

    await factory.init();

    const workflows = (await factory.files(factory.ops)).filter((name) => name.includes('workflows'));
    expect(workflows).toContain('.github/workflows/file-sprints.yml');
    expect(workflows.filter((name) => !name.startsWith('.github/'))).toEqual([]);
  });

  it('adds no second pipeline for a role that theirs starts already', async () => {
    await withRepositories({
      '.forgejo/workflows/sprints.yml':
        'on: push\njobs:\n  x:\n    steps:\n      - uses: https://f/o/forgecrew/actions/ops-filer@v0.1.0\n        with: {forge-token: "$' +
        '{{ secrets.FILER_TOKEN }}"}\n',
    });

    await factory.init();

    const files = await factory.files(factory.ops);
    expect(files).not.toContain('.forgejo/workflows/file-sprints.yml');
    expect(files).toContain('.forgejo/workflows/check-sprints.yml');
  });

  it('makes no folder .woodpecker beside a single file, which Woodpecker would no longer read', async () => {
    await withRepositories({ '.woodpecker.yml': 'steps: {}\n' }, { ci: 'woodpecker' });

    const { code, text } = await factory.init();

    expect(code).toBe(1);
    expect(text).toContain('move it into that folder first');
    expect(await factory.files(factory.ops)).not.toContain('forgecrew.toml');
  });

  it('asks with one pull request where main is protected, and guards nothing before its merge', async () => {
    await withRepositories({ 'a.md': 'ours' });
    await protectMain();

    const first = await factory.init();
    const again = await factory.init();
    const [pull, ...others] = await pulls('open');
    const rules = await factory.ask<{ rule_name: string }[]>(
      'GET',
      `/repos/${factory.ops}/branch_protections`,
    );

    expect(first.code).toBe(0);
    expect(again).toMatchObject({ code: 0, writes: [] });
    expect(again.text).toContain(`pull request #${pull?.number} of acme/ops waits for a person`);
    expect(again.text).toContain(
      `  1. Look at what is asked for and merge it, with the approval that main wants: ${factory.forge.url}/acme/ops/pulls/${pull?.number}\n     Then run this command once more`,
    );
    expect(others).toEqual([]);
    expect(rules.map(({ rule_name }) => rule_name)).toEqual(['mai[n]']);
    expect(pull?.body).toContain('| `vault/policy.toml` | Which formula needs whose approval. |');
    expect(pull?.body).toContain('After the merge');
    await factory.seed.mergePull(factory.ada, factory.ops, pull?.number ?? 0);
    // The rule of theirs lets ada alone push; what the vault needs is set now.
    expect((await factory.init()).code).toBe(0);
    const after = await factory.ask<{ rule_name: string }[]>(
      'GET',
      `/repos/${factory.ops}/branch_protections`,
    );
    expect(after.map(({ rule_name }) => rule_name).sort()).toEqual([
      'mai[n]',
      'vault-claim[s]',
      'vault-record[s]',
    ]);
    expect((await factory.init()).writes).toEqual([]);
  });

  it('takes a close without a merge for an answer, and asks no more', async () => {
    await withRepositories({ 'a.md': 'ours' });
    await protectMain();
    await factory.init();
    const [pull] = await pulls('open');
    await factory.ask('PATCH', `/repos/${factory.ops}/pulls/${pull?.number}`, { state: 'closed' });

    const { code, text, writes } = await factory.init();

    expect(code).toBe(0);
    expect(writes).toEqual([]);
    expect(text).toContain('was closed without being merged; nothing is proposed again');
    expect(await pulls('open')).toEqual([]);
  });

  it('leaves commits that people add to that pull request as they are', async () => {
    await withRepositories({ 'a.md': 'ours' });
    await protectMain();
    await factory.init();
    const file = await factory.ask<{ sha: string }>(
      'GET',
      `/repos/${factory.ops}/contents/portfolio.md?ref=forgecrew/onboarding`,
    );
    await factory.ask('PUT', `/repos/${factory.ops}/contents/portfolio.md`, {
      branch: 'forgecrew/onboarding',
      sha: file.sha,
      message: 'better',
      content: Buffer.from('better\n').toString('base64'),
    });

    const { writes } = await factory.init();

    expect(writes).toEqual([]);
  });

  it('takes no right away: of what is too much a person is told', async () => {
    await withRepositories({ 'a.md': 'ours' });
    await factory.seed.createUser('filer', ['read:user']);
    await factory.ask('PUT', `/repos/${factory.ops}/collaborators/filer`, { permission: 'write' });

    const { text, writes } = await factory.init();

    expect(text).toContain('filer has write access to acme/ops, and read is all that it needs');
    expect(writes.filter((call) => call.includes('collaborators/filer'))).toEqual([]);
  });

  it.skipIf(!existsSync(realOpsRepo))('adds to a real ops repo only what is missing', async () => {
    const theirs = Object.fromEntries(
      readdirSync(realOpsRepo, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => {
          const name = path.relative(realOpsRepo, path.join(entry.parentPath, entry.name));
          return [name, readFileSync(path.join(realOpsRepo, name), 'utf8')];
        }),
    );
    await withRepositories(theirs);

    const { code } = await factory.init();

    expect(code).toBe(0);
    for (const [name, content] of Object.entries(theirs))
      expect(await factory.text(factory.ops, name)).toBe(content);
    const added = (await factory.files(factory.ops)).filter((name) => !Object.hasOwn(theirs, name));
    expect(added.filter((name) => !name.startsWith('.'))).toEqual([
      'README.md',
      'agents/.gitkeep',
      'escalation/.gitkeep',
      'evidence/process/.gitkeep',
      'forgecrew.toml',
      'vault/formulas/backup.toml',
      'vault/policy.toml',
    ]);
    expect((await factory.init()).writes).toEqual([]);
  });
});

describe('forgecrew init and who may push', () => {
  const collecting = 'collect-engagement,collect-process-metrics';
  const access = async (login: string): Promise<string> =>
    (
      await factory.ask<{ permission: string }>(
        'GET',
        `/repos/${factory.ops}/collaborators/${login}/permission`,
      )
    ).permission;
  const high = async (roles: string): Promise<string[]> => {
    const { checkup } = await factory.doctor({ roles });
    return checkup.findings
      .filter(({ id }) => id === 'vault.high' || id === 'account.collector.ops')
      .map(({ id, state }) => `${id} ${state}`);
  };

  it('lets the collector push only where no vault is, and so keeps high possible', async () => {
    factory = await startFactory();
    const roles = `${collecting},vault-dispatch`;

    await factory.init({ roles });

    expect(await access('collector')).toBe('read');
    expect(await high(roles)).toEqual(['account.collector.ops ok', 'vault.high ok']);
    const { lines } = await collect();
    expect(lines.join('\n')).toContain('collector may not push to acme/ops');
    expect(await factory.ask('GET', `/repos/${factory.ops}/pulls?state=open`)).toMatchObject([
      { user: { login: 'collector' }, head: { repo: { full_name: 'collector/ops' } } },
    ]);
  });

  it('says what to lower where a vault is added to a factory whose collector pushes, and goes on from a fork then', async () => {
    factory = await startFactory();
    await factory.init({ roles: collecting });
    expect(await access('collector')).toBe('write');
    expect((await collect()).lines.join('\n')).toContain('1 commit made');
    expect(await high(collecting)).toEqual(['account.collector.ops ok']);
    const roles = `${collecting},vault-dispatch`;

    const first = await factory.init({ roles });

    expect(first.code).toBe(0);
    expect(first.text).toContain(
      '/acme/ops/settings/collaboration lower collector to read: while an account that may not approve can push',
    );
    expect(first.writes.filter((call) => call.includes('collaborators/collector'))).toEqual([]);
    expect(await high(roles)).toEqual(['account.collector.ops broken', 'vault.high broken']);
    await factory.ask('PUT', `/repos/${factory.ops}/collaborators/collector`, { permission: 'read' });
    expect(await high(roles)).toEqual(['account.collector.ops ok', 'vault.high ok']);
    expect((await factory.init({ roles })).writes).toEqual([]);
    expect((await collect('2026-01-21')).code).toBe(0);
    expect(await factory.ask('GET', `/repos/${factory.ops}/pulls?state=open`)).toMatchObject([
      { user: { login: 'collector' }, head: { repo: { full_name: 'collector/ops' } } },
    ]);
  });

  it('gives it no more where a run names the collector alone and a vault works there', async () => {
    factory = await startFactory();
    await factory.init({ roles: 'vault-dispatch' });

    await factory.init({ roles: collecting });

    expect(await access('collector')).toBe('read');
  });

  it('leaves a collector that a person lowered as it is', async () => {
    factory = await startFactory();
    await factory.init({ roles: collecting });
    await factory.ask('PUT', `/repos/${factory.ops}/collaborators/collector`, { permission: 'read' });

    expect((await factory.init({ roles: collecting })).writes).toEqual([]);
    expect(await high(collecting)).toEqual(['account.collector.ops ok']);
  });

  /** The compiled collect-engagement, as the collector. */
  async function collect(date = '2026-01-20'): Promise<{ code: number | null; lines: string[] }> {
    const { sha1: token } = await factory.ask<{ sha1: string }>('POST', '/admin/users/collector/tokens', {
      name: `test of ${date}`,
      scopes: ['write:repository', 'read:user'],
    });
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-init-'));
    writeFileSync(path.join(folder, 'access.log'), pageView('/a', '::1', date));
    try {
      return await runCompiled(
        compiledFile('collect-engagement'),
        {
          CI: 'woodpecker',
          CI_FORGE_URL: factory.forge.url,
          CI_WORKSPACE: folder,
          CI_REPO: factory.ops,
          CI_PIPELINE_EVENT: 'cron',
          PLUGIN_FORGE_TOKEN: token,
          PLUGIN_SOURCE: 'access.log',
          PLUGIN_DATE: date,
        },
        { folder },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});

describe('forgecrew init where somebody has planted something', () => {
  const branch = 'forgecrew/onboarding';
  const pulls = (
    state = 'open',
  ): Promise<{ number: number; user: { login: string }; head: { label: string } }[]> =>
    factory.ask('GET', `/repos/${factory.ops}/pulls?state=${state}`);
  /** Two repositories; main of the ops repo is protected, and eve may push its other branches. */
  async function guarded(): Promise<Person> {
    factory = await startFactory();
    for (const name of ['ops', 'app'])
      await factory.ask('POST', '/orgs/acme/repos', { name, auto_init: true, default_branch: 'main' });
    await factory.ask('POST', `/repos/${factory.ops}/branch_protections`, {
      rule_name: 'mai[n]',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: ['ada'],
      apply_to_admins: true,
    });
    const eve = await factory.seed.createUser('eve', allScopes);
    return eve;
  }

  it('asks for nothing from a branch that somebody made before, with more in it than is asked for', async () => {
    const eve = await guarded();
    await factory.ask('PUT', `/repos/${factory.ops}/collaborators/eve`, { permission: 'write' });
    await factory.seed.putFile(eve, factory.ops, '.forgejo/workflows/mine.yml', 'on: push\n', {
      from: 'main',
      name: branch,
    });

    const { code, text } = await factory.init();

    expect(code).toBe(1);
    expect(text).toContain(
      `acme/ops: ${branch}: this branch is there already and changes .forgejo/workflows/mine.yml, which is not asked for here`,
    );
    expect(await pulls()).toEqual([]);
    await factory.ask('DELETE', `/repos/${factory.ops}/branches/${branch}`);
    expect((await factory.init()).code).toBe(0);
    expect(await pulls()).toHaveLength(1);
  });

  it('takes no pull request of a stranger for its own, whatever its branch is called', async () => {
    const eve = await guarded();
    await factory.ask('PUT', `/repos/${factory.ops}/collaborators/eve`, { permission: 'read' });
    await factory.seed.api('POST', `/repos/${factory.ops}/forks`, {}, eve.token);
    await factory.seed.putFile(eve, 'eve/ops', 'forgecrew.toml', 'bots = []\n', {
      from: 'main',
      name: branch,
    });
    await factory.seed.openPull(eve, factory.ops, { head: `eve:${branch}`, base: 'main', title: 'Mine' });

    const first = await factory.init();
    const again = await factory.init();

    expect([first.code, again.code, again.writes]).toEqual([0, 0, []]);
    expect((await pulls()).map(({ user }) => user.login).sort()).toEqual(['admin', 'eve']);
    // Nor is its close an answer to ours.
    const [own] = (await pulls()).filter(({ user }) => user.login === 'admin');
    expect(again.text).toContain(`pull request #${own?.number} of acme/ops waits for a person`);
  });

  it('puts nothing below a file or a link that is called like a folder of ours, and says which', async () => {
    factory = await startFactory();
    for (const name of ['ops', 'app'])
      await factory.ask('POST', '/orgs/acme/repos', { name, auto_init: true, default_branch: 'main' });
    await factory.seed.api('POST', `/repos/${factory.ops}/contents/vault`, {
      branch: 'main',
      message: 'm',
      content: Buffer.from('../elsewhere').toString('base64'),
    });

    const { code, text } = await factory.init();

    expect(code).toBe(1);
    expect(text).toContain('acme/ops: vault: it is a file or a link, and a folder of that name is needed');
    expect(await factory.text(factory.ops, 'vault')).toBe('../elsewhere');
    expect(await factory.files(factory.ops)).not.toContain('forgecrew.toml');
  });

  it('leaves a secret of that name as it is, and makes no token for it', async () => {
    const { ops } = await (async () => {
      factory = await startFactory();
      await factory.ask('POST', '/orgs/acme/repos', { name: 'ops', auto_init: true, default_branch: 'main' });
      return factory;
    })();
    await factory.ask('PUT', `/repos/${ops}/actions/secrets/FILER_TOKEN`, { data: 'theirs' });

    const { code, writes } = await factory.init();

    expect(code).toBe(0);
    expect(factory.forge.secretsOf(ops)).toMatchObject({ FILER_TOKEN: 'theirs' });
    expect(writes.filter((call) => /users\/filer\/tokens|FILER_TOKEN/.test(call))).toEqual([]);
    expect(await factory.ask('GET', '/admin/users/filer/tokens')).toEqual([]);
  });

  it('takes a secret of Woodpecker for there, however its name is written', async () => {
    factory = await startFactory({ ci: 'woodpecker' });
    await factory.init();
    const secret = factory.woodpecker.repositories[0]?.secrets?.find(({ name }) => name === 'filer_token');
    if (secret !== undefined) secret.name = 'FILER_TOKEN';

    expect((await factory.init()).writes).toEqual([]);
  });

  it('two runs at once leave in every secret a token that lives', async () => {
    factory = await startFactory();
    await factory.init();
    const { ops, ask } = factory;
    const names = ['FILER_TOKEN', 'ARCHITECT_TOKEN', 'DISPATCHER_TOKEN', 'GATE_TOKEN'];
    for (const name of names) await ask('DELETE', `/repos/${ops}/actions/secrets/${name}`);

    const ran = await Promise.all([factory.init(), factory.init()]);

    expect(ran.map(({ code }) => code)).toEqual([0, 0]);
    const held = factory.forge.secretsOf(ops);
    for (const name of names) {
      const answer = await fetch(`${factory.forge.url}/api/v1/user`, {
        headers: { authorization: `token ${held[name]}` },
      });
      expect([name, answer.status]).toEqual([name, 200]);
    }
  });

  it('refuses a mirror before it writes anything', async () => {
    factory = await startFactory();
    await factory.init();
    const shown = await factory.ask<object>('GET', `/repos/${factory.project}`);
    const proxy = await startFaultProxy(factory.forge.url, undefined, (_, request) =>
      request === `GET /api/v1/repos/${factory.project}`
        ? { status: 200, body: { ...shown, mirror: true } }
        : undefined,
    );
    await factory.ask('DELETE', `/repos/${factory.ops}/actions/secrets/FILER_TOKEN`);

    const { code, text, writes } = await factory.init({ 'forge-url': proxy.url });

    await proxy.close();
    expect([code, writes]).toEqual([1, []]);
    expect(text).toContain('acme/app is a mirror: it only follows another repository');
  });

  it('says of an account that it did not make that it is given rights, and may be anybody’s', async () => {
    factory = await startFactory();
    await factory.seed.createUser('dispatcher', allScopes);

    const shown = await factory.init({ 'dry-run': 'true' });
    await factory.init();
    const again = await factory.init();

    expect(shown.text).toContain('the account dispatcher was there already, and is used as it is');
    expect(shown.text).toContain('whoever registered that name can log in as it');
    expect(shown.text).not.toContain('the account gatekeeper was there');
    expect(again.text).not.toContain('was there already');
  });

  it('a role in CI never takes the token of an admin that only stands in its environment', async () => {
    factory = await startFactory();
    await factory.init();
    const from = factory.forge.requests.length;

    const lines: string[] = [];
    const { code } = await execute(opsFiler, {
      environment: {
        CI: 'woodpecker',
        CI_FORGE_URL: factory.forge.url,
        CI_REPO: factory.ops,
        CI_REPO_DEFAULT_BRANCH: 'main',
        CI_PIPELINE_EVENT: 'cron',
        CI_WORKSPACE: tmpdir(),
        PLUGIN_PROJECT_REPO: factory.project,
        FORGECREW_FORGE_TOKEN: factory.forge.adminToken,
      },
      args: [],
      workingDirectory: tmpdir(),
      print: (line) => lines.push(line),
      now: () => new Date(),
    });

    expect(code).toBe(1);
    expect(factory.forge.requests.slice(from)).toEqual([]);
    expect(lines.join('\n')).not.toContain(factory.forge.adminToken);
  });
});

describe('forgecrew init with less than it would like to have', () => {
  it('says what a person has to do where its token is of no site admin', async () => {
    factory = await startFactory();
    await factory.init();
    const owner = await factory.seed.createUser('olga', [
      'write:repository',
      'write:issue',
      'write:user',
      'write:organization',
    ]);
    for (const name of [factory.ops, factory.project])
      await factory.ask('PUT', `/repos/${name}/collaborators/olga`, { permission: 'admin' });
    await factory.ask('DELETE', `/repos/${factory.ops}/actions/secrets/FILER_TOKEN`);

    const { text, writes } = await factory.init({}, owner.token);

    expect(writes.filter((call) => call.includes('tokens'))).toEqual([]);
    expect(text).toContain(
      `  2. At ${factory.forge.url}/acme/ops/settings/actions/secrets add this secret:\n     FILER_TOKEN: a token that filer makes, with the scopes write:issue, read:repository, read:user\n`,
    );
    expect(text).toContain(
      `Tokens are made at ${factory.forge.url}/user/settings/applications by each account itself, because this token is of no site admin`,
    );
  });

  it('makes nothing for an owner that is not there, and says where one is made', async () => {
    factory = await startFactory();

    const { code, text, writes } = await factory.init({
      'ops-repo': 'nobody/ops',
      'project-repo': 'nobody/app',
    });

    expect([code, writes]).toEqual([1, []]);
    expect(text).toContain(
      `! nobody: there is neither an organisation nor an account of that name: make the organisation at ${factory.forge.url}/org/create`,
    );
  });

  it('makes no account of a person, and says so', async () => {
    factory = await startFactory();

    const { code, text } = await factory.init({ people: 'nobody-here' });

    expect(code).toBe(1);
    expect(text).toContain('nobody-here: there is no account of that name');
    expect(text).toContain(`a site admin makes it at ${factory.forge.url}/admin/users/new`);
  });

  it('says of a setting that cannot be read what is wrong with it, and takes it for no defect of its own', async () => {
    factory = await startFactory();

    const { code, text, writes } = await factory.init({ roles: 'sweeper', accounts: 'x' });

    expect([code, writes]).toEqual([1, []]);
    expect(text).toContain('  roles: ');
    expect(text).toContain('  accounts: ');
    expect(text).not.toContain('defect');
  });

  it.each([
    [
      { 'ops-repo': 'acme/forgecrew' },
      'it is acme/forgecrew, the ops repo. Runners take the roles from there',
    ],
    [{ 'forgecrew-repo': 'ACME/Ops' }, 'it is acme/ops, the ops repo'],
    [{ 'ops-repo': 'acme/..' }, 'ops-repo: expected owner/name as the forge takes it'],
    [{ 'project-repo': 'acme/app.git' }, 'project-repo: expected owner/name as the forge takes it'],
    [{ people: 'ada,Filer' }, 'people: filer works as ops-filer, and so is no person who approves'],
    [{ accounts: 'filer=ada' }, 'people: ada works as ops-filer'],
  ] as [Record<string, string>, string][])(
    'refuses %j before it asks the forge for anything',
    async (given, said) => {
      factory = await startFactory();
      const from = factory.forge.requests.length;

      const { code, text, writes } = await factory.init(given);

      expect([code, writes, factory.forge.requests.length - from]).toEqual([1, [], 0]);
      expect(text).toContain(said);
    },
  );

  it('refuses two accounts of one login, and Woodpecker without its token', async () => {
    factory = await startFactory();

    const double = await factory.init({ accounts: 'filer=architect' });
    const bare = await factory.init({ ci: 'woodpecker' });

    expect(double).toMatchObject({ code: 1, writes: [] });
    expect(double.text).toContain('each account needs a login of its own');
    expect(bare).toMatchObject({ code: 1, writes: [] });
    expect(bare.text).toContain('both are needed where Woodpecker runs the roles');
  });
});
