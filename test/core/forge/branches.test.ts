import { describe, expect, it } from 'vitest';
import type { ApiRequest, Send } from '../../../core/api/send.ts';
import { applyChange, type Change } from '../../../core/change.ts';
import { createBranch, firstCommit } from '../../../core/forge/branches.ts';

const commit = 'c'.repeat(40);

/** Answers a write and, where it is looked afterwards, says whether the branch is there. */
function forge(status: number, isThere: boolean): { send: Send; asked: ApiRequest[] } {
  const asked: ApiRequest[] = [];
  const send: Send = async (request) => {
    asked.push(request);
    if (request.method === 'POST') return { status, headers: {}, body: { message: '' } };
    return isThere
      ? { status: 200, headers: {}, body: { name: 'b', commit: { id: 'other' }, protected: false } }
      : { status: 404, headers: {}, body: { message: '' } };
  };
  return { send, asked };
}

describe('a branch', () => {
  it('is made at the commit that was named', async () => {
    const { send, asked } = forge(201, true);

    expect(await createBranch(send, 'owner/ops', 'b', commit)).toBe(true);
    expect(asked.map(({ body }) => body)).toEqual([{ new_branch_name: 'b', old_ref_name: commit }]);
  });

  it.each([
    ['was there already', 409],
    ['was made by somebody else at the same moment', 500],
  ])('is not made where one of its name %s', async (_, status) => {
    expect(await createBranch(forge(status, true).send, 'owner/ops', 'b', commit)).toBe(false);
  });

  it.each([
    ['a server that fails has made nothing', 500, 'server'],
    ['nobody may make one', 403, 'permission'],
  ])('is an error where %s', async (_, status, kind) => {
    await expect(createBranch(forge(status, false).send, 'owner/ops', 'b', commit)).rejects.toMatchObject({
      kind,
    });
  });

  it('as a change is done, or left as it is where it was there already', async () => {
    const change: Change<'create-branch'> = {
      kind: 'create-branch',
      why: 'records need it',
      repository: 'owner/ops',
      branch: 'vault-records',
      commit,
    };
    const apply = (status: number): Promise<unknown> =>
      applyChange(change, {
        send: forge(status, true).send,
        workspace: '.',
        made: new Map(),
        ask: () => Promise.reject(new Error('no model')),
      });

    expect(await apply(201)).toEqual({ status: 'done', said: 'branch vault-records of owner/ops made' });
    expect(await apply(409)).toEqual({
      status: 'stale',
      said: 'branch vault-records of owner/ops was there already',
    });
  });
});

describe('the commit that a history begins with', () => {
  const history = (count: number): { send: Send; asked: unknown[] } => {
    const asked: unknown[] = [];
    const send: Send = async ({ params = {} }) => {
      asked.push(params.page);
      const nth = count - Number(params.page);
      const body = nth < 0 ? [] : [{ sha: `commit-${nth}`, parents: nth === 0 ? [] : [{}] }];
      return { status: 200, headers: { 'x-total-count': String(count) }, body };
    };
    return { send, asked };
  };

  it('is the last one that is listed, found by two calls however many there are', async () => {
    const { send, asked } = history(5000);

    expect(await firstCommit(send, 'owner/ops', 'main')).toBe('commit-0');
    expect(asked).toEqual([1, 5000]);
    expect(await firstCommit(history(1).send, 'owner/ops', 'main')).toBe('commit-0');
  });

  it('is never one that has parents, as where commits came in between the calls', async () => {
    const grown: Send = async ({ params = {} }) => ({
      status: 200,
      headers: { 'x-total-count': '2' },
      body: [{ sha: `at-${params.page}`, parents: [{}] }],
    });

    await expect(firstCommit(grown, 'owner/ops', 'main')).rejects.toMatchObject({ kind: 'incomplete' });
  });
});
