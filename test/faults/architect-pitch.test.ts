import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compiledFile } from '../compiled.ts';
import { type Pitching, pitchText, questionsAsked, startPitching } from '../pitching.ts';
import { limitOfStrikes } from '../thorough.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

const file = compiledFile('architect-pitch');

let forge: Pitching;
afterEach(() => forge.close());

/** An engine that never says the same twice, as a model does: a rerun may not depend on its answers. */
let engine = '';
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-engine-'));
  engine = path.join(folder, 'engine.mjs');
  const block = pitchText(1).split('## Sub-issues\n\n')[1] ?? '';
  writeFileSync(
    engine,
    `let input = '';
process.stdin.on('data', (chunk) => { input += chunk; }).on('end', () => {
  const tag = Math.random().toString(36).slice(2, 8);
  const say = input.includes('Revise the sub-issues')
    ? ${JSON.stringify(block)}.replace('Know how it is.', 'Know how it is, ' + tag + '.')
    : input.includes('ask them what has to be decided')
      ? ${JSON.stringify(questionsAsked)}.replace('One or two', 'One or two, ' + tag)
      : ${JSON.stringify(pitchText(1))}.replace('a first step', 'a first step ' + tag);
  process.stdout.write(say);
});
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const withEngine = (): Record<string, string> => ({
  PLUGIN_ENGINE: 'command',
  PLUGIN_ENGINE_COMMAND: `${process.execPath},${engine}`,
});

async function runKilled(call: number, point: FailPoint): Promise<boolean> {
  let pid = 0;
  const proxy = await startFaultProxy(forge.forge.url, {
    call,
    point,
    act: () => process.kill(pid, 'SIGKILL'),
  });
  await forge.runCompiled({ ...withEngine(), CI_FORGE_URL: proxy.url }, (id) => {
    pid = id;
  });
  const { struck } = proxy;
  await proxy.close();
  return struck;
}

/** What a run is killed in: how the forge came to need it, and what has to be so in the end, however it went. */
const stories = {
  pitching: {
    arrange: async () => {
      await forge.vision('A goal');
    },
    writes: 4,
    pulls: [['open', 'architect/sprint-vision-1']],
    said: [/^Reply `ACCEPT`/],
    branches: ['architect/ops:architect/sprint-vision-1'],
  },
  accepting: {
    arrange: async () => {
      await forge.vision('A goal');
      await forge.run({}, () => pitchText(1));
      await forge.say(forge.ada, 1, 'ACCEPT\nA1: Two\nA2: Yes');
    },
    writes: 7,
    pulls: [['open', 'architect/sprint-vision-1']],
    said: [/^Reply `ACCEPT`/, /^Accepted\. These are left/, /^Everything is decided/],
    branches: ['architect/ops:architect/sprint-vision-1'],
  },
  declining: {
    arrange: async () => {
      await forge.vision('A goal');
      await forge.run({}, () => pitchText(1));
      await forge.say(forge.ada, 1, 'REJECT: no');
    },
    writes: 3,
    pulls: [['closed', 'architect/sprint-vision-1']],
    said: [/^Reply `ACCEPT`/, /^Declined: no/],
    branches: [],
  },
};

type StoryName = keyof typeof stories;

/** The calls of an undisturbed run of a story. */
const undisturbed = (name: StoryName): (() => Promise<string[]>) =>
  once(async () => {
    forge = await startPitching();
    await stories[name].arrange();
    const { calls, writes } = await forge.runCompiled(withEngine());
    expect(writes.length).toBeGreaterThanOrEqual(stories[name].writes);
    await forge.close();
    return calls;
  });
const callsOf = {
  pitching: undisturbed('pitching'),
  accepting: undisturbed('accepting'),
  declining: undisturbed('declining'),
};

describe.skipIf(!existsSync(file))('the compiled architect-pitch killed with -9', () => {
  it.each(
    failPoints.flatMap((point) =>
      (Object.keys(stories) as StoryName[]).map((name) => [name, point] as const),
    ),
  )(
    'while %s, %s: a rerun leaves one branch, one pull request, and every word once',
    async (name, point) => {
      const story = stories[name];
      for (const call of callsToStrike(await callsOf[name](), point, { reads: 0 })) {
        forge = await startPitching();
        await story.arrange();

        const struck = await runKilled(call, point);
        await forge.run(withEngine());
        const last = await forge.run(withEngine());

        expect(struck).toBe(true);
        expect(last).toMatchObject({ code: 0, writes: [] });
        expect((await forge.pulls()).map(({ state, head }) => [state, head.label])).toEqual(story.pulls);
        expect(await forge.branches()).toEqual(story.branches);
        const said = (await forge.comments(1)).filter((text) => text.includes('<!-- forgecrew: '));
        expect(said).toHaveLength(story.said.length);
        for (const [index, pattern] of story.said.entries()) expect(said[index]).toMatch(pattern);
        if (story.branches.length > 0) expect(await forge.files(1)).toHaveLength(1);
        await forge.close();
      }
    },
    limitOfStrikes,
  );
});
