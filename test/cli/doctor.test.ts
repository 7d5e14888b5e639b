import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../cli/doctor/finding.ts';
import type { Disk, Machine } from '../../cli/doctor/machine.ts';
import type { DoctorOptions } from '../../cli/doctor/run.ts';
import type { DoctorSettings } from '../../cli/doctor/state.ts';
import { checkupLines, commandLines } from '../../cli/doctor/text.ts';
import { UserError } from '../../core/errors.ts';
import { type Factory, letStart, moreRoles, startFactory } from '../factory.ts';
import { type Rewrite, startFaultProxy } from '../faults/proxy.ts';
import { startTlsFront } from '../tls-front.ts';
import { recorded } from './docker-df/recorded.ts';

let factory: Factory;
afterEach(() => factory.close());

const named = (findings: Finding[], state: Finding['state']): string[] =>
  findings.filter((item) => item.state === state).map(({ id }) => id);

/** A factory as `init` makes it, with the token of every account at hand. */
async function healthy(
  { roles, ...more }: Parameters<typeof startFactory>[0] & { roles?: string } = {},
  forge: Parameters<typeof startFactory>[1] = {},
): Promise<Record<string, string>> {
  factory = await startFactory(more, forge);
  const given = roles === undefined ? {} : { roles };
  await factory.init(given);
  if (more.ci === 'woodpecker') await letStart(factory);
  if (roles?.includes('escalation')) await nameModel(more.ci ?? 'forgejo');
  return { ...(await factory.tokens()), ...given };
}

/** What only a person can say: where the model is, and the key for it. */
async function nameModel(ci: 'forgejo' | 'woodpecker'): Promise<void> {
  if (ci === 'forgejo')
    await factory.ask('PUT', `/repos/${factory.ops}/actions/secrets/ANTHROPIC_API_KEY`, { data: 'key' });
  else {
    factory.woodpecker.repositories[0]?.secrets?.push({ name: 'anthropic_api_key', events: ['cron'] });
    await edit('.woodpecker/answers.yaml', (text) => text.replace('model.example', '127.0.0.1'));
  }
}

