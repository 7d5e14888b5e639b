import { protectSettings } from '../../factory/protecting.ts';
import { plan } from '../../protect/plan.ts';
import { broken, type Finding, ok, unchecked } from '../finding.ts';
import type { DoctorSettings, DoctorState } from '../state.ts';

/** What `protect` would say of main and of the branches of records: what is wrong is decided there, and nowhere else. */
export function protectionChecks(settings: DoctorSettings, { protect }: DoctorState): Finding[] {
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
  ];
}

/** Findings are named by the branch, which is the first word of what is said about it. */
function branchIn(text: string): string {
  return text.split(' ')[0] ?? text;
}
