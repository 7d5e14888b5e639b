import { namesLogin, sameLogin } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import { keep, refuseFor } from '../../core/plan.ts';
import { describeRule, faultsOf, wantedRule } from './rule.ts';
import type { ProtectSettings, ProtectState } from './state.ts';

/** The kinds of change this command may plan. */
export const changes = ['keep', 'refuse', 'set-protection'] as const;
type ProtectChange = Change<(typeof changes)[number]>;

/** What the vault needs of the branch's rule: said, or with `apply` set. What was set is read back by the next round. */
export function plan(settings: ProtectSettings, state: ProtectState): ProtectChange[] {
  const { dispatcher, apply } = settings;
  const { repository, branch, rule, writers } = state;
  const agents = agentsOf(settings, state);
  const where = `${branch} of ${repository}`;
  const faults =
    rule === undefined
      ? [`no rule is named ${branch}: anybody with write access pushes to it`]
      : faultsOf(rule, dispatcher, agents);
  if (faults.length === 0) return [keep(`${where} is protected as the vault needs it`)];
  if (!apply)
    return faults.map((fault) => ({
      ...refuseFor(where, fault),
      why: 'with --apply and the token of an admin of the repository it is set',
    }));
  if (!namesLogin(writers, dispatcher))
    return [
      refuseFor(
        where,
        `${dispatcher} has no write access to ${repository}, or there is no such account; nothing was set. Give it write access first: it is the one that will be let through`,
      ),
    ];
  // Nobody has to be named as long as no agent could merge.
  const mergers = agents.length === 0 ? undefined : writers.filter((login) => !namesLogin(agents, login));
  return [
    {
      kind: 'set-protection',
      repository,
      isNew: rule === undefined,
      rule: wantedRule(branch, dispatcher, mergers, rule),
      why: faults.join('; '),
    },
  ];
}

/** How the branch is protected now, and who holds what, whatever is to be set. */
export function headline(settings: ProtectSettings, state: ProtectState): string {
  const { repository, branch, rule, writers } = state;
  return [
    `${branch} of ${repository}`,
    ...(rule === undefined ? [] : describeRule(rule).map((line) => `  ${line}`)),
    `who can push branches, and so read the secrets of its CI: ${writers.join(', ')}`,
    `posture: ${posture(settings, state)}`,
    rule?.apply_to_admins === true
      ? 'what is left: a site admin merges without approvals, and an admin of the repository can change this rule'
      : 'what is left: an admin of the repository merges without approvals, and can change this rule',
  ].join('\n');
}

function agentsOf({ bots }: ProtectSettings, { writers }: ProtectState): string[] {
  return writers.filter((login) => namesLogin(bots, login));
}

function posture(settings: ProtectSettings, state: ProtectState): string {
  const agents = agentsOf(settings, state);
  if (agents.length > 0)
    return `open, because ${agents.join(', ')} can push. Keep privileged secrets and vault-dispatch in a control repo where only people push`;
  const people = state.writers.filter((login) => !sameLogin(login, settings.dispatcher));
  return people.length <= 1
    ? 'solo. Nobody but you can approve, and you cannot approve what you ask for yourself: rules that need a second person can never be met'
    : 'closed, as long as all of these are people. Name agents with --bots to have them told apart';
}
