import { describe, expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import { createPeople, readRights } from '../../../core/vault/read-rights.ts';

/** A forge where these may be assigned, with what each may do; `null` where our account may not ask. */
function people(rights: Record<string, string> | null): { send: Send; asked: string[] } {
  const asked: string[] = [];
  const send: Send = async ({ route, params = {} }) => {
    if (route.endsWith('/assignees')) {
      asked.push('assignees');
      const logins = Object.keys(rights ?? { ada: '', bob: '' });
      return { status: 200, headers: {}, body: logins.map((login, id) => ({ id: id + 1, login })) };
    }
    const login = String(params.collaborator);
    asked.push(login);
    if (rights === null) return { status: 403, headers: {}, body: { message: 'Only admins may ask' } };
    const permission = login === 'site-admin' ? 'owner' : rights[login];
    return permission === undefined
      ? { status: 404, headers: {}, body: { message: 'user does not exist' } }
      : { status: 200, headers: {}, body: { permission } };
  };
  return { send, asked };
}

const known = { ada: 'write', bob: 'read', owner: 'owner', eve: 'read' };

describe('who may write', () => {
  it('is asked of everybody once a run, however often it matters', async () => {
    const { send, asked } = people(known);
    const found = createPeople(send);

    expect(await found.writers('o/r')).toEqual(['ada', 'owner']);
    expect(await found.admins('o/r')).toEqual(['owner']);
    expect(await found.writers('o/r', { of: ['ada'] })).toEqual(['ada']);
    expect(asked).toEqual(['assignees', 'ada', 'bob', 'owner', 'eve']);
  });

  it('is asked of those only whose word counts, and never taken from the list for them', async () => {
    const { send, asked } = people(known);
    const found = createPeople(send);

    const rights = await readRights(found, 'o/r', {}, ['robot'], ['robot', 'BOB', 'ada', 'stranger']);

    expect(rights.writers).toEqual(['ada', 'owner', 'eve']);
    expect(rights.never).toEqual(['robot']);
    expect(asked).toEqual(['assignees', 'ada', 'bob']);
  });

  it('is told of one or two people by their rights alone', async () => {
    const { send, asked } = people(known);
    const found = createPeople(send);

    expect(await found.writers('owner/r', { of: ['ada', 'bob'] })).toEqual(['ada']);
    expect(await found.writers('owner/r', { of: ['owner'] })).toEqual(['owner']);
    expect(asked).toEqual(['ada', 'bob', 'owner']);
  });

  it.each([
    ['a site’s admin, who belongs to every repository and to none', 'site-admin', false],
    ['an account that is gone', 'ghost', false],
    ['an owner of the organisation', 'owner', true],
  ])('is for the list to say of %s', async (_, login, may) => {
    const { send, asked } = people(known);

    const writers = await createPeople(send).writers('org/r', { of: [login] });

    expect(writers.includes(login)).toBe(may);
    expect(asked).toContain('assignees');
  });

  it('is what the list says where our account may not ask', async () => {
    const { send } = people(null);

    expect(await createPeople(send).writers('o/r', { of: ['ada'] })).toEqual(['ada', 'bob']);
    expect(await createPeople(send).admins('o/r')).toHaveProperty('unknown');
  });
});
