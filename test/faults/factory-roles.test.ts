import { afterEach, describe, expect, it } from 'vitest';
import { type Processes, processFile, startProcesses } from '../processes.ts';
import { startTrees, type Trees } from '../trees.ts';
import { type FailPoint, failPoints, startFaultProxy } from './proxy.ts';
import { callsToStrike, once } from './strikes.ts';

// The connection is cut at a call, in this process; what was sent and not answered has happened all the same, as when the process
// is killed there.

let story: { close(): Promise<void> } | undefined;
afterEach(() => story?.close());

const tree = '## Objective: One\n- [ ] a (#1 — backlog)\nStatus: READY\n';
const after = '## Objective: One\n- [x] a (#1 — closed)\nStatus: DONE\n';

interface Play {
  forge: { url: string };
  run(
    environment?: Record<string, string>,
  ): Promise<{ code: number | null; lines: string[]; calls: string[] }>;
  expectEnd(): Promise<void>;
  close(): Promise<void>;
}

async function treeStory(how: 'committing' | 'proposing'): Promise<Play> {
  const trees: Trees = await startTrees({ access: how === 'committing' ? 'write' : 'read' });
  story = trees;
  await trees.issues(['closed']);
  await trees.write(tree);
  return {
    ...trees,
    async expectEnd() {
      const { body: pulls } = await trees.seed.api('GET', `/repos/${trees.ops}/pulls?state=all`);
      const { body: commits } = await trees.seed.api('GET', `/repos/${trees.ops}/commits`);
      if (how === 'committing') {
        expect(await trees.textOf()).toBe(after);
        expect(pulls).toEqual([]);
        expect(commits).toHaveLength(3);
        return;
      }
      expect(await trees.textOf()).toBe(tree);
      expect(pulls).toMatchObject([{ number: 1, state: 'open', head: { ref: 'prerequisites/update' } }]);
      expect(await trees.textOf('refs/pull/1/head')).toBe(after);
    },
  };
}

async function processStory(how: 'committing' | 'proposing'): Promise<Play> {
  const processes: Processes = await startProcesses({ access: how === 'committing' ? 'write' : 'read' });
  story = processes;
  processes.at('2026-01-20T08:00:00Z');
  await processes.seed.createIssue(processes.owner, processes.project, { title: 'a thing' });
  processes.at('2026-01-21T01:00:00Z');
  return {
    ...processes,
    async expectEnd() {
      const { body: pulls } = await processes.seed.api('GET', `/repos/${processes.ops}/pulls?state=all`);
      const { body: commits } = await processes.seed.api('GET', `/repos/${processes.ops}/commits`);
      if (how === 'committing') {
        expect(await processes.textOf(processFile)).toContain('"opened": 1');
        expect(await processes.textOf('evidence/process/README.md')).toContain('2026-01-20');
        expect(pulls).toEqual([]);
        expect(commits).toHaveLength(2);
        return;
      }
      expect(pulls).toMatchObject([{ number: 1, state: 'open' }]);
      expect(await processes.textOf(processFile, 'refs/pull/1/head')).toContain('"opened": 1');
    },
  };
}

const plays = {
  'prerequisites committing': () => treeStory('committing'),
  'prerequisites proposing from a fork': () => treeStory('proposing'),
  'collect-process-metrics committing': () => processStory('committing'),
  'collect-process-metrics proposing from a fork': () => processStory('proposing'),
};
type Name = keyof typeof plays;
const names = Object.keys(plays) as Name[];

async function runToRest(play: Play): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const { code, lines } = await play.run();
    if (code === 0 && lines.at(-1)?.includes('Nothing to do') === true) return;
  }
  throw new Error('the role never came to rest');
}

const undisturbed = (name: Name): (() => Promise<string[]>) =>
  once(async () => {
    const play = await plays[name]();
    const { calls } = await play.run();
    await runToRest(play);
    await play.expectEnd();
    await play.close();
    story = undefined;
    return calls;
  });
const callsOf = Object.fromEntries(names.map((name) => [name, undisturbed(name)])) as Record<
  Name,
  () => Promise<string[]>
>;

describe.each(names)('%s', (name) => {
  it.each(failPoints)(
    'cut off %s a call: a rerun completes, with everything once',
    async (point: FailPoint) => {
      for (const call of callsToStrike(await callsOf[name](), point)) {
        const play = await plays[name]();
        const proxy = await startFaultProxy(play.forge.url, { call, point });

        await play.run({ CI_FORGE_URL: proxy.url });
        expect(proxy.struck).toBe(true);
        await proxy.close();
        await runToRest(play);

        await play.expectEnd();
        await play.close();
        story = undefined;
      }
    },
  );
});
