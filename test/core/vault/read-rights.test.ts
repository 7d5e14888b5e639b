import { describe, expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import { createPeople } from '../../../core/vault/read-rights.ts';

/** Who may be assigned, and what each may do; `undefined` where our account may not ask. */
function people(rights: Record<string, string | undefined>): ReturnType<typeof createPeople> {
  const send: Send = async ({ route, params }) => {
    if (route.endsWith('/assignees'))
      return { status: 200, headers: {}, body: Object.keys(rights).map((login, id) => ({ id, login })) };
    const permission = rights[String(params?.collaborator)];
    return permission === undefined
      ? { status: 403, headers: {}, body: { message: 'Only admins can query all permissions' } }
      : { status: 200, headers: {}, body: { permission } };
  };
  return createPeople(send);
}

describe('who may write', () => {
  it('is asked of each by name, for who may be assigned may be somebody who only sorts issues', async () => {
    const found = people({ ada: 'write', sorter: 'read', owner: 'owner', root: 'admin', gone: 'none' });

    expect(await found.writers('owner/ops')).toEqual(['ada', 'owner', 'root']);
    expect(await found.admins('owner/ops')).toEqual(['owner', 'root']);
  });

  it('is who may be assigned where nobody else’s rights may be asked, and who administers is unknown', async () => {
    const found = people({ ada: 'write', sorter: undefined });

    expect(await found.writers('owner/ops')).toEqual(['ada', 'sorter']);
    expect(await found.admins('owner/ops')).toEqual({
      unknown: expect.stringContaining('only its admins may ask'),
    });
  });
});
