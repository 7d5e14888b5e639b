import { protectSettings } from '../factory/protecting.ts';
import { factorySettings } from '../factory/settings.ts';
import { type Checkup, type Finding, uncheckedEnd } from './finding.ts';
import type { DoctorSettings } from './state.ts';

/** So many things that could not be checked for one reason are told one by one. */
const mostAlike = 2;

/**
 * A checkup as lines for people: what is broken first, then what could not be checked; what is right is counted, or with `all`
 * listed. Many things that could not be checked for one reason are one line, because there is one thing to do about them.
 */
export function checkupLines({ findings, counts }: Checkup, all: boolean): string[] {
  const of = (state: Finding['state']): Finding[] => findings.filter((item) => item.state === state);
  const lines = (item: Finding): string[] => [
    `${{ ok: 'ok', broken: 'BROKEN', unknown: 'not checked' }[item.state]}: ${item.what.replace(uncheckedEnd(item.why), '')}`,
    ...(item.why === null ? [] : [`    because ${item.why}`]),
    ...(item.mend === null ? [] : [`    ${item.who ?? ''}: ${item.mend}`]),
  ];
  const unknown = of('unknown');
  const reasons = [...new Set(unknown.map(({ why }) => why))];
  return [
    ...of('broken').flatMap(lines),
    ...reasons.flatMap((why) => {
      const alike = unknown.filter((item) => item.why === why);
      return all || alike.length <= mostAlike
        ? alike.flatMap(lines)
        : [`not checked: ${alike.length} things, because ${why} (--all lists them)`];
    }),
    ...(all ? of('ok').flatMap(lines) : []),
    `${counts.ok} ok, ${counts.broken} broken, ${counts.unknown} could not be checked.`,
  ];
}

/** The commands that remedies name, with the options of this factory: whoever mends it can take them as they stand. */
export function commandLines({ findings }: Checkup, given: DoctorSettings): string[] {
  const named = findings.map(({ state, mend }) => (state === 'broken' ? (mend ?? '') : '')).join('\n');
  const factory = [
    `--ops-repo ${given['ops-repo']} --project-repo ${given['project-repo']}`,
    ...otherOptions(given),
  ];
  const { dispatcher, gatekeeper } = protectSettings(given, { apply: true });
  const commands = [
    ...(named.includes('forgecrew init --apply')
      ? [`forgecrew init ${factory.join(' ')} --apply, and --people as it was given`]
      : []),
    ...(named.includes('forgecrew protect --apply')
      ? [
          `forgecrew protect --ops-repo ${given['ops-repo']} --dispatcher ${dispatcher} --gatekeeper ${gatekeeper}${given.solo ? ' --solo' : ''} --apply`,
        ]
      : []),
    ...(named.includes('forgecrew policy open')
      ? [
          `forgecrew policy open --ops-repo ${given['ops-repo']} --reason '...'`,
          `forgecrew policy close --ops-repo ${given['ops-repo']}`,
        ]
      : []),
  ];
  return commands.length === 0 ? [] : ['In full:', ...commands.map((line) => `  ${line}`)];
}

/** Options beside the two repositories, where they are not the usual ones. */
function otherOptions(given: DoctorSettings): string[] {
  return (
    [
      'ci',
      'roles',
      'accounts',
      'forgecrew-repo',
      'checkout-action',
      'forgecrew-folder',
      'woodpecker-url',
    ] as const
  ).flatMap((name) => {
    const value = [given[name] ?? []].flat().join(',');
    const usual: string | undefined = factorySettings[name].default;
    return value === '' || value === usual ? [] : [`--${name} ${value}`];
  });
}
