import type { Send } from '../../core/api/send.ts';
import { UserError } from '../../core/errors.ts';
import { listIssues } from '../../core/forge/issues.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import type { ReadContext } from '../../core/role.ts';
import { openSealed } from '../../core/sealed.ts';
import { readDeciding } from '../../core/vault/read-deciding.ts';
import { createPeople } from '../../core/vault/read-rights.ts';
import { readRuled } from '../../core/vault/read-ruled.ts';
import type { settings } from './settings.ts';
import type { OpeningRecord, PolicyState } from './state.ts';
import { recordTie } from './text.ts';

/** How the ops repo's branch is protected, and who opened its policy. Throws where our account may not see it. */
export async function read({
  settings: given,
  send,
  now,
  kept,
}: ReadContext<typeof settings, PolicyState>): Promise<PolicyState> {
  const repository = given['ops-repo'];
  const account = await getOwnUser(send);
  const {
    default_branch: branch,
    permissions,
    has_issues: hasIssues,
  } = await getRepository(send, repository);
  if (permissions?.admin === false)
    throw new UserError(
      `The token's account does not administer ${repository}, so it may not change how its branches are protected.`,
      'Use the token of an admin of that repository.',
    );
  const [main] = await readRuled(send, repository, [branch]);
  if (main?.told === undefined)
    throw new UserError(
      `${repository} has no commit on ${branch} yet.`,
      'Put the policy and the formulas there first.',
    );
  const [deciding, record] = await Promise.all([
    readDeciding(createSnapshot(send, repository, kept), { repository, branch, commit: main.told.commit.id }),
    hasIssues ? findRecord(send, repository) : undefined,
  ]);
  return { now, account, repository, main, deciding, hasIssues, record };
}

/**
 * Whoever may open an issue can copy what ours look like, so one counts only if an admin opened it. Each is asked by name: a site
 * admin may open the policy, and is in no list of those who belong to the repository.
 */
async function findRecord(send: Send, repository: string): Promise<OpeningRecord | undefined> {
  const found = (await listIssues(send, repository, { state: 'open' }))
    .filter(({ body }) => openSealed(body)?.tie === recordTie)
    .sort((a, b) => a.number - b.number);
  const people = createPeople(send);
  for (const { number, user, title, body } of found)
    if (user != null && (await people.administers(repository, user.login)))
      return { number, login: user.login, title, body };
  return undefined;
}
