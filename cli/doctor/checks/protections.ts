import { namesLogin } from '../../../core/accounts.ts';
import { formulaFolder, parseFormula } from '../../../core/vault/formula.ts';
import { ruleOf, tierOf } from '../../../core/vault/policy.ts';
import { exposedTo } from '../../../core/vault/verdict.ts';
import { isPipeline } from '../../factory/pins.ts';
import { purposeIn } from '../../factory/pipelines.ts';
import { protectSettings } from '../../factory/protecting.ts';
import { dataOf, stepsIn } from '../../factory/steps.ts';
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
    ...(ops.texts.kind === 'unknown' ? [] : exposureChecks(settings, state, ops.texts.value)),
    ...(settings.solo || ops.texts.kind === 'unknown'
      ? []
      : approvalChecks(settings, state, ops.texts.value)),
  ];
}

/** Nobody can push who may not approve what is high: whoever can reaches the secrets of CI, and so high is refused altogether. */
function exposureChecks(
  settings: DoctorSettings,
  { policy, writers, admins }: ProtectState,
  texts: ReadonlyMap<string, string>,
): Finding[] {
  const { 'ops-repo': ops, 'forge-url': url } = settings;
  if (policy === 'faulty') return [];
  const rule = ruleOf(policy === 'missing' ? {} : policy, 'high');
  const { bots, dispatcher, gatekeeper } = protectSettings(settings, { apply: false });
  // Of a team only its name is known here.
  if (Array.isArray(rule.approvers) && rule.approvers.some((entry) => entry.startsWith('@'))) return [];
  const own = [dispatcher, gatekeeper];
  const rights = { writers, admins, teams: {}, never: [...bots, ...own] };
  const exposed = exposedTo(rule, { pushers: writers, rights }, own);
  const isAccepted = [...texts].some(
    ([path, text]) =>
      isPipeline(path) &&
      purposeIn(text, 'vault-dispatch') === 'work' &&
      // The text `true` and the word mean the same to the role.
      stepsIn(dataOf(text), 'vault-dispatch').some(
        ({ given }) => String(given['accept-exposed-secrets']) === 'true',
      ),
  );
  const id = 'vault.high';
  if (exposed.length === 0)
    return [ok(id, `what is high can be approved in ${ops}: whoever can push may approve it`)];
  if (isAccepted)
    return [
      ok(
        id,
        `${exposed.join(', ')} can push to ${ops} and may not approve what is high, which is accepted there`,
      ),
    ];
  const accounts = exposed.filter((login) => namesLogin(bots, login));
  const people = exposed.filter((login) => !namesLogin(bots, login));
  const page = `${url}/${ops}/settings/collaboration`;
  return [
    broken(
      id,
      `everything that is high is refused, because ${exposed.join(', ')} can push to ${ops}, and so read the secrets of its CI, and may not approve what is high`,
      {
        who: `an admin of ${ops}`,
        mend: [
          ...(accounts.length === 0
            ? []
            : [
                `lower ${accounts.join(', ')} to read at ${page}; an account of a role proposes from a fork then`,
              ]),
          ...(people.length === 0
            ? []
            : [
                `name ${people.join(', ')} among the approvers of [rules.high] in vault/policy.toml (forgecrew policy open, merge, forgecrew policy close), or lower them to read at ${page}`,
              ]),
        ].join('; '),
      },
    ),
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
