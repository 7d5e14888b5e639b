import type { Api } from './routes.ts';

/** Tokens of one answer; the four are paid for differently, and none is counted twice. */
export interface Usage {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
}

/** Per million tokens. */
export interface Prices {
  input: number;
  output: number;
  /** Absent: as `input`. */
  cacheRead?: number;
  /** Absent: as `input`, and a quarter more where the provider is Anthropic. */
  cacheWrite?: number;
}

/** What an answer said of its usage so far. */
export interface Tally {
  /** One event of a stream, or a whole answer, as parsed JSON. */
  take(answer: unknown): void;
  /** As far as it is known; absent before anything was said. */
  sofar(): Usage | undefined;
  /** Whether no more is to come. */
  isFinal(): boolean;
}

/** Follows what a provider says of usage, event by event, so that the cost of an answer that is cut off is known up to there. */
export function createTally(api: Api): Tally {
  let known: Usage | undefined;
  let final = false;
  const take = api === 'anthropic' ? takeAnthropic : takeOpenai;
  return {
    take(answer) {
      const found = take(answer, known);
      if (found === undefined) return;
      known = found.usage;
      final ||= found.isFinal;
    },
    sofar: () => known,
    isFinal: () => final,
  };
}

interface Taken {
  usage: Usage;
  isFinal: boolean;
}

function takeAnthropic(answer: unknown, before: Usage | undefined): Taken | undefined {
  const type = field(answer, 'type');
  const usage = type === 'message_start' ? field(field(answer, 'message'), 'usage') : field(answer, 'usage');
  if (typeof usage !== 'object' || usage === null) return undefined;
  const output = tokens(usage, 'output_tokens');
  // What a later event says counts for all before it, and what it does not say stands.
  return {
    usage: {
      input: tokens(usage, 'input_tokens') ?? before?.input ?? 0,
      cacheRead: tokens(usage, 'cache_read_input_tokens') ?? before?.cacheRead ?? 0,
      cacheWrite: tokens(usage, 'cache_creation_input_tokens') ?? before?.cacheWrite ?? 0,
      output: output ?? before?.output ?? 0,
    },
    isFinal: (type === 'message_delta' || type === 'message') && output !== undefined,
  };
}

function takeOpenai(answer: unknown): Taken | undefined {
  // A stream of the responses API has the answer in its events; before the last of them the usage is null.
  const usage = field(answer, 'usage') ?? field(field(answer, 'response'), 'usage');
  if (typeof usage !== 'object' || usage === null) return undefined;
  const input = tokens(usage, 'prompt_tokens') ?? tokens(usage, 'input_tokens');
  const output = tokens(usage, 'completion_tokens') ?? tokens(usage, 'output_tokens');
  if (input === undefined || output === undefined) return undefined;
  const details = field(usage, 'prompt_tokens_details') ?? field(usage, 'input_tokens_details');
  // Both are a part of the input.
  const cacheRead = Math.min(tokens(details, 'cached_tokens') ?? 0, input);
  const cacheWrite = Math.min(tokens(details, 'cache_write_tokens') ?? 0, input - cacheRead);
  return { usage: { input: input - cacheRead - cacheWrite, cacheRead, cacheWrite, output }, isFinal: true };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** A number of tokens, if it is one: what a server says is not believed to be a sum of money before that. */
function tokens(usage: unknown, name: string): number | undefined {
  const value = field(usage, name);
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e10
    ? value
    : undefined;
}

/** Every price said. What nobody gave is taken so that the sum is rather too high than too low. */
export function wholePrices(api: Api, prices: Prices): Required<Prices> {
  return {
    input: prices.input,
    output: prices.output,
    cacheRead: prices.cacheRead ?? prices.input,
    cacheWrite: prices.cacheWrite ?? prices.input * (api === 'anthropic' ? 1.25 : 1),
  };
}

/** What a usage costs, in the currency of the prices, which are for a million tokens. */
export function costOfUsage(prices: Required<Prices>, usage: Usage): number {
  return (
    (usage.input * prices.input +
      usage.cacheRead * prices.cacheRead +
      usage.cacheWrite * prices.cacheWrite +
      usage.output * prices.output) /
    1_000_000
  );
}

/** The most that so many tokens can cost, however they are cached. */
export function mostCost(prices: Required<Prices>, most: { input: number; output: number }): number {
  const dearest = Math.max(prices.input, prices.cacheRead, prices.cacheWrite);
  return (most.input * dearest + most.output * prices.output) / 1_000_000;
}
