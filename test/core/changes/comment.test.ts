import { expect, it } from 'vitest';
import type { ApiResponse } from '../../../core/api/send.ts';
import { comment } from '../../../core/changes/comment.ts';
import type { ApplyContext } from '../../../core/changes/kind.ts';

const answers: Record<string, ApiResponse> = {
  'was deleted': {
    status: 404,
    headers: { 'content-type': 'application/json' },
    body: { message: 'no issue' },
  },
  'is of a repository that was renamed': {
    status: 307,
    headers: { location: '/api/v1/repos/owner/new/issues/1/comments' },
    body: null,
  },
};

const apply = (answer: ApiResponse | undefined, mayBeGone: boolean) =>
  comment.apply(
    { kind: 'comment', repository: 'owner/old', issue: 1, text: 'x', sign: 's', why: 'x', mayBeGone },
    { send: async () => answer, account: { id: 1, login: 'crew' } } as unknown as ApplyContext,
  );

it.each(Object.keys(answers))(
  'is done where its thread %s, if it may be gone, and fails otherwise',
  async (what) => {
    expect(await apply(answers[what], true)).toMatchObject({
      status: 'done',
      said: expect.stringContaining('is gone'),
    });
    await expect(apply(answers[what], false)).rejects.toThrow('answered');
  },
);

it('fails where it is not known whether its thread is there', async () => {
  await expect(
    apply({ status: 500, headers: { 'content-type': 'application/json' }, body: { message: '' } }, true),
  ).rejects.toThrow('answered 500');
});
