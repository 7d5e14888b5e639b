import * as z from 'zod/mini';
import type { Send } from '../api/send.ts';
import { call } from './call.ts';

// What Woodpecker's pipelines came to, for whoever counts them.

const pipeline = z.object({
  number: z.int(),
  status: z.string(),
  event: z.string(),
  /** `refs/heads/main`, `refs/pull/12/head`. */
  ref: z.nullish(z.string()),
  branch: z.nullish(z.string()),
  /** The name of the cron job that started it. */
  cron: z.nullish(z.string()),
  /** Seconds since 1970; 0 where it has not ended. */
  created: z.int(),
  finished: z.nullish(z.int()),
});
export type EndedPipeline = z.infer<typeof pipeline>;

const perPage = 50;

/**
 * Pipelines that were created since a moment (seconds since 1970), newest first, and whether these are all of them: at most `most`
 * are looked at. `GET /api/repos/{id}/pipelines`.
 */
export async function pipelinesSince(
  send: Send,
  repositoryId: number,
  since: number,
  most: number,
): Promise<{ pipelines: EndedPipeline[]; complete: boolean }> {
  const pipelines = new Map<number, EndedPipeline>();
  for (let page = 1; ; page += 1) {
    const items = await call(
      send,
      { method: 'GET', route: '/repos/{id}/pipelines', params: { id: repositoryId, page, perPage } },
      z.array(pipeline),
    );
    for (const item of items) pipelines.set(item.number, item);
    const last = items.at(-1);
    const isOver = last === undefined || last.created < since;
    if (isOver || page * perPage >= most)
      return {
        pipelines: [...pipelines.values()].filter(({ created }) => created >= since),
        complete: isOver,
      };
  }
}

/** The steps of a pipeline that failed, as `workflow/step`. `GET /api/repos/{id}/pipelines/{number}`. */
export async function failedSteps(send: Send, repositoryId: number, number: number): Promise<string[]> {
  const step = z.object({ name: z.string(), state: z.string() });
  const { workflows } = await call(
    send,
    { method: 'GET', route: '/repos/{id}/pipelines/{number}', params: { id: repositoryId, number } },
    z.object({
      workflows: z.nullish(
        z.array(z.object({ name: z.string(), state: z.string(), children: z.nullish(z.array(step)) })),
      ),
    }),
  );
  return (workflows ?? []).flatMap(({ name, state, children }) => {
    const failed = (children ?? []).filter((item) => isRed(item.state)).map((item) => `${name}/${item.name}`);
    // One that could not even begin has no steps.
    return failed.length > 0 ? failed : isRed(state) ? [name] : [];
  });
}

/** Whether a state is one of something that failed; what was killed or turned down says nothing of what it ran. */
export function isRed(state: string): boolean {
  return state === 'failure' || state === 'error';
}
