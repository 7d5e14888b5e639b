import { namesLogin, sameLogin } from '../../core/accounts.ts';
import type { Protection } from '../../core/forge/protections.ts';
import { type Tier, tiers } from '../../core/vault/action.ts';
import { unreached } from '../../core/vault/guard.ts';
import { type Rule, ruleOf } from '../../core/vault/policy.ts';
import { exposedTo } from '../../core/vault/verdict.ts';
import { mergersOf, pushersOf } from './rule.ts';
import type { ProtectSettings, ProtectState } from './state.ts';

/** Who can push, merge and approve what under these rules, a line for each: pure. */
export function possible(
  settings: ProtectSettings,
  state: ProtectState,
  rules: { main: Protection | undefined; records: Protection | undefined; claims: Protection | undefined },
): string[] {
  const { writers, admins, main, records, claims, recordWriters, deciding } = state;
  const { main: rule } = rules;
  const open =
    rule === undefined ? deciding.patterns : unreached(deciding.patterns, rule.protected_file_patterns);
  return [
    `push to ${main.branch}: ${pushing(rule, writers)}`,
    ...(rule === undefined || rule.unprotected_file_patterns === ''
      ? []
      : [`push ${rule.unprotected_file_patterns} to ${main.branch}: ${writers.join(', ')}`]),
    `merge into ${main.branch}: ${merging(rule, writers)}${approvalsFor(rule)}`,
    `change policy, formulas and their workflows: ${
      open.length > 0
        ? `whoever pushes or merges there${open.length === deciding.patterns.length ? '' : ` (${open.join(', ')})`}`
        : `nobody, until ${either(admins)} runs forgecrew policy open`
    }`,
    ...tiers.map((tier) => approving(tier, settings, state)),
    `write records (${records.branch}): ${written(rules.records, recordWriters)}`,
    `write what gates let through (${claims.branch}): ${written(rules.claims, recordWriters)}`,
  ];
}

function pushing(rule: Protection | undefined, writers: string[]): string {
  if (rule === undefined) return writers.join(', ');
  if (!rule.enable_push) return 'nobody';
  return (rule.enable_push_whitelist ? pushersOf(rule) : writers).join(', ') || 'nobody';
}

function merging(rule: Protection | undefined, writers: string[]): string {
  return (rule?.enable_merge_whitelist === true ? mergersOf(rule) : writers).join(', ') || 'nobody';
}

function approvalsFor(rule: Protection | undefined): string {
  const count = rule?.required_approvals ?? 0;
  if (count === 0) return ', without an approval';
  return `, after ${count === 1 ? 'an approval' : `${count} approvals`} by somebody other than the author`;
}

/** Whoever may push there or merge into it, since a merge brings whatever it holds. */
function written(rule: Protection | undefined, writers: string[]): string {
  if (rule === undefined || rule.unprotected_file_patterns !== '') return writers.join(', ');
  const pushers = !rule.enable_push ? [] : rule.enable_push_whitelist ? pushersOf(rule) : writers;
  const mergers = rule.enable_merge_whitelist === true ? mergersOf(rule) : writers;
  return [...new Set([...pushers, ...mergers])].join(', ') || 'nobody';
}

/** Who can say yes to an action of a tier, and what keeps all of them from it. */
function approving(tier: Tier, settings: ProtectSettings, state: ProtectState): string {
  const { dispatcher, gatekeeper, bots } = settings;
  const { writers, admins, policy } = state;
  if (policy === 'faulty') return `run what is ${tier}: nothing, because the policy cannot be read`;
  const rule = ruleOf(policy === 'missing' ? {} : policy, tier);
  const never = [...bots, dispatcher, gatekeeper];
  const count = rule.approvals;
  const givers = giversOf(rule, settings, state);
  const asks = `run what is ${tier}: ${
    count === 0
      ? 'needs nobody'
      : givers.length === 0
        ? 'nobody can approve it'
        : `after ${count === 1 ? 'the approval' : `${count} approvals`} of ${either(givers)}, never of who asks`
  }`;
  const needsAdmin =
    rule.approvers === 'admin' && count > 0 && !admins.some((login) => sameLogin(login, dispatcher));
  const rights = { writers, admins, teams: {}, never };
  const exposed =
    tier === 'high' ? exposedTo(rule, { pushers: writers, rights }, [dispatcher, gatekeeper]) : [];
  return [
    asks,
    ...(needsAdmin
      ? [
          `${dispatcher} is no admin here and is not told who is one: vault-dispatch needs the setting audit-token, or ${dispatcher} admin rights`,
        ]
      : []),
    ...(tier === 'high' && policy === 'missing' ? ['refused without a policy'] : []),
    ...(exposed.length === 0 ||
    (Array.isArray(rule.approvers) && rule.approvers.some((entry) => entry.startsWith('@')))
      ? []
      : [
          `refused, unless accept-exposed-secrets is set, because ${exposed.join(', ')} can push, and so read secrets, and may not approve it`,
        ]),
  ].join('; ');
}

/** The accounts that a rule lets approve, without those that never do. A team stays a team. */
export function giversOf(
  rule: Rule,
  { dispatcher, gatekeeper, bots }: Pick<ProtectSettings, 'dispatcher' | 'gatekeeper' | 'bots'>,
  { writers, admins }: Pick<ProtectState, 'writers' | 'admins'>,
): string[] {
  return approversOf(rule, writers, admins).filter(
    (login) => !namesLogin([...bots, dispatcher, gatekeeper], login),
  );
}

// A team is known by its name alone here, so of rules that name one it is not said who could read and not approve.
/** Whom a rule names, as far as it names accounts: a team stays a team. */
function approversOf({ approvers }: Rule, writers: string[], admins: string[]): string[] {
  if (approvers === 'write') return writers;
  return approvers === 'admin' ? admins : approvers;
}

function either(logins: string[]): string {
  return logins.length < 2
    ? (logins[0] ?? 'nobody')
    : `${logins.slice(0, -1).join(', ')} or ${logins.at(-1)}`;
}
