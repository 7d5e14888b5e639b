import { afterEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { type Factory, moreRoles, startFactory } from '../factory.ts';
import { isThorough, limitOfStrikes, ofThisPart } from '../thorough.ts';
import { type Fault, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

// `killed`: what was compiled runs as a process of its own, and gets a kill -9 at the call. `cut`: the run loses the connection
// there, goes on, and does what does not depend on the lost call.

let factory: Factory;
afterEach(() => factory.close());

type Ci = 'forgejo' | 'woodpecker';
/** A call of a run: to the forge or to Woodpecker, and the how manieth there. */
type Strike = Omit<Fault, 'act'> & { at: Ci; how: 'killed' | 'cut' };

interface Command {
  name: string;
  ci: Ci;
  /** What has to be there before, as by a run that nothing disturbed. */
  before(): Promise<unknown>;
  /** As it stands on a command line, beside which factory it is about. */
  words: string[];
  given: Record<string, string>;
  run(more?: Record<string, string>): Promise<{ code: number; writes: string[] }>;
}

const whole = { roles: moreRoles, example: 'true' };
const commands: Command[] = [
  ...(['forgejo', 'woodpecker'] as const).map((ci) => ({
    name: `init on ${ci}`,
    ci,
    before: async () => undefined,
    words: ['init'],
    given: { people: 'ada,bob', ...whole },
    run: (more = {}) => factory.init({ ...whole, ...more }),
  })),
  {
    name: 'agents add on woodpecker',
    ci: 'woodpecker' as const,
    async before() {
      await factory.init();
      await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`);
    },
    words: ['agents', 'add', 'claude'],
    given: { model: 'opus' },
    run: (more = {}) => factory.addAgent('claude', more),
  },
  {
    name: 'agents add where main is protected',
    ci: 'forgejo' as const,
    before: () => factory.init(),
    words: ['agents', 'add', 'claude'],
    given: { model: 'opus' },
    run: (more = {}) => factory.addAgent('claude', more),
  },
  {
    name: 'upgrade',
    ci: 'forgejo' as const,
    async before() {
      await factory.init();
      await factory.age('0.0.9');
      // A pull request of its own is asked for there.
      await factory.ask('POST', `/repos/${factory.project}/contents/.forgejo/workflows/agents.yml`, {
        branch: 'main',
        message: 'm',
        content: Buffer.from(
          `jobs:\n  a:\n    steps:\n      - uses: ${factory.forge.url}/acme/forgecrew/actions/forge-agent@v0.0.9\n`,
        ).toString('base64'),
      });
    },
    words: ['upgrade', '0.1.0'],
    given: {},
    // Runners take forgecrew from the forge itself, and not from the proxy before it.
    run: (more = {}) => factory.upgrade(more),
  },
];

/** The run as a process of its own, as a person starts it. */
async function runProcess(
  { words, given }: Command,
  more: Record<string, string>,
  started: (pid: number) => void,
): Promise<void> {
  const { 'woodpecker-token': woodpeckerToken = '', ...options } = { ...factory.given, ...given, ...more };
  await runCompiled(
    compiledFile('forgecrew'),
    { FORGECREW_FORGE_TOKEN: factory.forge.adminToken, FORGECREW_WOODPECKER_TOKEN: woodpeckerToken },
    {
      args: [
        ...words,
        ...Object.entries(options).map(([name, value]) =>
          value === 'true' ? `--${name}` : `--${name}=${value}`,
        ),
        '--apply',
      ],
      started,
    },
  );
}

/** One run behind proxies, struck at a call of it where one is given. */
async function runBehind(
  command: Command,
  strike?: Strike,
): Promise<{ calls: Record<Ci, string[]>; struck: boolean }> {
  let pid: number | undefined;
  let isDead = false;
  const kill = (): void => {
    isDead = true;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };
  const faultAt = (at: Ci): Fault | undefined =>
    strike?.at !== at
      ? undefined
      : { call: strike.call, point: strike.point, ...(strike.how === 'killed' ? { act: kill } : {}) };
  // What it had sent to the other server in that moment reaches nobody either.
  const gone = (): { status: number } | undefined => (isDead ? { status: 503 } : undefined);
  const forge = await startFaultProxy(factory.forge.url, faultAt('forgejo'), gone);
  const woodpecker = await startFaultProxy(factory.woodpecker.url, faultAt('woodpecker'), gone);
  const servers = {
    'forge-url': forge.url,
    ...(command.ci === 'woodpecker' ? { 'woodpecker-url': woodpecker.url } : {}),
  };
  if (strike?.how === 'killed')
    await runProcess(command, servers, (id) => {
      pid = id;
    });
  else await command.run({ ...servers, deadline: '20s' });
  const result = {
    calls: { forgejo: forge.calls, woodpecker: woodpecker.calls },
    struck: forge.struck || woodpecker.struck,
  };
  await forge.close();
  await woodpecker.close();
  return result;
}

/** All that a run makes, without what differs between two runs that nothing disturbed. */
async function endOf(): Promise<unknown> {
  const { ops, project } = factory;
  const all = (path: string): Promise<Record<string, unknown>[]> => factory.ask('GET', path);
  const names = async (path: string, key: string): Promise<unknown[]> =>
    (await all(path)).map((item) => item[key]).sort();
  // A run behind a proxy knows the forge by the address of that, and the commit of a version was made when this forge was.
  const steady = (text: string): string =>
    text.replace(/http:\/\/127\.0\.0\.1:\d+/g, '<server>').replace(/\b[0-9a-f]{40}(?= # v|\))/g, '<commit>');
  // What doctor finds of the proxy, and what that adds to its counts.
  const withoutProxy = (text: string): string =>
    text.replace(/^ *- the forge believes .*\n/gm, '').replace(/\d+ ok, \d+ broken/g, '<so many>');
  const treeOf = async (name: string): Promise<{ path: string; sha: string }[]> =>
    (
      await factory.ask<{ tree: { path: string; sha: string; type: string }[] }>(
        'GET',
        `/repos/${name}/git/trees/main?recursive=true`,
      )
    ).tree.filter(({ type }) => type === 'blob');
  const repositories = [ops, project, 'speaker/records', 'crew/forgecrew-state'];
  return {
    repositories: await Promise.all(
      repositories.map(async (name) => {
        const { status, body } = await factory.seed.api('GET', `/repos/${name}`);
        if (status !== 200) return status;
        const { private: isPrivate, has_actions: hasActions } = body as Record<string, unknown>;
        const people = (await names(`/repos/${name}/collaborators`, 'login')) as string[];
        return {
          isPrivate,
          hasActions,
          // Only pipelines name the forge.
          files: await Promise.all(
            (await treeOf(name)).map(async ({ path, sha }) => [
              path,
              /\.ya?ml$/.test(path) ? steady(await factory.text(name, path)) : sha,
            ]),
          ),
          people: await Promise.all(
            people.map(async (login) => [
              login,
              (
                await factory.ask<{ permission: string }>(
                  'GET',
                  `/repos/${name}/collaborators/${login}/permission`,
                )
              ).permission,
            ]),
          ),
          labels: await names(`/repos/${name}/labels?limit=50`, 'name'),
          branches: await names(`/repos/${name}/branches`, 'name'),
          rules: (await all(`/repos/${name}/branch_protections`))
            .map(({ created_at: _, updated_at: __, ...rule }) => JSON.stringify(rule))
            .sort(),
          issues: (await all(`/repos/${name}/issues?state=all&type=issues`))
            .map(({ title, body: text, labels }) => [
              title,
              text,
              (labels as { name: string }[]).map((label) => label.name).sort(),
            ])
            .sort(),
          pulls: (await all(`/repos/${name}/pulls?state=all`))
            .map(({ title, body: text }) => [title, withoutProxy(steady(String(text)))])
            .sort(),
          secrets: await names(`/repos/${name}/actions/secrets`, 'name'),
          commits: (await all(`/repos/${name}/commits?limit=50`)).length,
        };
      }),
    ),
    woodpecker: factory.woodpecker.repositories.map(({ secrets = [], crons = [], name }) => ({
      name,
      secrets: secrets.map((secret) => JSON.stringify(secret)).sort(),
      crons: crons.map((cron) => `${cron.name} ${cron.schedule} ${cron.branch} ${cron.enabled}`).sort(),
    })),
    tokens: await Promise.all(
      [
        'filer',
        'dispatcher',
        'gatekeeper',
        'crew',
        'speaker',
        'keeper',
        'collector',
        'architect',
        'admin',
      ].map(async (login) => {
        const { status, body } = await factory.seed.api('GET', `/admin/users/${login}/tokens`);
        return status === 200
          ? (body as { name: string; scopes: string[] }[])
              .map(({ name, scopes }) => `${name}: ${[...scopes].sort().join(', ')}`)
              .sort()
          : status;
      }),
    ),
    teams: await all('/orgs/acme/teams'),
    members: await names('/teams/1/members', 'login'),
  };
}

const undisturbed = new Map(
  commands.map((command) => [
    command,
    once(async () => {
      factory = await startFactory({ ci: command.ci });
      await command.before();
      const { calls } = await runBehind(command);
      const end = await endOf();
      await factory.close();
      return { calls, end };
    }),
  ]),
);

describe.each(commands.map((command) => [command.name, command] as const))('forgecrew %s', (_, command) => {
  it.each(failPoints)(
    'killed or cut off %s, at its calls, and run again comes to the same end: nothing is doubled, nothing is missing',
    async (point) => {
      const { calls, end } = (await undisturbed.get(command)?.()) ?? { calls: undefined, end: undefined };

      const strikes = (['forgejo', 'woodpecker'] as const).flatMap((at) =>
        callsToStrike(calls?.[at] ?? [], point, { reads: at === 'forgejo' ? 1 : 0 }).flatMap(
          (call, index): Strike[] => {
            const isRead = calls?.[at][call - 1]?.startsWith('GET') === true;
            const both = (['killed', 'cut'] as const).map((how) => ({ at, call, point, how }));
            // Whoever dies at a question leaves what the write before it left, so it dies at the first of those that follow one another.
            const isFirst = calls?.[at][call - 2]?.startsWith('GET') !== true;
            if (isThorough)
              // To whoever asked, a question that was lost on its way there and one on its way back are the same.
              return isRead
                ? both.filter(({ how }) => point === 'before-send' && (how === 'cut' || isFirst))
                : both;
            // A sample: every eighth, at each point other ones, and every other one of them killed.
            return index % 8 === failPoints.indexOf(point) ? both.slice(index % 2, (index % 2) + 1) : [];
          },
        ),
      );
      if (isThorough) console.log(`${command.name}, ${point}: ${strikes.length} strikes in all`);
      else expect(strikes.length).toBeGreaterThan(0);
      for (const strike of ofThisPart(strikes)) {
        factory = await startFactory({ ci: command.ci });
        await command.before();
        const where = `${strike.how} ${point} ${calls?.[strike.at][strike.call - 1]}`;
        const { struck } = await runBehind(command, strike);
        const next = await command.run();
        const again = await command.run();

        expect([where, struck]).toEqual([where, true]);
        expect([where, next.code]).toEqual([where, 0]);
        expect([where, again.writes]).toEqual([where, []]);
        expect([where, await endOf()]).toEqual([where, end]);
        await factory.close();
      }
      factory = await startFactory();
    },
    limitOfStrikes,
  );
});
