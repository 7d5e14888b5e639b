import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forgeAgent } from '../../actions/forge-agent/role.ts';
import type { AgentOutcome } from '../../core/agent/outcome.ts';
import type { Change } from '../../core/change.ts';
import { execute } from '../../core/run.ts';
import { type AgentRig, startAgents } from '../agent.ts';
import { fuzzRuns } from '../thorough.ts';

// Random histories of a project: who labels what, who may, what waits, which agents are on, and runs of the role between, some
// cut off and some at the same moment. Which agent is started on which issue is held to an oracle that only remembers what was
// said; no agent runs really.

const histories = fuzzRuns(0.12);

type Agent = 'builder' | 'tester';
type Who = 'ada' | 'bob' | 'crew';
const issues = [0, 1, 2] as const;
type Issue = (typeof issues)[number];

type Event =
  | { do: 'give'; issue: Issue; agent: Agent; who: Who }
  | { do: 'take'; issue: Issue; agent: Agent; who: Who }
  | { do: 'close' | 'reopen'; issue: Issue }
  | { do: 'wait' | 'go'; issue: Issue; for: Issue }
  | { do: 'rights'; who: 'ada' | 'bob'; level: 'read' | 'write' }
  | { do: 'enable'; agent: Agent; on: boolean }
  | { do: 'pull'; issue: Issue }
  | { do: 'unpull' }
  | { do: 'later' }
  | { do: 'run'; how: How }
  | { do: 'two' };
/** How the agent of a run ends; `cut`: the run ends with it, and nothing is written any more. */
type How = 'success' | 'needs_person' | 'underspecified' | 'exited' | 'called-off' | 'cut';

