import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';

/**
 * Whether somebody is told of what happens in a repository; `hidden` from an account that does not administer it. Webhooks of
 * the forge or of an organisation are not among them. `GET /repos/{owner}/{repo}/hooks`, scope read:repository.
 */
export async function hasWebhooks(send: Send, name: string): Promise<boolean | 'hidden'> {
  try {
    const hooks = await call(
      send,
      { method: 'GET', route: '/repos/{owner}/{repo}/hooks', params: { ...repositoryName(name) } },
      z.array(z.object({ id: z.int() })),
    );
    return hooks.length > 0;
  } catch (error) {
    if (isApiError(error, 'permission')) return 'hidden';
    throw error;
  }
}
