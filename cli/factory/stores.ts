import { namesLogin, sameLogin } from '../../core/accounts.ts';
import { usualStateRepo } from '../../core/agent/entry.ts';
import { ifThere } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { usualRecordRepo, whyNotRecord } from '../../core/escalation/record-repo.ts';
import { findUser } from '../../core/forge/accounts.ts';
import { listWriters, permissionOf } from '../../core/forge/people.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { hasWebhooks } from '../../core/forge/webhooks.ts';
import { type Staff, showingRoles } from './posts.ts';

/** A private repository of a role's own account, without CI. */
export interface Store {
  /** The post whose account has it. */
  post: string;
  login: string;
  /** As owner/name. */
  name: string;
  holds: string;
  /** Whether nobody else may write there: what stands there lets things happen. */
  isRecord: boolean;
  /** Accounts whose roles show what stands there. */
  readers: readonly string[];
}

/** The stores that the roles of a factory need; `showing`: accounts beside these whose roles show what stands there. Pure. */
export function storesOf(staff: readonly Staff[], showing: readonly string[] = []): Store[] {
  const own = staff
    .filter(({ roles }) => roles.some((role) => showingRoles.includes(role)))
    .map(({ login }) => login);
  const readers = [...own, ...showing.filter((login) => !namesLogin(own, login))];
  return staff.flatMap(({ name: post, roles, login }): Store[] => {
    if (roles.includes('escalation'))
      return [
        {
          post,
          login,
          name: usualRecordRepo(login),
          holds: 'what was approved, and what came of it',
          isRecord: true,
          readers,
        },
      ];
    // People who wake agents by hand may write here.
    return roles.includes('forge-agent')
      ? [{ post, login, name: usualStateRepo(login), holds: 'who works on what', isRecord: false, readers }]
      : [];
  });
}

/** `hidden`: a private repository of somebody else, which our account is not told of. */
export type StoreState =
  | { kind: 'missing' }
  | { kind: 'hidden' }
  | {
      kind: 'there';
      hasActions: boolean;
      troubles: string[];
      /** Accounts that should be able to read it and are not; `hidden`: only its admins are told. */
      unread: string[] | 'hidden';
    };

/** How a store is now; `seesAll`: whether our account would be told of one that is there. */
export async function readStore(send: Send, store: Store, seesAll: boolean): Promise<StoreState> {
  const repository = await ifThere(getRepository(send, store.name));
  if (repository === undefined) return { kind: seesAll ? 'missing' : 'hidden' };
  const writers = store.isRecord ? await listWriters(send, store.name) : [];
  const hasActions = repository.has_actions !== false;
  return {
    kind: 'there',
    hasActions,
    unread: await unreadBy(send, store),
    troubles: whyNotRecord({
      // Told apart, because it can be mended without a person.
      repository: { ...repository, has_actions: false },
      others: writers.map(({ login }) => login).filter((login) => !sameLogin(login, store.login)),
      isHooked: await hasWebhooks(send, store.name),
      login: store.login,
    }),
  };
}

async function unreadBy(send: Send, { name, readers }: Store): Promise<string[] | 'hidden'> {
  const unread: string[] = [];
  for (const login of readers) {
    // An account that is yet to be made reads nothing.
    const right =
      (await findUser(send, login)) === undefined ? 'none' : await permissionOf(send, name, login);
    if (right === undefined) return 'hidden';
    if (right === 'none') unread.push(login);
  }
  return unread;
}
