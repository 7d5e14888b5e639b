import { sameRepository } from '../accounts.ts';
import { type Formula, formulaFolder } from './formula.ts';
import { policyFile } from './policy.ts';
import { workflowFiles } from './workflow.ts';

// What keeps others out of what the vault decides on and writes to: pure.

/** How a branch is guarded, as the account that asked sees it. */
export type BranchGuard =
  | { kind: 'missing' }
  /** No rule holds for it: whoever may write to the repository may have written anything there. */
  | { kind: 'unprotected' }
  /**
   * A rule holds for it that was another branch's. Whoever may write to a repository may rename a branch, protected or not, and
   * its rule goes with it: renamed so that the rule still fits, it makes room for a branch with whatever somebody wants in it.
   * Only an admin of the repository is told the rule's name.
   */
  | { kind: 'swapped'; rule: string }
  | {
      kind: 'guarded';
      /** Whether the account that asked may push there: the one whose branch it is may, and nobody else. */
      isOurs: boolean;
      /** Whether the account was told that the rule is this branch's own; false for everybody but admins of the repository. */
      seesRule: boolean;
    };

/** What a branch tells, as a guard. */
export function branchGuardOf(
  branch: string,
  told:
    | {
        protected: boolean;
        user_can_push?: boolean | null | undefined;
        effective_branch_protection_name?: string | null | undefined;
      }
    | undefined,
): BranchGuard {
  if (told === undefined) return { kind: 'missing' };
  if (!told.protected) return { kind: 'unprotected' };
  const rule = told.effective_branch_protection_name ?? '';
  // No branch can have one of these in its name, so a rule with one was written by an admin and never was a branch's.
  const isWrittenAsPattern = /[*?[\\]/.test(rule);
  if (rule !== '' && rule !== branch && !isWrittenAsPattern) return { kind: 'swapped', rule };
  return { kind: 'guarded', isOurs: told.user_can_push === true, seesRule: rule !== '' };
}

/** Whether nobody can change what decides without an admin lifting a rule first. */
export type PolicyGuard =
  | { kind: 'closed' }
  /** These may be changed by any merged pull request. */
  | { kind: 'open'; files: string[] }
  | { kind: 'unknown'; why: string };

/** Which files of the ops repo decide what runs. */
export interface DecidingFiles {
  /** On the branch that counts, as patterns of a branch's rule. */
  patterns: string[];
  /** What no rule of that branch can guard: workflows of formulas that run another branch of the ops repo, as `branch: file`. */
  elsewhere: string[];
}

/**
 * The policy, all formulas, and the workflow files of those formulas that run in the ops repo: under every name that a host
 * would look for, for a file under a name that comes first would be taken instead.
 */
export function decidingFiles(
  formulas: Formula[],
  { repository, branch }: { repository: string; branch: string },
): DecidingFiles {
  const patterns = new Set([policyFile, `${formulaFolder}/**`]);
  const elsewhere = new Set<string>();
  for (const formula of formulas) {
    const { repo = repository, ref = branch } = formula.run;
    if (!sameRepository(repo, repository)) continue;
    for (const file of workflowFiles(formula))
      if (ref === branch) patterns.add(file);
      else elsewhere.add(`${ref}: ${file}`);
  }
  return { patterns: [...patterns], elsewhere: [...elsewhere] };
}

/** The single patterns of a rule's list, as the forge splits it. */
export function patternsIn(list: string | null | undefined): string[] {
  return (list ?? '')
    .split(';')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/**
 * Those of some patterns that a list of patterns does not reach. A forge's patterns mean more than is understood here: one that
 * is neither the same text, nor a folder with everything below it, counts as reaching nothing.
 */
export function unreached(wanted: string[], list: string | null | undefined): string[] {
  const known = patternsIn(list).map((item) => item.toLowerCase());
  const folders = known.flatMap((item) => /^(|[^*?[\\{}\]]+\/)\*\*$/.exec(item)?.[1] ?? []);
  return wanted.filter((item) => {
    const name = item.toLowerCase();
    return !known.includes(name) && !folders.some((folder) => name.startsWith(folder));
  });
}
