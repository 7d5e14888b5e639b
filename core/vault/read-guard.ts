import { isApiError } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { askBranch } from '../forge/branches.ts';
import { listProtections } from '../forge/protections.ts';
import { type BranchGuard, branchGuardOf, type PolicyGuard, unreached } from './guard.ts';

/**
 * How a branch is guarded, asked with our own account: one call, and any reader may ask. Whose branch it is no account can
 * prove by itself: that it may push there shows nothing about others. Of two accounts each proves it of the other's branch, by
 * not being let through there.
 */
export async function readBranchGuard(send: Send, repository: string, branch: string): Promise<BranchGuard> {
  return branchGuardOf(branch, await askBranch(send, repository, branch));
}

/**
 * Whether everything that decides is guarded by the rule of the branch that counts (see `decidingFiles`). Two calls; only
 * admins of the repository may ask.
 */
export async function readPolicyGuard(
  send: Send,
  repository: string,
  branch: string,
  wanted: string[],
): Promise<PolicyGuard> {
  const told = await askBranch(send, repository, branch);
  const guard = branchGuardOf(branch, told);
  if (guard.kind === 'missing') return { kind: 'unknown', why: `${repository} has no branch ${branch}` };
  if (guard.kind === 'unprotected') return { kind: 'open', files: wanted };
  if (guard.kind === 'swapped')
    return { kind: 'unknown', why: `${branch} took the place of a branch that was renamed to ${guard.rule}` };
  try {
    const rules = await listProtections(send, repository);
    const rule = rules.find(({ rule_name }) => rule_name === told?.effective_branch_protection_name);
    if (rule === undefined) return { kind: 'unknown', why: `which rule holds for ${branch} was not told` };
    const files = unreached(wanted, rule.protected_file_patterns);
    return files.length === 0 ? { kind: 'closed' } : { kind: 'open', files };
  } catch (error) {
    if (!isApiError(error, 'permission')) throw error;
    return { kind: 'unknown', why: `only an admin of ${repository} may ask which files are protected` };
  }
}
