import { isApiError } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { askBranch } from '../forge/branches.ts';
import { listProtections } from '../forge/protections.ts';
import { type Kept, once } from '../once.ts';
import { type BranchGuard, branchGuardOf, type PolicyGuard, unreached } from './guard.ts';

/**
 * How a branch is guarded, asked with our own account, and where it stands: one call, and any reader may ask. Whose branch it is
 * no account can prove by itself: that it may push there shows nothing about others. Of two accounts each proves it of the
 * other's branch, by not being let through there.
 */
export async function readBranchGuard(
  send: Send,
  repository: string,
  branch: string,
): Promise<{ guard: BranchGuard; commit: string | null }> {
  const told = await askBranch(send, repository, branch);
  return { guard: branchGuardOf(branch, told), commit: told?.commit.id ?? null };
}

/**
 * Whether everything that decides is guarded by the rule of the branch that counts (see `decidingFiles`). The rules are asked
 * for once a run, by two calls; only admins of the repository are told.
 */
export function guardReader(
  send: Send,
  repository: string,
  branch: string,
  kept: Kept,
): (wanted: string[]) => Promise<PolicyGuard> {
  return async (wanted) => {
    const told = await once(kept, `branch ${repository} ${branch}`, () =>
      askBranch(send, repository, branch),
    );
    const guard = branchGuardOf(branch, told);
    if (guard.kind === 'missing') return { kind: 'unknown', why: `${repository} has no branch ${branch}` };
    if (guard.kind === 'unprotected') return { kind: 'open', files: wanted };
    if (guard.kind === 'swapped')
      return {
        kind: 'unknown',
        why: `${branch} took the place of a branch that was renamed, with its rule ${guard.rule}`,
      };
    try {
      const rules = await once(kept, `rules ${repository}`, () => listProtections(send, repository));
      const rule = rules.find(({ rule_name }) => rule_name === told?.effective_branch_protection_name);
      if (rule === undefined) return { kind: 'unknown', why: `which rule holds for ${branch} was not told` };
      const files = unreached(wanted, rule.protected_file_patterns);
      return files.length === 0 ? { kind: 'closed' } : { kind: 'open', files };
    } catch (error) {
      if (!isApiError(error, 'permission', 'scope', 'not-found')) throw error;
      return {
        kind: 'unknown',
        why: `only an admin of ${repository} may ask which files are protected`,
      };
    }
  };
}
