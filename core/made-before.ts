import { type Change, describeChange } from './change.ts';
import { UserError } from './errors.ts';
import type { Report } from './report.ts';

/**
 * Refuses a plan that would make once more what this very run has made: what was read is older than what was written, as behind a
 * cache or a database that lags, and every further look would make another one. `rounds` are those before this plan.
 */
export function refuseMadeBefore(rounds: Report['rounds'], planned: readonly Change[]): void {
  const made = new Set(
    rounds.flatMap(({ changes, results }) =>
      results.flatMap(({ change: index, status }) => {
        const change = changes[index];
        return change === undefined || status !== 'done' ? [] : (nameOf(change) ?? []);
      }),
    ),
  );
  const again = planned.find((change) => {
    const name = nameOf(change);
    return name !== undefined && made.has(name);
  });
  if (again === undefined) return;
  throw new UserError(
    `This run has made ${describeChange(again)} already, and the forge does not show it: its answers are older than what was just written.`,
    'Nothing is made a second time. A cache in front of the forge must let everything below /api/ pass by; a database that copies another one has to keep up with it. Where somebody has deleted it meanwhile, run the role again.',
  );
}

/**
 * The name of what a change makes, where the forge takes it a second time without a word: of everything else it has one, or it is
 * looked for right before it is written.
 */
function nameOf(change: Change): string | undefined {
  return change.kind === 'create-issue' || change.kind === 'create-label'
    ? JSON.stringify([change.kind, change.repository, change.key])
    : undefined;
}
