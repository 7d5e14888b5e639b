import { type Checkup, type Finding, uncheckedEnd } from './finding.ts';

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
