import { UserError } from '../../core/errors.ts';
import { listWriters } from '../../core/forge/people.ts';
import { listProtections } from '../../core/forge/protections.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import type { ReadContext } from '../../core/role.ts';
import type { settings } from './settings.ts';
import type { ProtectState } from './state.ts';

/** How the ops repo's default branch is protected now. Throws where our account may not see it. */
export async function read({
  settings: given,
  send,
  now,
}: ReadContext<typeof settings, ProtectState>): Promise<ProtectState> {
  const repository = given['ops-repo'];
  const account = await getOwnUser(send);
  const { default_branch: branch, permissions } = await getRepository(send, repository);
  if (permissions?.admin === false)
    throw new UserError(
      `The token's account does not administer ${repository}, so it is not shown how its branches are protected.`,
      'Use the token of an admin of that repository.',
    );
  const [rules, writers] = await Promise.all([
    listProtections(send, repository),
    listWriters(send, repository),
  ]);
  return {
    now,
    account,
    repository,
    branch,
    rule: rules.find(({ rule_name }) => rule_name === branch),
    writers: writers.map(({ login }) => login),
  };
}
