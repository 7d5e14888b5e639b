import { describe, expect, it } from 'vitest';
import { namesLogin, ownerOf, sameAccount, sameRepository } from '../../core/accounts.ts';

describe('whether two are one', () => {
  it.each([
    ['the same id', { id: 2 }, { id: 2 }, true],
    ['another id', { id: 2 }, { id: 3 }, false],
    ['a user who is gone', null, { id: 2 }, false],
    ['two users who are gone', null, null, false],
    ['a user who is gone and an account that is not there', null, undefined, false],
    ['a user and an account that is not there', { id: 2 }, undefined, false],
  ])('of accounts, with %s', (_, user, account, expected) => {
    expect(sameAccount(user, account)).toBe(expected);
  });

  it('of logins and repositories, without regard to case', () => {
    expect(namesLogin(['ada', 'Bob'], 'BOB')).toBe(true);
    expect(namesLogin(['ada'], 'adaa')).toBe(false);
    expect(sameRepository('Owner/Ops', 'owner/ops')).toBe(true);
    expect(ownerOf('owner/ops')).toBe('owner');
  });
});