describe('forgecrew doctor', () => {
  it.each(['forgejo', 'woodpecker'] as const)(
    'finds nothing in what init made for %s, writes nothing, and ends with 0',
    async (ci) => {
      const tokens = await healthy({ ci });

      const { code, checkup, writes } = await factory.doctor(tokens);

      expect(named(checkup.findings, 'broken')).toEqual([]);
      expect(named(checkup.findings, 'unknown')).toEqual([]);
      expect(checkup.counts.ok).toBeGreaterThan(80);
      expect(code).toBe(0);
      expect(writes).toEqual([]);
    },
  );

  it.each(['forgejo', 'woodpecker'] as const)(
    'finds nothing in what init made for %s with agents and escalation, once a person has said where the model is',
    async (ci) => {
      const tokens = await healthy({ ci, roles: moreRoles });

      const { code, checkup } = await factory.doctor(tokens);

      expect(checkup.findings.filter(({ state }) => state !== 'ok')).toEqual([]);
      expect(named(checkup.findings, 'ok')).toEqual(
        expect.arrayContaining(['store.speaker', 'store.crew', 'escalation.policy']),
      );
      expect(code).toBe(0);
    },
  );

  it('says of what waits long for a runner that none takes it, and of what has just begun nothing', async () => {
    let clock = new Date();
    const tokens = await healthy({}, { now: () => clock });
    const start = (file: string): Promise<unknown> =>
      factory.ask('POST', `/repos/${factory.ops}/actions/workflows/${file}/dispatches`, { ref: 'main' });
    const waiting = async (): Promise<Finding[]> =>
      (await factory.doctor(tokens)).checkup.findings.filter(({ id }) => id.startsWith('waiting.'));
    await start('pitch.yml');

    expect((await waiting()).map(({ id, state }) => `${id} ${state}`)).toEqual([
      'waiting.acme/ops ok',
      'waiting.acme/app ok',
    ]);
    clock = new Date(Date.now() - 11 * 60_000);
    await start('file-sprints.yml');
    clock = new Date();
    expect(await waiting()).toMatchObject([
      {
        id: 'waiting.acme/ops',
        state: 'broken',
        what: expect.stringMatching(
          /^1 pipeline of acme\/ops waits for a runner since .* \(file-sprints\.yml\)/,
        ),
        who: 'whoever runs the runners',
        mend: expect.stringMatching(
          /^start a runner that takes the label docker; .*\/acme\/ops\/settings\/actions\/runners/,
        ),
      },
      { id: 'waiting.acme/app', state: 'ok' },
    ]);
  });

  it('takes a list of runs that is denied for no sign that nothing waits', async () => {
    const tokens = await healthy();
    const proxy = await startFaultProxy(factory.forge.url, undefined, (_, request) =>
      request.includes('/actions/runs') ? { status: 403, body: { message: 'no' } } : undefined,
    );

    const { checkup } = await factory.doctor({ ...tokens, 'forge-url': proxy.url });

    await proxy.close();
    expect(checkup.findings.filter(({ id }) => id.startsWith('waiting.'))).toMatchObject([
      { state: 'unknown', why: expect.any(String) },
      { state: 'unknown', why: expect.any(String) },
    ]);
  });

  it('says of an account that is locked, and of a repository that is a mirror, that nothing works with it', async () => {
    const tokens = await healthy();
    const answered = async (path: string, change: object): Promise<Finding[]> => {
      const { body } = await factory.seed.api('GET', path);
      const proxy = await startFaultProxy(factory.forge.url, undefined, (_, request) =>
        request === `GET /api/v1${path}`
          ? { status: 200, body: { ...(body as object), ...change } }
          : undefined,
      );
      const { checkup } = await factory.doctor({ ...tokens, 'forge-url': proxy.url });
      await proxy.close();
      return checkup.findings;
    };

    const locked = await answered('/users/filer', { prohibit_login: true });
    const mirrored = await answered(`/repos/${factory.ops}`, { mirror: true });

    expect(locked.find(({ id }) => id === 'account.filer.open')).toMatchObject({
      state: 'broken',
      who: 'a site admin',
      mend: expect.stringContaining('/admin/users?q=filer'),
    });
    expect(locked.find(({ id }) => id === 'account.architect.open')).toMatchObject({ state: 'ok' });
    expect(mirrored.find(({ id }) => id === 'ops.there')).toMatchObject({
      state: 'broken',
      what: expect.stringContaining('acme/ops is a mirror'),
    });
  });

  it('says in words who keeps what is high from being approved, and takes a setting that accepts it for an answer', async () => {
    const tokens = await healthy();
    await factory.seed.createUser('zoe', ['read:user']);
    for (const login of ['zoe', 'filer']) await collaborator(login, factory.ops, 'write');
    const finding = async (): Promise<Finding | undefined> =>
      (await factory.doctor(tokens)).checkup.findings.find(({ id }) => id === 'vault.high');

    expect(await finding()).toMatchObject({
      state: 'broken',
      who: 'an admin of acme/ops',
      what: expect.stringContaining('everything that is high is refused, because'),
      mend: expect.stringMatching(
        /^lower filer to read at .*\/acme\/ops\/settings\/collaboration;.*; name zoe among the approvers of \[rules\.high\]/,
      ),
    });
    // The words alone accept nothing: not behind a setting, and not at a step of another role.
    await edit(
      workflow('vault'),
      (text) =>
        `${text.replace('forge-login: dispatcher', 'forge-login: dispatcher # not yet: accept-exposed-secrets: true')}
      - uses: https://forge.example/acme/tools@v1
        with:
          accept-exposed-secrets: 'true'
`,
    );
    expect(await finding()).toMatchObject({ state: 'broken' });
    await edit(workflow('vault'), (text) =>
      text.replaceAll(
        /forge-login: dispatcher.*/g,
        '"forge-login": dispatcher\n          "accept-exposed-secrets" : true',
      ),
    );
    expect(await finding()).toMatchObject({ state: 'ok', what: expect.stringContaining('accepted') });
  });

  it('says of a private repository that nobody shows it that it could not be checked', async () => {
    await healthy({ roles: moreRoles });
    const olga = await factory.seed.createUser('olga', [
      'read:repository',
      'read:issue',
      'read:user',
      'read:organization',
    ]);
    for (const name of [factory.ops, factory.project])
      await factory.ask('PUT', `/repos/${name}/collaborators/olga`, { permission: 'admin' });

    await edit('vault/policy.toml', (text) => text.replace('"ada"', '"ada", "olga"'));
    const { checkup } = await factory.doctor({ roles: moreRoles, 'forge-token': olga.token });

    expect(named(checkup.findings, 'unknown')).toEqual(
      expect.arrayContaining(['store.speaker', 'store.crew']),
    );
    expect(named(checkup.findings, 'broken')).toEqual([]);
  });

  it('finds nothing in repositories of a person either', async () => {
    const tokens = await healthy({ isOrganisation: false });

    expect((await factory.doctor(tokens)).checkup.findings.filter(({ state }) => state !== 'ok')).toEqual([]);
  });

  it('says of what it was given no token for that it could not be checked, and ends with 2', async () => {
    await healthy();
    const olga = await factory.seed.createUser('olga', [
      'read:repository',
      'read:issue',
      'read:user',
      'read:organization',
    ]);
    for (const name of [factory.ops, factory.project])
      await factory.ask('PUT', `/repos/${name}/collaborators/olga`, { permission: 'admin' });

    await edit('vault/policy.toml', (text) => text.replace('"ada"', '"ada", "olga"'));
    const { code, checkup } = await factory.doctor({ 'forge-token': olga.token });

    expect(named(checkup.findings, 'unknown')).toEqual([
      // Only members of the organisation are told of its teams.
      'account.filer.issues',
      'token.filer',
      'token.architect',
      'token.dispatcher',
      'token.gatekeeper',
      'token.audit',
    ]);
    expect(code).toBe(2);
  });

  it('says of a tag that is not there that it is missing, and nothing of pipelines that name its commit', async () => {
    const tokens = await healthy({ roles: moreRoles });
    await factory.ask('POST', '/orgs/acme/repos', { name: 'untagged', auto_init: true });

    const { checkup } = await factory.doctor({
      ...tokens,
      roles: moreRoles,
      'forgecrew-repo': 'acme/untagged',
    });

    expect(named(checkup.findings, 'broken')).toEqual(['forge.source']);
  });

  it('says nothing of a team where the project repo is not found by its name', async () => {
    const tokens = await healthy();

    const { checkup } = await factory.doctor({ ...tokens, 'project-repo': 'acme/elsewhere' });

    expect(checkup.findings.find(({ id }) => id === 'account.filer.issues')).toMatchObject({
      state: 'unknown',
    });
  });

  it('says that a token which labels lacks the scope for labels of an organisation, where that has some', async () => {
    const tokens = await healthy();
    await factory.ask('POST', '/orgs/acme/labels', { name: 'area', color: '#112233' });

    const { checkup } = await factory.doctor(tokens);

    expect(named(checkup.findings, 'broken')).toEqual(['token.filer.scopes', 'token.architect.scopes']);
    expect(checkup.findings.find(({ id }) => id === 'token.filer.scopes')).toMatchObject({
      what: 'the token of filer lacks read:organization',
    });
  });

  it('takes that scope for no more than is needed where people gave it before an organisation has labels', async () => {
    const tokens = await healthy();
    const { sha1 } = await factory.ask<{ sha1: string }>('POST', '/admin/users/filer/tokens', {
      name: 'by hand',
      scopes: ['write:issue', 'read:repository', 'read:user', 'read:organization'],
    });

    const { checkup } = await factory.doctor({ ...tokens, 'filer-token': sha1 });

    expect(named(checkup.findings, 'broken')).toEqual([]);
  });

  it('is told of the tokens that init made where its own is a site admin’s, and so needs no other one', async () => {
    await healthy();

    const { code, checkup } = await factory.doctor();

    expect(named(checkup.findings, 'ok')).toEqual(
      expect.arrayContaining(['token.filer.scopes', 'token.gatekeeper.no-more', 'token.audit.scopes']),
    );
    expect([code, checkup.counts.unknown]).toEqual([0, 0]);
  });

  it('says of a token that init made and somebody deleted how a new one is made', async () => {
    await healthy();
    const name = `forgecrew ${factory.ops} FILER_TOKEN`;
    const made = await factory.ask<{ id: number; name: string }[]>('GET', '/admin/users/filer/tokens');
    await factory.ask('DELETE', `/admin/users/filer/tokens/${made.find((item) => item.name === name)?.id}`);

    const { code, checkup } = await factory.doctor();

    expect(checkup.findings.filter(({ state }) => state !== 'ok').map(({ id }) => id)).toEqual([
      'token.filer',
    ]);
    expect(checkup.findings.find(({ id }) => id === 'token.filer')?.mend).toContain(
      'delete the secret FILER_TOKEN, and forgecrew init --apply puts a new token there',
    );
    expect(code).toBe(2);
  });

  it('finds what the token that init made may do beside what it should', async () => {
    await healthy();
    const name = `forgecrew ${factory.ops} FILER_TOKEN`;
    const made = await factory.ask<{ id: number; name: string }[]>('GET', '/admin/users/filer/tokens');
    await factory.ask('DELETE', `/admin/users/filer/tokens/${made.find((item) => item.name === name)?.id}`);
    await factory.ask('POST', '/admin/users/filer/tokens', { name, scopes: ['all'] });

    const { code, checkup } = await factory.doctor();

    expect(named(checkup.findings, 'broken')).toEqual(['token.filer.no-more']);
    expect(code).toBe(1);
  });

  it('says once that a repository is not there, and counts what hangs on it', async () => {
    factory = await startFactory();

    const { checkup } = await factory.doctor();
    const lines = checkupLines(checkup, false);

    expect(named(checkup.findings, 'broken')).toEqual(expect.arrayContaining(['ops.there', 'project.there']));
    expect(lines.filter((line) => line.includes('because there is no repository acme/ops'))).toHaveLength(1);
    expect(lines.length).toBeLessThan(40);
    expect(checkupLines(checkup, true).length).toBeGreaterThan(100);
  });

  it('does not say that one is not there to whom the forge may not show it', async () => {
    factory = await startFactory();
    const reader = await factory.seed.createUser('reader', ['read:repository', 'read:issue', 'read:user']);

    const { checkup } = await factory.doctor({ 'forge-token': reader.token });

    expect(named(checkup.findings, 'unknown')).toEqual(
      expect.arrayContaining(['ops.there', 'project.there']),
    );
    expect(named(checkup.findings, 'broken')).not.toContain('ops.there');
  });

  it('names who has to act and what mends it, for everything that is broken', async () => {
    factory = await startFactory();

    const { code, checkup } = await factory.doctor();

    expect(code).toBeGreaterThan(0);
    for (const { state, who, mend } of checkup.findings)
      if (state === 'broken')
        expect([who, mend]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
  });

  it('takes a forge that refuses to answer for nothing: neither for well nor for broken', async () => {
    await healthy();
    const stranger = await factory.seed.createUser('stranger', ['read:user']);

    const { code, checkup } = await factory.doctor({ 'forge-token': stranger.token });

    expect(named(checkup.findings, 'broken')).toEqual([]);
    expect(named(checkup.findings, 'ok')).not.toContain('label.vision');
    expect(named(checkup.findings, 'unknown')).toEqual(
      expect.arrayContaining([
        'ops.there',
        'label.vision',
        'account.filer.ops',
        'pipelines',
        'protection',
        'secret.filer_token',
      ]),
    );
    expect(code).toBe(2);
  });

  it('says first that its own token is not known, and where another one is made', async () => {
    await healthy();

    const { code, checkup } = await factory.doctor({ 'forge-token': 'nonsense' });
    const own = checkup.findings.find(({ id }) => id === 'forge.token');

    expect(own).toMatchObject({ state: 'unknown', why: 'GET /user answered 401.' });
    expect(own?.mend).toContain('/user/settings/applications');
    expect(checkupLines(checkup, false)[0]).toContain('whose the token of this command is');
    expect(code).toBe(2);
  });

  it('says of a forge that wants a second factor that the token is good, and what its account has to do', async () => {
    const tokens = await healthy();
    const proxy = await startFaultProxy(factory.forge.url, undefined, () => ({
      status: 403,
      body: {
        message:
          'This Forgejo instance requires users to enable two-factor authentication before they can access their accounts.',
      },
    }));

    const { code, checkup } = await factory.doctor({ ...tokens, 'forge-url': proxy.url });

    await proxy.close();
    const of = (id: string): Finding | undefined => checkup.findings.find((item) => item.id === id);
    for (const finding of [of('forge.token'), of('ops.there'), of('token.filer')])
      expect(finding).toMatchObject({
        state: 'unknown',
        why: expect.stringMatching(/^the forge lets the account of this token do nothing\. .*two-factor/),
        mend: expect.stringMatching(/log in as that account and set one up .* The token stays good/),
      });
    expect(checkupLines(checkup, false).join('\n')).not.toContain('mistyped');
    expect(code).toBe(2);
  });

  it('names the old name of a repository that documents go on with, and the page that lists the other places', async () => {
    const tokens = await healthy();
    await edit('forgecrew.toml', (text) => text.replace('projects = [', 'projects = ["acme/older", '));
    const proxy = await startFaultProxy(factory.forge.url, undefined, (_, request) =>
      request.includes('/repos/acme/older')
        ? { status: 307, body: '', headers: { location: '/api/v1/repos/acme/newer' } }
        : undefined,
    );

    const { code, checkup } = await factory.doctor({ ...tokens, 'forge-url': proxy.url });

    await proxy.close();
    expect(checkup.findings.find(({ id }) => id === 'renamed.acme/older')).toMatchObject({
      state: 'broken',
      what: 'documents of the ops repo name acme/older, which is called acme/newer now',
      mend: expect.stringContaining('docs/operations.md, "After something was renamed"'),
    });
    expect(code).toBe(1);
    expect(readFileSync('docs/operations.md', 'utf8')).toContain('\n## After something was renamed\n');
  });

  it('says of a token that init made for another name of the ops repo that it is that, and what is done about it', async () => {
    await healthy();
    const made = await factory.ask<{ id: number; name: string }[]>('GET', '/admin/users/filer/tokens');
    for (const { id } of made) await factory.ask('DELETE', `/admin/users/filer/tokens/${id}`);
    await factory.ask('POST', '/admin/users/filer/tokens', {
      name: 'forgecrew acme/older FILER_TOKEN',
      scopes: ['write:issue', 'read:repository', 'read:user'],
    });

    const { code, checkup } = await factory.doctor();

    expect(checkup.findings.find(({ id }) => id === 'token.filer')).toMatchObject({
      state: 'unknown',
      why: 'init made a token for FILER_TOKEN when it was told that the ops repo is acme/older',
      mend: expect.stringMatching(
        /if acme\/ops was called acme\/older before, .*"After something was renamed"/,
      ),
    });
    expect(code).toBe(2);
  });

  it('calls a factory well only where it was told of every role that works there', async () => {
    const tokens = await healthy({ roles: moreRoles });

    const { code, checkup } = await factory.doctor({ ...tokens, roles: 'ops-filer,vault-dispatch' });

    expect(checkup.findings.filter(({ state }) => state !== 'ok')).toMatchObject([
      { id: 'roles.named', state: 'unknown', mend: `run it again with --roles ${moreRoles}` },
    ]);
    expect(code).toBe(2);
  });

  it('does not ask that a pipeline can be started by hand, unless it is that of a formula', async () => {
    const tokens = await healthy();
    await edit(workflow('file-sprints'), (text) => text.replace('  workflow_dispatch:\n', ''));

    const { checkup } = await factory.doctor(tokens);

    expect(named(checkup.findings, 'broken')).toEqual([]);
  });

  it('spells the commands out that mend it, with the options of this factory', async () => {
    const tokens = await healthy();
    await factory.ask('DELETE', `/repos/${factory.ops}/actions/secrets/FILER_TOKEN`);

    const { checkup } = await factory.doctor(tokens);

    expect(
      commandLines(checkup, {
        'ops-repo': 'acme/ops',
        'project-repo': 'acme/app',
        ci: 'forgejo',
        roles: ['ops-filer', 'dashboard'],
        accounts: ['filer=clerk'],
        'forgecrew-folder': '/opt/forgecrew',
        solo: false,
      } as unknown as DoctorSettings),
    ).toEqual([
      'In full:',
      '  forgecrew init --ops-repo acme/ops --project-repo acme/app --roles ops-filer,dashboard --accounts filer=clerk --apply, and --people as it was given',
    ]);
  });

  it('takes a forge that is not there for nothing as well', async () => {
    await healthy();

    const { code, checkup } = await factory.doctor({ 'forge-url': 'http://127.0.0.1:9', deadline: '2s' });

    expect(named(checkup.findings, 'broken')).toEqual([]);
    expect(named(checkup.findings, 'unknown').length).toBeGreaterThan(30);
    expect(code).toBe(2);
  });

  it('finds nothing on a machine with room, whatever docker keeps there, and takes nothing away', async () => {
    const tokens = await healthy();
    const asked: string[] = [];
    const machine = machineWith({ used: 80, free: 20 });

    const { code, checkup } = await factory.doctor(
      { ...tokens, disk: 'true' },
      {
        machine: {
          ...machine,
          docker: (args) => {
            asked.push(args.join(' '));
            return machine.docker(args);
          },
        },
      },
    );

    expect(code).toBe(0);
    expect(checkup.findings.find(({ id }) => id === 'disk.docker')?.what).toBe(
      "of this machine's disk images take 31.0 GB (29.8 GB in use by nothing); containers take 2.3 GB (0 MB in use by nothing); local volumes take 8.2 GB (1.8 GB in use by nothing); build cache take 20.1 GB (18.9 GB in use by nothing); containers and volumes of compose projects: forge 8.7 GB",
    );
    expect(asked.sort()).toEqual([
      'info --format {{.DockerRootDir}}',
      'system df --format {{json .}}',
      'system df --verbose --format {{json .}}',
    ]);
  });

  it('says by what a disk is full, and of a docker that does not answer that it could not be checked', async () => {
    const tokens = { ...(await healthy()), disk: 'true' };
    const full = machineWith({ used: 95, free: 5 });
    const find = async (machine: Machine, id: string): Promise<Finding | undefined> =>
      (await factory.doctor(tokens, { machine })).checkup.findings.find((item) => item.id === id);

    const known = await find(full, 'disk.space');
    const silent: Machine = {
      ...full,
      docker: async () => {
        throw new UserError('docker did not answer within 20 s');
      },
    };

    expect(known?.what).toMatch(/^the disk of \. is 95 % full: images take 31\.0 GB/);
    expect(await find(silent, 'disk.docker')).toMatchObject({
      state: 'unknown',
      what: 'what images, build cache and volumes take could not be checked: docker did not answer within 20 s',
    });
    expect(await find(silent, 'disk.space')).toMatchObject({
      state: 'broken',
      what: 'the disk of . is 95 % full: what docker keeps could not be asked',
    });
  });

  it('looks at no disk where it is no step of that machine', async () => {
    await healthy();

    const { checkup } = await factory.doctor();

    expect(checkup.findings.filter(({ id }) => id.startsWith('disk'))).toEqual([]);
  });

  it('looks at the certificate that the forge shows, and through a proxy at none', async () => {
    await healthy();
    const tls = await overTls();
    const find = async (environment: Record<string, string>): Promise<Finding | undefined> =>
      (await factory.doctor(tls, { environment })).checkup.findings.find(
        ({ id }) => id === 'forge.certificate',
      );

    expect(await find({})).toMatchObject({ state: 'ok' });
    expect(await find({ https_proxy: 'http://127.0.0.1:9', no_proxy: '*' })).toMatchObject({
      state: 'unknown',
      what: expect.stringContaining('a proxy stands in between'),
    });
  });

  it('shows no token, whatever it finds', async () => {
    const tokens = await healthy();

    const { checkup } = await factory.doctor(tokens);

    for (const token of [...Object.values(tokens), factory.forge.adminToken])
      expect(JSON.stringify(checkup)).not.toContain(token);
  });
});

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
const fronts: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close();
});

