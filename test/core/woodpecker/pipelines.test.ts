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

/** What every answer of Woodpecker carries. */
const own = { 'x-woodpecker-version': '3.17.0' };

describe('a pipeline', () => {
  it.each<[string, Partial<ApiResponse>]>([
    ['that nothing matches', { status: 204, headers: { 'pipeline-filtered': 'true' } }],
    ['of a repository that is not there', { status: 404, headers: own }],
    ['where a right is gone', { status: 403, headers: own }],
    ['with a token that is not known', { status: 401, headers: own }],
    ['with what cannot be read', { status: 400, body: 'invalid character', headers: own }],
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
    ['by a firewall without a word', { status: 403 }],
    ['by a balancer without a word', { status: 404 }],
    ['by a login in front of it', { status: 401, body: 'Unauthorized' }],
    ['by a firewall that lets headers through', { status: 403, body: 'Forbidden', headers: own }],
  ])('that is answered %s may have been started', async (_, answer) => {
    expect(isSurelyNotDone(await failure(answer))).toBe(false);
  });

  it('that a gateway answers with a web page is told without the page', async () => {
    const body = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';

    const { message } = (await failure({ status: 502, body })) as Error;

    expect(message).toContain('It was a web page ("502 Bad Gateway")');
    expect(message).not.toContain('<');
  });
});
