import { sameAccount } from '../../core/accounts.ts';
import { mostCostOf } from '../../core/model/settings.ts';
import type { ModelQuestion } from '../../core/model.ts';
import type { Live, PitchSettings } from './state.ts';
import { spentIn } from './text.ts';

// What calls to a model cost, and which call would be one too many. Pure.

/** What the calls of a day cost, by the hidden lines in our pull requests and in our own comments on them. */
export function spentOn(
  day: string,
  { pitches, account }: Pick<Live, 'pitches' | 'account'>,
): Live['spentToday'] {
  const texts = pitches.flatMap((pitch) => [
    pitch.pull.body,
    ...(pitch.kind === 'unread' ? [] : pitch.comments)
      .filter(({ user }) => sameAccount(user, account))
      .map(({ body }) => body),
  ]);
  let sum = 0;
  for (const cost of texts.flatMap((text) => spentIn(text, day))) {
    if (cost === 'unknown') return 'unknown';
    sum += cost;
  }
  return sum;
}

/** Why the next call would be one too many, or undefined. */
export function limitReached(
  settings: PitchSettings,
  state: Live,
  question: ModelQuestion,
): string | undefined {
  const costs = state.answers.map(({ answer }) => answer.use.cost);
  // Whatever a server did not say would count as nothing, and the limit would never be reached.
  const inRun = costs.includes(null) ? 'unknown' : costs.reduce((sum: number, cost) => sum + (cost ?? 0), 0);
  const next = mostCostOf(settings, question);
  for (const [name, spent] of [
    ['max-cost-per-run', inRun],
    [
      'max-cost-per-day',
      inRun === 'unknown' || state.spentToday === 'unknown' ? 'unknown' : inRun + state.spentToday,
    ],
  ] as const) {
    const limit = settings[name];
    if (limit === undefined) continue;
    if (spent === 'unknown') return `${name} is ${limit}, and what a call of today cost is not known`;
    if (spent >= limit || spent + next > limit)
      return `${name} is ${limit}: ${spent.toFixed(4)} is spent, and the next call may cost ${next.toFixed(4)}`;
  }
  return undefined;
}
