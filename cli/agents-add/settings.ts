import { agentEngines, agentName } from '../../core/agent/manifest.ts';
import {
  forgeUrl,
  listOf,
  matching,
  oneOf,
  type SettingsFault,
  text,
  type ValuesOf,
} from '../../core/settings.ts';
import { factorySettings, faultsOf } from '../factory/settings.ts';
import type { InitSettings } from '../init/state.ts';

const { roles: _, ...ofFactory } = factorySettings;

export const settings = {
  ...ofFactory,
  engine: oneOf(agentEngines, {
    description: `The program that works: ${agentEngines.join(', ')}.`,
    required: true,
  }),
  name: matching(agentName, 'lower-case letters, digits and hyphens, at most 40', {
    description: 'What the agent is called, as in the label `crew:<name>`. Default: as its engine.',
  }),
  model: text({
    description:
      'The model, as the engine names it; needed for every engine but `command`. A program of `command` that is given none asks no model through the role, and its pipeline names no key.',
  }),
  url: forgeUrl({
    description:
      'Where the model is. It stands in the pipeline of forge-agent, as `engine-url`, and holds for all agents of that pipeline. Default: the public one of the engine.',
  }),
  api: oneOf(['anthropic', 'openai'], {
    description:
      'What the model speaks, for the engines `opencode` and `command`; `claude` always speaks `anthropic`, `codex` always `openai`.',
    default: 'openai',
  }),
  'engine-command': listOf(text, {
    description: 'The program and its arguments, with commas between them; needed for the engine `command`.',
    default: '',
  }),
};
export type AddSettings = ValuesOf<typeof settings>;

/** The settings of `init` that mean the same for the role that agents work in. */
export function asInit(given: AddSettings): InitSettings {
  return { ...given, roles: ['forge-agent'], people: [], example: false, solo: false };
}

export function faults(given: AddSettings): SettingsFault[] {
  return [
    ...faultsOf(asInit(given)),
    ...(given.engine === 'command' && given['engine-command'].length === 0
      ? [
          {
            settings: ['engine-command'],
            message: 'it is needed for the engine command: the program and its arguments.',
          },
        ]
      : []),
    // What its engine never reads would be left out without a word.
    ...(given.engine !== 'command' && given['engine-command'].length > 0
      ? [
          {
            settings: ['engine-command'],
            message: `it is for the engine command; ${given.engine} starts its own program. Leave it out, or use the engine command.`,
          },
        ]
      : []),
    // The role asks only for a model that is named: without one each run would end before it began.
    ...(given.engine !== 'command' && given.model === undefined
      ? [
          {
            settings: ['model'],
            message: `it is needed for the engine ${given.engine}: the model, as the engine names it.`,
          },
        ]
      : []),
  ];
}
