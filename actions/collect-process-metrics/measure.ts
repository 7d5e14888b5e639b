import { type Tier, tiers } from '../../core/vault/action.ts';
import type { Metrics, Span } from './evidence.ts';
import type { History, IssueHistory, PullHistory, ReviewHistory, RunHistory } from './history.ts';

// What is counted, and how: pure. Everything belongs to the moment at which it came to its end; nothing that happened at `to` or
// later is looked at, and nothing that began before `from` but its own beginning.

/** From this moment to before that one, in milliseconds since 1970. */
export interface Period {
  from: number;
  to: number;
}

/** What the project calls things. */
export interface Words {
  visionLabel: string;
  /** Set on a vision right before its first issue is filed. */
  filedLabel: string;
  rejectedLabels: readonly string[];
}

/** The value at a share of a sorted list, by nearest rank: always one that is in it. */
export function nearestRank(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

function spanOf(milliseconds: readonly number[]): Span {
  const seconds = milliseconds.map((value) => Math.round(value / 1000)).sort((a, b) => a - b);
  return {
    count: seconds.length,
    median_seconds: nearestRank(seconds, 0.5),
    p90_seconds: nearestRank(seconds, 0.9),
  };
}

function time(at: string): number {
  return Date.parse(at);
}

/** What a period came to. `window` is what may be looked at: the period itself, or more that stands before it. */
export function measure(history: History, period: Period, window: Period, words: Words): Metrics {
  const isIn = (at: string | number | null): boolean => {
    const moment = typeof at === 'string' ? time(at) : at;
    return moment !== null && moment >= period.from && moment < period.to;
  };
  const isKnown = (at: string): boolean => time(at) < window.to;
  return {
    issues: issuesIn(history.issues, isIn, isKnown, words),
    ...pullsIn(history, isIn, isKnown, window),
    pipelines: pipelinesIn(history.runs, isIn, window),
    visions: visionsIn(history.issues, isIn, isKnown, words),
    vault: vaultIn(history, isIn, isKnown),
    proposals: proposalsIn(history, isIn),
    agents: agentsIn(history, isIn),
  };
}

type IsIn = (at: string | number | null) => boolean;
type IsKnown = (at: string) => boolean;

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1e4) / 1e4;
}

function issuesIn(
  issues: readonly IssueHistory[],
  isIn: IsIn,
  isKnown: IsKnown,
  words: Words,
): Metrics['issues'] {
  const closed = issues.filter(({ events }) => events.some(({ kind, at }) => kind === 'closed' && isIn(at)));
  const reopened = closed.filter(({ events }) => {
    const known = events.filter(({ at }) => isKnown(at));
    const first = known.findIndex(({ kind, at }) => kind === 'closed' && isIn(at));
    return known.slice(first).some(({ kind }) => kind === 'reopened');
  });
  const rejected = closed.filter((issue) => {
    const state = stateOf(issue, isKnown);
    return state.isClosed && words.rejectedLabels.some((label) => state.labels.has(label));
  });
  return {
    opened: issues.filter(({ created }) => isIn(created)).length,
    closed: closed.length,
    reopened: reopened.length,
    rejected: rejected.length,
    reopened_share: share(reopened.length, closed.length),
    rejected_share: share(rejected.length, closed.length),
  };
}

/** How an issue was when the period ended. */
function stateOf({ events }: IssueHistory, isKnown: IsKnown): { isClosed: boolean; labels: Set<string> } {
  const labels = new Set<string>();
  let isClosed = false;
  for (const event of events.filter(({ at }) => isKnown(at))) {
    if (event.kind === 'labelled') labels.add(event.label);
    else if (event.kind === 'unlabelled') labels.delete(event.label);
    else isClosed = event.kind === 'closed';
  }
  return { isClosed, labels };
}

/** Reviews of others than the author, in the order they were given. */
function reviewsOf({ author, reviews }: PullHistory, isKnown: IsKnown): ReviewHistory[] {
  return reviews
    .filter(({ by, at }) => (by === null || by !== author) && isKnown(at))
    .sort((a, b) => time(a.at) - time(b.at));
}

