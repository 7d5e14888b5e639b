import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Collecting, evidenceFile, startCollecting } from '../collecting.ts';
import { callsToStrike, type FailPoint, failPoints, startFaultProxy } from './proxy.ts';

const compiled = existsSync(
  fileURLToPath(new URL('../../dist/collect-engagement/index.js', import.meta.url)),
);

let story: Collecting;
afterEach(() => story.close());

/** Runs the role until it has nothing to do; a run that never comes to rest is a failure. */
async function runToRest(): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const { lines, code } = await story.run();
    if (code === 0 && lines.some((line) => line.startsWith('Nothing to do'))) return;
  }
  throw new Error('the role never came to rest');
}

/** One run that is killed at the given call; whether there was such a call. */
async function runKilled(call: number, point: FailPoint): Promise<boolean> {
  let pid = 0;
  const proxy = await startFaultProxy(story.forge.url, {
    call,
    point,
    act: () => process.kill(pid, 'SIGKILL'),
  });
  await story.run({ CI_FORGE_URL: proxy.url }, (started) => {
    pid = started;
  });
  const { struck } = proxy;
  await proxy.close();
  return struck;
}

/** The calls to strike at, of an undisturbed run of this story. */
async function strikes(writes: number, prepare: () => Promise<void>): Promise<number[]> {
  story = await startCollecting();
  await prepare();
  const { calls } = await story.run();
  await story.close();
  expect(calls.filter((call) => !call.startsWith('GET'))).toHaveLength(writes);
  return callsToStrike(calls);
}

describe.skipIf(!compiled)('the compiled collect-engagement killed with -9', () => {
  it.each(failPoints)('%s, at calls of committing: a rerun completes, with one commit', async (point) => {
    for (let call = 1; ; call += 1) {
      story = await startCollecting();

      const struck = await runKilled(call, point);
      await runToRest();

      expect(await story.textOf(evidenceFile)).toContain('"page_views": 2');
      expect(await story.textOf('evidence/engagement/README.md')).toContain('2026-01-20');
      const { body } = await story.seed.api('GET', `/repos/${story.ops}/commits`);
      expect(body).toHaveLength(2);
      if (!struck) {
        expect(call).toBeGreaterThan(4);
        break;
      }
      await story.close();
    }
  });

  it.each(failPoints)(
    '%s, at calls of going through a pull request: there is one, with the evidence and nothing else',
    async (point) => {
      for (const call of await strikes(3, () => story.protect())) {
        story = await startCollecting();
        await story.protect();

        expect(await runKilled(call, point)).toBe(true);
        await runToRest();

        const { body } = await story.seed.api('GET', `/repos/${story.ops}/pulls?state=all`);
        expect(body).toMatchObject([{ number: 1, state: 'open' }]);
        const { body: files } = await story.seed.api('GET', `/repos/${story.ops}/pulls/1/files`);
        expect((files as { filename: string }[]).map(({ filename }) => filename)).toEqual([evidenceFile]);
        expect(await story.textOf(evidenceFile, 'evidence/engagement-2026-01-20')).toContain(
          '"page_views": 2',
        );
        await story.close();
      }
    },
  );
});
