import { isApiError } from '../api/errors.ts';
import { type Kept, once } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { type Branch, findBranch } from '../forge/branches.ts';
import { listProtections } from '../forge/protections.ts';
import {
  type BranchGuard,
  othersAllowed,
  type PolicyGuard,
  policyGuard,
  type RulesSeen,
  recordGuardOf,
} from './guard.ts';

/**
 * How a branch of records is guarded and where it stands, asked with our own account: one call, and any reader may ask. Whose branch it is
 * no account can prove by itself: that it may push there shows nothing about others. Of two accounts each proves it of the
 * other's branch, by not being let through there.
 */
export async function readBranchGuard(
  send: Send,
  repository: string,
  branch: string,
): Promise<{ guard: BranchGuard; commit: string | null }> {
  const told = await findBranch(send, repository, branch);
  return { guard: recordGuardOf(branch, told), commit: told?.commit.id ?? null };
}

/** What our account sees of the rules of a branch, for `policyGuard`: two calls, or one where it was told of the branch already. */
export async function readRulesSeen(
  send: Send,
  repository: string,
  branch: string,
  known?: Branch,
): Promise<RulesSeen> {
  const told = known ?? (await findBranch(send, repository, branch));
  try {
    return { repository, branch, told, rules: await listProtections(send, repository) };
  } catch (error) {
    // Whoever may read but is no admin is answered 403, with a scope that a reader's token needs not have as well.
    if (!isApiError(error, 'permission', 'scope')) throw error;
    return { repository, branch, told, rules: 'hidden' };
  }
}

/** The same, once a run: answers whether everything that decides about a formula is guarded by the rule of the branch that counts. */
export function guardReader(
  send: Send,
  repository: string,
  branch: string,
  kept: Kept,
  /** What the account of this very `send` was told of the branch. */
  known?: Branch,
): (wanted: string[]) => Promise<PolicyGuard> {
  return async (wanted) =>
    policyGuard(
      await once(kept, `rules ${repository} ${branch}`, () => readRulesSeen(send, repository, branch, known)),
      wanted,
    );
}

/**
 * Who else may push to a branch of records, as an admin's token is told; empty where nobody may. What our own account is told
 * does not show it. Two calls, of which one is for all branches of the repository.
 */
export async function readOthersAllowed(
  audit: Send,
  repository: string,
  { branch, writer, kept }: { branch: string; writer: string | undefined; kept: Kept },
): Promise<string[]> {
  const [told, rules] = await Promise.all([
    findBranch(audit, repository, branch),
    once(kept, `all rules ${repository}`, () => listProtections(audit, repository)),
  ]);
  const name = told?.effective_branch_protection_name;
  return othersAllowed(
    rules.find(({ rule_name }) => rule_name === name),
    writer,
  );
}
