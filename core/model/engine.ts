import type { ModelAnswer, ModelQuestion, ModelUse } from '../model.ts';
import type { Programs } from '../role.ts';
import { plain } from '../text/log-line.ts';

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

/**
 * A number of tokens that a server or a program says it has used; undefined for what is none. What may still be spent is decided by it,
 * and a negative one would give money back.
 */
export function tokensOf(said: unknown): number | undefined {
  return typeof said === 'number' && Number.isInteger(said) && said >= 0 && said < 1e10 ? said : undefined;
}

/** A sum of money that a program says it has used; `null` for what is none. */
export function moneyOf(said: unknown): number | null {
  return typeof said === 'number' && said >= 0 && said < 1e9 ? said : null;
}

/** What a model calls itself, as one short line; `asked` where it does not say. */
export function modelOf(said: unknown, asked: string): string {
  return typeof said === 'string' && said.trim() !== '' ? plain(said).slice(0, 200) : asked;
}

/** What was used, with its cost at given prices; `null` without prices, and where the tokens are not known. */
export function useOf(
  { prices }: Pick<EngineOptions, 'prices'>,
  engine: string,
  model: string,
  [input, output]: [input: number | undefined, output: number | undefined],
): ModelUse {
  return {
    engine,
    model,
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    cost:
      prices === null || input === undefined || output === undefined
        ? null
        : (input * prices.input + output * prices.output) / 1_000_000,
  };
}
