import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedScope, type Scope, writeRefusal } from '../../../../core/agent/sidecar/scope.ts';
import { requestRefusal, scopedSend } from '../../../../core/agent/sidecar/scoped-send.ts';
import type { ApiRequest } from '../../../../core/api/send.ts';
import { connect } from './client.ts';
import { type ForgeRig, openForgeRig } from './forge-rig.ts';
import { callEverything } from './joined.ts';

const scope: Scope = { repository: 'owner/project', issue: 5, pulls: [7, 9] };

describe('what may be written', () => {
  it.each([
    [5, true],
    [7, true],
    [9, true],
    [1, false],
    [6, false],
    [55, false],
    [0, false],
    [-5, false],
    [5.5, false],
    [Number.NaN, false],
  ])('#%s: %s', (number, may) => {
    expect(writeRefusal(scope, number) === undefined).toBe(may);
  });

  it('is named by a refusal', () => {
    expect(writeRefusal(scope, 6)).toBe(
      'Out of scope: this run may write only its issue #5 and its own pull requests #7, #9 of owner/project, and not #6. Reading is allowed.',
    );
    expect(writeRefusal({ ...scope, pulls: [] }, 6)).toContain(
      'may write only its issue #5 of owner/project',
    );
  });

  it('does not grow with a list that somebody else holds', () => {
    const pulls = [7];
    const fixed = fixedScope({ ...scope, pulls });

    pulls.push(8);

    expect(writeRefusal(fixed, 8)).toBeDefined();
    expect(() => (fixed.pulls as number[]).push(8)).toThrow(TypeError);
  });
});

/**
 * Every call of the forge client. `read`: an agent's tool reads it, anywhere in its repository. `scope`: a tool writes it, in its
 * scope only. `own`: what undoes a comment of the same run. `never`: no tool can cause it.
 */
