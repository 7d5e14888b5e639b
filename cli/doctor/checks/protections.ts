import { formulaFolder, parseFormula } from '../../../core/vault/formula.ts';
import { ruleOf, tierOf } from '../../../core/vault/policy.ts';
import { protectSettings } from '../../factory/protecting.ts';
import { plan } from '../../protect/plan.ts';
import { giversOf } from '../../protect/possible.ts';
import type { ProtectState } from '../../protect/state.ts';
import { broken, type Finding, ok, unchecked } from '../finding.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';

/** What `protect` would say of main and of the branches of records: what is wrong is decided there, and nowhere else. */
export function protectionChecks(settings: DoctorSettings, { protect, ops }: DoctorState): Finding[] {
  if (!settings.roles.includes('vault-dispatch')) return [];
  if (protect.kind === 'unknown')
    return [unchecked('protection', `how ${settings['ops-repo']} is protected`, protect.why)];
  const state = protect.value;
  const said = plan(protectSettings(settings, { apply: false }), state);
  const people = state.writers.filter(
    (login) =>
      ![
        ...protectSettings(settings, { apply: false }).bots,
        ...['dispatcher', 'gatekeeper'].map(
          (name) => protectSettings(settings, { apply: false })[name as 'dispatcher'],
        ),
      ].some((bot) => bot.toLowerCase() === login.toLowerCase()),
  );
  return [
    ...said.flatMap((change): Finding[] => {
      if (change.kind === 'keep')
        return change.notice === true ? [] : [ok(`protection.${branchIn(change.what)}`, change.what)];
      if (change.kind !== 'refuse') return [];
      return [
        broken(`protection.${branchIn(change.fault.file)}`, `${change.fault.file}: ${change.fault.message}`, {
          who: `an admin of ${settings['ops-repo']}`,
          mend: 'forgecrew protect --apply sets it',
        }),
      ];
    }),
    people.length >= 2 || settings.solo
      ? ok('people.two', 'somebody else can approve what a person asks for')
      : broken(
          'people.two',
          `${people[0] ?? 'nobody'} is the only person who may write to ${settings['ops-repo']}: nobody could approve`,
          {
            who: `an admin of ${settings['ops-repo']}`,
            mend: 'give a second person write access, or say --solo',
          },
        ),
    ...(settings.solo || ops.texts.kind === 'unknown'
      ? []
      : approvalChecks(settings, state, ops.texts.value)),
  ];
}

/** Every formula has enough people who may approve it: without them what is asked for waits for ever, or is turned down. */
function approvalChecks(
  settings: DoctorSettings,
  state: ProtectState,
  texts: ReadonlyMap<string, string>,
): Finding[] {
  const { policy } = state;
  // That the policy is missing or cannot be read is a finding of its own.
  if (policy === 'missing' || policy === 'faulty') return [];
  return [...texts]
    .filter(([path]) => path.startsWith(`${formulaFolder}/`))
    .flatMap(([path, text]): Finding[] => {
      const formula = parseFormula(path.slice(formulaFolder.length + 1), new TextEncoder().encode(text));
      if (!formula.ok) return [];
      const { name } = formula.document;
      const { tier } = tierOf(
        { formula: name, secrets: [], blast_radius: undefined },
        policy,
        formula.document,
        'ops',
      );
      const rule = ruleOf(policy, tier);
      const isOfTeam = Array.isArray(rule.approvers) && rule.approvers.some((entry) => entry.startsWith('@'));
      const givers = giversOf(rule, protectSettings(settings, { apply: false }), state);
      const id = `approval.${name}`;
      if (isOfTeam || givers.length >= rule.approvals)
        return [ok(id, `somebody may approve ${name}, which is ${tier}`)];
      return [
        broken(
          id,
          `${name} is ${tier}, which takes ${rule.approvals === 1 ? 'an approval' : `${rule.approvals} approvals`} of ${rule.approvers === 'admin' ? `an admin of ${settings['ops-repo']}` : 'whoever the policy names'}, and ${givers.join(', ') || 'nobody'} could give one`,
          {
            who: `an admin of ${settings['ops-repo']}`,
            mend: `give more people that right at ${settings['forge-url']}/${settings['ops-repo']}/settings/collaboration, or name other approvers of ${tier} in vault/policy.toml`,
          },
        ),
      ];
    });
}

/** Findings are named by the branch, which is the first word of what is said about it. */
function branchIn(text: string): string {
  return text.split(' ')[0] ?? text;
}
