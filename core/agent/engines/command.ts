import type { AgentEngine } from './engine.ts';
import { keyVariable } from './events.ts';
import { uuid } from './session-files.ts';

/**
 * Any program: the prompt comes on its standard input, the way to the forge is the command `forge` on its PATH. What it wants to
 * know in its next round stands in the folder that the manifest names, if it names one.
 */
export const command: AgentEngine = {
  name: 'command',
  api: null,
  program({ command: [program = '', ...args], prompt, model, access, home, sessionFolder, session }) {
    return {
      command: program,
      args,
      environment: {
        ...(model === null ? {} : { FORGECREW_MODEL: model }),
        ...(access === null ? {} : { FORGECREW_MODEL_URL: access.url, [keyVariable]: access.placeholder }),
        ...(sessionFolder === null ? {} : { FORGECREW_SESSION_FOLDER: `${home}/${sessionFolder}` }),
        ...(session.isResumed ? { FORGECREW_RESUMED: '1' } : {}),
      },
      input: prompt,
    };
  },
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