const calls: Record<string, 'read' | 'scope' | 'own' | 'never'> = {
  'DELETE /admin/users/{username}/tokens/{id}': 'never',
  'DELETE /repos/{owner}/{repo}/branch_protections/{path}': 'never',
  'DELETE /repos/{owner}/{repo}/branches/{path}': 'never',
  'DELETE /repos/{owner}/{repo}/issues/comments/{id}': 'own',
  'DELETE /repos/{owner}/{repo}/issues/{index}/dependencies': 'never',
  'DELETE /repos/{owner}/{repo}/issues/{index}/labels/{id}': 'never',
  'DELETE /repos/{owner}/{repo}/labels/{id}': 'never',
  'GET /admin/users/{username}/tokens': 'never',
  'GET /orgs/{org}': 'never',
  'GET /orgs/{org}/labels': 'never',
  'GET /orgs/{org}/members/{username}': 'never',
  'GET /orgs/{org}/teams': 'never',
  'GET /repos/{owner}/{repo}': 'never',
  'GET /repos/{owner}/{repo}/actions/jobs/{id}/logs': 'never',
  'GET /repos/{owner}/{repo}/actions/runs': 'never',
  'GET /repos/{owner}/{repo}/actions/runs/{id}': 'never',
  'GET /repos/{owner}/{repo}/actions/runs/{id}/jobs': 'never',
  'GET /repos/{owner}/{repo}/actions/secrets': 'never',
  'GET /repos/{owner}/{repo}/assignees': 'never',
  'GET /repos/{owner}/{repo}/branch_protections': 'never',
  'GET /repos/{owner}/{repo}/branches': 'never',
  'GET /repos/{owner}/{repo}/branches/{path}': 'never',
  'GET /repos/{owner}/{repo}/collaborators/{collaborator}/permission': 'never',
  'GET /repos/{owner}/{repo}/commits': 'never',
  'GET /repos/{owner}/{repo}/commits/{sha}/pull': 'never',
  'GET /repos/{owner}/{repo}/commits/{sha}/status': 'never',
  'GET /repos/{owner}/{repo}/commits/{sha}/statuses': 'never',
  'GET /repos/{owner}/{repo}/compare/{basehead}': 'never',
  'GET /repos/{owner}/{repo}/contents/{path}': 'never',
  'GET /repos/{owner}/{repo}/git/blobs': 'never',
  'GET /repos/{owner}/{repo}/git/blobs/{sha}': 'never',
  'GET /repos/{owner}/{repo}/git/commits/{sha}': 'never',
  'GET /repos/{owner}/{repo}/git/refs/{path}': 'never',
  'GET /repos/{owner}/{repo}/git/trees/{sha}': 'never',
  'GET /repos/{owner}/{repo}/hooks': 'never',
  'GET /repos/{owner}/{repo}/issues': 'never',
  'GET /repos/{owner}/{repo}/issues/comments': 'never',
  'GET /repos/{owner}/{repo}/issues/comments/{id}': 'never',
  'GET /repos/{owner}/{repo}/issues/comments/{id}/reactions': 'never',
  'GET /repos/{owner}/{repo}/issues/{index}': 'read',
  'GET /repos/{owner}/{repo}/issues/{index}/comments': 'read',
  'GET /repos/{owner}/{repo}/issues/{index}/dependencies': 'never',
  'GET /repos/{owner}/{repo}/issues/{index}/timeline': 'never',
  'GET /repos/{owner}/{repo}/labels': 'never',
  'GET /repos/{owner}/{repo}/pulls': 'never',
  'GET /repos/{owner}/{repo}/pulls/{base}/{head}': 'never',
  'GET /repos/{owner}/{repo}/pulls/{index}': 'read',
  'GET /repos/{owner}/{repo}/pulls/{index}/files': 'never',
  'GET /repos/{owner}/{repo}/pulls/{index}/reviews': 'never',
  'GET /repos/{owner}/{repo}/pulls/{index}/reviews/{id}/comments': 'never',
  'GET /teams/{id}/members': 'never',
  'GET /teams/{id}/repos': 'never',
  'GET /user': 'never',
  'GET /users/{username}': 'never',
  'GET /users/{username}/tokens': 'never',
  'GET /version': 'never',
  'PATCH /repos/{owner}/{repo}': 'never',
  'PATCH /repos/{owner}/{repo}/branch_protections/{path}': 'never',
  'PATCH /repos/{owner}/{repo}/issues/comments/{id}': 'never',
  'PATCH /repos/{owner}/{repo}/issues/{index}': 'scope',
  'POST /admin/users': 'never',
  'POST /admin/users/{username}/repos': 'never',
  'POST /admin/users/{username}/tokens': 'never',
  'POST /orgs/{org}/repos': 'never',
  'POST /orgs/{org}/teams': 'never',
  'POST /repos/{owner}/{repo}/actions/runs/{id}/cancel': 'never',
  'POST /repos/{owner}/{repo}/actions/workflows/{name}/dispatches': 'never',
  'POST /repos/{owner}/{repo}/branch_protections': 'never',
  'POST /repos/{owner}/{repo}/branches': 'never',
  'POST /repos/{owner}/{repo}/contents': 'never',
  'POST /repos/{owner}/{repo}/contents/{path}': 'never',
  'POST /repos/{owner}/{repo}/forks': 'never',
  'POST /repos/{owner}/{repo}/issues': 'never',
  'POST /repos/{owner}/{repo}/issues/comments/{id}/reactions': 'never',
  'POST /repos/{owner}/{repo}/issues/{index}/comments': 'scope',
  'POST /repos/{owner}/{repo}/issues/{index}/dependencies': 'never',
  'POST /repos/{owner}/{repo}/issues/{index}/labels': 'never',
  'POST /repos/{owner}/{repo}/labels': 'never',
  'POST /repos/{owner}/{repo}/pulls': 'never',
  'POST /repos/{owner}/{repo}/pulls/{index}/merge': 'never',
  'POST /repos/{owner}/{repo}/pulls/{index}/requested_reviewers': 'never',
  'POST /repos/{owner}/{repo}/pulls/{index}/reviews': 'never',
  'POST /repos/{owner}/{repo}/statuses/{sha}': 'never',
  'POST /repos/{owner}/{repo}/sync_fork/{branch}': 'never',
  'POST /user/repos': 'never',
  'PUT /repos/{owner}/{repo}/actions/secrets/{name}': 'never',
  'PUT /repos/{owner}/{repo}/collaborators/{collaborator}': 'never',
  'PUT /repos/{owner}/{repo}/contents/{path}': 'never',
  'PUT /teams/{id}/members/{username}': 'never',
  'PUT /teams/{id}/repos/{org}/{repo}': 'never',
};

