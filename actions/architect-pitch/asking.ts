import type { Change } from '../../core/change.ts';
import type { ModelUse } from '../../core/model.ts';
import { notice, refuseFor } from '../../core/plan.ts';
import { limitReached } from './costs.ts';
import type { Reading } from './document.ts';
import { type About, questionFor, type Refused } from './questions.ts';
import type { Live, PitchSettings } from './state.ts';

// One question with its attempts: put, put again with what was wrong with the answer, or given up; and never beyond what it
// may cost. Pure.

export type Asked<T> =
  | { kind: 'answered'; value: T; uses: ModelUse[] }
  /** `change`: the next attempt, or why there is none. */
  | { kind: 'open'; change: Change<'ask-model' | 'keep' | 'refuse'> };

/** The usable answer to a question where this run has one; else the change that leads to it, or says why nothing does. */
export function putQuestion<T>(given: {
  settings: PitchSettings;
  state: Live;
  key: string;
  /** What is asked for, in words for a person. */
  what: string;
  about: About;
  why: string;
  read: (answer: string) => Reading<T>;
}): Asked<T> {
  const { settings, state, key, what, why, read } = given;
  const attempts = state.answers.filter((item) => item.key === key);
  const last = attempts.at(-1)?.answer.text;
  if (last === undefined) return attempt(given, undefined, why);
  const reading = read(last);
  if (reading.ok)
    return { kind: 'answered', value: reading.value, uses: attempts.map(({ answer }) => answer.use) };
  const { faults } = reading;
  if (attempts.length <= settings.retries)
    return attempt(given, { text: last, faults }, `attempt ${attempts.length + 1}: ${faults[0] ?? ''}`);
  const change = refuseFor(
    what,
    `${settings.engine} gave no answer that can be used in ${attempts.length} attempts, and nothing was written for it. The last one: ${faults.join('; ').slice(0, 1500)}`,
  );
  return { kind: 'open', change };
}

function attempt(
  { settings, state, key, what, about }: Parameters<typeof putQuestion>[0],
  refused: Refused | undefined,
  why: string,
): Asked<never> {
  const question = questionFor(settings, about, state.context, refused);
  const limit = limitReached(settings, state, question);
  if (limit !== undefined) return { kind: 'open', change: notice(`${what} is not asked for`, limit) };
  return { kind: 'open', change: { kind: 'ask-model', key, what, ...question, why } };
}
