import { isApiError } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { listProtections } from '../forge/protections.ts';
import { findBranch } from '../forge/repositories.ts';
import { type Kept, once } from '../once.ts';
import { type BranchGuard, type PolicyGuard, policyGuard } from './guard.ts';

/** How a branch that one account writes to is guarded, and where it stands. */
export async function readBranchGuard(
  send: Send,
  repository: string,
  branch: string,
): Promise<{ guard: BranchGuard; commit: string | null }> {
  const found = await findBranch(send, repository, branch);
  if (found === undefined) return { guard: { kind: 'missing' }, commit: null };
  return {
    guard: found.protected
      ? { kind: 'guarded', isOurs: found.user_can_push === true }
      : { kind: 'unprotected' },
    commit: found.commit.id,
  };
}

/** Whether a merge alone can change files of a branch; the rules are asked for once a run. */
export function guardReader(
  send: Send,
  repository: string,
  branch: string,
  kept: Kept,
): (files: string[]) => Promise<PolicyGuard> {
  return async (files) => {
    try {
      const rules = await once(kept, `rules ${repository}`, () => listProtections(send, repository));
      return policyGuard(rules, branch, files);
    } catch (error) {
      if (!isApiError(error, 'permission', 'scope', 'not-found')) throw error;
      return { kind: 'unknown', why: `only an admin of ${repository} may see the rules of its branches` };
    }
  };
}
