import type { ModelAnswer, ModelQuestion } from '../model.ts';
import type { Programs } from '../role.ts';

// What an engine is: a function from a question to an answer. ask.ts loads them, and each stands in a file of its own.

/** What an engine is given beyond the question: no forge, no token of the forge. */
export interface EngineOptions {
  model: string | undefined;
  url: string | undefined;
  key: string | undefined;
  /** A program and its arguments. */
  command: string[];
  programs: Programs;
  timeoutMs: number;
  maxOutputTokens: number;
  /** Per million tokens; `null` where nobody said. */
  prices: { input: number; output: number } | null;
}

export type Engine = (question: ModelQuestion, options: EngineOptions) => Promise<ModelAnswer>;

/** Loads an engine when it is asked for the first time: an SDK is large, and most runs ask nobody. */
export type EngineLoader = () => Promise<Engine>;

/** The most that any program or server may answer. */
export const mostBytes = 2 * 1024 * 1024;

/** A setting that the engine cannot do without. Its absence is told with all other faults of the settings, before a run begins. */
export function needed<T>(value: T | undefined, setting: string): T {
  if (value === undefined) throw new Error(`an engine was asked without ${setting}`);
  return value;
}

/** What tokens cost at given prices; `null` without prices. */
export function costOf(
  { prices }: Pick<EngineOptions, 'prices'>,
  inputTokens: number,
  outputTokens: number,
): number | null {
  return prices === null ? null : (inputTokens * prices.input + outputTokens * prices.output) / 1_000_000;
}
