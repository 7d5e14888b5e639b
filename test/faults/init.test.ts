import { afterEach, describe, expect, it } from 'vitest';
import { type Factory, moreRoles, startFactory } from '../factory.ts';
import { isThorough } from '../thorough.ts';
import { type Fault, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

// Connections are cut in this process. `killed`: nothing that the run asks afterwards reaches anybody, as when its process is
// killed there; `cut`: the run goes on, and does what does not depend on the lost call.

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
  run(more?: Record<string, string>): Promise<{ code: number; writes: string[] }>;
}

const commands: Command[] = [
  ...(['forgejo', 'woodpecker'] as const).map((ci) => ({
    name: `init on ${ci}`,
    ci,
    before: async () => undefined,
    run: (more = {}) => factory.init({ roles: moreRoles, example: 'true', ...more }),
  })),
  {
    name: 'agents add on woodpecker',
    ci: 'woodpecker' as const,
    async before() {
      await factory.init();
      await factory.ask('DELETE', `/repos/${factory.ops}/branch_protections/mai%5Bn%5D`);
    },
    run: (more = {}) => factory.addAgent('claude', more),
  },
  {
    name: 'agents add where main is protected',
    ci: 'forgejo' as const,
    before: () => factory.init(),
    run: (more = {}) => factory.addAgent('claude', more),
  },
  {
    name: 'upgrade',
    ci: 'forgejo' as const,
    async before() {
      await factory.init();
      await factory.age('0.0.9');
    },
    // Runners take forgecrew from the forge itself, and not from the proxy before it.
    run: (more = {}) => factory.upgrade(more),
  },
];

/** One run behind proxies, struck at a call of it where one is given. */
async function runBehind(
  { run, ci }: Command,
  strike?: Strike,
): Promise<{ calls: Record<Ci, string[]>; struck: boolean }> {
  const faultAt = (at: Ci): Fault | undefined =>
    strike?.at !== at
      ? undefined
      : { call: strike.call, point: strike.point, ...(strike.how === 'killed' ? { act: silence } : {}) };
  let isSilent = false;
  const silence = (): void => {
    isSilent = true;
  };
  // Whoever is dead asks the other server nothing either; a server that is gone is the nearest thing to that.
  const gone = (): { status: number } | undefined => (isSilent ? { status: 503 } : undefined);
  const forge = await startFaultProxy(factory.forge.url, faultAt('forgejo'), gone);
  const woodpecker = await startFaultProxy(factory.woodpecker.url, faultAt('woodpecker'), gone);
  await run({
    'forge-url': forge.url,
    ...(ci === 'woodpecker' ? { 'woodpecker-url': woodpecker.url } : {}),
    deadline: '20s',
  });
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
  const names = async (path: string, key: string): Promise<unknown[]> =>
    (await factory.ask<Record<string, unknown>[]>('GET', path)).map((item) => item[key]).sort();
  const repositories = [ops, project, 'speaker/records', 'crew/forgecrew-state'];
  return {
    repositories: await Promise.all(
      repositories.map(async (name) => {
        const { status, body } = await factory.seed.api('GET', `/repos/${name}`);
        if (status !== 200) return status;
        const { private: isPrivate, has_actions: hasActions } = body as Record<string, unknown>;
        return {
          isPrivate,
          hasActions,
          files: await factory.files(name),
          people: await names(`/repos/${name}/collaborators`, 'login'),
          labels: await names(`/repos/${name}/labels?limit=50`, 'name'),
          branches: await names(`/repos/${name}/branches`, 'name'),
          rules: await names(`/repos/${name}/branch_protections`, 'rule_name'),
          issues: await names(`/repos/${name}/issues?state=all&type=issues`, 'title'),
          pulls: await names(`/repos/${name}/pulls?state=all`, 'title'),
          secrets: await names(`/repos/${name}/actions/secrets`, 'name'),
          commits: (await factory.ask<unknown[]>('GET', `/repos/${name}/commits?limit=50`)).length,
        };
      }),
    ),
    woodpecker: factory.woodpecker.repositories.map(({ secrets = [], crons = [], name }) => ({
      name,
      secrets: secrets.map((secret) => JSON.stringify(secret)).sort(),
      crons: crons.map((cron) => `${cron.name} ${cron.schedule}`).sort(),
    })),
    tokens: await Promise.all(
      ['filer', 'dispatcher', 'gatekeeper', 'crew', 'speaker'].map(async (login) => {
        const { status, body } = await factory.seed.api('GET', `/admin/users/${login}/tokens`);
        return status === 200 ? (body as { name: string }[]).map(({ name }) => name).sort() : status;
      }),
    ),
    team: await names('/teams/1/members', 'login'),
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
            // A question is lost alike wherever it is lost.
            if (isThorough) return isRead ? both.slice(0, point === 'before-send' ? 1 : 0) : both;
            // A sample: every eighth, at each point other ones, and every other one of them killed.
            return index % 8 === failPoints.indexOf(point) ? both.slice(index % 2, (index % 2) + 1) : [];
          },
        ),
      );
      expect(strikes.length).toBeGreaterThan(0);
      for (const strike of strikes) {
        factory = await startFactory({ ci: command.ci });
        await command.before();
        const where = `${strike.how} ${point} ${calls?.[strike.at][strike.call - 1]}`;
        const { struck } = await runBehind(command, strike);
        const whole = await command.run();
        const again = await command.run();

        expect([where, struck]).toEqual([where, true]);
        expect([where, whole.code]).toEqual([where, 0]);
        expect([where, again.writes]).toEqual([where, []]);
        expect([where, await endOf()]).toEqual([where, end]);
        await factory.close();
      }
      factory = await startFactory();
    },
    // All of its calls take half an hour where nothing else runs.
    isThorough ? 7_200_000 : 600_000,
  );
});
