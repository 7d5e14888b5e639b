import type { Send } from '../api/send.ts';
import { type Branch, findBranch } from '../forge/branches.ts';
import { listProtections, type Protection } from '../forge/protections.ts';
import { steadyRuleName } from './guard.ts';

/** A branch and the rules that bear on it, as an admin of its repository sees them. */
export interface RuledBranch {
  repository: string;
  branch: string;
  /** Undefined where there is no such branch. */
  told: Branch | undefined;
  /** The rule that holds for it; where there is no branch, the one that would hold for it by its name. */
  rule: Protection | undefined;
  /** The rule of the name that keeps it from being renamed, where there is one, whether or not it is the one that holds. */
  steady: Protection | undefined;
}

/** Branches of a repository with their rules. Only an admin of the repository may ask. */
export async function readRuled(
  send: Send,
  repository: string,
  branches: readonly string[],
): Promise<RuledBranch[]> {
  // Branches first: of a rule that is changed in between, the name is then not found, and nothing is taken for right.
  const told = await Promise.all(branches.map((branch) => findBranch(send, repository, branch)));
  const rules = await listProtections(send, repository);
  const named = (name: string): Protection | undefined => rules.find(({ rule_name }) => rule_name === name);
  return branches.map((branch, index) => {
    const found = told[index];
    const steady = named(steadyRuleName(branch));
    // The forge compares a plain name without regard to capitals.
    const plain = rules.find(({ rule_name }) => rule_name.toLowerCase() === branch.toLowerCase());
    return {
      repository,
      branch,
      told: found,
      rule: found === undefined ? (plain ?? steady) : named(found.effective_branch_protection_name ?? ''),
      steady,
    };
  });
}
