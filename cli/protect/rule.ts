import { namesLogin, sameLogin } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import { escalationPolicyFile } from '../../core/escalation/policy.ts';
import type { Protection } from '../../core/forge/protections.ts';
import { patternsIn, steadyRuleName, unreached, withPatterns } from '../../core/vault/guard.ts';
import { formerFolders } from '../../core/vault/record.ts';

// What the rules of the ops repo's branch and of the branches of records have to be: pure.

/** What may be committed without a pull request. */
const exempt = ['evidence/**'];

/** What no exemption may reach: what spends an id, what decides, and what runs. */
const guarded = [
  ...formerFolders.map((folder) => `${folder}/`),
  'vault/policy.toml',
  'vault/formulas/',
  escalationPolicyFile,
  '.forgejo/',
  '.gitea/',
  '.github/',
  '.woodpecker',
];

/** The rule in words, a line for each thing it says. */
export function describeRule(rule: Protection): string[] {
  return [
    `pushing: ${!rule.enable_push ? 'nobody' : rule.enable_push_whitelist ? pushersOf(rule).join(', ') || 'nobody' : 'everybody with write access'}`,
    `merging: ${rule.enable_merge_whitelist === true ? mergersOf(rule).join(', ') || 'nobody' : 'everybody with write access'}`,
    `approvals needed to merge: ${rule.required_approvals}${rule.dismiss_stale_approvals ? ', dismissed by a push' : ''}${rule.block_on_rejected_reviews ? ', none against' : ''}`,
    `admins: ${rule.apply_to_admins ? 'the same rules' : 'exempt'}`,
    `not by a merge either: ${rule.protected_file_patterns === '' ? 'nothing' : rule.protected_file_patterns}`,
    `without a pull request: ${rule.unprotected_file_patterns === '' ? 'nothing' : rule.unprotected_file_patterns}`,
  ];
}

/** Whom a rule lets push by name. */
export function pushersOf(rule: Protection): string[] {
  return [
    ...(rule.push_whitelist_usernames ?? []),
    ...(rule.push_whitelist_teams ?? []).map((team) => `team ${team}`),
    ...(rule.push_whitelist_deploy_keys === true ? ['deploy keys that may write'] : []),
  ];
}

/** Whom a rule lets merge by name. */
export function mergersOf(rule: Protection): string[] {
  return [
    ...(rule.merge_whitelist_usernames ?? []),
    ...(rule.merge_whitelist_teams ?? []).map((team) => `team ${team}`),
  ];
}

/** Whether a rule lets this account push, and nobody else. */
export function isOnlyFor(rule: Protection, login: string): boolean {
  const pushers = pushersOf(rule);
  return (
    rule.enable_push &&
    rule.enable_push_whitelist &&
    pushers.length === 1 &&
    sameLogin(rule.push_whitelist_usernames?.[0] ?? '', login)
  );
}

/** Whether a rule bears the name of its branch, so that whoever may write can put another branch in its place. */
export function isPlainRule(rule: Protection, branch: string): boolean {
  return rule.rule_name.toLowerCase() === branch.toLowerCase();
}

/** What is wrong with a rule's name, as a sentence. */
export function faultsOfName(rule: Protection, branch: string): string[] {
  return isPlainRule(rule, branch)
    ? [
        `its rule is called ${rule.rule_name} like the branch: whoever may write can then put another branch in its place. It should be called ${steadyRuleName(branch)}, which fits that one name and keeps it where it is`,
      ]
    : [];
}

