import { sameLogin, sameRepository } from '../accounts.ts';
import { type Formula, formulaFolder } from './formula.ts';
import { policyFile } from './policy.ts';
import { workflowFiles } from './workflow.ts';

// What keeps others out of what the vault decides on and writes to: pure.

/** How a branch is guarded, as the account that asked sees it. */
export type BranchGuard =
  | { kind: 'missing' }
  /** No rule holds for it: whoever may write to the repository may have written anything there. */
  | { kind: 'unprotected' }
  /** A rule holds for it that was another branch's, which was renamed: see `steadyRuleName`. */
  | { kind: 'swapped'; rule: string }
  /** Its rule says who pushes, and lets everybody who may write merge a pull request into it: see `recordGuardOf`. */
  | { kind: 'mergeable' }
  /** Its rule lets others push as well, which only a token of an admin is told: see `othersAllowed`. */
  | { kind: 'shared'; others: string[] }
  | {
      kind: 'guarded';
      /** Whether the account that asked may push there: the one whose branch it is may, and nobody else. */
      isOurs: boolean;
      /**
       * `steady`: the branch cannot be renamed. `plain`: its rule bears its name, so it can be: see `steadyRuleName`. `hidden`:
       * the account was not told, being no admin of the repository.
       */
      rule: 'steady' | 'plain' | 'hidden';
    };

/** What a branch tells of its rule. */
export interface BranchAsTold {
  protected: boolean;
  user_can_push?: boolean | null | undefined;
  user_can_merge?: boolean | null | undefined;
  /** Told to admins of the repository only. */
  effective_branch_protection_name?: string | null | undefined;
}

/** What a branch tells, as a guard. */
export function branchGuardOf(
  branch: string,
  told: BranchAsTold | undefined,
): Exclude<BranchGuard, { kind: 'mergeable' } | { kind: 'shared' }> {
  if (told === undefined) return { kind: 'missing' };
  if (!told.protected) return { kind: 'unprotected' };
  const name = told.effective_branch_protection_name ?? '';
  const rule = name === '' ? 'hidden' : isPattern(name) ? 'steady' : 'plain';
  if (rule === 'plain' && name !== branch) return { kind: 'swapped', rule: name };
  return { kind: 'guarded', isOurs: told.user_can_push === true, rule };
}

/**
 * The same of a branch of records, which nobody may merge into either: a rule that names who pushes lets everybody who may write
 * merge a pull request, and with it whatever records it brings (seen on Forgejo 17). So its rule names nobody who may merge; of
 * a forge that does not say whether it does, nothing is believed.
 */
export function recordGuardOf(branch: string, told: BranchAsTold | undefined): BranchGuard {
  const guard = branchGuardOf(branch, told);
  return guard.kind === 'guarded' && told?.user_can_merge !== false ? { kind: 'mergeable' } : guard;
}

/** What a rule says of who may push. */
export interface PushRule {
  enable_push_whitelist: boolean;
  push_whitelist_usernames?: string[] | null | undefined;
  push_whitelist_teams?: string[] | null | undefined;
  push_whitelist_deploy_keys?: boolean | null | undefined;
}

/**
 * Who may push under the rule of a branch of records besides its writer, in words; a rule that is not there lets everybody. Where
 * the writer is not known, one person may.
 */
export function othersAllowed(rule: PushRule | undefined, writer: string | undefined): string[] {
  if (rule?.enable_push_whitelist !== true) return ['everybody who may write'];
  const people = rule.push_whitelist_usernames ?? [];
  const others = writer === undefined ? people.slice(1) : people.filter((login) => !sameLogin(login, writer));
  return [
    ...others,
    ...(rule.push_whitelist_teams ?? []).map((team) => `team ${team}`),
    ...(rule.push_whitelist_deploy_keys === true ? ['deploy keys'] : []),
  ];
}

/**
 * What the rule of a branch has to be called. Whoever may write to a repository may rename a branch for which there is a rule of
 * the same name, the default branch too, and the rule is renamed with it; so `main` becomes `Main`, another branch becomes
 * `main`, and the rule, which knows no capitals, protects that one (all seen on Forgejo 17). A branch for which a pattern
 * holds cannot be renamed by anybody, so the rule is a pattern that fits one name.
 */
