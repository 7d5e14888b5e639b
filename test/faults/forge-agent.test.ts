import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import { type AgentRig, startAgents } from '../agent.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { isThorough, limitOfStrikes } from '../thorough.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const compiled = compiledFile('forge-agent');
const { best } = await possibleIsolation({ first: 70_000, count: 256 });

let rig: AgentRig;
afterEach(() => rig.close());

/** Each strike takes four whole runs, with agents: of a sample some, most of them where a write was carried out and nobody told. */
function sampled(calls: number[], point: FailPoint): number[] {
  if (isThorough) return calls;
  const most = point === 'after-send' ? 5 : 2;
  return calls.filter((_, index) => index % Math.ceil(calls.length / most) === 0);
}

const program = `
const { execFileSync } = require('node:child_process');
require('node:fs').writeFileSync('poem.txt', 'a poem');
execFileSync('forge', ['post-comment', '--body', 'at work']);
execFileSync('forge', ['signal-done', 'success', '--summary', 'Done.']);
`;

async function runBehind(fault?: {
  call: number;
  point: FailPoint;
}): Promise<{ code: number | null; calls: string[]; struck: boolean; text: string }> {
  let pid = 0;
  const proxy = await startFaultProxy(
    rig.forge.url,
    fault === undefined ? undefined : { ...fault, act: () => process.kill(pid, 'SIGKILL') },
  );
  const { code, text } = await runCompiled(compiled, rig.environment({ CI_FORGE_URL: proxy.url }), {
    started: (id) => {
      pid = id;
    },
  });
  const { calls, struck } = proxy;
  await proxy.close();
  return { code, calls, struck, text };
}

/** Keeps what it was told of all rounds, and remembers something. */
const remembering = `
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
fs.mkdirSync(process.env.HOME + '/memory', { recursive: true });
fs.appendFileSync(process.env.HOME + '/memory/rounds', 'x');
fs.appendFileSync('told.txt', fs.readFileSync(0, 'utf8'));
execFileSync('forge', ['signal-done', 'success', '--summary', 'Done.']);
`;

async function sessions(): Promise<string[]> {
  const { body } = await rig.seed.api('GET', `/repos/${rig.state}/git/refs`, undefined, rig.worker.token);
  return (body as { ref: string }[]).map(({ ref }) => ref).filter((ref) => ref.startsWith('refs/forgecrew/'));
}

async function start(runs = program, more = ''): Promise<number> {
  rig = await startAgents();
  await rig.seed.addCollaborator(rig.owner, rig.project, rig.worker.login, 'write');
  await rig.declare(runs, more);
  return rig.ask('Write a poem');
}

describe.skipIf(!existsSync(compiled) || best === 'none')('the compiled forge-agent, killed with -9', () => {
  const callsOfARun = once(async () => {
    await start();
    const { code, calls, text } = await runBehind();
    expect({ code, text }).toMatchObject({ code: 0 });
    await rig.close();
    return calls;
  });

  it.each(failPoints)(
    '%s at a call: one claim at a time, one pull request, nothing pushed is lost, and the state tells the truth',
    async (point) => {
      for (const call of sampled(callsToStrike(await callsOfARun(), point), point)) {
        const issue = await start();

        const { struck } = await runBehind({ call, point });
        // While the lease lasts nobody else works on it; afterwards it is taken over.
        const meanwhile = await rig.run();
        const later = [await rig.run({}, -300), await rig.run({}, -301)];

        expect({ call, struck, codes: [meanwhile, ...later].map(({ code }) => code) }).toEqual({
          call,
          struck: true,
          codes: [0, 0, 0],
        });
        const pulls = await rig.pulls();
        expect(pulls.map(({ title, state }) => ({ title, state }))).toEqual([
          { title: 'builder: Write a poem', state: 'open' },
        ]);
        expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', pr_number: pulls[0]?.number });
        expect(await rig.running()).toEqual([]);
        expect(await rig.labels(issue)).toEqual(['crew:builder']);
        await rig.close();
      }
    },
    limitOfStrikes,
  );

  for (const [what, prepare, isOver] of [
    ['woken', (pull: number) => rig.say(pull, 'Make it rhyme.'), false],
    ['destroyed', (pull: number) => rig.seed.mergePull(rig.ada, rig.project, pull), true],
    ['closed', (pull: number) => rig.seed.closeIssue(rig.ada, rig.project, pull), true],
  ] as const) {
    const startLater = async (): Promise<number> => {
      const issue = await start(remembering, 'session_folder = "memory"\n');
      await rig.run();
      rig.pass(2);
      await prepare((await rig.pulls())[0]?.number ?? 0);
      return issue;
    };
    const callsOfLater = once(async () => {
      await startLater();
      const { code, calls, text } = await runBehind();
      expect({ code, text }).toMatchObject({ code: 0 });
      await rig.close();
      return calls;
    });

    it.each(failPoints)(
      `%s at a call of a run in which an agent is ${what}: the next one comes to the same end`,
      async (point) => {
        // Whether an issue was touched after its end is asked only where its time, told in seconds, does not say it: a run in
        // which it does makes fewer calls, and comes to the same end without having met the last of them.
        const unmet: number[] = [];
        for (const call of sampled(callsToStrike(await callsOfLater(), point), point)) {
          const issue = await startLater();

          const { struck, calls } = await runBehind({ call, point });
          const later = [await rig.run({}, -300), await rig.run({}, -301)];

          if (!struck && calls.length < call) unmet.push(call);
          else expect([call, struck]).toEqual([call, true]);
          expect({ call, codes: later.map(({ code }) => code) }).toEqual({ call, codes: [0, 0] });
          const [pull, ...more] = await rig.pulls();
          expect(more).toEqual([]);
          expect(await rig.running()).toEqual([]);
          expect(await rig.labels(issue)).toEqual(['crew:builder']);
          const entry = await rig.entry(issue);
          if (isOver) {
            expect([call, entry]).toMatchObject([call, { status: 'destroyed', rounds: 1, session: null }]);
            expect([call, await sessions()]).toEqual([call, []]);
          } else {
            expect([call, entry]).toMatchObject([call, { status: 'frozen', pr_number: pull?.number }]);
            expect([call, await sessions()]).toEqual([
              call,
              [`refs/forgecrew/sessions/${rig.project}/${issue}`],
            ]);
            expect([call, await rig.file('crew/project', 'told.txt', 'crew/1-write-a-poem')]).toEqual([
              call,
              expect.stringContaining('Make it rhyme.'),
            ]);
          }
          await rig.close();
        }
        expect(unmet.length, `not met: ${unmet.join(', ')}`).toBeLessThanOrEqual(3);
      },
      limitOfStrikes,
    );
  }
});
