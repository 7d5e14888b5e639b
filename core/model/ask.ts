import type { settings } from '../../actions/architect-pitch/settings.ts';
import { UserError } from '../errors.ts';
import type { ModelAnswer, ModelQuestion } from '../model.ts';
import type { AskContext } from '../role.ts';

/** What an engine is given beyond the question: no forge, no token of the forge. */
export interface EngineOptions {
  model: string | undefined;
  url: string | undefined;
  key: string | undefined;
  /** A program and its arguments. */
  command: string[];
  timeoutMs: number;
  maxOutputTokens: number;
  /** Per million tokens; `null` where nobody said. */
  prices: { input: number; output: number } | null;
}

export type Engine = (question: ModelQuestion, options: EngineOptions) => Promise<ModelAnswer>;

/** Puts a question to the engine that the settings name; each is loaded only when it is used. */
export async function ask(
  question: ModelQuestion,
  { settings: given, deadline }: AskContext<typeof settings>,
): Promise<ModelAnswer> {
  const left = deadline - Date.now();
  if (left <= 0)
    throw new UserError(
      `The deadline passed before ${question.engine} was asked.`,
      'Raise the setting deadline.',
    );
  const [input, output] = [given['price-input'], given['price-output']];
  const engine = await load(given.engine);
  return engine(question, {
    model: given.model,
    url: given['engine-url'],
    key: given['engine-key'],
    command: given['engine-command'],
    timeoutMs: Math.min(left, given['engine-timeout']),
    maxOutputTokens: given['max-output-tokens'],
    prices: input === undefined || output === undefined ? null : { input, output },
  });
}

async function load(name: string): Promise<Engine> {
  switch (name) {
    case 'claude-cli':
      return (await import('./claude-cli.ts')).claudeCli;
    case 'anthropic':
      return (await import('./anthropic.ts')).anthropic;
    case 'openai':
      return (await import('./openai.ts')).openai;
    case 'command':
      return (await import('./command.ts')).command;
    default:
      return (await import('../../actions/architect-pitch/outline.ts')).outline;
  }
}

/** What tokens cost at given prices; `null` without prices. */
export function costOf(
  { prices }: Pick<EngineOptions, 'prices'>,
  inputTokens: number,
  outputTokens: number,
): number | null {
  return prices === null ? null : (inputTokens * prices.input + outputTokens * prices.output) / 1_000_000;
}

/** The most that any program or server may answer. */
export const mostBytes = 2 * 1024 * 1024;
