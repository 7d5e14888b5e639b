import { describe, expect, it } from 'vitest';
import { isSurelyNotDone } from '../../../core/api/errors.ts';
import type { ApiResponse } from '../../../core/api/send.ts';
import { startPipeline } from '../../../core/woodpecker/pipelines.ts';

/** What a start that is answered so fails with. */
async function failure(answer: Partial<ApiResponse>): Promise<unknown> {
  return startPipeline(async () => ({ status: 200, headers: {}, body: null, ...answer }), 1, {
    branch: 'main',
    variables: {},
  }).catch((error: unknown) => error);
}

describe('a pipeline', () => {
  it.each<[string, Partial<ApiResponse>]>([
    ['that nothing matches', { status: 204, headers: { 'pipeline-filtered': 'true' } }],
    ['of a repository that is not there', { status: 404 }],
    ['with a token that is not known', { status: 401, body: 'User not authorized' }],
    ['with what cannot be read', { status: 400, body: 'invalid character' }],
    ['that a limiter turns away', { status: 429, body: 'slow down' }],
  ])('%s was surely not started', async (_, answer) => {
    expect(isSurelyNotDone(await failure(answer))).toBe(true);
  });

  it.each<[string, Partial<ApiResponse>]>([
    ['by 204 as anybody may', { status: 204 }],
    ['by a firewall in one word', { status: 403, body: 'Forbidden' }],
    ['by a balancer without a server', { status: 404, body: 'no backend' }],
    ['by a proxy that lost patience', { status: 408, body: 'timeout' }],
    ['by a gateway that gave up', { status: 502 }],
  ])('that is answered %s may have been started', async (_, answer) => {
    expect(isSurelyNotDone(await failure(answer))).toBe(false);
  });
});
