import { describe, expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import { getBranch } from '../../../core/forge/branches.ts';
import { getExpectedUser } from '../../../core/forge/users.ts';

/** A server that knows of nothing that is asked. */
const nothing: Send = async () => ({
  status: 404,
  headers: {},
  body: { message: "The target couldn't be found." },
});

describe('what is not there', () => {
  it('is a forge, when nobody knows whose token it is', async () => {
    await expect(getExpectedUser(nothing, 'filer')).rejects.toMatchObject({
      message: expect.stringContaining('forge-url does not answer as a forge does'),
      remedy: expect.stringContaining('without /api/v1'),
    });
  });

  it('is a branch, which is named, or its repository', async () => {
    await expect(getBranch(nothing, 'owner/ops', 'master')).rejects.toMatchObject({
      kind: 'not-found',
      message: expect.stringMatching(/The forge said: The target couldn't be found\.$/),
      remedy: expect.stringContaining('owner/ops has a branch master'),
    });
  });
});
