import { describe, expect, it } from 'vitest';
import type { Change } from '../../core/change.ts';
import { keep, refuseFor } from '../../core/plan.ts';
import { outcomeOf, type Result, type Round, tallyOf } from '../../core/report.ts';

const write: Change = { kind: 'close-issue', repository: 'owner/project', issue: 3, why: '' };

function round(changes: Change[], ...statuses: Result['status'][]): Round {
  return { changes, results: statuses.map((status, change) => ({ change, status, said: '' })) };
}

const free = { writesNothing: false, isUnsettled: false };

describe('the outcome of a run', () => {
  it.each<[string, Round[], typeof free, string]>([
    ['unchanged when nothing was planned', [round([keep('right')])], free, 'unchanged'],
    ['changed when something was done', [round([write], 'done'), round([keep('right')])], free, 'changed'],
    [
      'planned when there is something to do in a run that writes nothing',
      [round([write])],
      { ...free, writesNothing: true },
      'planned',
    ],
    [
      'unchanged when there is nothing to do in a run that writes nothing',
      [round([keep('right')])],
      { ...free, writesNothing: true },
      'unchanged',
    ],
    ['unchanged when somebody else was first', [round([write], 'stale')], free, 'unchanged'],
    ['refused when all it had was a fault', [round([refuseFor('x', 'no')])], free, 'refused'],
    [
      'failed when a fault stands beside what was done',
      [round([write, refuseFor('x', 'no')], 'done'), round([refuseFor('x', 'no')])],
      free,
      'failed',
    ],
    ['failed when a change failed', [round([write], 'failed')], free, 'failed'],
    ['failed when nobody knows whether a change happened', [round([write], 'unknown')], free, 'failed'],
    [
      'refused when it gave up where it may not',
      [round([write], 'stale')],
      { ...free, isUnsettled: true },
      'refused',
    ],
  ])('is %s', (_, rounds, how, outcome) => {
    expect(outcomeOf(tallyOf(rounds), how)).toBe(outcome);
  });
});
