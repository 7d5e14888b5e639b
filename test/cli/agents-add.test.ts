import { afterEach, describe, expect, it } from 'vitest';
import { parseManifest } from '../../core/agent/manifest.ts';
import { type Factory, moreRoles, startFactory } from '../factory.ts';

let factory: Factory;
afterEach(() => factory.close());

const manifest = async (name: string) =>
  parseManifest(
    `agents/${name}.toml`,
    new TextEncoder().encode(await factory.text(factory.ops, `agents/${name}.toml`)),
  );
const labels = async (): Promise<string[]> =>
  (await factory.ask<{ name: string }[]>('GET', `/repos/${factory.project}/labels?limit=50`)).map(
    ({ name }) => name,
  );
/** The rule of main is in the way of whoever only tries out. */
const free = (): Promise<unknown> =>
  factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`);

describe('forgecrew agents add', () => {
  it.each(['forgejo', 'woodpecker'] as const)(
    'on %s declares an agent with all that it works with, and then has nothing to do',
    async (ci) => {
      factory = await startFactory({ ci });
      await factory.init();
      await free();

      const shown = await factory.addAgent('claude', { model: 'opus', 'dry-run': 'true' });
      const made = await factory.addAgent('claude', { model: 'opus' });
      const again = await factory.addAgent('claude', { model: 'opus' });

      expect([shown.code, shown.writes]).toEqual([0, []]);
      for (const part of [
        'the account crew',
        'label "crew:claude"',
        'agents/claude.toml',
        'crew/forgecrew-state',
      ])
        expect(shown.text).toContain(part);
      expect(made.text).not.toMatch(/failed:|unknown:|not-done:/);
      expect([made.code, again.code, again.writes]).toEqual([0, 0, []]);
      expect(await manifest('claude')).toMatchObject({
        ok: true,
        document: { engine: 'claude', model: 'opus', enabled: true, repositories: ['acme/app'] },
      });
      expect(await labels()).toContain('crew:claude');
      expect(await factory.ask('GET', '/repos/crew/forgecrew-state')).toMatchObject({ private: true });
      if (ci === 'woodpecker')
        expect(factory.woodpecker.repositories[0]?.crons?.map(({ name }) => name)).toContain('agents');
    },
  );

  it('is what the doctor looks for: nothing is broken but who is a bot, which a person says', async () => {
    factory = await startFactory();
    await factory.init({ roles: moreRoles });
    await free();
    await factory.addAgent('codex', { name: 'builder' });

    const { checkup } = await factory.doctor({ ...(await factory.tokens()), roles: moreRoles });

    // The rule was taken away above, and the key of a model is a person's to give.
    expect(checkup.findings.filter(({ state }) => state !== 'ok').map(({ id }) => id)).toEqual([
      'secret.anthropic_api_key',
      'protection.main',
    ]);
  });

  it.each([
    ['forgejo', 'state-repo', '.forgejo/workflows/dashboard.yml'],
    ['woodpecker', 'state_repo', '.woodpecker/dashboard.yaml'],
  ] as const)(
    'on %s lets the accounts that show what agents do read it, whatever they are called',
    async (ci, setting, file) => {
      factory = await startFactory({ ci });
      const roles = 'ops-filer,dashboard';
      const accounts = 'keeper=board';
      await factory.init({ roles, accounts });
      await factory.seed.createUser('keeper', ['read:user']);
      const right = async (login: string): Promise<string> =>
        (
          await factory.ask<{ permission: string }>(
            'GET',
            `/repos/crew/forgecrew-state/collaborators/${login}/permission`,
          )
        ).permission;

      const shown = await factory.addAgent('claude', { 'dry-run': 'true' });
      const made = await factory.addAgent('claude');
      const again = await factory.addAgent('claude');
      await factory.rewrite((path, text) =>
        path === file
          ? text.replace(/^( *)forge.login: .*/m, `$&\n$1${setting}: crew/forgecrew-state`)
          : text,
      );
      const { checkup } = await factory.doctor({ roles: `${roles},forge-agent`, accounts });

      expect([shown.code, shown.writes, made.code, again.code, again.writes]).toEqual([0, [], 0, 0, []]);
      expect(shown.text).toMatch(/board.*crew\/forgecrew-state|crew\/forgecrew-state.*board/);
      expect(made.text).toContain(`${file}: add ${setting}: crew/forgecrew-state`);
      expect([await right('board'), await right('keeper')]).toEqual(['read', 'none']);
      expect(
        checkup.findings.filter(
          ({ id, state }) => /^store\.|^pipeline\.dashboard\./.test(id) && state !== 'ok',
        ),
      ).toEqual([]);
      expect(checkup.findings.find(({ id }) => id === 'store.crew.readers')).toMatchObject({
        state: 'ok',
        what: expect.stringContaining('board may read'),
      });
    },
  );

  it.each(['claude', 'codex', 'opencode', 'command'])(
    'writes a manifest of %s that can be read, whatever its names hold',
    async (engine) => {
      factory = await startFactory();
      await factory.init();
      await free();

      const { code } = await factory.addAgent(engine, {
        name: 'one',
        model: 'a "model" \\ of ours',
        ...(engine === 'command' ? { 'engine-command': '/opt/agent,--say="x"' } : {}),
      });

      expect(code).toBe(0);
      expect(await manifest('one')).toMatchObject({
        ok: true,
        document: {
          engine,
          model: 'a "model" \\ of ours',
          ...(engine === 'command' ? { command: ['/opt/agent', '--say="x"'] } : {}),
        },
      });
    },
  );

  it.each([
    [
      'forgejo',
      '.forgejo/workflows/agents.yml',
      ['engine-url: "http://model.local:8080/v1"', 'engine-api: openai', 'secrets.OPENAI_API_KEY'],
    ],
    [
      'woodpecker',
      '.woodpecker/agents.yaml',
      ['engine_url: "http://model.local:8080/v1"', 'engine_api: openai', 'from_secret: openai_api_key'],
    ],
  ] as const)('on %s lets its pipeline ask the model where it is', async (ci, file, lines) => {
    factory = await startFactory({ ci });
    await factory.init();
    await free();

    const { text } = await factory.addAgent('opencode', { url: 'http://model.local:8080/v1' });

    const pipeline = await factory.text(factory.ops, file);
    for (const line of lines) expect(pipeline).toContain(line);
    expect(text).toContain(
      ci === 'forgejo'
        ? 'OPENAI_API_KEY: the key of your model'
        : 'openai_api_key: the key of your model, for the event cron',
    );
  });

  it('changes no pipeline that is there, and says what to set in it', async () => {
    factory = await startFactory();
    await factory.init({ roles: moreRoles });
    await free();
    const file = '.forgejo/workflows/agents.yml';
    const before = await factory.text(factory.ops, file);

    const { code, text } = await factory.addAgent('codex', { url: 'http://model.local/v1' });

    expect(code).toBe(0);
    expect(await factory.text(factory.ops, file)).toBe(before);
    expect(text).toContain(`${file} does not ask the model at http://model.local/v1: set engine-url`);
  });

  it.each([
    ['forgejo', '.forgejo/workflows/agents.yml'],
    ['woodpecker', '.woodpecker/agents.yaml'],
  ] as const)('on %s asks for no key where a program asks no model', async (ci, file) => {
    factory = await startFactory({ ci });
    await factory.init();
    await free();

    const { code, text } = await factory.addAgent('command', { 'engine-command': '/usr/bin/agent' });

    expect(code).toBe(0);
    expect(await factory.text(factory.ops, file)).toMatch(/forge[-_]login/);
    expect(await factory.text(factory.ops, file)).not.toMatch(/engine[-_]key|api_key/i);
    expect(text).not.toContain('the key of your model');
  });

  it.each(['claude', 'codex', 'opencode'])(
    'wants to know the model of %s, without which no run begins',
    async (engine) => {
      factory = await startFactory();
      await factory.init();

      const { code, text, writes } = await factory.addAgent(engine, { model: '' });

      expect([code, writes]).toEqual([1, []]);
      expect(text).toContain(`it is needed for the engine ${engine}`);
    },
  );

  it('says that its account has to be named as a bot, as long as forgecrew.toml does not', async () => {
    factory = await startFactory();
    await factory.init();

    const asked = await factory.addAgent('claude');
    await free();
    const direct = await factory.addAgent('codex');
    await factory.rewrite((path, text) =>
      path === 'forgecrew.toml' ? text.replace('bots = [', 'bots = ["crew", ') : text,
    );
    const named = await factory.addAgent('codex');

    expect(asked.text).toContain('forgecrew.toml: add crew to bots');
    expect(asked.text).toContain('forgecrew policy open --ops-repo acme/ops, merge');
    expect(direct.text).toContain('/acme/ops/_edit/main/forgecrew.toml: add crew to bots');
    expect(named.text).not.toContain('to bots');
  });

  it('leaves a manifest of that name as it is', async () => {
    factory = await startFactory();
    await factory.init();
    await free();
    await factory.addAgent('claude', { name: 'one' });

    const { code, text, writes } = await factory.addAgent('codex', { name: 'one' });

    expect([code, writes]).toEqual([0, []]);
    expect(text).toContain('agents/one.toml is there already');
    expect(await manifest('one')).toMatchObject({ document: { engine: 'claude' } });
  });

  it('where main is protected asks by one pull request, and takes its close for an answer', async () => {
    factory = await startFactory();
    await factory.init();
    const pulls = (): Promise<{ number: number; title: string; head: { ref: string } }[]> =>
      factory.ask('GET', `/repos/${factory.ops}/pulls?state=open`);

    const first = await factory.addAgent('claude');
    const again = await factory.addAgent('claude');
    const open = await pulls();
    await factory.ask('PATCH', `/repos/${factory.ops}/pulls/${open[0]?.number}`, { state: 'closed' });
    const after = await factory.addAgent('claude');

    expect([first.code, again.code, after.code]).toEqual([0, 0, 0]);
    expect(open).toMatchObject([
      { title: 'Declare the agent claude', head: { ref: 'forgecrew/agent-claude' } },
    ]);
    expect([again.writes, after.writes, await pulls()]).toEqual([[], [], []]);
  });

  it('adds to a factory only, and wants to know the program of the engine command', async () => {
    factory = await startFactory();

    const nothing = await factory.addAgent('claude');
    const bare = await factory.addAgent('command');

    expect([nothing.code, nothing.writes, bare.code]).toEqual([1, [], 1]);
    expect(nothing.text).toContain('acme/ops is not there, or has no commit yet');
    expect(bare.text).toContain('it is needed for the engine command');
  });
});
