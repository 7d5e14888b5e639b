import * as z from 'zod/mini';
import { type AgentEngine, callOf, type EngineStart, withVersion } from './engine.ts';
import { eventOf, forgeServer, keyVariable } from './events.ts';
import { oneFile } from './session-files.ts';

const event = z.object({
  type: z.string(),
  sessionID: z.nullish(z.string()),
  part: z.nullish(
    z.object({
      text: z.nullish(z.string()),
      tool: z.nullish(z.string()),
      tokens: z.nullish(
        z.object({
          input: z.number(),
          output: z.number(),
          reasoning: z.nullish(z.number()),
          cache: z.nullish(z.object({ read: z.number(), write: z.number() })),
        }),
      ),
    }),
  ),
  error: z.nullish(
    z.object({
      name: z.nullish(z.string()),
      data: z.nullish(z.object({ message: z.nullish(z.string()) })),
    }),
  ),
});

/** What it exports. */
const exported = z.object({ info: z.object({ id: z.string() }), messages: z.array(z.unknown()) });

const sessionName = 'session.json';
const provider = 'forgecrew';

const sessionFile = (home: string): string => `${home}/.forgecrew/${sessionName}`;

/** Nothing of its own accord on the network, and nothing of the repository that could change what it may do. */
const quiet = {
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_DISABLE_MODELS_FETCH: '1',
  OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  OPENCODE_DISABLE_PROJECT_CONFIG: '1',
  OPENCODE_PURE: '1',
};

/**
 * OpenCode without a person: it asks nobody, and what it may do is what the configuration allows. Settings of the repository,
 * the list of models on the network, and what it would load from there by itself are left out.
 */
export const opencode: AgentEngine = {
  name: 'opencode',
  api: null,
  program(start) {
    const { prompt, session } = start;
    return {
      ...callOf('opencode', start, [
        'run',
        '--format',
        'json',
        '--auto',
        ...(session.isResumed ? ['--session', session.id] : []),
        ...modelOf(start),
      ]),
      environment: environmentOf(start),
      input: prompt,
    };
  },
  screen(start) {
    return {
      program: {
        ...callOf('opencode', start, screenArguments(start)),
        environment: environmentOf(start),
      },
      files: [],
    };
  },
  ownScreen(start) {
    return {
      ...callOf('opencode', start, screenArguments(start)),
      environment: { OPENCODE_CONFIG_CONTENT: JSON.stringify({ mcp: serverOf(start) }) },
    };
  },
  version: withVersion('opencode'),
  shown(line) {
    const found = eventOf(event, line);
    if (found === undefined) return line;
    switch (found.type) {
      case 'text':
        return found.part?.text ?? null;
      case 'tool_use':
        return `[${found.part?.tool ?? 'a tool'}]`;
      case 'error':
        return `error: ${errorOf(found)}`;
      default:
        return null;
    }
  },
  read(report, line) {
    const found = eventOf(event, line);
    if (found === undefined) return report;
    const session = found.sessionID ?? report.session;
    if (found.type === 'error') return { ...report, session, error: errorOf(found) };
    const tokens = found.type === 'step_finish' ? found.part?.tokens : undefined;
    if (tokens == null) return { ...report, session };
    const { input, output, reasoning, cache } = tokens;
    return {
      session,
      // It has gone on after it.
      error: null,
      usage: {
        inputTokens: (report.usage?.inputTokens ?? 0) + input + (cache?.read ?? 0) + (cache?.write ?? 0),
        outputTokens: (report.usage?.outputTokens ?? 0) + output + (reasoning ?? 0),
      },
    };
  },
  session: {
    id: /^ses_[A-Za-z0-9]{8,64}$/,
    source: (place) => ({
      kind: 'output',
      ...callOf('opencode', place, ['export', place.id]),
      name: sessionName,
    }),
    target: ({ home }) => sessionFile(home),
    environment: quiet,
    restore: (place) => callOf('opencode', place, ['import', sessionFile(place.home)]),
    trouble: (files, id) => oneFile(files, sessionName, (text) => eventOf(exported, text)?.info.id === id),
  },
};

/** In one word: a prompt that begins with a hyphen is none of its options. */
function screenArguments(start: EngineStart): string[] {
  return [...modelOf(start), `--prompt=${start.prompt}`];
}

function modelOf({ model, access }: EngineStart): string[] {
  return model === null ? [] : ['--model', access === null ? model : `${provider}/${model}`];
}

function environmentOf(start: EngineStart): Record<string, string> {
  return {
    ...quiet,
    OPENCODE_CONFIG_CONTENT: JSON.stringify(settingsOf(start)),
    ...(start.access === null ? {} : { [keyVariable]: start.access.placeholder }),
  };
}

function serverOf({ mcp }: EngineStart): object {
  return { [forgeServer]: { type: 'local', command: [mcp.command, ...mcp.args], enabled: true } };
}

function settingsOf(start: EngineStart): object {
  const { tools, model, access } = start;
  const full = model === null ? null : access === null ? model : `${provider}/${model}`;
  return {
    share: 'disabled',
    autoupdate: false,
    // Titles are asked of it as well.
    ...(full === null ? {} : { model: full, small_model: full }),
    mcp: serverOf(start),
    // The last rule that fits is the one that holds.
    permission:
      tools === null
        ? { '*': 'allow', webfetch: 'deny', websearch: 'deny' }
        : {
            '*': 'deny',
            ...Object.fromEntries(tools.map((tool) => [tool, 'allow'])),
            [`${forgeServer}_*`]: 'allow',
          },
    ...(access === null || model === null
      ? {}
      : {
          enabled_providers: [provider],
          provider: {
            [provider]: {
              name: provider,
              ...(access.api === 'anthropic'
                ? { npm: '@ai-sdk/anthropic', options: optionsOf(`${access.url}/v1`) }
                : { npm: '@ai-sdk/openai-compatible', options: optionsOf(access.url) }),
              models: { [model]: {} },
            },
          },
        }),
  };
}

function optionsOf(baseURL: string): object {
  return { baseURL, apiKey: `{env:${keyVariable}}` };
}

function errorOf({ error }: z.infer<typeof event>): string {
  return error?.data?.message ?? error?.name ?? 'no reason';
}
