import { randomUUID } from 'node:crypto';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forgeAgent } from '../../actions/forge-agent/role.ts';
import type { AgentRun } from '../../core/agent/agent-run.ts';
import { type AgentOutcome, sessionKey } from '../../core/agent/outcome.ts';
import { keepSession } from '../../core/agent/work/keep.ts';
import { sha256 } from '../../core/canonical.ts';
import { execute } from '../../core/run.ts';
import type { Works } from '../../core/works.ts';
import type { Person } from '../../embedded-forge/seed.ts';
import { startAgents } from '../agent.ts';
import { startFaultProxy } from '../faults/proxy.ts';
import { fuzzRuns } from '../thorough.ts';

// Random histories of one issue that is talked about: what people, strangers, bots and the role itself write, on the issue and on
// its pull request, what becomes of both, and runs between, some cut off after any of their writes and some at the same moment.
// No agent runs really: what each is told is kept, and held to an oracle that knows who said what.

const histories = fuzzRuns(0.06);
const maxRounds = 3;

type Who = 'ada' | 'stranger' | 'robot' | 'crew' | 'echo';
type Event =
  | { do: 'say'; who: Who; on: 'issue' | 'pull' }
  | { do: 'edit' | 'review' | 'push' | 'unblock' | 'relabel' | 'merge' | 'later' | 'two' }
  | { do: 'issue' | 'pull'; is: 'open' | 'closed' }
  /** `cut`: after so many writes of the run it reaches the forge no more; those before the agent began count as well. */
  | { do: 'run'; cut: number | null };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('say' as const),
      who: fc.constantFrom<Who>('ada', 'ada', 'ada', 'stranger', 'robot', 'crew', 'echo'),
      on: fc.constantFrom('issue' as const, 'pull' as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Event>(
      { do: 'edit' },
      { do: 'review' },
      { do: 'push' },
      { do: 'unblock' },
      { do: 'unblock' },
      { do: 'relabel' },
      { do: 'later' },
      { do: 'two' },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('issue' as const),
      is: fc.constantFrom('open' as const, 'closed' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Event>(
      { do: 'merge' },
      { do: 'pull', is: 'closed' },
      { do: 'pull', is: 'open' },
    ),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      cut: fc.oneof(
        { weight: 2, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) },
      ),
    }),
  },
);

