import type { Checkup, Finding } from './finding.ts';

/** A checkup as lines for people: what is broken first, then what could not be checked; what is right is counted, or with `all` listed. */
export function checkupLines({ findings, counts }: Checkup, all: boolean): string[] {
  const of = (state: Finding['state']): Finding[] => findings.filter((item) => item.state === state);
  const lines = (item: Finding): string[] => [
    `${{ ok: 'ok', broken: 'BROKEN', unknown: 'not checked' }[item.state]}: ${item.what}`,
    ...(item.mend === null ? [] : [`    ${item.who ?? ''}: ${item.mend}`]),
  ];
  return [
    ...of('broken').flatMap(lines),
    ...of('unknown').flatMap(lines),
    ...(all ? of('ok').flatMap(lines) : []),
    `${counts.ok} ok, ${counts.broken} broken, ${counts.unknown} could not be checked.`,
  ];
}
