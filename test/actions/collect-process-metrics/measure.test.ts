import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Metrics, Span } from '../../../actions/collect-process-metrics/evidence.ts';
import { metrics } from '../../../actions/collect-process-metrics/evidence.ts';
import type { History } from '../../../actions/collect-process-metrics/history.ts';
import {
  measure,
  nearestRank,
  type Period,
  type Words,
} from '../../../actions/collect-process-metrics/measure.ts';
import { dayOf, windowOf } from '../../../actions/collect-process-metrics/text.ts';

const noHistory: History = {
  issues: [],
  pulls: [],
  runs: [],
  actions: [],
  rejections: [],
  proposals: [],
  agentRuns: [],
};

const date = '2026-01-28';
const day = dayOf(date);
const window = windowOf(date);
const words: Words = {
  visionLabel: 'vision',
  filedLabel: 'in-progress',
  rejectedLabels: ['wontfix', 'invalid'],
};

/** Everything happens on whole hours around the 28 days, so that things meet at the same moment often. */
const hour = 3_600_000;
const moment = fc
  .integer({ min: -100, max: 28 * 24 + 60 })
  .map((hours) => new Date(window.from + hours * hour).toISOString().replace('.000Z', 'Z'));
const later = (one: string, hours: number): string => new Date(Date.parse(one) + hours * hour).toISOString();
const maybe = <T>(given: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(given, { nil: null });
const account = fc.constantFrom(1, 2, 3, null);

const issues = fc
  .array(
    fc.record({
      created: moment,
      steps: fc.array(
        fc.record({
          wait: fc.integer({ min: 0, max: 200 }),
          what: fc.constantFrom(
            'close',
            'reopen',
            '+vision',
            '-vision',
            '+in-progress',
            '+wontfix',
            '-wontfix',
            '+other',
          ),
        }),
        { maxLength: 7 },
      ),
    }),
    { maxLength: 8 },
  )
  .map((all): History['issues'] =>
    all.map(({ created, steps }, index) => {
      let at = created;
      return {
        number: index + 1,
        created,
        events: steps.map(({ wait, what }) => {
          at = later(at, wait);
          if (what === 'close' || what === 'reopen')
            return { kind: what === 'close' ? 'closed' : 'reopened', at };
          return { kind: what.startsWith('+') ? 'labelled' : 'unlabelled', at, label: what.slice(1) };
        }),
      };
    }),
  );
const pulls = fc
  .array(
    fc.record({
      created: moment,
      author: account,
      wait: maybe(fc.integer({ min: 0, max: 300 })),
      closes: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
      reviews: fc.array(
        fc.record({
          wait: fc.integer({ min: 0, max: 300 }),
          by: account,
          verdict: fc.constantFrom('approved' as const, 'changes' as const, 'comment' as const),
          commit: fc.constantFrom('a', 'b', 'c'),
        }),
        { maxLength: 5 },
      ),
    }),
    { maxLength: 8 },
  )
  .map((all): History['pulls'] =>
    all.map(({ created, author, wait, closes, reviews }, index) => ({
      number: 100 + index,
      created,
      author,
      merged: wait === null ? null : later(created, wait),
      closes: [...new Set(closes)],
      reviews: reviews.map(({ wait: hours, ...rest }) => ({ at: later(created, hours), ...rest })),
    })),
  );
const runs = fc
  .array(
    fc.record({
      pipeline: fc.constantFrom('test.yml', 'deploy.yml'),
      ref: fc.constantFrom('main', '#1'),
      ended: moment,
      outcome: fc.constantFrom('green' as const, 'red' as const),
      steps: fc.uniqueArray(fc.constantFrom('lint', 'unit', 'e2e'), { maxLength: 2 }),
    }),
    { maxLength: 25 },
  )
  .map((all): History['runs'] =>
    all.map((run, index) => ({ id: `r${String(index).padStart(3, '0')}`, ...run })),
  );
const actions = fc
  .array(
    fc.record({
      tier: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
      asked: maybe(moment),
      approved: maybe(moment),
      started: moment,
      ended: maybe(fc.record({ at: moment, outcome: fc.constantFrom('success', 'failure', 'timeout') })),
    }),
    { maxLength: 8 },
  )
  .map((all): History['actions'] => all.map((action, index) => ({ id: `a${index}`, ...action })));
const proposals = fc.array(
  fc.record({
    type: fc.constantFrom('issue-create', 'ci-run'),
    tier: fc.constantFrom('medium' as const, 'high' as const, null),
    proposed: moment,
    decided: maybe(fc.record({ at: moment, how: fc.constantFrom('approved', 'denied', 'expired') })),
    outcome: maybe(fc.record({ at: moment, how: fc.constantFrom('done', 'failed') })),
  }),
  { maxLength: 8 },
);
const agentRuns = fc.array(
  fc.record({
    agent: fc.constantFrom('one', 'two'),
    ended: moment,
    outcome: fc.constantFrom('success', 'timeout', 'needs_person'),
    cost: maybe(fc.integer({ min: 0, max: 5_000_000 }).map((millionths) => millionths / 1e6)),
  }),
  { maxLength: 10 },
);
const histories: fc.Arbitrary<History> = fc.record({
  issues,
  pulls,
  runs,
  actions,
  rejections: fc.array(moment, { maxLength: 4 }),
  proposals,
  agentRuns,
});

// The oracle: the same words of the README, worked out in the plainest way there is, one number after the other.

function oracle(history: History, period: Period): Metrics {
  const t = (at: string): number => Date.parse(at);
  const isIn = (at: string | null | undefined): at is string =>
    at != null && t(at) >= period.from && t(at) < period.to;
  const span = (ms: number[]): Span => {
    const sorted = [...ms].map((value) => value / 1000).sort((a, b) => a - b);
    const rank = (share: number): number | null => {
      if (sorted.length === 0) return null;
      // The smallest value that at least this share of all values is not above.
      for (const value of sorted)
        if (sorted.filter((other) => other <= value).length >= share * sorted.length - 1e-9) return value;
      return null;
    };
    return { count: ms.length, median_seconds: rank(0.5), p90_seconds: rank(0.9) };
  };
  const counts = (names: string[]): [string, number][] => {
    const distinct = [...new Set(names)].sort();
    const rows = distinct.map((name): [string, number] => [
      name,
      names.filter((item) => item === name).length,
    ]);
    return rows.sort((a, b) => b[1] - a[1]);
  };

  const result: Metrics['issues'] = {
    opened: 0,
    closed: 0,
    reopened: 0,
    rejected: 0,
    reopened_share: null,
    rejected_share: null,
  };
  const visions = { opened: 0, filed: [] as number[], closed: 0, spans: [] as number[] };
  for (const { created, events } of history.issues) {
    if (isIn(created)) result.opened += 1;
    let wasClosed = false;
    let wasReopened = false;
    let isClosed = false;
    let labels: string[] = [];
    let filed: string | null = null;
    let lastClosed: string | null = null;
    for (const event of events) {
      if (event.kind === 'labelled' && event.label === 'in-progress' && filed === null) filed = event.at;
      if (t(event.at) >= period.to) continue;
      if (event.kind === 'closed') {
        isClosed = true;
        if (isIn(event.at)) {
          wasClosed = true;
          lastClosed = event.at;
        }
      } else if (event.kind === 'reopened') {
        isClosed = false;
        if (wasClosed) wasReopened = true;
      } else if ('label' in event) {
        const { label, kind } = event;
        labels = labels.filter((item) => item !== label);
        if (kind === 'labelled') labels.push(label);
      }
    }
    if (wasClosed) result.closed += 1;
    if (wasReopened) result.reopened += 1;
    if (wasClosed && isClosed && (labels.includes('wontfix') || labels.includes('invalid')))
      result.rejected += 1;
    if (labels.includes('vision')) {
      if (isIn(created)) visions.opened += 1;
      if (isIn(filed)) visions.filed.push(t(filed) - t(created));
      if (lastClosed !== null) {
        visions.closed += 1;
        if (filed !== null && t(filed) <= t(lastClosed)) visions.spans.push(t(lastClosed) - t(filed));
      }
    }
  }
  if (result.closed > 0) {
    result.reopened_share = Math.round((result.reopened / result.closed) * 10_000) / 10_000;
    result.rejected_share = Math.round((result.rejected / result.closed) * 10_000) / 10_000;
  }

  const issueToPull: number[] = [];
  for (const issue of history.issues) {
    let first: string | null = null;
    for (const pull of history.pulls)
      if (pull.closes.includes(issue.number) && t(pull.created) >= window.from && t(pull.created) < window.to)
        if (first === null || t(pull.created) < t(first)) first = pull.created;
    if (isIn(first) && t(first) >= t(issue.created)) issueToPull.push(t(first) - t(issue.created));
  }
  const toReview: number[] = [];
  const toMerge: number[] = [];
  const wholes: number[] = [];
  const fromIssue: number[] = [];
  const rounds: number[] = [];
  let opened = 0;
  for (const pull of history.pulls) {
    if (isIn(pull.created)) opened += 1;
    const others = pull.reviews.filter(({ by }) => by === null || by !== pull.author);
    let first: string | null = null;
    for (const { at } of others) if (first === null || t(at) < t(first)) first = at;
    if (isIn(first)) toReview.push(t(first) - t(pull.created));
    const { merged } = pull;
    if (!isIn(merged)) continue;
    wholes.push(t(merged) - t(pull.created));
    if (first !== null && t(first) <= t(merged)) toMerge.push(t(merged) - t(first));
    rounds.push(
      ['a', 'b', 'c'].filter((commit) =>
        others.some(
          (review) => review.commit === commit && review.verdict !== 'comment' && t(review.at) <= t(merged),
        ),
      ).length,
    );
    for (const number of pull.closes) {
      const issue = history.issues.find((item) => item.number === number);
      if (issue !== undefined && t(issue.created) <= t(merged)) fromIssue.push(t(merged) - t(issue.created));
    }
  }
  const ranked = span(rounds.map((value) => value * 1000));

  const pipelines: Metrics['pipelines'] = [];
  for (const pipeline of ['deploy.yml', 'test.yml']) {
    const own = history.runs.filter((run) => run.pipeline === pipeline);
    const ended = own.filter((run) => isIn(run.ended));
    if (ended.length === 0) continue;
    const repaired: number[] = [];
    for (const ref of ['main', '#1']) {
      // Hour by hour; of what ended in one hour by the order of the ids.
      let since: number | null = null;
      for (let now = window.from; now < window.to; now += hour)
        for (const run of own.filter((item) => item.ref === ref && t(item.ended) === now)) {
          if (run.outcome === 'red' && since === null) since = now;
          if (run.outcome === 'green' && since !== null) {
            if (now >= period.from) repaired.push(now - since);
            since = null;
          }
        }
    }
    const red = ended.filter((run) => run.outcome === 'red');
    pipelines.push({
      pipeline,
      runs: ended.length,
      red: red.length,
      until_green: span(repaired),
      red_steps: counts(red.flatMap(({ steps }) => steps)).map(([step, count]) => ({ step, red: count })),
    });
  }

  const tierRows: Metrics['vault']['tiers'] = [];
  for (const tier of ['low', 'medium', 'high'] as const) {
    let started = 0;
    const outcomes: string[] = [];
    const waits: number[] = [];
    for (const action of history.actions.filter((item) => item.tier === tier)) {
      if (isIn(action.started)) started += 1;
      if (action.ended !== null && isIn(action.ended.at)) outcomes.push(action.ended.outcome);
      if (action.asked !== null && isIn(action.approved))
        waits.push(Math.max(0, t(action.approved) - t(action.asked)));
    }
    if (started > 0 || outcomes.length > 0 || waits.length > 0)
      tierRows.push({
        tier,
        started,
        ended: counts(outcomes).map(([outcome, count]) => ({ outcome, count })),
        to_approval: span(waits),
      });
  }

  const proposalRows: Metrics['proposals'] = [];
  for (const [tier, type] of [
    ['medium', 'ci-run'],
    ['medium', 'issue-create'],
    ['high', 'ci-run'],
    ['high', 'issue-create'],
    [null, 'ci-run'],
    [null, 'issue-create'],
  ] as const) {
    const own = history.proposals.filter((item) => item.type === type && item.tier === tier);
    const made = own.filter((item) => isIn(item.proposed)).length;
    const decided = own.flatMap((item) => (isIn(item.decided?.at) ? [item.decided?.how ?? ''] : []));
    const carried = own.flatMap((item) => (isIn(item.outcome?.at) ? [item.outcome?.how ?? ''] : []));
    if (made + decided.length + carried.length === 0) continue;
    proposalRows.push({
      type,
      tier,
      proposed: made,
      decided: counts(decided).map(([how, count]) => ({ how, count })),
      carried_out: counts(carried).map(([how, count]) => ({ how, count })),
      to_approval: span(
        own.flatMap((item) =>
          item.decided?.how === 'approved' && isIn(item.decided.at)
            ? [Math.max(0, t(item.decided.at) - t(item.proposed))]
            : [],
        ),
      ),
    });
  }

  const agents: Metrics['agents'] = [];
  for (const agent of ['one', 'two']) {
    const own = history.agentRuns.filter((run) => run.agent === agent && isIn(run.ended));
    if (own.length === 0) continue;
    const cost = (some: typeof own): number | null => {
      const known = some.flatMap((run) => (run.cost === null ? [] : [Math.round(run.cost * 1e6)]));
      return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / 1e6;
    };
    agents.push({
      agent,
      runs: own.length,
      outcomes: counts(own.map(({ outcome }) => outcome)).map(([outcome, count]) => ({
        outcome,
        count,
        cost: cost(own.filter((run) => run.outcome === outcome)),
      })),
      cost: cost(own),
    });
  }

  return {
    issues: result,
    pulls: { opened, reviewed: toReview.length, merged: wholes.length },
    times: {
      issue_to_pull: span(issueToPull),
      pull_to_review: span(toReview),
      review_to_merge: span(toMerge),
      pull_to_merge: span(wholes),
      issue_to_merge: span(fromIssue),
    },
    review_rounds: { count: rounds.length, median: ranked.median_seconds, p90: ranked.p90_seconds },
    pipelines,
    visions: {
      opened: visions.opened,
      filed: visions.filed.length,
      closed: visions.closed,
      to_filed: span(visions.filed),
      filed_to_closed: span(visions.spans),
    },
    vault: { tiers: tierRows, rejected: history.rejections.filter(isIn).length },
    proposals: proposalRows,
    agents,
  };
}

/** The same history without anything that happened at the end of the day or later, as an early collection would find it. */
function upTo({ to }: Period, history: History): History {
  const isBefore = (at: string): boolean => Date.parse(at) < to;
  return {
    issues: history.issues
      .filter(({ created }) => isBefore(created))
      .map((issue) => ({ ...issue, events: issue.events.filter(({ at }) => isBefore(at)) })),
    pulls: history.pulls
      .filter(({ created }) => isBefore(created))
      .map((pull) => ({
        ...pull,
        merged: pull.merged !== null && isBefore(pull.merged) ? pull.merged : null,
        reviews: pull.reviews.filter(({ at }) => isBefore(at)),
      })),
    runs: history.runs.filter(({ ended }) => isBefore(ended)),
    actions: history.actions
      .filter(({ started }) => isBefore(started))
      .map((action) => ({
        ...action,
        ended: action.ended !== null && isBefore(action.ended.at) ? action.ended : null,
      })),
    rejections: history.rejections.filter(isBefore),
    proposals: history.proposals
      .filter(({ proposed }) => isBefore(proposed))
      .map((item) => ({
        ...item,
        decided: item.decided !== null && isBefore(item.decided.at) ? item.decided : null,
        outcome: item.outcome !== null && isBefore(item.outcome.at) ? item.outcome : null,
      })),
    agentRuns: history.agentRuns.filter(({ ended }) => isBefore(ended)),
  };
}

describe('what is counted', () => {
  const sample = { numRuns: 2000 };

  it.each([
    ['the day', day],
    ['the 28 days', window],
  ])('of %s is what the plainest way of counting gives, over random histories', (_, period) => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(measure(history, period, window, words)).toEqual(oracle(history, period));
      }),
      sample,
    );
  });

  it('fits the published schema', () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(metrics.safeParse(measure(history, day, window, words)).success).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('of a day is the same whatever happened since', () => {
    fc.assert(
      fc.property(histories, (history) => {
        // An action on record was started before it could be asked for: what is not started is not there.
        const started = {
          ...history,
          actions: history.actions.filter((item) => Date.parse(item.started) < day.to),
          proposals: history.proposals.filter((item) => Date.parse(item.proposed) < day.to),
        };
        expect(measure(upTo(day, started), day, window, words)).toEqual(measure(started, day, window, words));
        expect(measure(upTo(day, started), window, window, words)).toEqual(
          measure(started, window, window, words),
        );
      }),
      sample,
    );
  });

  it('does not depend on the order in which it was read', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const turned = Object.fromEntries(
          Object.entries(history).map(([name, items]) => [name, [...items].reverse()]),
        ) as unknown as History;
        expect(measure(turned, window, window, words)).toEqual(measure(history, window, window, words));
      }),
      { numRuns: 500 },
    );
  });

  it('of nothing is nothing, and never a time', () => {
    expect(measure(noHistory, day, window, words)).toMatchObject({
      issues: { closed: 0, reopened_share: null },
      times: { pull_to_merge: { count: 0, median_seconds: null, p90_seconds: null } },
      pipelines: [],
      agents: [],
    });
  });
});

it.each([
  [[], 0.5, null],
  [[7], 0.5, 7],
  [[7], 0.9, 7],
  [[1, 2], 0.5, 1],
  [[1, 2, 3], 0.5, 2],
  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9, 9],
  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 0.9, 10],
])('nearest rank of %j at %d is %j', (sorted, share, value) => {
  expect(nearestRank(sorted, share)).toBe(value);
});
