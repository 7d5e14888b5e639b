import { namesLogin, sameLogin } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import type { Protection } from '../../core/forge/protections.ts';

// What the rule of the ops repo's branch has to be: pure.

/** What may be committed without a pull request: evidence, and the claims of gates, which only ever close one. */
const exempt = ['evidence/**', 'vault/claimed/**'];

/** What no exemption may reach: records, what decides about them, and what runs. */
const guarded = [
  'vault/fired/',
  'vault/rejected/',
  'vault/policy.toml',
  'vault/formulas/',
  '.forgejo/',
  '.gitea/',
  '.github/',
  '.woodpecker',
];

/** The rule in words, a line for each thing it says. */
export function describeRule(rule: Protection): string[] {
  const pushers = [
    ...(rule.push_whitelist_usernames ?? []),
    ...(rule.push_whitelist_teams ?? []).map((team) => `team ${team}`),
    ...(rule.push_whitelist_deploy_keys === true ? ['deploy keys that may write'] : []),
  ];
  return [
    `pushing: ${!rule.enable_push ? 'nobody' : rule.enable_push_whitelist ? pushers.join(', ') || 'nobody' : 'everybody with write access'}`,
    `merging: ${rule.enable_merge_whitelist === true ? [...(rule.merge_whitelist_usernames ?? []), ...(rule.merge_whitelist_teams ?? []).map((team) => `team ${team}`)].join(', ') || 'nobody' : 'everybody with write access'}`,
    `approvals needed to merge: ${rule.required_approvals}${rule.dismiss_stale_approvals ? ', dismissed by a push' : ''}${rule.block_on_rejected_reviews ? ', none against' : ''}`,
    `admins: ${rule.apply_to_admins ? 'the same rules' : 'exempt'}`,
    `without a pull request: ${rule.unprotected_file_patterns === '' ? 'nothing' : rule.unprotected_file_patterns}`,
  ];
}

/** Whether a pattern could reach what is guarded: by what stands before its first wildcard, so rather too often. */
function isTooWide(pattern: string): boolean {
  const literal = pattern.replace(/[*?[{\\].*$/s, '');
  return guarded.some((path) => path.startsWith(literal) || literal.startsWith(path));
}

function patternsOf(rule: Protection | undefined): string[] {
  return (rule?.unprotected_file_patterns ?? '')
    .split(';')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** What the rule lacks, a sentence each. */
export function faultsOf(rule: Protection, dispatcher: string, agents: string[]): string[] {
  const pushers = rule.push_whitelist_usernames ?? [];
  const only =
    pushers.length === 1 &&
    sameLogin(pushers[0] ?? '', dispatcher) &&
    (rule.push_whitelist_teams ?? []).length === 0 &&
    rule.push_whitelist_deploy_keys !== true;
  const mergers = rule.merge_whitelist_usernames ?? [];
  const merging = agents.filter(
    (login) => rule.enable_merge_whitelist !== true || namesLogin(mergers, login),
  );
  return [
    ...(rule.enable_push && rule.enable_push_whitelist && only
      ? []
      : [`only ${dispatcher} should be allowed to push: it writes the records, and nobody else may`]),
    ...(rule.required_approvals >= 1 ? [] : ['at least one approval should be needed to merge']),
    ...(rule.dismiss_stale_approvals ? [] : ['a push should dismiss approvals']),
    ...(rule.block_on_rejected_reviews ? [] : ['a rejection should block the merge']),
    ...(rule.apply_to_admins ? [] : ['the rules should hold for admins as well']),
    ...(merging.length === 0 ? [] : [`${merging.join(', ')} should not merge: that is for people`]),
    ...patternsOf(rule)
      .filter(isTooWide)
      .map(
        (pattern) =>
          `${pattern} may not be exempt: with records, policy, formulas or workflows in reach, whoever can write decides`,
      ),
  ];
}

/**
 * The rule as it should be; what people set beyond that stays. `mergers` are named only where an agent could merge
 * otherwise.
 */
export function wantedRule(
  branch: string,
  dispatcher: string,
  mergers: string[] | undefined,
  before: Protection | undefined,
): Change<'set-protection'>['rule'] {
  return {
    rule_name: branch,
    enable_push: true,
    enable_push_whitelist: true,
    push_whitelist_usernames: [dispatcher],
    push_whitelist_teams: [],
    push_whitelist_deploy_keys: false,
    ...(mergers === undefined
      ? {}
      : { enable_merge_whitelist: true, merge_whitelist_usernames: mergers, merge_whitelist_teams: [] }),
    required_approvals: Math.max(1, before?.required_approvals ?? 1),
    dismiss_stale_approvals: true,
    block_on_rejected_reviews: true,
    apply_to_admins: true,
    protected_file_patterns: before?.protected_file_patterns ?? '',
    unprotected_file_patterns: [
      ...new Set([...patternsOf(before).filter((pattern) => !isTooWide(pattern)), ...exempt]),
    ].join(';'),
  };
}
