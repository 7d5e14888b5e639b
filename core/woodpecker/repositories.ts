import * as z from 'zod/mini';
import { ifThere } from '../api/errors.ts';
import type { ApiRequest, Send } from '../api/send.ts';
import { anything, call, woodpeckerError } from './call.ts';

const repository = z.object({ id: z.int(), active: z.nullish(z.boolean()) });

/** Woodpecker's own number of a repository, where it is activated; undefined where it is not. `GET /api/repos/lookup/{owner}/{name}`. */
export async function findActive(send: Send, name: string): Promise<number | undefined> {
  const found = await ifThere(
    call(send, { method: 'GET', route: '/repos/lookup/{path}', params: { path: name } }, repository),
  );
  return found === undefined || found.active === false ? undefined : found.id;
}

/**
 * Activates a repository of the forge: its webhook is set, and its pipelines run. The account has to administer the repository.
 * False where it is active already. `POST /api/repos?forge_remote_id=`.
 */
export async function activateRepository(send: Send, forgeId: number): Promise<boolean> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos',
    params: { forge_remote_id: forgeId },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  if (response.status === 409) return false;
  throw woodpeckerError(request, response);
}

const secret = z.object({ name: z.string(), events: z.nullish(z.array(z.string())) });
export type PipelineSecret = z.infer<typeof secret>;

const cron = z.object({
  id: z.int(),
  name: z.string(),
  schedule: z.string(),
  branch: z.nullish(z.string()),
  enabled: z.nullish(z.boolean()),
  /** Seconds since 1970. */
  next_exec: z.nullish(z.int()),
});
export type CronJob = z.infer<typeof cron>;

/** The pages of a list, to its end. Of some lists an empty page is `null`. */
async function all<T>(read: (page: number) => Promise<T[] | null>): Promise<T[]> {
  const items: T[] = [];
  for (let page = 1; ; page += 1) {
    const found = (await read(page)) ?? [];
    items.push(...found);
    if (found.length === 0) return items;
  }
}

/** Names of a repository's secrets with the events they are for, and never what they hold. `GET /api/repos/{id}/secrets`. */
export function listPipelineSecrets(send: Send, id: number): Promise<PipelineSecret[]> {
  return all((page) =>
    call(
      send,
      { method: 'GET', route: '/repos/{id}/secrets', params: { id, page, perPage: 50 } },
      z.nullable(z.array(secret)),
    ),
  );
}

/** A secret for these events, and no others; one of that name is replaced. `POST` and `PATCH /api/repos/{id}/secrets`. */
export async function setPipelineSecret(
  send: Send,
  id: number,
  given: { name: string; value: string; events: string[]; isNew: boolean },
): Promise<void> {
  const { name, value, events, isNew } = given;
  await call(
    send,
    isNew
      ? { method: 'POST', route: '/repos/{id}/secrets', params: { id }, body: { name, value, events } }
      : {
          method: 'PATCH',
          route: '/repos/{id}/secrets/{name}',
          params: { id, name },
          body: { value, events },
        },
    anything,
  );
}

/** `GET /api/repos/{id}/cron`. */
export function listCronJobs(send: Send, id: number): Promise<CronJob[]> {
  return all((page) =>
    call(
      send,
      { method: 'GET', route: '/repos/{id}/cron', params: { id, page, perPage: 50 } },
      z.nullable(z.array(cron)),
    ),
  );
}

/** A cron job on a branch; false where there is one of that name. `POST /api/repos/{id}/cron`. */
export async function createCronJob(
  send: Send,
  id: number,
  given: { name: string; schedule: string; branch: string },
): Promise<boolean> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{id}/cron',
    params: { id },
    // Not said, a newer server takes it for switched off.
    body: { ...given, enabled: true },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  // Of two that were made at once, the second is refused by the database.
  if (response.status === 409) return false;
  throw woodpeckerError(request, response);
}
