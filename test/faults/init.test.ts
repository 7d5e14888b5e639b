import { afterEach, describe, expect, it } from 'vitest';
import { type Factory, startFactory } from '../factory.ts';
import { isThorough } from '../thorough.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

let factory: Factory;
afterEach(() => factory.close());

/** One run behind a proxy, cut off at a call of it where one is given: after a lost write a run writes nothing more. */
async function runBehind(fault?: {
  call: number;
  point: FailPoint;
}): Promise<{ code: number; calls: string[]; struck: boolean }> {
  const proxy = await startFaultProxy(factory.forge.url, fault);
  const { code } = await factory.init({ 'forge-url': proxy.url });
  const { calls, struck } = proxy;
  await proxy.close();
  return { code, calls, struck };
}

const callsOfARun = once(async () => {
  factory = await startFactory();
  const { calls } = await runBehind();
  await factory.close();
  return calls;
});

describe('forgecrew init, cut off', () => {
  it.each(failPoints)(
    '%s, at its calls, is made whole by the next run: nothing is doubled, nothing is missing',
    async (point) => {
      const calls = await callsOfARun();

      const all = callsToStrike(calls, point, { reads: 1 });
      // A sample: every fourth, at each point other ones.
      const chosen = all.filter((_, index) => isThorough || index % 4 === failPoints.indexOf(point));
      expect(chosen.length).toBeGreaterThan(0);
      for (const call of chosen) {
        factory = await startFactory();
        const cut = await runBehind({ call, point });
        const whole = await factory.init();
        const again = await factory.init();
        const { checkup } = await factory.doctor(await factory.tokens());
        const tokens = await factory.ask<{ name: string }[]>('GET', '/admin/users/dispatcher/tokens');

        const where = `${point} ${calls[call - 1]}`;
        expect([where, cut.struck]).toEqual([where, true]);
        expect([where, whole.code]).toEqual([where, 0]);
        expect([where, again.writes]).toEqual([where, []]);
        expect([where, checkup.findings.filter(({ state }) => state !== 'ok')]).toEqual([where, []]);
        // The one that a lost run made and nobody knows is gone; the other is this test's.
        expect([where, tokens.map(({ name }) => name).sort()]).toEqual([
          where,
          ['forgecrew acme/ops DISPATCHER_TOKEN', 'test dispatcher'],
        ]);
        await factory.close();
      }
      factory = await startFactory();
    },
    600_000,
  );
});
