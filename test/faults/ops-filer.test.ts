import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { entries, type Story, sprintDocument, startStory } from '../story.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const compiled = existsSync(fileURLToPath(new URL('../../dist/ops-filer/index.js', import.meta.url)));

let story: Story;
afterEach(() => story.close());

/** What must be true in the end, however often and wherever a run was cut off. */
async function expectAllFiledOnce(): Promise<void> {
  const issues = (await story.issues()).filter(({ author }) => author === 'filer');
  expect(issues.map(({ title, state }) => `${title} ${state}`)).toEqual([
    'Title of a open',
    'Title of b open',
  ]);
  expect((await story.issues())[0]?.labels).toEqual(['in-progress', 'vision']);
  expect(
    (await story.seed.api('GET', `/repos/${story.project}/issues/${issues[1]?.number}/dependencies`)).body,
  ).toMatchObject([{ number: issues[0]?.number }]);
  expect(issues[1]?.body).toContain(`- #${issues[0]?.number}\n`);
}

/** Runs the role until it has nothing to do; a run that never comes to rest is a failure. */
async function runToRest(): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const { report, code } = await story.run();
    if (report?.outcome === 'unchanged' && code === 0) return;
  }
  throw new Error('the role never came to rest');
}

/** One run with a fault at the given call; whether there was such a call. */
async function runWithFault(call: number, point: FailPoint, kill: boolean): Promise<boolean> {
  let pid = 0;
  const proxy = await startFaultProxy(story.forge.url, {
    call,
    point,
    ...(kill ? { act: () => process.kill(pid, 'SIGKILL') } : {}),
  });
  const environment = { CI_FORGE_URL: proxy.url };
  if (kill)
    await story.runCompiled(environment, (started) => {
      pid = started;
    });
  else await story.run(environment);
  const { struck } = proxy;
  await proxy.close();
  return struck;
}

/** What a run is cut off in: how the forge came to need it, and what has to be so in the end, however it went. */
const stories = {
  filing: {
    async arrange(): Promise<void> {
      story = await startStory();
      story.document('x.md', sprintDocument(story.vision, entries('a', 'b: a')));
    },
    expectEnd: expectAllFiledOnce,
  },
  closing: {
    async arrange(): Promise<void> {
      story = await startStory();
      story.document('x.md', sprintDocument(story.vision, entries('a')));
      await story.run();
      await story.seed.closeIssue(story.owner, story.project, 2);
    },
    async expectEnd(): Promise<void> {
      expect((await story.issues())[0]).toMatchObject({ state: 'closed', labels: ['vision'] });
      expect(await story.comments(story.vision)).toHaveLength(1);
    },
  },
};
type StoryName = keyof typeof stories;

/** The calls of an undisturbed run of a story, which leads to the same end. */
const undisturbed = (name: StoryName): (() => Promise<string[]>) =>
  once(async () => {
    const { arrange, expectEnd } = stories[name];
    await arrange();
    const { calls } = await story.runCompiled();
    await runToRest();
    await expectEnd();
    await story.close();
    // Fewer would mean that the run did not do what it is cut off in.
    expect(calls.length).toBeGreaterThan(11);
    return calls;
  });
const callsOf = { filing: undisturbed('filing'), closing: undisturbed('closing') };

const everyStory = failPoints.flatMap((point) =>
  (Object.keys(stories) as StoryName[]).map((name) => [point, name] as const),
);

describe.skipIf(!compiled)('the compiled ops-filer killed with -9', () => {
  it.each(everyStory)(
    '%s, at calls of %s: a rerun completes, with nothing doubled and nothing lost',
    async (point, name) => {
      const { arrange, expectEnd } = stories[name];
      for (const call of callsToStrike(await callsOf[name](), point)) {
        await arrange();

        const struck = await runWithFault(call, point, true);
        await runToRest();

        expect(struck).toBe(true);
        await expectEnd();
        await story.close();
      }
    },
  );
});

describe('a connection cut', () => {
  it.each(failPoints)(
    '%s, at calls of filing: red and "unknown" where a write was under way, and a rerun completes',
    async (point) => {
      for (const call of callsToStrike(await callsOf.filing(), point)) {
        await stories.filing.arrange();
        const proxy = await startFaultProxy(story.forge.url, { call, point });

        const ran = await story.run({ CI_FORGE_URL: proxy.url });
        await proxy.close();

        expect(proxy.struck).toBe(true);
        const isWrite = proxy.calls[call - 1]?.startsWith('GET') === false;
        if (isWrite && point !== 'after-reply') {
          expect(ran).toMatchObject({ code: 1, report: { outcome: 'failed' } });
          expect(ran.text).toContain('unknown: ');
          // Never repeated blindly: the call was made once.
          expect(
            proxy.calls.filter(
              (made, index) => index > call - 1 && made === proxy.calls[call - 1] && made.includes('/labels'),
            ),
          ).toEqual([]);
        } else if (point !== 'after-reply') {
          // A read is tried again.
          expect(ran.code).toBe(0);
        } else if (ran.code !== 0) {
          // The connection that died after the reply took the next call with it, which had just been sent on it.
          expect(ran.text).toContain('unknown: ');
        }
        await runToRest();
        await expectAllFiledOnce();
        await story.close();
      }
    },
  );
});
