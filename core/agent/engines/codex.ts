import * as z from 'zod/mini';
import { type AgentEngine, callOf, type EngineStart, modelArguments, withVersion } from './engine.ts';
import { eventOf, forgeServer, keyVariable } from './events.ts';
import { oneFile, uuid } from './session-files.ts';

const event = z.object({
  type: z.string(),
  thread_id: z.nullish(z.string()),
  message: z.nullish(z.string()),
  error: z.nullish(z.object({ message: z.nullish(z.string()) })),
  item: z.nullish(
    z.object({
      type: z.string(),
      text: z.nullish(z.string()),
      message: z.nullish(z.string()),
      command: z.nullish(z.string()),
      server: z.nullish(z.string()),
      tool: z.nullish(z.string()),
      changes: z.nullish(z.array(z.object({ path: z.string() }))),
    }),
  ),
  usage: z.nullish(z.object({ input_tokens: z.number(), output_tokens: z.number() })),
});

/** The first line of a session. */
const head = z.object({ type: z.literal('session_meta'), payload: z.object({ id: z.string() }) });

const sessionName = 'rollout.jsonl';
const provider = 'forgecrew';

/**
 * Codex without a person. It runs without a sandbox of its own: the cell is one, and inside of it no other can be made. Settings
 * of a user and rules are left out. Its own web search is switched off: it is the provider's, and the proxy lets none through.
 */
export const codex: AgentEngine = {
  name: 'codex',
  api: 'openai',
  program(start) {
    const { prompt, session } = start;
    return {
      ...callOf('codex', start, [
        'exec',
        ...(session.isResumed ? ['resume'] : []),
        '--json',
        '--skip-git-repo-check',
        '--dangerously-bypass-approvals-and-sandbox',
        '--ignore-user-config',
        '--ignore-rules',
        ...asOptions(settingsOf(start)),
        ...modelArguments(start),
        ...(session.isResumed ? [session.id] : []),
        '-',
      ]),
      environment: environmentOf(start),
      input: prompt,
    };
  },
  screen(start) {
    const { prompt, workspace } = start;
    return {
      program: {
        ...callOf('codex', start, [
          '--dangerously-bypass-approvals-and-sandbox',
          ...asOptions(settingsOf(start)),
          ...trusting(workspace),
          ...modelArguments(start),
          '--',
          prompt,
        ]),
        environment: environmentOf(start),
      },
      files: [],
    };
  },
  ownScreen(start) {
    const { prompt, workspace } = start;
    return {
      ...callOf('codex', start, [
        '--sandbox',
        'workspace-write',
        '--ask-for-approval',
        'on-request',
        ...trusting(workspace),
        ...asOptions(serverOf(start)),
        ...modelArguments(start),
        '--',
        prompt,
      ]),
      environment: {},
    };
  },
  version: withVersion('codex'),
  shown(line) {
    const found = eventOf(event, line);
    if (found === undefined) return line;
    if (found.type === 'error' || found.type === 'turn.failed')
      return `error: ${found.error?.message ?? found.message ?? ''}`;
    if (found.type !== 'item.completed' || found.item == null) return null;
    const { type, text, message, command, server, tool, changes } = found.item;
    switch (type) {
      case 'agent_message':
        return text ?? null;
      case 'command_execution':
        return `[${command ?? 'a command'}]`;
      case 'mcp_tool_call':
        return `[${server ?? ''} ${tool ?? 'a tool'}]`;
      case 'file_change':
        return `[changes ${(changes ?? []).map(({ path }) => path).join(', ')}]`;
      case 'error':
        return message ?? null;
      default:
        return null;
    }
  },
  read(report, line) {
    const found = eventOf(event, line);
    switch (found?.type) {
      case 'thread.started':
        return { ...report, session: found.thread_id ?? report.session };
      // It may try again, and then it is none.
      case 'error':
      case 'turn.failed':
        return { ...report, error: found.error?.message ?? found.message ?? 'no reason' };
      case 'turn.completed':
        return {
          ...report,
          error: null,
          // Of its whole session, earlier rounds with it.
          usage:
            found.usage == null
              ? report.usage
              : { inputTokens: found.usage.input_tokens, outputTokens: found.usage.output_tokens },
        };
      default:
        return report;
    }
  },
  session: {
    id: uuid,
    source: ({ home, id }) => ({
      kind: 'file',
      folder: `${home}/.codex/sessions`,
      ending: `-${id}.jsonl`,
      name: sessionName,
    }),
    // It is found by its id; the day it began is not known any more, and does not matter.
    target: ({ home, id }) => `${home}/.codex/sessions/2000/01/01/rollout-2000-01-01T00-00-00-${id}.jsonl`,
    environment: {},
    restore: () => null,
    trouble: (files, id) =>
      oneFile(
        files,
        sessionName,
        (text) => eventOf(head, text.slice(0, text.indexOf('\n')))?.payload.id === id,
      ),
  },
};

/** So that it does not ask whether it may work in a folder that it has not seen before. */
function trusting(workspace: string): string[] {
  return ['-c', `projects={${JSON.stringify(workspace)}={trust_level="trusted"}}`];
}

function environmentOf({ home, access }: EngineStart): Record<string, string> {
  return {
    CODEX_HOME: `${home}/.codex`,
    ...(access === null ? {} : { [keyVariable]: access.placeholder }),
  };
}

type Setting = [key: string, value: string | boolean | string[]];

/** A string or a list of them is the same in JSON and in TOML. */
function asOptions(settings: Setting[]): string[] {
  return settings.flatMap(([key, value]) => ['-c', `${key}=${JSON.stringify(value)}`]);
}

function serverOf({ mcp }: EngineStart): Setting[] {
  return [
    [`mcp_servers.${forgeServer}.command`, mcp.command],
    [`mcp_servers.${forgeServer}.args`, mcp.args],
  ];
}

function settingsOf(start: EngineStart): Setting[] {
  const { access } = start;
  return [
    ['web_search', 'disabled'],
    ['check_for_update_on_startup', false],
    ['analytics.enabled', false],
    ...serverOf(start),
    ...(access === null
      ? []
      : ([
          ['model_provider', provider],
          [`model_providers.${provider}.name`, provider],
          [`model_providers.${provider}.base_url`, access.url],
          [`model_providers.${provider}.env_key`, keyVariable],
          [`model_providers.${provider}.wire_api`, 'responses'],
        ] satisfies [string, string][])),
  ];
}
