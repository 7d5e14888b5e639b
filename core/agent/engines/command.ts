import type { Program } from '../cell/cell.ts';
import type { AgentEngine, EngineStart } from './engine.ts';
import { keyVariable } from './events.ts';
import { uuid } from './session-files.ts';

/**
 * Any program: the prompt comes on its standard input, the way to the forge is the command `forge` on its PATH. What it wants to
 * know in its next round stands in the folder that the manifest names, if it names one.
 */
export const command: AgentEngine = {
  name: 'command',
  api: null,
  program: (start) => ({ ...programOf(start), input: start.prompt }),
  screen(start) {
    const { command, args, environment } = programOf(start);
    // Its standard input is the person's.
    return {
      program: { command, args, environment: { ...environment, FORGECREW_PROMPT: start.prompt } },
      files: [],
    };
  },
  // Its standard input is the person's here too.
  ownScreen: ({ command: [program = 'command', ...args], prompt }) => ({
    command: program,
    args,
    environment: { FORGECREW_PROMPT: prompt },
  }),
  version: () => null,
  shown: (line) => line,
  read: (report) => report,
  session: {
    id: uuid,
    source: ({ home, sessionFolder }) =>
      sessionFolder === null ? null : { kind: 'folder', folder: `${home}/${sessionFolder}` },
    target: ({ home, sessionFolder }, name) => `${home}/${sessionFolder ?? ''}/${name}`,
    environment: {},
    restore: () => null,
    // What stands in its folder is its own business.
    trouble: () => undefined,
  },
};

function programOf({
  command: [program = '', ...args],
  model,
  access,
  home,
  sessionFolder,
  session,
}: EngineStart): Omit<Program, 'input'> {
  return {
    command: program,
    args,
    environment: {
      ...(model === null ? {} : { FORGECREW_MODEL: model }),
      ...(access === null ? {} : { FORGECREW_MODEL_URL: access.url, [keyVariable]: access.placeholder }),
      ...(sessionFolder === null ? {} : { FORGECREW_SESSION_FOLDER: `${home}/${sessionFolder}` }),
      ...(session.isResumed ? { FORGECREW_RESUMED: '1' } : {}),
    },
  };
}
