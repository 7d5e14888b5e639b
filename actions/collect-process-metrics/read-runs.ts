import { failedJobs, runsSince } from '../../core/forge/runs.ts';
import { failedSteps, isRed, pipelinesSince } from '../../core/woodpecker/history.ts';
import { lookupRepository } from '../../core/woodpecker/pipelines.ts';
import type { RunHistory } from './history.ts';
import type { Period } from './measure.ts';
import type { PartRead } from './read-work.ts';
import type { Context } from './state.ts';

/** A run may have begun a while before the window that it ended in. */
const longestRun = 86_400_000;

/** A run that ended in the window, and how to find out what of it was red. */
type Ended = RunHistory & { ask: () => Promise<string[]> };

/** Runs of pipelines that ended in the window, of the forge and of Woodpecker, and of the red ones which step it was. */
export async function readRuns(context: Context, project: string, window: Period): Promise<PartRead> {
  const parts = [await ofForge(context, project, window), await ofWoodpecker(context, project, window)];
  const ended = parts.flatMap(({ runs }) => runs);
  const red = ended
    .filter(({ outcome }) => outcome === 'red')
    .sort((a, b) => Date.parse(b.ended) - Date.parse(a.ended) || (a.id < b.id ? -1 : 1));
  const most = context.settings['max-red'];
  const steps = new Map(
    await Promise.all(red.slice(0, most).map(async ({ id, ask }) => [id, (await ask()).sort()] as const)),
  );
  return {
    history: { runs: ended.map(({ ask: _, ...run }) => ({ ...run, steps: steps.get(run.id) ?? [] })) },
    sources: parts.flatMap(({ sources }) => sources),
    leftOut: [
      ...parts.flatMap(({ leftOut }) => leftOut),
      ...(red.length > most ? [`which step was red in ${red.length - most} runs (max-red)`] : []),
    ],
  };
}

interface RunsRead extends Pick<PartRead, 'sources' | 'leftOut'> {
  runs: Ended[];
}

async function ofForge({ settings, send }: Context, project: string, window: Period): Promise<RunsRead> {
  const since = new Date(window.from - longestRun).toISOString();
  const found = await runsSince(send, project, since, settings['max-runs']);
  if (found === undefined) return { runs: [], sources: [], leftOut: [] };
  return {
    runs: found.runs.flatMap((run) => {
      const ended = Date.parse(run.stopped ?? '');
      if (!(ended >= window.from && ended < window.to)) return [];
      if (run.status !== 'success' && run.status !== 'failure') return [];
      return [
        {
          id: `forgejo-${run.id}`,
          pipeline: run.workflow_id,
          ref: run.prettyref,
          ended: new Date(ended).toISOString(),
          outcome: run.status === 'success' ? ('green' as const) : ('red' as const),
          steps: [],
          ask: () => failedJobs(send, project, run.id),
        },
      ];
    }),
    sources: ['forgejo-actions'],
    leftOut: found.complete ? [] : ['older runs of Forgejo Actions (max-runs)'],
  };
}

async function ofWoodpecker(
  { settings, woodpecker }: Context,
  project: string,
  window: Period,
): Promise<RunsRead> {
  if (woodpecker === undefined) return { runs: [], sources: [], leftOut: [] };
  const id = await lookupRepository(woodpecker, project);
  const found = await pipelinesSince(
    woodpecker,
    id,
    Math.floor((window.from - longestRun) / 1000),
    settings['max-runs'],
  );
  return {
    runs: found.pipelines.flatMap((run) => {
      const ended = (run.finished ?? 0) * 1000;
      if (ended < window.from || ended >= window.to) return [];
      if (run.status !== 'success' && !isRed(run.status)) return [];
      return [
        {
          id: `woodpecker-${run.number}`,
          // A pipeline is all workflows of one event; what of them was red is told by the steps.
          pipeline: `woodpecker ${run.event}`,
          ref: run.ref ?? run.branch ?? '',
          ended: new Date(ended).toISOString(),
          outcome: isRed(run.status) ? ('red' as const) : ('green' as const),
          steps: [],
          ask: () => failedSteps(woodpecker, id, run.number),
        },
      ];
    }),
    sources: ['woodpecker'],
    leftOut: found.complete ? [] : ['older pipelines of Woodpecker (max-runs)'],
  };
}