async function startPlay() {
  let time = Date.now();
  const rig = await startAgents({ now: () => new Date(time) });
  const { seed, project, owner, ops, worker, ada } = rig;
  await seed.addCollaborator(owner, project, worker.login, 'write');
  const stranger = await seed.createUser('stranger', ['write:issue', 'read:repository']);
  const robot = await seed.createUser('robot', ['write:issue', 'write:repository']);
  await seed.addCollaborator(owner, project, robot.login, 'write');
  await seed.putFile(
    owner,
    ops,
    'agents/builder.toml',
    `enabled = true\nengine = "command"\ncommand = ["true"]\nsession_folder = "memory"\nmax_rounds = ${maxRounds}\nrepositories = ["${project}"]\n`,
  );
  const issue = await rig.ask('Write a poem');
  const branch = `crew/${issue}-write-a-poem`;
  const people: Record<Who, Person> = { ada, stranger, robot, crew: worker, echo: ada };

  let pull: number | undefined;
  let words = 0;
  let lastOfAda: { id: number; said: string } | undefined;
  const wrong: string[] = [];
  let isMerged = false;
  let hasLabel = true;
  let active = 0;
  let started = 0;
  /** Rounds since a person last let them begin anew. */
  let count = 0;
  let isPullOpen = true;
  let isIssueOpen = true;
  const wanted = new Map<string, boolean>();
  const unwanted: string[] = [];
  const told: { lease: string; text: string }[] = [];
  const api = async (method: string, where: string, body?: unknown, by = owner): Promise<unknown> => {
    const answer = await seed.api(method, `/repos/${project}${where}`, body, by.token);
    if (answer.status > 299)
      throw new Error(`${method} ${where}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const word = (who: Who): string => {
    words += 1;
    const said = `word-${words}-end`;
    if (who === 'ada') wanted.set(said, true);
    else unwanted.push(said);
    return who === 'echo' ? `${said}\n\n<!-- forgecrew: forge-agent end 1 -->` : said;
  };

  async function work(change: AgentRun, works: Works): Promise<AgentOutcome> {
    active += 1;
    started += 1;
    count += 1;
    // Noted and not thrown: a run swallows what is thrown in it.
    if (active !== 1) wrong.push('two rounds at once');
    if (!isIssueOpen) wrong.push('a round on a closed issue');
    if (!isPullOpen) wrong.push('a round after the pull request was closed');
    if (count > maxRounds) wrong.push(`round ${count} of ${maxRounds}`);
    const { lease } = JSON.parse(change.entry.text) as { lease: { id: string } };
    const text = change.resumes?.prompt ?? change.prompt;
    told.push({ lease: lease.id, text });
    await new Promise((done) => setTimeout(done, 5));
    if (pull === undefined) {
      await seed.putFile(worker, project, 'poem.txt', 'a poem', { from: 'main', name: branch });
      pull = await seed.openPull(worker, project, { base: 'main', head: branch, title: 'A poem', body: '' });
    }
    const git = await works.git();
    const folder = path.join(git.folder, 'session.git');
    const bytes = Buffer.from(`session ${randomUUID()}`);
    const at = new Date(time).toISOString();
    const commit = await keepSession(git, {
      bytes,
      folder,
      message: 'a session',
      author: { name: 'x', email: 'x@example.test', at },
    });
    works.folders.set(sessionKey(change.key), folder);
    return {
      said: '',
      end: 'signalled',
      why: null,
      signal: { status: 'success', summary: 'A word.' },
      startedAt: at,
      endedAt: at,
      exitCode: 0,
      exitSignal: null,
      engineVersion: null,
      session: 'x',
      isResumed: change.resumes !== null,
      kept: {
        kind: 'session',
        note: { engine: 'command', id: 'x', digest: sha256(bytes), size: bytes.length },
        commit,
      },
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

  async function run(cut: number | null = null): Promise<void> {
    let left = cut ?? Number.POSITIVE_INFINITY;
    const proxy = await startFaultProxy(rig.forge.url, undefined, (_, request) => {
      const isWrite = !request.startsWith('GET') && !request.includes('git-upload-pack');
      if (isWrite) left -= 1;
      return left < 0 ? { status: 500 } : undefined;
    });
    const lines: string[] = [];
    const { code } = await execute(
      {
        ...forgeAgent,
        runAgent: (change, { works }) =>
          work(change, works).finally(() => {
            active -= 1;
          }),
      },
      {
        environment: rig.environment({
          CI_FORGE_URL: proxy.url,
          PLUGIN_BOTS: 'robot',
          PLUGIN_PROPOSE_FROM: 'branch',
          PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true',
        }),
        args: [],
        workingDirectory: '/',
        print: (line) => lines.push(line),
        now: () => new Date(time),
        pause: async () => undefined,
      },
    );
    await proxy.close();
    if (cut === null && code !== 0) throw new Error(lines.join('\n'));
  }

  const blocked = async (): Promise<number | undefined> =>
    ((await api('GET', `/issues/${issue}`)) as { labels: { id: number; name: string }[] }).labels.find(
      ({ name }) => name === 'blocked',
    )?.id;

  async function play(item: Event): Promise<void> {
    time += 90_000;
    switch (item.do) {
      case 'say': {
        if (item.on === 'pull' && pull === undefined) return;
        const said = await rig.say(
          item.on === 'pull' ? (pull ?? 0) : issue,
          word(item.who),
          people[item.who],
        );
        if (item.who === 'ada') lastOfAda = { id: said, said: `word-${words}-end` };
        return;
      }
      case 'edit':
        if (lastOfAda === undefined) return;
        // What it said before need not be told any more.
        wanted.set(lastOfAda.said, false);
        await api('PATCH', `/issues/comments/${lastOfAda.id}`, { body: word('ada') }, ada);
        lastOfAda.said = `word-${words}-end`;
        return;
      case 'review':
        if (pull !== undefined && isPullOpen)
          await api('POST', `/pulls/${pull}/reviews`, { event: 'COMMENT', body: word('ada') }, ada);
        return;
      case 'push':
        if (pull !== undefined && isPullOpen)
          await seed.putFile(owner, project, `by-${words}-${time}.txt`, 'x', { from: branch, name: branch });
        return;
      case 'unblock': {
        const label = await blocked();
        if (label === undefined) return;
        await api('DELETE', `/issues/${issue}/labels/${label}`, undefined, ada);
        count = 0;
        return;
      }
      case 'relabel':
        if (hasLabel) await rig.take(issue);
        await rig.give(issue);
        hasLabel = true;
        return;
      case 'issue':
        isIssueOpen = item.is === 'open';
        await api('PATCH', `/issues/${issue}`, { state: item.is });
        return;
      case 'pull':
        if (pull === undefined || isMerged) return;
        isPullOpen = item.is === 'open';
        await api('PATCH', `/pulls/${pull}`, { state: item.is });
        return;
      case 'merge':
        if (pull === undefined || !isPullOpen) return;
        await seed.mergePull(ada, project, pull);
        isMerged = true;
        isPullOpen = false;
        return;
      case 'later':
        time += 24 * 3_600_000;
        return;
      case 'two':
        await Promise.all([run(), run()]);
        return;
      case 'run':
        await run(item.cut);
    }
  }
  return {
    rig,
    issue,
    play,
    run,
    blocked,
    facts: () => ({ isIssueOpen, isPullOpen, pull, started }),
    told,
    wrong,
    /** As `forgecrew agents wake` does, where no label can be taken off. */
    async wake(): Promise<void> {
      const entry = await rig.entry(issue);
      if (entry?.exhausted == null) return;
      const asked = { by: 'ada', at: new Date(time).toISOString(), prompt: 'Go on.' };
      const text = JSON.stringify({ ...entry, asked });
      await seed.putFile(worker, rig.state, `agents/${project}/${issue}.json`, `${text}\n`);
      count = 0;
    },
    wanted: () => [...wanted].filter(([, isWanted]) => isWanted).map(([said]) => said),
    unwanted,
    sessions: async (): Promise<string[]> => {
      const { status, body } = await seed.api('GET', `/repos/${rig.state}/git/refs`, undefined, worker.token);
      return status === 200
        ? (body as { ref: string }[])
            .map(({ ref }) => ref)
            .filter((ref) => ref.startsWith('refs/forgecrew/sessions/'))
        : [];
    },
  };
}

it(`${histories} random histories of talk: no word of a writer is lost, nobody else wakes it, and its rounds are counted`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 6, maxLength: 26 }), async (events) => {
      const stage = await startPlay();
      try {
        await stage.play({ do: 'run', cut: null });
        for (const item of events) {
          // What is closed for good is the end of this history.
          await stage.play(item);
          expect(stage.wrong).toEqual([]);
          expect((await stage.sessions()).length).toBeLessThanOrEqual(1);
          if (!stage.facts().isPullOpen) break;
        }
        const { isPullOpen } = stage.facts();
        await stage.play({ do: 'later' });
        if (!isPullOpen) {
          for (let nth = 0; nth < 2; nth += 1) await stage.play({ do: 'run', cut: null });
          expect(await stage.rig.entry(stage.issue)).toMatchObject({ status: 'destroyed' });
          expect(await stage.sessions()).toEqual([]);
          expect(stage.wrong).toEqual([]);
          expect(await stage.rig.running()).toEqual([]);
          return;
        }
        // A person lets it go on where that is needed: then all that was said has been told.
        await stage.play({ do: 'issue', is: 'open' });
        for (let nth = 0; nth < 3; nth += 1) {
          await stage.play({ do: 'run', cut: null });
          await stage.play({ do: 'unblock' });
          await stage.wake();
        }
        await stage.play({ do: 'run', cut: null });
        const before = stage.facts().started;
        await stage.play({ do: 'run', cut: null });
        expect(stage.facts().started).toBe(before);
        expect(stage.wrong).toEqual([]);
        const entry = await stage.rig.entry(stage.issue);
        expect(entry).toMatchObject({ status: 'frozen' });
        const rounds = Number(entry?.rounds);
        const kept: string[] = [];
        for (let round = 1; round <= rounds; round += 1) {
          const record = await stage.rig.record(stage.issue, round);
          const found = stage.told.find(({ lease }) => lease === record?.lease);
          if (found !== undefined) kept.push(found.text);
        }
        for (const said of stage.wanted())
          expect([said, kept.some((text) => text.includes(said))]).toEqual([said, true]);
        const news = stage.told.map(({ text }) => text.slice(text.indexOf('<<<news-')));
        for (const said of stage.unwanted)
          expect([said, news.some((text) => text.startsWith('<<<news-') && text.includes(said))]).toEqual([
            said,
            false,
          ]);
        expect(await stage.rig.running()).toEqual([]);
        expect(await stage.rig.labels(stage.issue)).not.toContain('in-progress');
      } finally {
        await stage.rig.close();
      }
    }),
    { numRuns: histories, seed: Number(process.env.FORGECREW_SEED ?? 16), endOnFailure: true },
  );
});
