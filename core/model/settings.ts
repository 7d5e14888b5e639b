import {
  amount,
  count,
  duration,
  forgeUrl,
  listOf,
  type SettingsFault,
  text,
  token,
  type ValuesOf,
} from '../settings.ts';

/** The engines that every role with a model may offer; a role may have more of its own. */
export const engineNames = ['claude-cli', 'anthropic', 'openai', 'command'] as const;
export type EngineName = (typeof engineNames)[number];

/** What a role with a model spreads into its settings, beside an `engine` of its own. */
export const engineSettings = {
  model: text({ description: 'The model, as the engine names it. Required for `anthropic` and `openai`.' }),
  'engine-url': forgeUrl({
    description:
      'Where the engine is, for `openai` (such as http://127.0.0.1:8080/v1 of llama-server, vLLM or Ollama) and `anthropic`; the public one when absent.',
  }),
  'engine-key': token({
    description: 'The key for the engine, from a CI secret; it is sent to the engine only.',
  }),
  'engine-command': listOf(text, {
    description:
      'The program and its arguments, separated by commas, for `command` (prompt on standard input, text on standard output) and `claude-cli` (`claude` when absent). No shell sees it.',
    default: '',
  }),
  'engine-timeout': duration({ description: 'How long one answer may take.', default: '5m' }),
  'max-output-tokens': count({
    description: 'The longest answer asked for, for `anthropic` and `openai`.',
    default: '8000',
  }),
  'price-input': amount({
    description: 'What a million tokens of a prompt cost, for `anthropic` and `openai`.',
  }),
  'price-output': amount({
    description: 'What a million tokens of an answer cost, for `anthropic` and `openai`.',
  }),
};
export type EngineSettings = ValuesOf<typeof engineSettings> & { engine: string };

/** What the engine that was chosen cannot work without, as far as settings tell; pure. */
export function engineFaults(settings: EngineSettings): SettingsFault[] {
  const { engine, model, 'engine-url': url, 'engine-key': key, 'engine-command': command } = settings;
  const noModel: SettingsFault[] =
    model === undefined
      ? [{ settings: ['model'], message: `engine ${engine} needs a model. Name it in the setting model.` }]
      : [];
  switch (engine) {
    case 'anthropic':
      return key === undefined
        ? [
            ...noModel,
            {
              settings: ['engine-key'],
              message: 'engine anthropic needs engine-key. Give it from a CI secret.',
            },
          ]
        : noModel;
    case 'openai':
      return key === undefined && url === undefined
        ? [
            ...noModel,
            {
              settings: ['engine-key', 'engine-url'],
              message:
                'engine openai needs engine-key, or engine-url of a server that asks for none. Give the key from a CI secret, or set engine-url.',
            },
          ]
        : noModel;
    case 'command':
      return command.length > 0
        ? []
        : [
            {
              settings: ['engine-command'],
              message:
                'engine is command, but engine-command names no program. Set it to a program and its arguments, separated by commas.',
            },
          ];
    default:
      return [];
  }
}

/**
 * Costs that nobody would know; pure. A limit on costs is kept or it is none, so an engine that cannot tell what a call costs
 * is refused with one. `limits`: the names of those settings of the role that limit costs and are given.
 */
export function refuseUnknownCosts(settings: EngineSettings, limits: string[]): SettingsFault[] {
  const { engine, 'price-input': input, 'price-output': output } = settings;
  const isLimited = limits.length > 0;
  if (engine === 'command' && isLimited)
    return [
      {
        settings: ['engine', ...limits],
        message:
          'a limit on costs cannot be kept with engine command: what a call costs is not known. Take the limit out, or use an engine that counts.',
      },
    ];
  if (engine !== 'anthropic' && engine !== 'openai') return [];
  if (input !== undefined && output !== undefined) return [];
  if (isLimited)
    return [
      {
        settings: ['price-input', 'price-output', ...limits],
        message: `a limit on costs needs the prices of ${engine}. Set price-input and price-output, per million tokens, or take the limit out.`,
      },
    ];
  return input === output
    ? []
    : [
        {
          settings: ['price-input', 'price-output'],
          message: 'one price is given without the other, so no cost would be known. Set both, or neither.',
        },
      ];
}

/**
 * The most that a question can cost, as far as prices tell; 0 where they are not given. No token is shorter than a byte, so
 * no prompt has more tokens than bytes; of rare characters, which anybody may write, it has more than characters.
 */
export function mostCostOf(settings: EngineSettings, question: { system: string; prompt: string }): number {
  const { 'price-input': input = 0, 'price-output': output = 0, 'max-output-tokens': most } = settings;
  const bytes = Buffer.byteLength(question.system) + Buffer.byteLength(question.prompt);
  return (bytes * input + most * output) / 1_000_000;
}
