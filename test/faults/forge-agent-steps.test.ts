import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { hasBareUser, works } from '../core/agent/cell/machine.ts';
import { type Pipeline, type StepsRig, startSteps } from '../steps.ts';
import { isThorough, limitOfStrikes } from '../thorough.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const compiled = compiledFile('forge-agent');
const modes = ['prepare', 'serve', 'finish'] as const;
type Mode = (typeof modes)[number];

let rig: StepsRig;
afterEach(() => rig.close());

const program = `
const { execFileSync } = require('node:child_process');
require('node:fs').writeFileSync('poem.txt', 'a poem');
execFileSync('forge', ['post-comment', '--body', 'at work']);
execFileSync('forge', ['signal-done', 'success', '--summary', 'Done.']);
`;

async function start(): Promise<number> {
  rig = await startSteps();
  await rig.seed.addCollaborator(rig.owner, rig.project, rig.worker.login, 'write');
  await rig.declare(program);
  return rig.ask('Write a poem');
}

/** A step as a process of its own, which is killed at one of its calls. */
async function struckStep(
  pipeline: Pipeline,
  mode: Mode,
  fault?: { call: number; point: FailPoint },
): Promise<{ code: number | null; calls: string[]; struck: boolean; text: string }> {
  let pid = 0;
  const proxy = await startFaultProxy(
    rig.forge.url,
    fault === undefined ? undefined : { ...fault, act: () => process.kill(pid, 'SIGKILL') },
  );
  const { code, text } = await runCompiled(
    compiled,
    pipeline.environment(mode, { CI_FORGE_URL: proxy.url }),
    {
      started: (id) => {
        pid = id;
      },
    },
  );
  const { calls, struck } = proxy;
  await proxy.close();
  return { code, calls, struck, text };
}

/** A pipeline of which one step is struck: of the steps behind one that is red only the last one runs. */
async function struckPipeline(
  mode: Mode,
  fault?: { call: number; point: FailPoint },
): Promise<{ struck: boolean; calls: string[]; codes: (number | null)[] }> {
  const pipeline = rig.pipeline(7);
  const step = (own: Mode): ReturnType<typeof struckStep> =>
    struckStep(pipeline, own, own === mode ? fault : undefined);
  const prepare = await step('prepare');
  const codes = [prepare.code];
  let hit = prepare;
  if (prepare.code === 0) {
    const serving = step('serve');
    const agent = pipeline.agent();
    const serve = await serving;
    // Who never served is waited for by the agent's step for ten minutes; that takes no time here.
    if (serve.code !== 0) agent.child?.kill('SIGKILL');
    codes.push((await agent.ended).code, serve.code);
    if (mode === 'serve') hit = serve;
  }
  // Waiting for what never comes takes no time here.
  if (mode === 'finish') {
    const finish = await step('finish');
    codes.push(finish.code);
    hit = finish;
  } else await pipeline.step('finish');
  return { struck: hit.struck, calls: hit.calls, codes };
}

/** Each strike takes a pipeline and what comes after it: of a sample one, or two where a write was carried out and nobody told. */
function sampled(calls: number[], point: FailPoint): number[] {
  if (isThorough) return calls;
  const most = point === 'after-send' ? 2 : 1;
  return calls.filter((_, index) => index % Math.ceil(calls.length / most) === 0);
}

describe.skipIf(!existsSync(compiled) || !hasBareUser)('three steps and an agent as four users', () => {
  it('share one folder, and come to one pull request; none of them is root', async () => {
    const issue = await start();
    const pipeline = rig.pipeline();

    const prepare = await pipeline.process('prepare', 79_101);
    const serving = pipeline.process('serve', 79_102);
    const agent = await pipeline.agent().ended;
    const finish = await pipeline.process('finish', 79_103);

    const steps = [prepare, await serving, agent, finish];
    expect({
      codes: steps.map(({ code }) => code),
      text: steps.map(({ text }) => text).join('\n'),
    }).toMatchObject({
      codes: [0, 0, 0, 0],
    });
    expect(await rig.pulls()).toMatchObject([{ title: 'builder: Write a poem', state: 'open' }]);
    expect(await rig.record(issue, 1)).toMatchObject({
      isolation: { level: 'user' },
      work: { kind: 'work' },
    });
    expect(steps.map(({ text }) => text.includes(rig.worker.token))).toEqual([false, false, false, false]);
  });
});

describe.skipIf(!existsSync(compiled) || !works('user'))(
  'a pipeline of which a step is killed with -9',
  () => {
    for (const mode of modes) {
      const callsOf = once(async () => {
        await start();
        const { calls, codes } = await struckPipeline(mode);
        expect(codes.every((code) => code === 0)).toBe(true);
        await rig.close();
        return calls;
      });

      it.each(failPoints)(
        `%s at a call of ${mode}: later pipelines come to one pull request, and the state tells the truth`,
        async (point) => {
          for (const call of sampled(callsToStrike(await callsOf(), point), point)) {
            const issue = await start();

            const { struck } = await struckPipeline(mode, { call, point });
            const next = rig.pipeline(8);
            const prepare = await next.step('prepare', {}, -300);
            const serving = next.step('serve', {}, -300);
            await next.agent().ended;
            const finish = await next.step('finish', {}, -300);
            // Whatever is left is for a run in one step as well.
            const last = await rig.run({}, -301);

            const codes = [prepare, await serving, finish, last].map(({ code }) => code);
            expect({ call, struck, codes }).toEqual({ call, struck: true, codes: [0, 0, 0, 0] });
            const pulls = await rig.pulls();
            expect(pulls.map(({ title, state }) => ({ title, state }))).toEqual([
              { title: 'builder: Write a poem', state: 'open' },
            ]);
            expect([call, await rig.entry(issue)]).toMatchObject([
              call,
              { status: 'frozen', pr_number: pulls[0]?.number },
            ]);
            expect(await rig.running()).toEqual([]);
            expect(await rig.labels(issue)).toEqual(['crew:builder']);
            // What was handed over is finished, and no second agent is paid for it.
            if (mode === 'finish')
              expect([call, await rig.entry(issue)]).toMatchObject([call, { rounds: 1 }]);
            await rig.close();
          }
        },
        limitOfStrikes,
      );
    }
  },
);
