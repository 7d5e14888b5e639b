import { expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import { pullOfCommit } from '../../../core/forge/pulls.ts';

const answering =
  (more: object): Send =>
  async () => ({
    status: 200,
    headers: {},
    body: {
      number: 7,
      title: 't',
      body: '',
      state: 'closed',
      merged: true,
      merge_commit_sha: 'merge',
      updated_at: '2026-11-20T10:00:00Z',
      head: { label: 'x', ref: 'x', sha: 'head', repo_id: 1 },
      base: { ref: 'main', repo_id: 1 },
      ...more,
    },
  });

// Forges before Forgejo 8 answered this with any pull request that has the commit.
it.each<[string, object, number | undefined]>([
  ['the one that was merged by it', {}, 7],
  ['not one that was merged by another commit', { merge_commit_sha: 'other' }, undefined],
  ['not one of which no merge is named', { merge_commit_sha: null }, undefined],
  ['not one that is open', { merged: false }, undefined],
])('the pull request of a commit is %s', async (_, more, number) => {
  expect((await pullOfCommit(answering(more), 'owner/ops', 'merge'))?.number).toBe(number);
});