/** Something between the doctor and the forge. */
async function before(rewrite: Rewrite): Promise<Record<string, string>> {
  const front = await startFaultProxy(factory.forge.url, undefined, rewrite);
  fronts.push(front);
  return { 'forge-url': front.url };
}
const isVersion = (request: string): boolean => request === 'GET /api/v1/version';

/** The forge over https, with a certificate of the tests. */
async function overTls(): Promise<Record<string, string>> {
  const front = await startTlsFront(factory.forge.url);
  fronts.push(front);
  return { 'forge-url': front.url, 'forge-ca': front.ca };
}

/** A machine with such a disk, and one of docker's own where it is given. */
function machineWith(disk: Omit<Disk, 'path'>, ofDocker?: Omit<Disk, 'path'>): Machine {
  return {
    disk: async (path) =>
      path === '.' ? { path, ...disk } : ofDocker === undefined ? undefined : { path, ...ofDocker },
    docker: async (args) => recorded(args),
  };
}

/** A defect made on purpose: what is done, and the finding that has to name it. */
interface Defect {
  name: string;
  id: string;
  ci?: 'forgejo' | 'woodpecker';
  /** Where it takes other roles than the usual ones. */
  roles?: string;
  forge?: Parameters<typeof startFactory>[1];
  /** What the doctor finds in the place of this machine. */
  seams?: Partial<DoctorOptions>;
  make(given: { tokens: Record<string, string> }): Promise<Record<string, string> | undefined>;
}

