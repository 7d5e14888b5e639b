import { type EndedRun, runsSince } from '../../core/forge/runs.ts';
import { isGoingOn } from '../../core/host/backends.ts';
import { together } from '../../core/together.ts';
import { type EndedPipeline, pipelinesSince } from '../../core/woodpecker/history.ts';
import { lookupRepository } from '../../core/woodpecker/pipelines.ts';
import type { Context, Seen } from './state.ts';

/** How many runs are looked at: for pipelines that are expected it has to be certain that there was none. */
const most = { expected: 500, otherwise: 100 };

/** One run of a pipeline of either CI. */
interface Run {
  name: string;
  /** Of runs of one second the later one has the higher number. */
  id: number;
  at: string;
  isRed: boolean;
  /** Whether it is one of the branch itself, it is over, and nobody started it by hand: what waits or runs says nothing yet. */
  counts: boolean;
  url: string | null;
}

/** When the pipelines that have to run last did, and which of all pipelines are red. */
export async function readRuns(
  { settings, send, woodpecker, now }: Context,
  ops: string,
  branch: string,
): Promise<Pick<Seen, 'expected' | 'red' | 'leftOut'>> {
  const wanted = settings['expected-runs'].map((item) => {
    const at = item.lastIndexOf('=');
    const [amount, unit] = [Number(item.slice(at + 1, -1)), item.at(-1)];
    return { name: item.slice(0, at), withinMs: amount * (unit === 'd' ? 86_400_000 : 3_600_000) };
  });
  const mostRuns = wanted.length === 0 ? most.otherwise : most.expected;
  const since =
    Date.parse(now) -
    (wanted.length === 0
      ? settings['recent-days'] * 86_400_000
      : // Twice as long, so that one that is late is still found.
        2 * Math.max(...wanted.map(({ withinMs }) => withinMs)));
  const [runs, pipelines] = await together(
    runsSince(send, ops, new Date(since).toISOString(), mostRuns),
    woodpecker === undefined
      ? Promise.resolve(undefined)
      : lookupRepository(woodpecker, ops).then((id) =>
          pipelinesSince(woodpecker, id, Math.floor(since / 1000), mostRuns),
        ),
  );
  const all = [
    ...(runs?.runs ?? []).map((run) => ofForgejo(run, branch)),
    ...(pipelines?.pipelines ?? []).map((pipeline) => ofWoodpecker(pipeline, branch)),
  ];
  const expected = wanted.map(({ name, withinMs }) => ({
    name,
    withinMs,
    last: inOrder(all.filter((item) => item.name === name)).at(-1)?.at ?? null,
  }));
  const isCut = runs?.complete === false || pipelines?.complete === false;
  return {
    expected,
    red: redIn(all),
    leftOut:
      isCut && expected.some(({ last }) => last === null)
        ? [`runs of pipelines before the newest ${mostRuns}`]
        : [],
  };
}

function ofForgejo({ workflow_id: name, id, created, status, ...run }: EndedRun, branch: string): Run {
  return {
    name,
    id,
    at: new Date(Date.parse(created)).toISOString(),
    isRed: status === 'failure',
    // Runs of formulas are started by hand as well; those that fail are on record in the vault.
    counts: run.prettyref === branch && run.trigger_event !== 'workflow_dispatch' && !isGoingOn(status),
    url: run.html_url ?? null,
  };
}

/** A pipeline of Woodpecker has no name but that of its cron job. */
function ofWoodpecker({ cron, event, created, status, ...pipeline }: EndedPipeline, branch: string): Run {
  return {
    name: cron == null || cron === '' ? event : cron,
    id: pipeline.number,
    at: new Date(created * 1000).toISOString(),
    isRed: status === 'failure' || status === 'error',
    counts: pipeline.branch === branch && ['push', 'cron'].includes(event) && !isGoingOn(status),
    url: null,
  };
}

function inOrder(runs: readonly Run[]): Run[] {
  return [...runs].sort((a, b) => (a.at === b.at ? a.id - b.id : a.at < b.at ? -1 : 1));
}

/** Pipelines whose newest run is red, each since the first of the red runs at its end. */
function redIn(all: readonly Run[]): Seen['red'] {
  const counted = all.filter(({ counts }) => counts);
  return [...new Set(counted.map(({ name }) => name))].sort().flatMap((name) => {
    const own = inOrder(counted.filter((run) => run.name === name));
    const last = own.at(-1);
    if (last?.isRed !== true) return [];
    const first = own.slice(own.findLastIndex(({ isRed }) => !isRed) + 1)[0] ?? last;
    return [{ name, at: first.at, url: last.url }];
  });
}
