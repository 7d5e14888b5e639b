import { UserError } from '../errors.ts';
import type { ModelAnswer, ModelQuestion } from '../model.ts';
import type { AskContext } from '../role.ts';
import type { Settings } from '../settings.ts';
import type { EngineLoader } from './engine.ts';
import type { EngineName, EngineSettings } from './settings.ts';

const engines: Record<EngineName, EngineLoader> = {
  'claude-cli': async () => (await import('./claude-cli.ts')).claudeCli,
  anthropic: async () => (await import('./anthropic.ts')).anthropic,
  openai: async () => (await import('./openai.ts')).openai,
  command: async () => (await import('./command.ts')).command,
};

/** What is needed to put a question: of a role's settings those of core/model/settings.ts, whatever else it has. */
type EngineContext = Omit<AskContext<Settings>, 'settings'> & { settings: EngineSettings };

/**
 * A role's way to its model: puts a question to the engine that its settings name, within what is left of the run's time.
 * `own`: engines that only this role has.
 */
export function createAsk(
  own: Record<string, EngineLoader> = {},
): (question: ModelQuestion, context: EngineContext) => Promise<ModelAnswer> {
  const loaders = new Map(Object.entries({ ...engines, ...own }));
  return async (question, { settings, deadline, programs }) => {
    const left = deadline - Date.now();
    if (left <= 0)
      throw new UserError(
        `The deadline passed before ${question.engine} was asked.`,
        'Raise the setting deadline.',
      );
    const load = loaders.get(settings.engine);
    if (load === undefined) throw new Error(`there is no engine ${settings.engine}`);
    const engine = await load();
    const [input, output] = [settings['price-input'], settings['price-output']];
    return engine(question, {
      model: settings.model,
      url: settings['engine-url'],
      key: settings['engine-key'],
      command: settings['engine-command'],
      programs,
      timeoutMs: Math.min(left, settings['engine-timeout']),
      maxOutputTokens: settings['max-output-tokens'],
      prices: input === undefined || output === undefined ? null : { input, output },
    });
  };
}