/** Whether a pattern could reach what is guarded: by what stands before its first wildcard, so rather too often. */
function isTooWide(pattern: string): boolean {
  const literal = pattern.replace(/[*?[{\\].*$/s, '').toLowerCase();
  return guarded.some((path) => path.startsWith(literal) || literal.startsWith(path));
}

/** What the rule of main has to hold. */
export interface MainWanted {
  dispatcher: string;
  /** Accounts of agents that may write, and so could merge. */
  agents: string[];
  /** Patterns of the files that decide what runs. */
  deciding: string[];
  /** How many approvals a merge needs at least: none where nobody is there to give one. */
  approvals: number;
}

/** What the rule of main lacks, a sentence each. */
export function faultsOfMain(
  rule: Protection,
  { dispatcher, agents, deciding, approvals }: MainWanted,
): string[] {
  const mergers = rule.merge_whitelist_usernames ?? [];
  const merging = agents.filter(
    (login) => rule.enable_merge_whitelist !== true || namesLogin(mergers, login),
  );
  const open = unreached(deciding, rule.protected_file_patterns);
  return [
    ...(isOnlyFor(rule, dispatcher)
      ? []
      : [`only ${dispatcher} should be allowed to push: everybody else changes main by a pull request`]),
    ...(open.length === 0
      ? []
      : [
          `a merge alone may change ${open.join(', ')}: these decide what runs, so they should be protected files, which forgecrew policy open lets be changed`,
        ]),
    ...(rule.required_approvals >= approvals ? [] : ['at least one approval should be needed to merge']),
    ...(rule.required_approvals > 0 && approvals === 0
      ? ['an approval is needed to merge, and nobody is there who could give it']
      : []),
    ...(rule.dismiss_stale_approvals ? [] : ['a push should dismiss approvals']),
    ...(rule.block_on_rejected_reviews ? [] : ['a rejection should block the merge']),
    ...(rule.apply_to_admins ? [] : ['the rules should hold for admins as well']),
    ...(merging.length === 0 ? [] : [`${merging.join(', ')} should not merge: that is for people`]),
    ...patternsIn(rule.unprotected_file_patterns)
      .filter(isTooWide)
      .map(
        (pattern) =>
          `${pattern} may not be exempt: with records, policy, formulas or workflows in reach, whoever can write decides`,
      ),
  ];
}

/** What a branch of records lacks: only its account pushes there, and nobody merges. */
export function faultsOfRecords(rule: Protection, writer: string): string[] {
  return [
    ...(isOnlyFor(rule, writer) ? [] : [`only ${writer} should be allowed to push`]),
    ...(rule.enable_merge_whitelist === true && mergersOf(rule).length === 0
      ? []
      : ['nobody should be allowed to merge into it: a merge brings whatever records it holds']),
    ...(rule.unprotected_file_patterns === ''
      ? []
      : [`nothing may be exempt there, and ${rule.unprotected_file_patterns} is`]),
    ...(rule.protected_file_patterns === ''
      ? []
      : [`no file may be protected there, or ${writer} could not write it`]),
    ...(rule.apply_to_admins ? [] : ['the rule should hold for admins as well']),
  ];
}

/** Whether others than the account whose branch it is could have written there under this rule. */
export function letsOthersWrite(rule: Protection, writer: string): boolean {
  const others = pushersOf(rule).filter((pusher) => !sameLogin(pusher, writer));
  return (
    (rule.enable_push && (!rule.enable_push_whitelist || others.length > 0)) ||
    rule.enable_merge_whitelist !== true ||
    mergersOf(rule).length > 0 ||
    rule.unprotected_file_patterns !== ''
  );
}

type Wanted = Change<'set-protection'>['rule'];

/**
 * The rule of main as it should be; what people set beyond that stays. `mergers` are named only where an agent could merge
 * otherwise.
 */
export function wantedMain(
  branch: string,
  { dispatcher, deciding, approvals }: MainWanted,
  mergers: string[] | undefined,
  before: Protection | undefined,
): Wanted {
  return {
    ...(before === undefined ? {} : ruleAsSet(before)),
    ...onlyFor(dispatcher),
    rule_name: nameFor(branch, before),
    ...(mergers === undefined
      ? {}
      : { enable_merge_whitelist: true, merge_whitelist_usernames: mergers, merge_whitelist_teams: [] }),
    required_approvals: approvals === 0 ? 0 : Math.max(approvals, before?.required_approvals ?? 0),
    dismiss_stale_approvals: true,
    block_on_rejected_reviews: true,
    apply_to_admins: true,
    protected_file_patterns: withPatterns(before?.protected_file_patterns, deciding),
    unprotected_file_patterns: [
      ...new Set([
        ...patternsIn(before?.unprotected_file_patterns).filter((pattern) => !isTooWide(pattern)),
        ...exempt,
      ]),
    ].join(';'),
  };
}

/** The rule of a branch of records, as it should be. */
export function wantedRecords(branch: string, writer: string, before: Protection | undefined): Wanted {
  return {
    ...onlyFor(writer),
    rule_name: nameFor(branch, before),
    enable_merge_whitelist: true,
    merge_whitelist_usernames: [],
    merge_whitelist_teams: [],
    required_approvals: 0,
    dismiss_stale_approvals: false,
    block_on_rejected_reviews: false,
    apply_to_admins: true,
    protected_file_patterns: '',
    unprotected_file_patterns: '',
  };
}

function onlyFor(
  login: string,
): Pick<
  Wanted,
  | 'enable_push'
  | 'enable_push_whitelist'
  | 'push_whitelist_usernames'
  | 'push_whitelist_teams'
  | 'push_whitelist_deploy_keys'
> {
  return {
    enable_push: true,
    enable_push_whitelist: true,
    push_whitelist_usernames: [login],
    push_whitelist_teams: [],
    push_whitelist_deploy_keys: false,
  };
}

/** A pattern that is somebody's stays; what bears the branch's name, or nothing, becomes steady. */
function nameFor(branch: string, before: Protection | undefined): string {
  return before === undefined || isPlainRule(before, branch) ? steadyRuleName(branch) : before.rule_name;
}

/** A rule as it is, to be set again: a rule that takes its place, or changes a part of it, keeps what people set. */
export function ruleAsSet(rule: Protection): Wanted {
  const { push_whitelist_usernames, push_whitelist_teams, push_whitelist_deploy_keys, ...others } = rule;
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value != null));
  return {
    push_whitelist_usernames: push_whitelist_usernames ?? [],
    push_whitelist_teams: push_whitelist_teams ?? [],
    push_whitelist_deploy_keys: push_whitelist_deploy_keys ?? false,
    // What the forge leaves out or has as null was one of the optional ones.
    ...(given as Omit<
      Wanted,
      'push_whitelist_usernames' | 'push_whitelist_teams' | 'push_whitelist_deploy_keys'
    >),
  };
}
