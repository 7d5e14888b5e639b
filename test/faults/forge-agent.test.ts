import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import { type AgentRig, startAgents } from '../agent.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { isThorough } from '../thorough.ts';
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

async function start(): Promise<number> {
  rig = await startAgents();
  await rig.seed.addCollaborator(rig.owner, rig.project, rig.worker.login, 'write');
  await rig.declare(program);
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
    600_000,
  );
});