const label = async (name: string, repository = factory.project): Promise<number> =>
  (await factory.ask<{ id: number; name: string }[]>('GET', `/repos/${repository}/labels?limit=50`)).find(
    (item) => item.name === name,
  )?.id ?? 0;
const collaborator = (login: string, repository: string, permission: string): Promise<unknown> =>
  factory.ask('PUT', `/repos/${repository}/collaborators/${login}`, { permission });
const without = (login: string, repository: string): Promise<unknown> =>
  factory.ask('DELETE', `/repos/${repository}/collaborators/${login}`);
const repo = (name: string, change: object): Promise<unknown> =>
  factory.ask('PATCH', `/repos/${name}`, change);
async function token(login: string, scopes: string[]): Promise<Record<string, string>> {
  const made = await factory.ask<{ sha1: string }>('POST', `/admin/users/${login}/tokens`, {
    name: `other ${login}`,
    scopes,
  });
  return { [`${login === 'admin' ? 'audit' : login}-token`]: made.sha1 };
}
/** Changes files of the ops repo past its rule, as somebody does who may: with the rule away, and set again. */
async function edit(
  path: string,
  change: (text: string) => string | null,
  repository = factory.ops,
): Promise<undefined> {
  const rules = await factory.ask<{ rule_name: string }[]>('GET', `/repos/${repository}/branch_protections`);
  const rule = rules.find(({ rule_name }) => rule_name === 'mai[n]');
  const route = `/repos/${repository}/branch_protections`;
  if (rule !== undefined) await factory.ask('DELETE', `${route}/mai%5Bn%5D`);
  const there = await factory.seed.api('GET', `/repos/${repository}/contents/${path}`);
  const found = there.status === 200 ? (there.body as { sha: string; content: string }) : undefined;
  const text = change(found === undefined ? '' : Buffer.from(found.content, 'base64').toString('utf8'));
  await factory.ask(
    text === null ? 'DELETE' : found === undefined ? 'POST' : 'PUT',
    `/repos/${repository}/contents/${path}`,
    {
      branch: 'main',
      message: 'm',
      ...(found === undefined ? {} : { sha: found.sha }),
      ...(text === null ? {} : { content: Buffer.from(text).toString('base64') }),
    },
  );
  if (rule !== undefined) await factory.ask('POST', route, rule);
  return undefined;
}
const ruled = (branch: string, change: object): Promise<unknown> =>
  factory.ask('PATCH', `/repos/${factory.ops}/branch_protections/${encodeURIComponent(branch)}`, change);