export function steadyRuleName(branch: string): string {
  return branch.replace(/[A-Za-z0-9](?=[^A-Za-z0-9]*$)/, (last) => `[${last}]`);
}

/** As the forge tells patterns from names. */
function isPattern(rule: string): boolean {
  return /[*?\\[\]{}]/.test(rule);
}

/**
 * The one rule that can hold for a branch, of all rules of its repository; undefined where more than one might, or none. Whoever knows
 * that some rule holds for the branch need not ask which. Patterns count as fitting unless they are plainly another name.
 */
export function onlyRuleFor<T extends { rule_name: string }>(branch: string, rules: T[]): T | undefined {
  const [only, ...others] = rules.filter(({ rule_name }) => {
    // `mai[n]` is `main`.
    const name = rule_name.replace(/\[([A-Za-z0-9])\]/g, '$1');
    return isPattern(name) || name.toLowerCase() === branch.toLowerCase();
  });
  return others.length === 0 ? only : undefined;
}

/** Whether nobody can change what decides without an admin lifting a rule first; `why` not is a clause for people. */
export type PolicyGuard =
  | { kind: 'closed' }
  | { kind: 'open'; files: string[]; why: string }
  | { kind: 'unknown'; why: string };

/** What an account sees of the rules of a branch. */
export interface RulesSeen {
  repository: string;
  branch: string;
  told: BranchAsTold | undefined;
  /** All rules of the repository; `hidden` from everybody who is no admin of it. */
  rules: { rule_name: string; protected_file_patterns: string }[] | 'hidden';
}

/**
 * Whether the rule of a branch keeps everybody from changing these files, but for an admin who lifts it first; files or
 * patterns, see `decidingFiles`. What cannot be seen is never taken for closed.
 *
 * What no rule of the forge holds: a file that a pull request moves elsewhere counts as a change of the new place only (seen on
 * Forgejo 17). So a merge may still take a file away, and whoever decides must not go by what is missing.
 */
export function policyGuard({ repository, branch, told, rules }: RulesSeen, wanted: string[]): PolicyGuard {
  const guard = branchGuardOf(branch, told);
  const unknown = (why: string): PolicyGuard => ({ kind: 'unknown', why });
  if (guard.kind === 'missing') return unknown(`${repository} has no branch ${branch}`);
  if (guard.kind === 'unprotected')
    return { kind: 'open', files: wanted, why: `no rule protects ${branch} of ${repository}` };
  if (guard.kind === 'swapped')
    return {
      kind: 'open',
      files: wanted,
      why: `another branch was put in the place of ${branch}, whose rule is called ${guard.rule} now`,
    };
  if (rules === 'hidden' || guard.rule === 'hidden')
    return unknown(`only an admin of ${repository} may see which files are protected`);
  const rule = rules.find(({ rule_name }) => rule_name === told?.effective_branch_protection_name);
  // The rule was changed between two calls.
  if (rule === undefined)
    return unknown(`the rule that holds for ${branch} of ${repository} is not among its rules`);
  const files = unreached(wanted, rule.protected_file_patterns);
  if (files.length > 0) return { kind: 'open', files, why: `a merge alone may change ${files.join(', ')}` };
  if (guard.rule === 'plain')
    return {
      kind: 'open',
      files: wanted,
      why: `whoever may write can put another branch in the place of ${branch}, because its rule is called like it; call it ${steadyRuleName(branch)}`,
    };
  return { kind: 'closed' };
}

/**
 * The same where there may be no policy at all. A merge can take the policy away by moving it (see above), and where it stood
 * nothing of it is left to be seen: so its absence is never taken for somebody's decision.
 */
export function guardWithPolicy(guard: PolicyGuard, policyBlob: string | null): PolicyGuard {
  if (policyBlob !== null || guard.kind === 'open') return guard;
  return {
    kind: 'open',
    files: [policyFile],
    why: `there is no ${policyFile}, and a merge alone may have moved it away`,
  };
}

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

/** A list of patterns with those that it does not reach yet. */
export function withPatterns(list: string | null | undefined, wanted: string[]): string {
  return [...patternsIn(list), ...unreached([...new Set(wanted)], list)].join(';');
}

/** Those patterns of a list that reach one of these files or patterns. */
export function reaching(list: string | null | undefined, wanted: string[]): string[] {
  return patternsIn(list).filter((pattern) => unreached(wanted, pattern).length < wanted.length);
}
