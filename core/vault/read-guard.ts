import { isApiError } from '../api/errors.ts';
import { type Kept, once } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { type Branch, findBranch } from '../forge/branches.ts';
import { listProtections, type Protection } from '../forge/protections.ts';
import {
  type BranchGuard,
  onlyRuleFor,
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
  /** What our account was told of branches of this repository in this round. */
  known: readonly Branch[] = [],
): Promise<{ guard: BranchGuard; commit: string | null }> {
  const told = await findBranch(send, repository, branch, known);
  return { guard: recordGuardOf(branch, told), commit: told?.commit.id ?? null };
}

/**
 * What an account sees of the rules of a branch, for `policyGuard`: two calls, or one where the branch was asked for already, by the
 * same account or, while only one rule can hold for it, by another.
 */
export async function readRulesSeen(
  send: Send,
  repository: string,
  branch: string,
  { kept, known }: { kept: Kept; known?: Branch | undefined },
): Promise<RulesSeen> {
  try {
    const rules = await allRules(send, repository, kept);
    return { repository, branch, told: await toldOf(send, repository, branch, { known, rules }), rules };
  } catch (error) {
    // Whoever may read but is no admin is answered 403, with a scope that a reader's token needs not have as well.
    if (!isApiError(error, 'permission', 'scope')) throw error;
    const told = known ?? (await findBranch(send, repository, branch));
    return { repository, branch, told, rules: 'hidden' };
  }
}

/** A branch with the name of its rule, which only admins are told: without a call where no other rule can be meant. */
async function toldOf(
  send: Send,
  repository: string,
  branch: string,
  { known, rules }: { known: Branch | undefined; rules: Protection[] },
): Promise<Branch | undefined> {
  if ((known?.effective_branch_protection_name ?? '') !== '') return known;
  const only = known?.protected === true ? onlyRuleFor(branch, rules) : undefined;
  return known === undefined || only === undefined
    ? findBranch(send, repository, branch)
    : { ...known, effective_branch_protection_name: only.rule_name };
}

/** The same, once a run: answers whether everything that decides about a formula is guarded by the rule of the branch that counts. */
export function guardReader(
  send: Send,
  repository: string,
  branch: string,
  kept: Kept,
  /** What this account or another one was told of the branch. */
  known?: Branch,
): (wanted: string[]) => Promise<PolicyGuard> {
  return async (wanted) =>
    policyGuard(
      await once(kept, `rules ${repository} ${branch}`, () =>
        readRulesSeen(send, repository, branch, { kept, known }),
      ),
      wanted,
    );
}

/**
 * Who else may push to a branch of records, as an admin's token is told; empty where nobody may. What our own account is told
 * does not show it. One call for all branches of the repository, and one for this one where another rule might hold for it, or where
 * `isProtected`, that some rule does, is not known.
 */
export async function readOthersAllowed(
  audit: Send,
  repository: string,
  {
    branch,
    writer,
    isProtected,
    kept,
  }: { branch: string; writer: string | undefined; isProtected: boolean; kept: Kept },
): Promise<string[]> {
  const rules = await allRules(audit, repository, kept);
  const only = isProtected ? onlyRuleFor(branch, rules) : undefined;
  const name =
    only?.rule_name ?? (await findBranch(audit, repository, branch))?.effective_branch_protection_name;
  return othersAllowed(
    rules.find(({ rule_name }) => rule_name === name),
    writer,
  );
}

/** All rules of a repository, for all of its branches. */
function allRules(send: Send, repository: string, kept: Kept): Promise<Protection[]> {
  return once(kept, `all rules ${repository}`, () => listProtections(send, repository));
}
