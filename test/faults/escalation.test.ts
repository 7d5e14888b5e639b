import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { compiledFile } from '../compiled.ts';
import { anIssue, type Escalating, startEscalating } from '../escalating.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const file = compiledFile('escalation');

let crew: Escalating;
afterEach(() => crew.close());

/** One run that is killed at the given call; whether there was such a call. */
async function runKilled(call: number, point: FailPoint): Promise<boolean> {
  let pid = 0;
  const proxy = await startFaultProxy(crew.forge.url, {
    call,
    point,
    act: () => process.kill(pid, 'SIGKILL'),
  });
  await crew.runCompiled({ CI_FORGE_URL: proxy.url }, (id) => {
    pid = id;
  });
  const { struck } = proxy;
  await proxy.close();
  return struck;
}

/** One proposal that is clicked, and that nothing was done of yet. */
async function startClicked(): Promise<string> {
  crew = await startEscalating();
  const [proposal] = await crew.proposed(anIssue);
  await crew.react(crew.bob, proposal?.id ?? 0);
  return /Proposal `([^`]+)`/.exec(proposal?.body ?? '')?.[1] ?? '';
}

const callsOfARun = once(async () => {
  await startClicked();
  const { calls } = await crew.run();
  await crew.close();
  expect(calls.filter((call) => !call.startsWith('GET'))).toHaveLength(5);
  return calls;
});

describe.skipIf(!existsSync(file))('the compiled escalation killed with -9', () => {
  it.each(failPoints)(
    '%s, at its calls: never twice, told once, and what happened is found out or said',
    async (point) => {
      const calls = await callsOfARun();
      // The claim and the deed, always: what lies between them is what matters most.
      const always = calls.flatMap((call, index) =>
        /^POST .*(?:\/decided\/|\/issues )/.test(call) ? [index + 1] : [],
      );
      for (const call of new Set([...always, ...callsToStrike(calls, point)])) {
        const id = await startClicked();

        expect(await runKilled(call, point)).toBe(true);
        await crew.run();
        crew.later(20 * 60);
        await crew.run();
        await crew.run();

        const made = await crew.made();
        expect([call, made.length <= 1]).toEqual([call, true]);
        const outcome = await crew.record<{ kind: string; number: number | null }>(`outcomes/${id}.json`);
        expect([call, outcome?.kind]).toEqual([call, made.length === 1 ? 'done' : 'unknown']);
        if (made.length === 1) expect(outcome?.number).toBe(made[0]?.number);
        const words = (await crew.comments()).filter(({ body }) =>
          body.includes('<!-- forgecrew: crew end '),
        );
        expect([call, words.length]).toEqual([call, 1]);
        expect(await crew.files('told')).toContain(`${id}.json`);
        await crew.close();
      }
      crew = await startEscalating();
    },
  );
});
