import type { AgentEngine } from './engine.ts';

/** Any program: the prompt comes on its standard input, the way to the forge is the command `forge` on its PATH. */
export const command: AgentEngine = {
  name: 'command',
  api: null,
  program({ command: [program = '', ...args], prompt, model, access }) {
    return {
      command: program,
      args,
      environment: {
        ...(model === null ? {} : { FORGECREW_MODEL: model }),
        ...(access === null
          ? {}
          : { FORGECREW_MODEL_URL: access.url, FORGECREW_MODEL_KEY: access.placeholder }),
      },
      input: prompt,
    };
  },
  version: () => null,
  shown: (line) => line,
  report: () => ({ error: null }),
};
