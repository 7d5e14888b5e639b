import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Collecting, evidenceFile, startCollecting } from '../collecting.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const compiled = existsSync(
  fileURLToPath(new URL('../../dist/collect-engagement/index.js', import.meta.url)),
);

let story: Collecting;
afterEach(() => story.close());

/** Runs the role until it has nothing to do; a run that never comes to rest is a failure. */
async function runToRest(): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const { lines, code } = await story.runHere();
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

/** What a run is cut off in: how the forge came to need it, and what has to be so in the end, however it went. */
const stories = {
  committing: {
    arrange: async (): Promise<void> => undefined,
    writes: 1,
    async expectEnd(): Promise<void> {
      expect(await story.textOf(evidenceFile)).toContain('"page_views": 2');
      expect(await story.textOf('evidence/engagement/README.md')).toContain('2026-01-20');
      const { body } = await story.seed.api('GET', `/repos/${story.ops}/commits`);
      expect(body).toHaveLength(2);
    },
  },
  proposing: {
    arrange: (): Promise<void> => story.protect(),
    writes: 4,
    async expectEnd(): Promise<void> {
      const { body } = await story.seed.api('GET', `/repos/${story.ops}/pulls?state=all`);
      expect(body).toMatchObject([{ number: 1, state: 'open' }]);
      const { body: files } = await story.seed.api('GET', `/repos/${story.ops}/pulls/1/files`);
      expect((files as { filename: string }[]).map(({ filename }) => filename).sort()).toEqual([
        evidenceFile,
        'evidence/engagement/README.md',
        'evidence/engagement/visitors.svg',
      ]);
      expect(await story.textOf(evidenceFile, 'evidence/engagement-2026-01-20')).toContain('"page_views": 2');
    },
  },
};
type StoryName = keyof typeof stories;

/** The calls of an undisturbed run of a story, which leads to the same end. */
const undisturbed = (name: StoryName): (() => Promise<string[]>) =>
  once(async () => {
    const { arrange, writes, expectEnd } = stories[name];
    story = await startCollecting();
    await arrange();
    const { calls } = await story.run();
    await runToRest();
    await expectEnd();
    await story.close();
    expect(calls.filter((call) => !call.startsWith('GET'))).toHaveLength(writes);
    expect(calls.length).toBeGreaterThan(4);
    return calls;
  });
const callsOf = { committing: undisturbed('committing'), proposing: undisturbed('proposing') };

describe.skipIf(!compiled)('the compiled collect-engagement killed with -9', () => {
  it.each(
    failPoints.flatMap((point) =>
      (Object.keys(stories) as StoryName[]).map((name) => [point, name] as const),
    ),
  )('%s, at calls of %s: a rerun completes, with the evidence once and nothing else', async (point, name) => {
    const { arrange, expectEnd } = stories[name];
    for (const call of callsToStrike(await callsOf[name](), point)) {
      story = await startCollecting();
      await arrange();

      expect(await runKilled(call, point)).toBe(true);
      await runToRest();

      await expectEnd();
      await story.close();
    }
  });
});
