import { describe, expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import { writeFiles } from '../../../core/forge/contents.ts';

/** How a write of one new file ends that is answered like this. */
function written(status: number, message = '', mayDecline = false): Promise<string> {
  const send: Send = async () => ({ status, headers: {}, body: { message } });
  return writeFiles(send, 'owner/ops', {
    branch: 'main',
    message: 'm',
    files: [{ path: 'fired/a-1.json', content: '{}', sha: null }],
    mayDecline,
  });
}

describe('a file is created', () => {
  it('where the forge says so, and nowhere else', async () => {
    expect(await written(201)).toBe('written');
  });

  it.each<[number, string]>([
    [500, ''],
    [500, 'git.PushRejected'],
    [422, 'repository file already exists [path: fired/a-1.json]'],
    [409, 'sha does not match'],
    [403, 'PushRejected Error: cannot lock ref'],
  ])('not by whom %i is answered (%s): it has to be looked at again', async (status, message) => {
    expect(await written(status, message)).toBe('stale');
  });

  it('or declined, for those who have another way', async () => {
    expect(await written(403, 'user cannot commit to repo', true)).toBe('declined');
    await expect(written(403, 'user cannot commit to repo')).rejects.toMatchObject({ kind: 'permission' });
  });

  it.each([502, 503, 504])('perhaps, where a proxy answers %i', async (status) => {
    await expect(written(status)).rejects.toMatchObject({ kind: 'unknown-outcome' });
  });
});
