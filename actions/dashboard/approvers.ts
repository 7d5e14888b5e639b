import { tiers } from '../../core/vault/action.ts';
import { parsePolicy, policyFile, ruleOf } from '../../core/vault/policy.ts';

/**
 * The people whom a policy names as approvers, where it names people for every tier that wants an approval. `null` where a tier
 * leaves it to a right or a team: then it is among those who may write. Of which tier an action is, its pull request says. Pure.
 */
export function approversIn(policy: Uint8Array): string[] | null {
  const parsed = parsePolicy(policyFile, policy);
  if (!parsed.ok) return null;
  const named = tiers
    .map((tier) => ruleOf(parsed.document, tier))
    .filter(({ approvals }) => approvals > 0)
    .map(({ approvers }) => approvers);
  const logins = named.flatMap((approvers) => (Array.isArray(approvers) ? approvers : []));
  const isWhole = named.every(Array.isArray) && logins.every((login) => !login.startsWith('@'));
  return isWhole && logins.length > 0 ? [...new Set(logins)].sort() : null;
}