/** Every method and route that the sources of the client name, and how many places name one. */
function clientCalls(): { calls: string[]; understood: number; named: number } {
  const folder = new URL('../../../../core/forge/', import.meta.url);
  const text = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && name !== 'versions.ts')
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n');
  const found = [...text.matchAll(/method: ([^\n]*?),\s*route: '([^']+)'/g)];
  const all = found.flatMap(([, methods = '', route = '']) =>
    [...methods.matchAll(/'([A-Z]+)'/g)].map(([, method]) => `${method} ${route}`),
  );
  return {
    calls: [...new Set(all)].sort(),
    understood: found.length,
    named: [...text.matchAll(/route: '/g)].length,
  };
}

describe('every call of the forge client', () => {
  it('stands in the table', () => {
    const found = clientCalls();

    expect(found.understood).toBe(found.named);
    expect(found.calls).toEqual(Object.keys(calls).sort());
  });

  /** The same call for a number in scope, one outside, and in another repository. */
  const requests = (call: string): Record<'inside' | 'outside' | 'elsewhere', ApiRequest> => {
    const [method = '', route = ''] = call.split(' ');
    const request = (repo: string, number: number): ApiRequest => ({
      method: method as ApiRequest['method'],
      route,
      params: { owner: 'owner', repo, index: number, id: number, org: 'owner', path: 'x', sha: 'x' },
      body: { body: 'x' },
    });
    return {
      inside: request('project', 5),
      outside: request('project', 6),
      elsewhere: request('secrets', 5),
    };
  };

  it.each(Object.entries(calls))('%s: %s', (call, word) => {
    const may = (request: ApiRequest): boolean => requestRefusal(scope, request, new Set([5])) === undefined;
    const { inside, outside, elsewhere } = requests(call);

    expect([may(inside), may(outside), may(elsewhere)]).toEqual([word !== 'never', word === 'read', false]);
  });

  it('that changes a description changes nothing else of what it could', () => {
    const change = (body: unknown): string | undefined =>
      requestRefusal(scope, {
        method: 'PATCH',
        route: '/repos/{owner}/{repo}/issues/{index}',
        params: { owner: 'Owner', repo: 'Project', index: 5 },
        body,
      });

    expect(change({ body: 'x' })).toBeUndefined();
    for (const body of [
      { body: 'x', state: 'closed' },
      { state: 'closed' },
      { title: 'x' },
      {},
      null,
      undefined,
    ])
      expect(change(body)).toBe('it changes more than a description');
  });

  it('is not even sent where an agent may not cause it', async () => {
    const sent: ApiRequest[] = [];
    const send = scopedSend(async (request) => {
      sent.push(request);
      return { status: 201, headers: {}, body: { id: 77 } };
    }, scope);
    const own = { method: 'DELETE', route: '/repos/{owner}/{repo}/issues/comments/{id}' } as const;
    const params = { owner: 'owner', repo: 'project' };

    await expect(send({ ...own, params: { ...params, id: 77 } })).rejects.toThrow(
      'was not sent: an agent may not cause it, because this run did not write that comment.',
    );
    await send({
      method: 'POST',
      route: '/repos/{owner}/{repo}/issues/{index}/comments',
      params: { ...params, index: 5 },
    });
    await send({ ...own, params: { ...params, id: 77 } });

    expect(sent.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  });
});

describe('the sidecar', () => {
  let rig: ForgeRig;
  beforeAll(async () => {
    rig = await openForgeRig();
  });
  afterAll(() => rig.close());

  it('causes the calls of the table that a tool needs, whatever it is called with', async () => {
    const client = await connect(rig.sidecar.socket);

    await callEverything(client, [undefined, rig.issue, rig.other, rig.pull, 999]);
    client.end();

    const caused = new Set(rig.asked.map(({ method, route }) => `${method} ${route}`));
    expect([...caused].sort()).toEqual(
      Object.keys(calls)
        .filter((call) => ['read', 'scope'].includes(calls[call] ?? ''))
        .sort(),
    );
    const writes = rig.asked.filter(({ method }) => method !== 'GET').map(({ params }) => params?.index);
    expect([...new Set(writes)].sort()).toEqual([rig.issue, rig.pull]);
    expect(await rig.bodyOf(rig.other)).toBe('Leave it.');
  });
});
