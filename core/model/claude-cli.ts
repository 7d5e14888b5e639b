import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { plain } from '../text/log-line.ts';
import { runEngine } from './command.ts';
import { type Engine, moneyOf, tokensOf } from './engine.ts';

const answer = z.object({
  is_error: z.boolean(),
  result: z.optional(z.string()),
  total_cost_usd: z.optional(z.number()),
  usage: z.optional(
    z.object({
      input_tokens: z.optional(z.number()),
      cache_creation_input_tokens: z.optional(z.number()),
      cache_read_input_tokens: z.optional(z.number()),
      output_tokens: z.optional(z.number()),
    }),
  ),
});

/**
 * Claude Code's command line, for one answer: no tools, no MCP servers, no settings of a user or project, no session
 * kept. It runs in an empty folder, so no file of a checkout becomes a part of the prompt.
 */
export const claudeCli: Engine = async ({ system, prompt }, options) => {
  const [program = 'claude', ...more] = options.command;
  const output = await runEngine({
    command: program,
    args: [
      ...more,
      '-p',
      '--output-format',
      'json',
      '--max-turns',
      '1',
      '--tools',
      '',
      '--strict-mcp-config',
      '--setting-sources',
      '',
      '--no-session-persistence',
      '--system-prompt',
      system,
      ...(options.model === undefined ? [] : ['--model', options.model]),
    ],
    environment: options.key === undefined ? {} : { ANTHROPIC_API_KEY: options.key },
    programs: options.programs,
    input: prompt,
    timeoutMs: options.timeoutMs,
  });
  const reply = parsed(output);
  if (reply === undefined || reply.is_error || reply.result === undefined)
    throw new UserError(
      `${plain(program)} gave no answer${reply?.result === undefined ? '' : `: ${plain(reply.result).slice(0, 300)}`}.`,
      'Run `claude -p --output-format json` by hand in the same account: it needs a login or engine-key, and a version that knows --tools.',
    );
  const { usage } = reply;
  return {
    text: reply.result,
    use: {
      engine: 'claude-cli',
      model: options.model ?? 'default',
      inputTokens: sum(
        usage?.input_tokens,
        usage?.cache_creation_input_tokens,
        usage?.cache_read_input_tokens,
      ),
      outputTokens: sum(usage?.output_tokens),
      cost: moneyOf(reply.total_cost_usd),
    },
  };
};

function sum(...said: (number | undefined)[]): number {
  return said.reduce((total: number, tokens) => total + (tokensOf(tokens) ?? 0), 0);
}

function parsed(output: string): z.infer<typeof answer> | undefined {
  try {
    const found = answer.safeParse(JSON.parse(output));
    return found.success ? found.data : undefined;
  } catch {
    return undefined;
  }
}