function pullsIn(
  { issues, pulls }: History,
  isIn: IsIn,
  isKnown: IsKnown,
  window: Period,
): Pick<Metrics, 'pulls' | 'times' | 'review_rounds'> {
  const created = new Map(issues.map((issue) => [issue.number, issue.created]));
  // One that was opened before the window may be known or not, by what happened to it since: so none of these is the first.
  const recent = pulls.filter(({ created: at }) => time(at) >= window.from && isKnown(at));
  const issueToPull = [...new Set(recent.flatMap(({ closes }) => closes))].flatMap((number) => {
    const from = created.get(number);
    const first = Math.min(
      ...recent.filter(({ closes }) => closes.includes(number)).map((pull) => time(pull.created)),
    );
    return from !== undefined && isIn(first) && first >= time(from) ? [first - time(from)] : [];
  });
  const reviewed = pulls.flatMap((pull) => {
    const [first] = reviewsOf(pull, isKnown);
    return first !== undefined && isIn(first.at) ? [time(first.at) - time(pull.created)] : [];
  });
  const merged = pulls.flatMap((pull) =>
    pull.merged !== null && isIn(pull.merged) ? [{ pull, at: time(pull.merged) }] : [],
  );
  const before = ({ pull, at }: (typeof merged)[number]): ReviewHistory[] =>
    reviewsOf(pull, isKnown).filter((review) => time(review.at) <= at);
  const rounds = merged
    .map(
      (item) =>
        new Set(before(item).flatMap(({ verdict, commit }) => (verdict === 'comment' ? [] : [commit]))).size,
    )
    .sort((a, b) => a - b);
  return {
    pulls: {
      opened: pulls.filter((pull) => isIn(pull.created)).length,
      reviewed: reviewed.length,
      merged: merged.length,
    },
    times: {
      issue_to_pull: spanOf(issueToPull),
      pull_to_review: spanOf(reviewed),
      review_to_merge: spanOf(
        merged.flatMap((item) => {
          const [first] = before(item);
          return first === undefined ? [] : [item.at - time(first.at)];
        }),
      ),
      pull_to_merge: spanOf(merged.map(({ pull, at }) => at - time(pull.created))),
      issue_to_merge: spanOf(
        merged.flatMap(({ pull, at }) =>
          [...new Set(pull.closes)].flatMap((number) => {
            const from = created.get(number);
            return from !== undefined && time(from) <= at ? [at - time(from)] : [];
          }),
        ),
      ),
    },
    review_rounds: { count: rounds.length, median: nearestRank(rounds, 0.5), p90: nearestRank(rounds, 0.9) },
  };
}

