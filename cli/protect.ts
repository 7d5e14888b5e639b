import type { Send } from '../core/api/send.ts';
import { UserError } from '../core/errors.ts';
import { listWriters } from '../core/forge/people.ts';
import { listProtections, type Protection, setProtection } from '../core/forge/protections.ts';
import { getRepository } from '../core/forge/repositories.ts';
import { type ForgeAccess, withForge } from './forge.ts';

export interface ProtectOptions extends ForgeAccess {
  /** The account that writes records: the only one that may push. */
  dispatcher: string;
  /** Accounts of agents. */
  bots: string[];
  apply: boolean;
}

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

/**
 * Shows how the ops repo's default branch is protected, and what the vault needs; with `apply` sets it first. What is
 * shown is always read back from the forge. Resolves to whether everything is as it should be.
 */
export function protect(options: ProtectOptions, say: (line: string) => void): Promise<boolean> {
  return withForge(options, say, (send, told) => show(send, options, told));
}

async function show(
  send: Send,
  { repository, dispatcher, bots, apply }: ProtectOptions,
  say: (line: string) => void,
): Promise<boolean> {
  const { default_branch: branch, permissions } = await getRepository(send, repository);
  if (permissions?.admin === false)
    throw new UserError(
      `The token's account does not administer ${repository}, so it is not shown how its branches are protected.`,
      'Use the token of an admin of that repository.',
    );
  const found = async (): Promise<Protection | undefined> =>
    (await listProtections(send, repository)).find(({ rule_name }) => rule_name === branch);
  const writers = (await listWriters(send, repository)).map(({ login }) => login);
  if (apply && !writers.some((login) => login.toLowerCase() === dispatcher.toLowerCase()))
    throw new UserError(
      `${dispatcher} has no write access to ${repository}, or there is no such account; nothing was set.`,
      'Give it write access first: it is the one that will be let through.',
    );
  const agents = writers.filter((login) => bots.some((bot) => bot.toLowerCase() === login.toLowerCase()));
  // Nobody has to be named as long as no agent could merge.
  const mergers = agents.length === 0 ? undefined : writers.filter((login) => !agents.includes(login));
  const before = await found();
  if (apply && (before === undefined || faultsOf(before, dispatcher, agents).length > 0))
    await setProtection(send, repository, wanted(branch, dispatcher, mergers, before), before === undefined);
  const rule = apply ? await found() : before;
  say(`${branch} of ${repository}`);
  const faults =
    rule === undefined
      ? [`no rule is named ${branch}: anybody with write access pushes to it`]
      : faultsOf(rule, dispatcher, agents);
  if (rule !== undefined) for (const line of describe(rule)) say(`  ${line}`);
  for (const fault of faults) say(`  ! ${fault}`);
  const people = writers.filter(
    (login) => !agents.includes(login) && login.toLowerCase() !== dispatcher.toLowerCase(),
  );
  say(`who can push branches, and so read the secrets of its CI: ${writers.join(', ')}`);
  say(
    agents.length > 0
      ? `posture: open, because ${agents.join(', ')} can push. Keep privileged secrets and vault-dispatch in a control repo where only people push`
      : people.length <= 1
        ? 'posture: solo. Nobody but you can approve, and you cannot approve what you ask for yourself: rules that need a second person can never be met'
        : 'posture: closed, as long as all of these are people. Name agents with --bots to have them told apart',
  );
  say(
    rule?.apply_to_admins === true
      ? 'what is left: a site admin merges without approvals, and an admin of the repository can change this rule'
      : 'what is left: an admin of the repository merges without approvals, and can change this rule',
  );
  if (faults.length > 0 && !apply)
    say('--apply sets what is missing (with the token of an admin of the repository)');
  return faults.length === 0;
}

function describe(rule: Protection): string[] {
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

function faultsOf(rule: Protection, dispatcher: string, agents: string[]): string[] {
  const pushers = (rule.push_whitelist_usernames ?? []).map((login) => login.toLowerCase());
  const only =
    pushers.length === 1 &&
    pushers[0] === dispatcher.toLowerCase() &&
    (rule.push_whitelist_teams ?? []).length === 0 &&
    rule.push_whitelist_deploy_keys !== true;
  const mergers = (rule.merge_whitelist_usernames ?? []).map((login) => login.toLowerCase());
  const merging = agents.filter(
    (login) => rule.enable_merge_whitelist !== true || mergers.includes(login.toLowerCase()),
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

function wanted(
  branch: string,
  dispatcher: string,
  mergers: string[] | undefined,
  before: Protection | undefined,
): Protection {
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
    unprotected_file_patterns: [
      ...new Set([...patternsOf(before).filter((pattern) => !isTooWide(pattern)), ...exempt]),
    ].join(';'),
  };
}
