import { sameLogin } from '../../core/accounts.ts';
import { usualStateRepo } from '../../core/agent/entry.ts';
import { ifThere } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { usualRecordRepo, whyNotRecord } from '../../core/escalation/record-repo.ts';
import { listWriters } from '../../core/forge/people.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { hasWebhooks } from '../../core/forge/webhooks.ts';
import type { Staff } from './posts.ts';

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
}

/** The stores that the roles of a factory need. Pure. */
export function storesOf(staff: readonly Staff[]): Store[] {
  return staff.flatMap(({ name: post, roles, login }): Store[] => {
    if (roles.includes('escalation'))
      return [
        {
          post,
          login,
          name: usualRecordRepo(login),
          holds: 'what was approved, and what came of it',
          isRecord: true,
        },
      ];
    // People who wake agents by hand may write here.
    return roles.includes('forge-agent')
      ? [{ post, login, name: usualStateRepo(login), holds: 'who works on what', isRecord: false }]
      : [];
  });
}

/** `hidden`: a private repository of somebody else, which our account is not told of. */
export type StoreState =
  | { kind: 'missing' }
  | { kind: 'hidden' }
  | { kind: 'there'; hasActions: boolean; troubles: string[] };

/** How a store is now; `seesAll`: whether our account would be told of one that is there. */
export async function readStore(send: Send, store: Store, seesAll: boolean): Promise<StoreState> {
  const repository = await ifThere(getRepository(send, store.name));
  if (repository === undefined) return { kind: seesAll ? 'missing' : 'hidden' };
  const writers = store.isRecord ? await listWriters(send, store.name) : [];
  const hasActions = repository.has_actions !== false;
  return {
    kind: 'there',
    hasActions,
    troubles: whyNotRecord({
      // Told apart, because it can be mended without a person.
      repository: { ...repository, has_actions: false },
      others: writers.map(({ login }) => login).filter((login) => !sameLogin(login, store.login)),
      isHooked: await hasWebhooks(send, store.name),
      login: store.login,
    }),
  };
}