function byName<T>(items: readonly T[], nameOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Names with how often each is there, most first, equals by name. */
function tally(names: readonly string[]): [string, number][] {
  return byName(names, (name) => name)
    .map(([name, all]): [string, number] => [name, all.length])
    .sort(([, a], [, b]) => b - a);
}

function pipelinesIn(runs: readonly RunHistory[], isIn: IsIn, window: Period): Metrics['pipelines'] {
  const known = runs.filter(({ ended }) => time(ended) >= window.from && time(ended) < window.to);
  return byName(known, ({ pipeline }) => pipeline).flatMap(([pipeline, all]) => {
    const ended = all.filter((run) => isIn(run.ended));
    if (ended.length === 0) return [];
    const red = ended.filter(({ outcome }) => outcome === 'red');
    return [
      {
        pipeline,
        runs: ended.length,
        red: red.length,
        until_green: spanOf(
          byName(all, ({ ref }) => ref).flatMap(([, ofRef]) =>
            repairs(ofRef).flatMap(({ from, to }) => (isIn(to) ? [to - from] : [])),
          ),
        ),
        red_steps: tally(red.flatMap(({ steps }) => steps)).map(([step, count]) => ({ step, red: count })),
      },
    ];
  });
}

/** From the first red run to the next green one, again and again. */
function repairs(runs: readonly RunHistory[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let since: number | null = null;
  const ordered = [...runs].sort((a, b) => time(a.ended) - time(b.ended) || (a.id < b.id ? -1 : 1));
  for (const { outcome, ended } of ordered) {
    if (outcome === 'red') since ??= time(ended);
    else if (since !== null) {
      found.push({ from: since, to: time(ended) });
      since = null;
    }
  }
  return found;
}

function visionsIn(
  issues: readonly IssueHistory[],
  isIn: IsIn,
  isKnown: IsKnown,
  words: Words,
): Metrics['visions'] {
  const visions = issues.filter((issue) => stateOf(issue, isKnown).labels.has(words.visionLabel));
  const filings = visions.map((vision) => ({
    vision,
    at:
      vision.events.find((event) => event.kind === 'labelled' && event.label === words.filedLabel)?.at ??
      null,
  }));
  const filed = filings.flatMap(({ vision, at }) =>
    at !== null && isIn(at) ? [time(at) - time(vision.created)] : [],
  );
  // Once each: a vision that was closed, reopened and closed in one period was closed by the last.
  const closed = filings.flatMap(({ vision, at }) => {
    const last = vision.events.filter((event) => event.kind === 'closed' && isIn(event.at)).at(-1);
    return last === undefined
      ? []
      : [at !== null && time(at) <= time(last.at) ? time(last.at) - time(at) : null];
  });
  return {
    opened: visions.filter(({ created }) => isIn(created)).length,
    filed: filed.length,
    closed: closed.length,
    to_filed: spanOf(filed),
    filed_to_closed: spanOf(closed.filter((value) => value !== null)),
  };
}

function vaultIn({ actions, rejections }: History, isIn: IsIn, isKnown: IsKnown): Metrics['vault'] {
  const rows = tiers.flatMap((tier: Tier) => {
    const own = actions.filter((action) => action.tier === tier);
    const started = own.filter((action) => isIn(action.started));
    const ended = own.flatMap((action) =>
      action.ended !== null && isIn(action.ended.at) ? [action.ended.outcome] : [],
    );
    const waits = own.flatMap(({ asked, approved }) =>
      asked !== null && approved !== null && isKnown(approved) && isIn(approved)
        ? [Math.max(0, time(approved) - time(asked))]
        : [],
    );
    return started.length + ended.length + waits.length === 0
      ? []
      : [
          {
            tier,
            started: started.length,
            ended: tally(ended).map(([outcome, count]) => ({ outcome, count })),
            to_approval: spanOf(waits),
          },
        ];
  });
  return { tiers: rows, rejected: rejections.filter((at) => isIn(at)).length };
}

function proposalsIn({ proposals }: History, isIn: IsIn): Metrics['proposals'] {
  const groups = [...tiers, null].flatMap((tier) =>
    byName(
      proposals.filter((item) => item.tier === tier),
      ({ type }) => type,
    ),
  );
  return groups.flatMap(([type, all]) => {
    const proposed = all.filter((item) => isIn(item.proposed)).length;
    const decided = all.flatMap((item) =>
      item.decided !== null && isIn(item.decided.at) ? [{ ...item.decided, proposed: item.proposed }] : [],
    );
    const carried = all.flatMap((item) =>
      item.outcome !== null && isIn(item.outcome.at) ? [item.outcome.how] : [],
    );
    if (proposed + decided.length + carried.length === 0) return [];
    return [
      {
        type,
        tier: all[0]?.tier ?? null,
        proposed,
        decided: tally(decided.map(({ how }) => how)).map(([how, count]) => ({ how, count })),
        carried_out: tally(carried).map(([how, count]) => ({ how, count })),
        to_approval: spanOf(
          decided.flatMap((item) =>
            item.how === 'approved' ? [Math.max(0, time(item.at) - time(item.proposed))] : [],
          ),
        ),
      },
    ];
  });
}

function costOf(costs: readonly (number | null)[]): number | null {
  const known = costs.filter((cost) => cost !== null);
  // In whole millionths, so that the sum does not depend on the order.
  return known.length === 0 ? null : known.reduce((sum, cost) => sum + Math.round(cost * 1e6), 0) / 1e6;
}

function agentsIn({ agentRuns }: History, isIn: IsIn): Metrics['agents'] {
  const ended = agentRuns.filter((run) => isIn(run.ended));
  return byName(ended, ({ agent }) => agent).map(([agent, runs]) => ({
    agent,
    runs: runs.length,
    outcomes: byName(runs, ({ outcome }) => outcome)
      .map(([outcome, all]) => ({ outcome, count: all.length, cost: costOf(all.map(({ cost }) => cost)) }))
      .sort((a, b) => b.count - a.count),
    cost: costOf(runs.map(({ cost }) => cost)),
  }));
}
