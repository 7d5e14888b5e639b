import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { type FanRig, startFanning } from '../fanning.ts';
import { limitOfStrikes } from '../thorough.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const compiled = compiledFile('forge-agent');

let rig: FanRig;
afterEach(() => rig.close());

async function start(): Promise<void> {
  rig = await startFanning();
  await rig.declare('');
  // The first run makes the state repo.
  await runBehind();
  for (const title of ['one', 'two', 'three', 'four']) await rig.ask(title);
}

/** Starts two at most; `later`: by how many minutes its clock is ahead. */
async function runBehind(
  fault?: { call: number; point: FailPoint },
  later = 0,
): Promise<{ code: number | null; calls: string[]; struck: boolean; text: string }> {
  let pid = 0;
  const proxy = await startFaultProxy(
    rig.forge.url,
    fault === undefined ? undefined : { ...fault, act: () => process.kill(pid, 'SIGKILL') },
  );
  const { code, text } = await runCompiled(
    compiled,
    rig.step({
      GITHUB_SERVER_URL: proxy.url,
      'INPUT_MAX-PARALLEL': '2',
      ...(later === 0 ? {} : { NODE_OPTIONS: `--import=${clockAhead(later)}` }),
    }),
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

/** A module that puts the clock of a process ahead. */
function clockAhead(minutes: number): string {
  const source = `const D = Date; const by = ${minutes * 60_000}; globalThis.Date = class extends D { constructor(...a) { a.length === 0 ? super(D.now() + by) : super(...a); } static now() { return D.now() + by; } };`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

describe.skipIf(!existsSync(compiled))('a fan-out, killed with -9', () => {
  const callsOfARun = once(async () => {
    await start();
    const { code, calls, text } = await runBehind();
    expect({ code, text }).toMatchObject({ code: 0 });
    await rig.close();
    return calls;
  });

  it.each(failPoints)(
    '%s at a call: no issue has two runs, no more than two have one, and the next ones make up for it',
    async (point) => {
      for (const call of callsToStrike(await callsOfARun(), point, { reads: 2 })) {
        await start();

        const { struck } = await runBehind({ call, point });
        const issuesOf = async (): Promise<string[]> =>
          (await rig.runs()).map(({ inputs }) => inputs.issue ?? '').sort();
        const atOnce = await runBehind();
        const soon = await issuesOf();
        // Later what was written down and never started is taken for lost.
        const later = await runBehind(undefined, 6);

        expect({ call, struck, codes: [atOnce.code, later.code] }).toEqual({
          call,
          struck: true,
          codes: [0, 0],
        });
        expect({ call, twice: new Set(soon).size !== soon.length, many: soon.length > 2 }).toEqual({
          call,
          twice: false,
          many: false,
        });
        expect({ call, runs: await issuesOf() }).toEqual({ call, runs: ['1', '2'] });
        await rig.close();
      }
    },
    limitOfStrikes,
  );
});