const anIssue = fc.constantFrom(...issues);
const anAgent = fc.constantFrom<Agent>('builder', 'builder', 'tester');
const aWriter = fc.constantFrom<Who>('ada', 'ada', 'bob', 'crew');
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('give' as const), issue: anIssue, agent: anAgent, who: aWriter }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('take' as const), issue: anIssue, agent: anAgent, who: aWriter }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'reopen' as const), issue: anIssue }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('wait' as const, 'go' as const),
      issue: anIssue,
      for: anIssue,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rights' as const),
      who: fc.constantFrom('ada' as const, 'bob' as const),
      level: fc.constantFrom('read' as const, 'write' as const, 'write' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('enable' as const), agent: anAgent, on: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pull' as const), issue: anIssue }) },
  { weight: 1, arbitrary: fc.constant<Event>({ do: 'unpull' }) },
  { weight: 2, arbitrary: fc.constant<Event>({ do: 'later' }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      how: fc.constantFrom<How>(
        'success',
        'success',
        'needs_person',
        'underspecified',
        'exited',
        'called-off',
        'cut',
        'cut',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Event>({ do: 'two' }) },
);

/** Remembers what was said, and tells whom a run has to start now. */
function createOracle() {
  const level: Record<Who, 'read' | 'write'> = { ada: 'write', bob: 'write', crew: 'write' };
  const on: Record<Agent, boolean> = { builder: true, tester: true };
  let said = 0;
  const known = issues.map((number) => ({
    number,
    isOpen: true,
    given: new Map<Agent, { who: Who; nth: number }>(),
    waitsFor: new Set<Issue>(),
    /** What was said last that an agent worked on, and whether that run was cut off. */
    worked: undefined as { nth: number; agent: Agent; cut: 'no' | 'fresh' | 'over' } | undefined,
  }));
  const of = (issue: Issue): (typeof known)[number] => known[issue] as (typeof known)[number];
  let pull: Issue | undefined;

  function mayDo(item: Event): boolean {
    switch (item.do) {
      case 'give':
        return level[item.who] === 'write';
      case 'take':
        return level[item.who] === 'write' && of(item.issue).given.has(item.agent);
      case 'close':
        return of(item.issue).isOpen && ![...of(item.issue).waitsFor].some((other) => of(other).isOpen);
      case 'reopen':
        return !of(item.issue).isOpen;
      case 'wait':
        return (
          item.issue !== item.for &&
          !of(item.issue).waitsFor.has(item.for) &&
          !of(item.for).waitsFor.has(item.issue)
        );
      case 'go':
        return of(item.issue).waitsFor.has(item.for);
      case 'pull':
        return pull === undefined;
      case 'unpull':
        return pull !== undefined;
      default:
        return true;
    }
  }

  function isDue(one: (typeof known)[number]): Agent | undefined {
    const [agent, ...more] = [...one.given.keys()];
    if (!one.isOpen || agent === undefined || more.length > 0 || !on[agent]) return undefined;
    const { who, nth } = one.given.get(agent) as { who: Who; nth: number };
    if (who === 'crew' || level[who] !== 'write') return undefined;
    if (pull === one.number || [...one.waitsFor].some((other) => of(other).isOpen)) return undefined;
    const { worked } = one;
    if (worked?.cut === 'fresh') return undefined;
    return worked === undefined || worked.cut === 'over' || nth > worked.nth ? agent : undefined;
  }

  return {
    mayDo,
    heed(item: Event): void {
      switch (item.do) {
        case 'give': {
          const { given } = of(item.issue);
          said += 1;
          if (!given.has(item.agent)) given.set(item.agent, { who: item.who, nth: said });
          break;
        }
        case 'take':
          of(item.issue).given.delete(item.agent);
          break;
        case 'close':
        case 'reopen':
          of(item.issue).isOpen = item.do === 'reopen';
          break;
        case 'wait':
          of(item.issue).waitsFor.add(item.for);
          break;
        case 'go':
          of(item.issue).waitsFor.delete(item.for);
          break;
        case 'rights':
          level[item.who] = item.level;
          break;
        case 'enable':
          on[item.agent] = item.on;
          break;
        case 'pull':
          pull = item.issue;
          break;
        case 'unpull':
          pull = undefined;
          break;
        case 'later':
          for (const { worked } of known) if (worked?.cut === 'fresh') worked.cut = 'over';
          break;
      }
    },
    /** Whom one run starts; what it does besides is remembered. */
    run(how: How): { issue: Issue; agent: Agent } | undefined {
      const due = known.find((one) => isDue(one) !== undefined);
      if (due === undefined) {
        // What was cut off and is nobody's any more is put away; it is begun again only when it is given anew.
        if (on.builder || on.tester)
          for (const one of known)
            if (one.worked?.cut === 'over' && (!one.isOpen || one.given.size === 0)) one.worked.cut = 'no';
        return undefined;
      }
      const agent = isDue(due) as Agent;
      const nth = due.given.get(agent)?.nth ?? 0;
      due.worked = { nth, agent, cut: how === 'cut' ? 'fresh' : 'no' };
      return { issue: due.number, agent };
    },
    /** Issues that a run holds, or held until it was cut off. */
    held: (): Issue[] =>
      known.filter(({ worked }) => worked !== undefined && worked.cut !== 'no').map(({ number }) => number),
  };
}

/** A forge on which a history can be played; its clock goes on by a minute with each event, the role's is another one. */
async function startPlay(skewMinutes: number) {
  let time = Date.now();
  let ahead = 0;
  const rig = await startAgents({ now: () => new Date(time) });
  const { seed, project, owner, ops } = rig;
  await seed.addCollaborator(owner, project, rig.worker.login, 'write');
  const bob = await seed.createUser('bob', ['write:repository', 'write:issue', 'read:user']);
  await seed.addCollaborator(owner, project, bob.login, 'write');
  const people = { ada: rig.ada, bob, crew: rig.worker };
  const labels: Record<Agent, number> = {
    builder: await labelOf(rig, 'crew:builder'),
    tester: await seed.createLabel(owner, project, 'crew:tester'),
  };
  const declare = (agent: Agent, on: boolean): Promise<unknown> =>
    seed.putFile(
      owner,
      ops,
      `agents/${agent}.toml`,
      `# ${time}\nenabled = ${on}\nengine = "command"\ncommand = ["true"]\nmax_rounds = 100\nrepositories = ["${project}"]\n`,
    );
  await declare('builder', true);
  await declare('tester', true);
  const numbers: number[] = [];
  for (const issue of issues) {
    time += 60_000;
    numbers.push(await seed.createIssue(owner, project, { title: `Issue ${issue}` }));
  }
  const at = (issue: Issue): number => numbers[issue] ?? 0;
  const api = async (
    method: string,
    where: string,
    body?: unknown,
    token = owner.token,
  ): Promise<unknown> => {
    const answer = await seed.api(method, `/repos/${project}${where}`, body, token);
    if (answer.status > 299)
      throw new Error(`${method} ${where}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  let pull: number | undefined;
  let branches = 0;
  const started: { issue: number; agent: string }[] = [];

  async function run(how: How): Promise<number> {
    const lines: string[] = [];
    const { code, report } = await execute(
      {
        ...forgeAgent,
        async runAgent(change: Change<'run-agent'>): Promise<AgentOutcome> {
          started.push({ issue: change.issue, agent: change.agent });
          await new Promise((done) => setTimeout(done, 5));
          if (how === 'cut') throw new Error('cut off');
          return outcomeOf(change, how, new Date(time).toISOString());
        },
      },
      {
        environment: rig.environment(),
        args: [],
        workingDirectory: '/',
        print: (line) => lines.push(line),
        now: () => new Date(time + ahead + skewMinutes * 60_000),
      },
    );
    const isExpected = how === 'cut' || code === 0;
    if (!isExpected) throw new Error(`${JSON.stringify(report?.errors)}\n${lines.join('\n')}`);
    return code;
  }

  async function play(item: Event): Promise<void> {
    time += 60_000;
    switch (item.do) {
      case 'give':
        await api(
          'POST',
          `/issues/${at(item.issue)}/labels`,
          { labels: [labels[item.agent]] },
          people[item.who].token,
        );
        break;
      case 'take':
        await api(
          'DELETE',
          `/issues/${at(item.issue)}/labels/${labels[item.agent]}`,
          undefined,
          people[item.who].token,
        );
        break;
      case 'close':
      case 'reopen':
        await api('PATCH', `/issues/${at(item.issue)}`, { state: item.do === 'close' ? 'closed' : 'open' });
        break;
      case 'wait':
      case 'go': {
        const [ownerName, repo] = project.split('/');
        await api(item.do === 'wait' ? 'POST' : 'DELETE', `/issues/${at(item.issue)}/dependencies`, {
          owner: ownerName,
          repo,
          index: at(item.for),
        });
        break;
      }
      case 'rights':
        await seed.addCollaborator(owner, project, people[item.who].login, item.level);
        break;
      case 'enable':
        await declare(item.agent, item.on);
        break;
      case 'pull': {
        branches += 1;
        const branch = `change-${branches}`;
        await seed.putFile(owner, project, `${branch}.txt`, 'x', { from: 'main', name: branch });
        pull = await seed.openPull(owner, project, {
          base: 'main',
          head: branch,
          title: 'A change',
          body: `Fixes #${at(item.issue)}`,
        });
        break;
      }
      case 'unpull':
        await api('PATCH', `/pulls/${pull}`, { state: 'closed' });
        break;
      case 'later':
        ahead += 24 * 3_600_000;
        break;
      case 'run':
      case 'two':
    }
  }
  return {
    rig,
    play,
    run,
    started,
    indexOf: (number: number): Issue => numbers.indexOf(number) as Issue,
    at,
  };
}