const gone = (): null => null;
const workflow = (name: string): string => `.forgejo/workflows/${name}.yml`;
const pipeline = (name: string): string => `.woodpecker/${name}.yaml`;

/** How init pins a step. */
const pinned = /@[0-9a-f]{40} # v0\.1\.0/;

const defects: Defect[] = [
  // The two repositories.
  {
    name: 'the ops repo is archived',
    id: 'ops.there',
    make: async () => void (await repo(factory.ops, { archived: true })),
  },
  {
    name: 'the project repo is archived',
    id: 'project.there',
    make: async () => void (await repo(factory.project, { archived: true })),
  },
  {
    name: 'issues of the project are switched off',
    id: 'project.issues',
    make: async () => void (await repo(factory.project, { has_issues: false })),
  },
  {
    name: 'issues of the ops repo are switched off',
    id: 'ops.issues',
    make: async () => void (await repo(factory.ops, { has_issues: false })),
  },
  {
    name: 'workflows of the ops repo are switched off',
    id: 'ops.actions',
    make: async () => void (await repo(factory.ops, { has_actions: false })),
  },
  {
    name: 'dependencies of issues are switched off',
    id: 'project.dependencies',
    make: async () =>
      void (await repo(factory.project, { internal_tracker: { enable_issue_dependencies: false } })),
  },
  {
    name: 'forgecrew is not where runners look',
    id: 'forge.source',
    make: async () => void (await factory.ask('DELETE', '/repos/acme/forgecrew')),
  },
  {
    name: 'forgecrew is private',
    id: 'forge.source',
    make: async () => void (await repo('acme/forgecrew', { private: true })),
  },
  {
    name: 'forgecrew is public in an organisation that is private',
    id: 'forge.source',
    make: async () => void (await factory.ask('PATCH', '/orgs/acme', { visibility: 'private' })),
  },
  {
    name: 'pipelines name a version that forgecrew has not',
    id: 'forge.source',
    make: async () => ({ 'forgecrew-repo': 'acme/app' }),
  },
  // Labels.
  {
    name: 'the label vision is gone',
    id: 'label.vision',
    make: async () =>
      void (await factory.ask('DELETE', `/repos/${factory.project}/labels/${await label('vision')}`)),
  },
  {
    name: 'the label in-progress is gone',
    id: 'label.in-progress',
    make: async () =>
      void (await factory.ask('DELETE', `/repos/${factory.project}/labels/${await label('in-progress')}`)),
  },
  {
    name: 'the label vault-approved is gone',
    id: 'label.vault-approved',
    make: async () =>
      void (await factory.ask(
        'DELETE',
        `/repos/${factory.ops}/labels/${await label('vault-approved', factory.ops)}`,
      )),
  },
  {
    name: 'a label is there twice',
    id: 'label.backlog',
    make: async () =>
      void (await factory.ask('POST', `/repos/${factory.project}/labels`, {
        name: 'backlog',
        color: '#112233',
      })),
  },
  {
    name: 'a label is there with other capitals',
    id: 'label.blocked',
    make: async () =>
      void (await factory.ask('PATCH', `/repos/${factory.project}/labels/${await label('blocked')}`, {
        name: 'Blocked',
      })),
  },
  {
    name: 'a label pushes others off',
    id: 'label.priority',
    make: async () =>
      void (await factory.ask('PATCH', `/repos/${factory.project}/labels/${await label('priority')}`, {
        exclusive: true,
      })),
  },
  {
    name: 'an agent has no label',
    id: 'label.crew:builder',
    make: async () =>
      edit('agents/builder.toml', () => 'enabled = true\nengine = "claude"\nrepositories = ["acme/app"]\n'),
  },
  // Accounts and what they may do.
  {
    name: 'an account is gone',
    id: 'account.filer.there',
    make: async () => void (await factory.ask('DELETE', '/admin/users/filer')),
  },
  {
    name: 'the filer may not read the ops repo',
    id: 'account.filer.ops',
    make: async () => void (await without('filer', factory.ops)),
  },
  {
    name: 'the filer may push to the ops repo',
    id: 'account.filer.ops',
    make: async () => void (await collaborator('filer', factory.ops, 'write')),
  },
  {
    name: 'the filer may push to the project',
    id: 'account.filer.project',
    make: async () => void (await collaborator('filer', factory.project, 'write')),
  },
  {
    name: 'the filer is in no team that may write issues',
    id: 'account.filer.issues',
    make: async () => void (await factory.ask('DELETE', '/teams/1/members/filer')),
  },
  {
    name: 'the architect may push to the project',
    id: 'account.architect.project',
    make: async () => void (await collaborator('architect', factory.project, 'write')),
  },
  {
    name: 'the architect may push to the ops repo, and so read its secrets',
    id: 'account.architect.ops',
    make: async () => void (await collaborator('architect', factory.ops, 'write')),
  },
  {
    name: 'the architect may not read the project',
    id: 'account.architect.project',
    make: async () => void (await without('architect', factory.project)),
  },
  {
    name: 'the dispatcher may only read',
    id: 'account.dispatcher.ops',
    make: async () => void (await collaborator('dispatcher', factory.ops, 'read')),
  },
  {
    name: 'the dispatcher administers the ops repo',
    id: 'account.dispatcher.ops',
    make: async () => void (await collaborator('dispatcher', factory.ops, 'admin')),
  },
  {
    name: 'the dispatcher may push to the project',
    id: 'account.dispatcher.project',
    make: async () => void (await collaborator('dispatcher', factory.project, 'write')),
  },
  {
    name: 'the gatekeeper may only read',
    id: 'account.gatekeeper.ops',
    make: async () => void (await collaborator('gatekeeper', factory.ops, 'read')),
  },
  // Tokens.
  {
    name: 'the filer’s token may not write issues',
    id: 'token.filer.scopes',
    make: () => token('filer', ['read:issue', 'read:repository', 'read:user']),
  },
  {
    name: 'the filer’s token may push',
    id: 'token.filer.no-more',
    make: () => token('filer', ['write:issue', 'write:repository', 'read:user']),
  },
  {
    name: 'the architect’s token may do everything',
    id: 'token.architect.no-more',
    make: () => token('architect', ['all']),
  },
  {
    name: 'the dispatcher’s token may not comment',
    id: 'token.dispatcher.scopes',
    make: () => token('dispatcher', ['write:repository', 'read:user']),
  },
  {
    name: 'the gatekeeper’s token may also comment',
    id: 'token.gatekeeper.no-more',
    make: () => token('gatekeeper', ['write:repository', 'write:issue', 'read:user']),
  },
  {
    name: 'the token of the audit may write',
    id: 'token.audit.no-more',
    make: () => token('admin', ['write:repository', 'read:user']),
  },
  {
    name: 'a secret holds the token of somebody else',
    id: 'token.filer.owner',
    make: async ({ tokens }) => ({ 'filer-token': tokens['architect-token'] ?? '' }),
  },
  // Files.
  { name: 'the crew file is gone', id: 'file.forgecrew.toml', make: () => edit('forgecrew.toml', gone) },
  {
    name: 'a folder of the layout is gone',
    id: 'file.knowledge/.gitkeep',
    make: () => edit('knowledge/.gitkeep', gone),
  },
  {
    name: 'the vision of the project is gone',
    id: 'file.VISION.md',
    make: () => edit('VISION.md', gone, factory.project),
  },
  {
    name: 'the crew file cannot be read',
    id: 'crew.readable',
    make: () => edit('forgecrew.toml', () => 'puase = true\n'),
  },
  {
    name: 'the roles are paused',
    id: 'crew.pause',
    make: () => edit('forgecrew.toml', (text) => `pause = true\n${text}`),
  },
  {
    name: 'an account of a role is named as no bot',
    id: 'crew.bots',
    make: () => edit('forgecrew.toml', (text) => text.replace('"architect"', '"other"')),
  },
  {
    name: 'an agent cannot be read',
    id: 'agent.agents/builder.toml',
    make: () => edit('agents/builder.toml', () => 'engine = 7\n'),
  },
  // The vault.
  { name: 'there is no policy', id: 'vault.policy', make: () => edit('vault/policy.toml', gone) },
  {
    name: 'the policy cannot be read',
    id: 'vault.policy',
    make: () => edit('vault/policy.toml', () => '[tiers]\nbackup = "tiny"\n'),
  },
  {
    name: 'a formula cannot be read',
    id: 'formula.backup.toml',
    make: () => edit('vault/formulas/backup.toml', () => 'x = 1\n'),
  },
  {
    name: 'a formula runs a workflow that is not there',
    id: 'formula.backup.toml',
    make: () => edit(workflow('backup'), gone),
  },
  {
    name: 'the gate of a formula does not hold',
    id: 'formula.backup.toml',
    make: () => edit(workflow('backup'), (text) => text.replace('needs: gate', 'needs: []')),
  },
  {
    name: 'a workflow uses a secret that its formula does not name',
    id: 'formula.backup.toml',
    make: () =>
      edit(workflow('backup'), (text) =>
        text.replace('TARGET: ', 'KEY: $' + '{{ secrets.ROOT_KEY }}\n          TARGET: '),
      ),
  },
  // Pipelines.
  {
    name: 'nothing starts the filer',
    id: 'pipeline.ops-filer.work.there',
    make: () => edit(workflow('file-sprints'), gone),
  },
  {
    name: 'nothing checks pull requests of the vault',
    id: 'pipeline.vault-dispatch.check.there',
    make: () => edit(workflow('check-vault'), gone),
  },
  {
    name: 'a pipeline cannot be read',
    id: 'pipeline.architect-pitch.work.there',
    make: () => edit(workflow('pitch'), (text) => `${text}\n\t: {`),
  },
  {
    name: 'a pipeline is pinned to another version',
    id: 'pipeline.ops-filer.work.version',
    make: () => edit(workflow('file-sprints'), (text) => text.replace(pinned, '@v0.0.9')),
  },
  {
    name: 'a pipeline names a version by its tag alone',
    id: 'pipeline.ops-filer.work.pin',
    make: () => edit(workflow('file-sprints'), (text) => text.replace(pinned, '@v0.1.0')),
  },
  {
    name: 'a pipeline calls a commit by the version of another one',
    id: 'pipeline.ops-filer.work.pin',
    make: () => edit(workflow('file-sprints'), (text) => text.replace(pinned, `@${'d'.repeat(40)} # v0.1.0`)),
  },
  {
    name: 'what has to be on the agents is called by the version of another commit',
    ci: 'woodpecker',
    id: 'pipeline.ops-filer.work.pin',
    make: () =>
      edit('.woodpecker/file-sprints.yaml', (text) =>
        text.replace(/v0\.1\.0 \([0-9a-f]{40}\)/, `v0.1.0 (${'d'.repeat(40)})`),
      ),
  },
  {
    name: 'a pipeline is pinned to nothing',
    id: 'pipeline.ops-filer.work.version',
    make: () => edit(workflow('file-sprints'), (text) => text.replace(pinned, '@main')),
  },
  {
    name: 'a pipeline works as another account',
    id: 'pipeline.ops-filer.work.settings',
    make: () =>
      edit(workflow('file-sprints'), (text) => text.replace('forge-login: filer', 'forge-login: admin')),
  },
  {
    name: 'a pipeline works for another project',
    id: 'pipeline.ops-filer.work.settings',
    make: () => edit(workflow('file-sprints'), (text) => text.replace('acme/app', 'acme/other')),
  },
  {
    name: 'a pipeline is not started by the clock',
    id: 'pipeline.ops-filer.work.events',
    make: () => edit(workflow('file-sprints'), (text) => text.replace(/ {2}schedule:\n.*\n/, '')),
  },
  {
    name: 'a pipeline with secrets is started by pull requests',
    id: 'pipeline.ops-filer.work.pulls',
    make: () => edit(workflow('file-sprints'), (text) => text.replace('on:\n', 'on:\n  pull_request:\n')),
  },
  {
    name: 'a pipeline uses another secret',
    id: 'pipeline.ops-filer.work.secrets',
    make: () => edit(workflow('file-sprints'), (text) => text.replace('FILER_TOKEN', 'OTHER_TOKEN')),
  },
  {
    name: 'what checks pull requests has a secret',
    id: 'pipeline.ops-filer.check.secrets',
    make: () =>
      edit(
        workflow('check-sprints'),
        (text) => `${text}          forge-token: \${{ secrets.FILER_TOKEN }}\n`,
      ),
  },
  // Secrets.
  {
    name: 'a secret is not there',
    id: 'secret.filer_token',
    make: async () => void (await factory.ask('DELETE', `/repos/${factory.ops}/actions/secrets/FILER_TOKEN`)),
  },
  {
    name: 'the secret of the gates is not there',
    id: 'secret.gate_token',
    make: async () => void (await factory.ask('DELETE', `/repos/${factory.ops}/actions/secrets/GATE_TOKEN`)),
  },
  // Rules.
  {
    name: 'main has no rule',
    id: 'protection.main',
    make: async () =>
      void (await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`)),
  },
  {
    name: 'an agent may push to main',
    id: 'protection.main',
    make: async () => void (await ruled('mai[n]', { push_whitelist_usernames: ['dispatcher', 'architect'] })),
  },
  {
    name: 'admins merge without approvals',
    id: 'protection.main',
    make: async () => void (await ruled('mai[n]', { apply_to_admins: false })),
  },
  {
    name: 'a merge needs no approval',
    id: 'protection.main',
    make: async () => void (await ruled('mai[n]', { required_approvals: 0 })),
  },
  {
    name: 'a merge may change the policy',
    id: 'protection.main',
    make: async () => void (await ruled('mai[n]', { protected_file_patterns: '' })),
  },
  {
    name: 'an exemption reaches the policy',
    id: 'protection.main',
    make: async () => void (await ruled('mai[n]', { unprotected_file_patterns: 'vault/**' })),
  },
  {
    name: 'the branch of records has no rule',
    id: 'protection.vault-records',
    make: async () =>
      void (await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/vault-record%5Bs%5D`)),
  },
  {
    name: 'somebody else may write records',
    id: 'protection.vault-records',
    make: async () =>
      void (await ruled('vault-record[s]', { push_whitelist_usernames: ['dispatcher', 'ada'] })),
  },
  {
    name: 'the dispatcher may write claims',
    id: 'protection.vault-claims',
    make: async () => void (await ruled('vault-claim[s]', { push_whitelist_usernames: ['dispatcher'] })),
  },
  {
    name: 'the branch of claims is gone',
    id: 'protection.vault-claims',
    make: async () => {
      await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/vault-claim%5Bs%5D`);
      await factory.ask('DELETE', `/repos/${factory.ops}/branches/vault-claims`);
      return undefined;
    },
  },
  {
    name: 'nobody else could approve',
    id: 'people.two',
    make: async () => void (await without('bob', factory.ops)),
  },
  // Woodpecker.
  {
    name: 'the repository is not active',
    id: 'woodpecker.active',
    ci: 'woodpecker',
    make: async () => void factory.woodpecker.repositories.splice(0),
  },
  {
    name: 'a secret is not there',
    id: 'secret.filer_token',
    ci: 'woodpecker',
    make: async () => void factory.woodpecker.repositories[0]?.secrets?.shift(),
  },
  {
    name: 'a secret is not for cron',
    id: 'secret.filer_token.events',
    ci: 'woodpecker',
    make: async () =>
      void Object.assign(factory.woodpecker.repositories[0]?.secrets?.[0] ?? {}, { events: ['push'] }),
  },
  {
    name: 'a secret is for pull requests',
    id: 'secret.dispatcher_token.events',
    ci: 'woodpecker',
    make: async () =>
      void factory.woodpecker.repositories[0]?.secrets
        ?.find(({ name }) => name === 'dispatcher_token')
        ?.events.push('pull_request'),
  },
  {
    name: 'a cron job is not there',
    id: 'cron.file-sprints',
    ci: 'woodpecker',
    make: async () => void factory.woodpecker.repositories[0]?.crons?.shift(),
  },
  {
    name: 'a cron job is switched off',
    id: 'cron.pitch',
    ci: 'woodpecker',
    make: async () =>
      void Object.assign(
        factory.woodpecker.repositories[0]?.crons?.find(({ name }) => name === 'pitch') ?? {},
        { enabled: false },
      ),
  },
  {
    name: 'a cron job is due since hours',
    id: 'cron.vault',
    ci: 'woodpecker',
    make: async () =>
      void Object.assign(
        factory.woodpecker.repositories[0]?.crons?.find(({ name }) => name === 'vault') ?? {},
        { next_exec: Math.floor(Date.now() / 1000) - 7200 },
      ),
  },
  {
    name: 'a pipeline is not started by pushes',
    id: 'pipeline.ops-filer.work.events',
    ci: 'woodpecker',
    make: () =>
      edit(pipeline('file-sprints'), (text) => text.replace(/ {2}- event: push\n(?: {4}.*\n)*/, '')),
  },
  {
    name: 'a pipeline works as another account',
    id: 'pipeline.architect-pitch.work.settings',
    ci: 'woodpecker',
    make: () =>
      edit(pipeline('pitch'), (text) => text.replace('forge_login: architect', 'forge_login: filer')),
  },
  // The forge as it is reached.
  {
    name: 'the forge is too old',
    id: 'forge.version',
    make: () =>
      before((_, request) => (isVersion(request) ? { status: 200, body: { version: '11.0.3' } } : undefined)),
  },
  {
    name: 'a cache answers for the forge',
    id: 'forge.cache',
    make: () =>
      before((_, request) =>
        isVersion(request)
          ? { status: 200, body: { version: '17.0.0' }, headers: { age: '120' } }
          : undefined,
      ),
  },
  {
    name: 'the forge believes that it is somewhere else',
    id: 'forge.root-url',
    make: () => before(() => undefined),
  },
  {
    name: 'the clocks of the forge and of this machine differ',
    id: 'forge.clock',
    make: async () => undefined,
    seams: { now: () => new Date(Date.now() + 3_600_000) },
  },
  {
    name: 'the certificate of the forge expires soon',
    id: 'forge.certificate',
    make: () => overTls(),
    seams: { certificateExpiry: async () => inDays(13) },
  },
  {
    name: 'the certificate of Woodpecker has expired',
    id: 'woodpecker.certificate',
    make: async () => ({ 'woodpecker-url': 'https://127.0.0.1:9' }),
    seams: { certificateExpiry: async () => inDays(-1) },
  },
  {
    name: 'a token that was given is older than a year',
    id: 'token.filer.age',
    forge: { now: () => new Date(inDays(-400)) },
    make: async () => undefined,
  },
  {
    name: 'a token in a secret is older than a year',
    id: 'secret.gate_token.age',
    forge: { now: () => new Date(inDays(-400)) },
    make: async () => undefined,
  },
  // The machine of the step.
  {
    name: 'the disk is nearly full',
    id: 'disk.space',
    make: async () => ({ disk: 'true' }),
    seams: { machine: machineWith({ used: 81, free: 19 }) },
  },
  {
    name: 'the disk of docker is nearly full',
    id: 'disk.space',
    make: async () => ({ disk: 'true' }),
    seams: { machine: machineWith({ used: 10, free: 90 }, { used: 90, free: 10 }) },
  },
  // What roles keep for themselves, and escalation.
  {
    name: 'there is no place for records',
    id: 'store.speaker',
    roles: moreRoles,
    make: async () => void (await factory.ask('DELETE', '/repos/speaker/records')),
  },
  {
    name: 'everybody may read the records',
    id: 'store.speaker',
    roles: moreRoles,
    make: async () => void (await repo('speaker/records', { private: false })),
  },
  {
    name: 'workflows run with the records',
    id: 'store.speaker',
    roles: moreRoles,
    make: async () => void (await repo('speaker/records', { has_actions: true })),
  },
  {
    name: 'somebody else may write records of what was approved',
    id: 'store.speaker',
    roles: moreRoles,
    make: async () => void (await collaborator('ada', 'speaker/records', 'write')),
  },
  {
    name: 'nobody may approve what a formula runs',
    id: 'approval.backup',
    // Without a rule of its own it takes an admin of the repository, and init makes nobody one.
    make: () =>
      edit('vault/policy.toml', (text) =>
        text.replace('"medium"', '"high"').replace(/\n\[rules\.high\][\s\S]*$/, '\n'),
      ),
  },
  {
    name: 'the collector can push, and may not approve',
    id: 'vault.high',
    roles: moreRoles,
    make: async () => void (await collaborator('collector', factory.ops, 'write')),
  },
  {
    name: 'somebody can push whom the policy does not name',
    id: 'vault.high',
    make: async () => {
      await factory.seed.createUser('zoe', ['read:user']);
      return void (await collaborator('zoe', factory.ops, 'write'));
    },
  },
  {
    name: 'what a formula runs is behind a gate of another version',
    id: 'pins.acme/ops',
    make: () =>
      edit('.forgejo/workflows/backup.yml', (text) => text.replace(/@[0-9a-f]{40} # v0\.1\.0/, '@v0.0.9')),
  },
  {
    name: 'what a formula runs is behind a gate that is pinned by its tag alone',
    id: 'pins.acme/ops',
    make: () =>
      edit('.forgejo/workflows/backup.yml', (text) => text.replace(/@[0-9a-f]{40} # v0\.1\.0/, '@v0.1.0')),
  },
  {
    name: 'a pipeline of the project runs another version',
    id: 'pins.acme/app',
    make: async () =>
      void (await factory.ask('POST', `/repos/${factory.project}/contents/.forgejo/workflows/ask.yml`, {
        branch: 'main',
        message: 'm',
        content: Buffer.from(
          `jobs:\n  a:\n    steps:\n      - uses: ${factory.forge.url}/acme/forgecrew/actions/vault-request@v0.0.9\n`,
        ).toString('base64'),
      })),
  },
  {
    name: 'CI listens to the records',
    id: 'store.speaker',
    roles: moreRoles,
    make: async () =>
      void (await factory.ask('POST', '/repos/speaker/records/hooks', {
        type: 'gitea',
        config: { url: 'http://ci.example/hook', content_type: 'json' },
      })),
  },
  {
    name: 'the dashboard may not read what agents keep',
    id: 'store.crew.readers',
    roles: moreRoles,
    make: async () => void (await without('keeper', 'crew/forgecrew-state')),
  },
  {
    name: 'the dashboard does not show what agents keep',
    id: 'pipeline.dashboard.work.settings',
    roles: moreRoles,
    make: () => edit(workflow('dashboard'), (text) => text.replace(/ *state-repo: .*\n/, '')),
  },
  {
    name: 'agents have no place for their state',
    id: 'store.crew',
    roles: moreRoles,
    make: async () => void (await factory.ask('DELETE', '/repos/crew/forgecrew-state')),
  },
  {
    name: 'everybody may read the state of agents',
    id: 'store.crew',
    roles: moreRoles,
    make: async () => void (await repo('crew/forgecrew-state', { private: false })),
  },
  {
    name: 'there is no policy of escalation',
    id: 'file.escalation/policy.toml',
    roles: moreRoles,
    make: () => edit('escalation/policy.toml', gone),
  },
  {
    name: 'the policy of escalation cannot be read',
    id: 'escalation.policy',
    roles: moreRoles,
    make: () => edit('escalation/policy.toml', () => '[issue-creat]\n'),
  },
  {
    name: 'escalation writes its records elsewhere',
    id: 'pipeline.escalation.work.settings',
    roles: moreRoles,
    make: () => edit(workflow('answers'), (text) => text.replace('speaker/records', 'ada/records')),
  },
  {
    name: 'whoever answers may not write in the project',
    id: 'account.speaker.project',
    roles: moreRoles,
    make: async () => void (await collaborator('speaker', factory.project, 'read')),
  },
  {
    name: 'the key of the model is not there',
    id: 'secret.anthropic_api_key',
    roles: moreRoles,
    make: async () =>
      void (await factory.ask('DELETE', `/repos/${factory.ops}/actions/secrets/ANTHROPIC_API_KEY`)),
  },
  {
    name: 'the model is still where the example has it',
    id: 'pipeline.escalation.work.model',
    ci: 'woodpecker',
    roles: moreRoles,
    make: () => edit(pipeline('answers'), (text) => text.replace('127.0.0.1', 'model.example')),
  },
  {
    name: 'no agent of Woodpecker takes what was started',
    id: 'waiting.acme/ops',
    ci: 'woodpecker',
    make: async () =>
      void factory.woodpecker.pipelines.push({
        repository: factory.woodpecker.repositories[0]?.id ?? 0,
        number: 1,
        author: 'admin',
        event: 'cron',
        branch: 'main',
        status: 'pending',
        created: Math.floor(Date.now() / 1000) - 900,
        variables: {},
        workflows: [],
      }),
  },
  {
    name: 'vault-dispatch has nothing to start pipelines with',
    id: 'vault.starter',
    ci: 'woodpecker',
    make: () =>
      edit(pipeline('vault'), (text) => text.replaceAll(' woodpecker_token', ' # woodpecker_token')),
  },
];

describe('a defect is found and named', () => {
  it.each(defects.map((defect) => [defect.ci ?? 'forgejo', defect.name, defect] as const))(
    '%s: %s',
    async (ci, _, { id, make, roles, forge, seams }) => {
      const tokens = await healthy({ ci, ...(roles === undefined ? {} : { roles }) }, forge);

      const more = await make({ tokens });
      const { code, checkup } = await factory.doctor({ ...tokens, ...(more ?? {}) }, seams);

      expect(named(checkup.findings, 'broken')).toContain(id);
      expect(code).toBe(1);
    },
  );

  it('there are sixty of them and more', async () => {
    factory = await startFactory();
    expect(defects.length).toBeGreaterThanOrEqual(60);
  });
});
