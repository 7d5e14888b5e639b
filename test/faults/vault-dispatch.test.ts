import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { startVault, type Vault } from '../vault.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const file = compiledFile('vault-dispatch');

let vault: Vault;
afterEach(() => vault.close());

/** One run that is killed at the given call; whether there was such a call. */
async function runKilled(call: number, point: FailPoint): Promise<boolean> {
  let pid = 0;
  const proxy = await startFaultProxy(vault.forge.url, {
    call,
    point,
    act: () => process.kill(pid, 'SIGKILL'),
  });
  await runCompiled(
    file,
    { ...vault.environment(), CI_FORGE_URL: proxy.url },
    {
      started: (id) => {
        pid = id;
      },
    },
  );
  const { struck } = proxy;
  await proxy.close();
  return struck;
}

/** A vault with one action that is asked for, approved and merged. */
async function startApproved(): Promise<void> {
  vault = await startVault();
  await vault.approved('backup-1');
}

/** The calls of an undisturbed run. */
const callsOfARun = once(async () => {
  await startApproved();
  const { calls } = await vault.run();
  await vault.close();
  expect(calls.filter((call) => !call.startsWith('GET'))).toHaveLength(5);
  return calls;
});

describe.skipIf(!existsSync(file))('the compiled vault-dispatch killed with -9', () => {
  it.each(failPoints)(
    '%s, at its calls: never two runs, and what happened is found out or asked of a person',
    async (point) => {
      let started = 0;
      let asked = 0;
      const calls = await callsOfARun();
      // The intent and the start, always: what lies between them is what matters most.
      const always = calls.flatMap((call, index) =>
        /^POST .*(?:\/fired\/|\/dispatches)/.test(call) ? [index + 1] : [],
      );
      for (const call of new Set([...always, ...callsToStrike(calls, point)])) {
        await startApproved();

        expect(await runKilled(call, point)).toBe(true);
        await vault.run();
        const later = await vault.run({}, new Date(Date.now() + 20 * 60_000));

        const runs = await vault.runs();
        expect(runs.length).toBeLessThanOrEqual(1);
        const record = await vault.record('backup-1');
        expect(record?.intent.nonce).toBeDefined();
        if (runs.length === 1) {
          started += 1;
          expect(runs[0]?.inputs.nonce).toBe(record?.intent.nonce);
          expect(record?.run.id).toBe(runs[0]?.id);
        } else {
          asked += 1;
          expect(later.code).toBe(1);
          expect(later.text).toContain('whether it ran is unknown, so it is not started again');
        }
        await vault.close();
      }
      // Only a death between intent and start leaves it to a person; everywhere else it goes on by itself.
      expect(started).toBeGreaterThan(0);
      expect(asked).toBeGreaterThan(0);
    },
  );
});