async function labelOf({ seed, project, owner }: AgentRig, name: string): Promise<number> {
  const { body } = await seed.api('GET', `/repos/${project}/labels`, undefined, owner.token);
  return (body as { id: number; name: string }[]).find((label) => label.name === name)?.id ?? 0;
}

function outcomeOf(change: Change<'run-agent'>, how: Exclude<How, 'cut'>, now: string): AgentOutcome {
  const isSignal = how !== 'exited' && how !== 'called-off';
  return {
    said: how,
    end: isSignal ? 'signalled' : how,
    why: isSignal ? null : 'so it was',
    signal: isSignal ? { status: how, summary: 'A word.' } : null,
    startedAt: now,
    endedAt: now,
    exitCode: 0,
    exitSignal: null,
    engineVersion: null,
    session: null,
    isResumed: false,
    kept: { kind: 'none', why: 'a scripted outcome' },
    isolation: 'user',
    network: 'open',
    gaps: [],
    left: { terminated: 0, killed: 0 },
    work: { kind: 'nothing' },
    searched: 'nothing to search',
    checks: [],
    models: null,
    operations: { head: '0'.repeat(64), entries: [] },
    egress: 'not observed',
    entry: { text: change.entry.text },
  };
}

it(`${histories} random histories: whoever is asked is started, nobody else, and nobody twice`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 4, maxLength: 22 }),
      fc.constantFrom(0, -12, 12),
      async (events, skew) => {
        const stage = await startPlay(skew);
        try {
          const oracle = createOracle();
          // At the end everything is looked at once more, after a day: nothing may have been forgotten.
          const whole: Event[] = [
            { do: 'give', issue: 0, agent: 'builder', who: 'ada' },
            ...events,
            { do: 'later' },
            ...issues.map((): Event => ({ do: 'run', how: 'success' })),
            { do: 'run', how: 'success' },
          ];
          for (const item of whole) {
            if (!oracle.mayDo(item)) continue;
            await stage.play(item);
            oracle.heed(item);
            if (item.do !== 'run' && item.do !== 'two') continue;
            const how = item.do === 'run' ? item.how : 'success';
            stage.started.length = 0;
            await Promise.all(Array.from({ length: item.do === 'two' ? 2 : 1 }, () => stage.run(how)));
            const expected = Array.from({ length: item.do === 'two' ? 2 : 1 }, () => oracle.run(how)).filter(
              (one) => one !== undefined,
            );
            const seen = stage.started.map(({ issue, agent }) => ({ issue: stage.indexOf(issue), agent }));
            expect(seen.sort((a, b) => a.issue - b.issue)).toEqual(
              expected.sort((a, b) => a.issue - b.issue),
            );
          }
          // What the state says is worked on is what was cut off and was not put away; nothing else has the label.
          const running = (await stage.rig.running()).map((name) => Number.parseInt(name, 10)).sort();
          expect(running).toEqual(oracle.held().map(stage.at).sort());
          for (const issue of issues)
            if (!oracle.held().includes(issue))
              expect(await stage.rig.labels(stage.at(issue))).not.toContain('in-progress');
        } finally {
          await stage.rig.close();
        }
      },
    ),
    { numRuns: histories, seed: Number(process.env.FORGECREW_SEED ?? 15), endOnFailure: true },
  );
});
