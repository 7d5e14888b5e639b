import type { Change } from '../../core/change.ts';
import type { ModelQuestion, ModelUse } from '../../core/model.ts';
import { notice, refuseFor } from '../../core/plan.ts';
import type { Reading } from './document.ts';
import { type About, questionFor } from './questions.ts';
import type { PitchSettings, PitchState } from './read.ts';

// One question with its attempts: asked, asked again with what was wrong, or given up; and never beyond what it may cost.

export type Asked<T> =
  | { answered: true; value: T; uses: ModelUse[] }
  | { answered: false; change: Change<'ask-model' | 'keep' | 'refuse'> };

export function ask<T>(given: {
  settings: PitchSettings;
  state: PitchState;
  key: string;
  /** What is asked for, in words for a person. */
  what: string;
  about: About;
  why: string;
  read: (answer: string) => Reading<T>;
}): Asked<T> {
  const { settings, state, key, what, about, why, read } = given;
  const attempts = state.answers.filter((item) => item.key === key);
  const last = attempts.at(-1);
  const reading = last === undefined ? undefined : read(last.answer.text);
  if (reading?.ok === true)
    return { answered: true, value: reading.value, uses: attempts.map(({ answer }) => answer.use) };
  const refused =
    last === undefined || reading === undefined
      ? undefined
      : { text: last.answer.text, faults: reading.faults };
  if (refused !== undefined && attempts.length > settings.retries)
    return {
      answered: false,
      change: refuseFor(
        what,
        `${settings.engine} gave no answer that can be used in ${attempts.length} attempts, and nothing was written for it. The last one: ${refused.faults.join('; ').slice(0, 1500)}`,
      ),
    };
  const question = questionFor(settings, about, state.context, refused);
  const limit = limitReached(settings, state, question);
  if (limit !== undefined)
    return {
      answered: false,
      change: notice(`${what} is not asked for`, limit),
    };
  return {
    answered: false,
    change: {
      kind: 'ask-model',
      key,
      what,
      ...question,
      why: attempts.length === 0 ? why : `attempt ${attempts.length + 1}: ${refused?.faults[0] ?? ''}`,
    },
  };
}

/** Why the next call would be one too many, or undefined. */
export function limitReached(
  settings: PitchSettings,
  state: PitchState,
  question: ModelQuestion,
): string | undefined {
  const inRun = state.answers.reduce((sum, { answer }) => sum + (answer.use.cost ?? 0), 0);
  const next = mostCost(settings, question);
  for (const [name, spent] of [
    ['max-cost-per-run', inRun],
    ['max-cost-per-day', inRun + (state.spentToday ?? Number.POSITIVE_INFINITY)],
  ] as const) {
    const limit = settings[name];
    if (limit === undefined || (spent < limit && spent + next <= limit)) continue;
    return Number.isFinite(spent)
      ? `${name} is ${limit}: ${spent.toFixed(4)} is spent, and the next call may cost ${next.toFixed(4)}`
      : `${name} is ${limit}, and what a call of today cost is not known`;
  }
  return undefined;
}

/** What a call may cost at most, as far as prices tell: three characters to a token is more than texts have. */
function mostCost(settings: PitchSettings, { system, prompt }: ModelQuestion): number {
  const input = (system.length + prompt.length) / 3;
  return (
    (input * (settings['price-input'] ?? 0) +
      settings['max-output-tokens'] * (settings['price-output'] ?? 0)) /
    1_000_000
  );
}
