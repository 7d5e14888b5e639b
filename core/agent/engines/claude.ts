import * as z from 'zod/mini';
import { type AgentEngine, callOf, type EngineStart, modelArguments, withVersion } from './engine.ts';
import { eventOf, forgeServer } from './events.ts';
import { oneFile, uuid } from './session-files.ts';

const event = z.object({
  type: z.string(),
  subtype: z.nullish(z.string()),
  session_id: z.nullish(z.string()),
  is_error: z.nullish(z.boolean()),
  result: z.nullish(z.string()),
  usage: z.nullish(
    z.object({
      input_tokens: z.number(),
      cache_creation_input_tokens: z.nullish(z.number()),
      cache_read_input_tokens: z.nullish(z.number()),
      output_tokens: z.number(),
    }),
  ),
  message: z.nullish(
    z.object({
      content: z.nullish(
        z.array(
          z.object({
            type: z.string(),
            text: z.nullish(z.string()),
            name: z.nullish(z.string()),
          }),
        ),
      ),
    }),
  ),
});

/** One line of a session. */
const entry = z.object({ sessionId: z.optional(z.string()) });

/** What a session is kept as. */
const sessionName = 'session.jsonl';

const sessionFile = ({ home, id }: { home: string; id: string }): string =>
  `${home}/.claude/projects/resumed/${id}.jsonl`;

/**
 * Claude Code without a person: no settings of a user or project, no other MCP server than ours, nothing that is not on the
 * list of tools is allowed. A failed call of its API ends with the subtype `success`, so only `is_error` is believed.
 */
export const claude: AgentEngine = {
  name: 'claude',
  api: 'anthropic',
  program(start) {
    const { tools, prompt, home, session } = start;
    return {
      ...callOf('claude', start, [
        '-p',
        '--output-format',
        'stream-json',
        '--verbose',
        ...heldIn(start),
        ...(tools === null ? [] : ['--tools', tools.join(',')]),
        '--allowedTools',
        [`mcp__${forgeServer}`, ...(tools ?? usualTools)].join(','),
        // By its path: by its id it would be looked for under the folder that the last round worked in.
        ...(session.isResumed
          ? ['--resume', sessionFile({ home, id: session.id })]
          : ['--session-id', session.id]),
        ...modelArguments(start),
      ]),
      environment: environmentOf(start),
      input: prompt,
    };
  },
  screen(start) {
    const { tools, prompt, home, workspace, access, session } = start;
    return {
      program: {
        ...callOf('claude', start, [
          ...heldIn(start),
          ...(tools === null ? [] : ['--tools', [...tools, 'AskUserQuestion'].join(',')]),
          '--allowedTools',
          [`mcp__${forgeServer}`, 'AskUserQuestion', ...(tools ?? usualTools)].join(','),
          '--session-id',
          session.id,
          ...modelArguments(start),
          // Behind this nothing is an option, whatever the issue says.
          '--',
          prompt,
        ]),
        environment: environmentOf(start),
      },
      files: [
        {
          to: `${home}/.claude/.claude.json`,
          text: JSON.stringify({
            hasCompletedOnboarding: true,
            projects: { [workspace]: { hasTrustDialogAccepted: true } },
            ...(access === null
              ? {}
              : // It asks whether a key from the environment is to be used, and knows it by its end.
                { customApiKeyResponses: { approved: [access.placeholder.slice(-20)], rejected: [] } }),
          }),
        },
      ],
    };
  },
  ownScreen(start) {
    const { prompt, session } = start;
    return {
      ...callOf('claude', start, [
        '--permission-mode',
        'auto',
        '--session-id',
        session.id,
        ...serverOf(start),
        ...modelArguments(start),
        // Behind this nothing is an option, whatever the issue says; --mcp-config would take it for a second file.
        '--',
        prompt,
      ]),
      environment: {},
    };
  },
  version: withVersion('claude'),
  shown(line) {
    const found = eventOf(event, line);
    if (found === undefined) return line;
    if (found.type === 'result') return `result: ${found.result ?? found.subtype ?? ''}`;
    if (found.type !== 'assistant') return null;
    const said = (found.message?.content ?? []).flatMap(({ type, text, name }) =>
      type === 'text' && text != null ? [text] : type === 'tool_use' ? [`[${name ?? 'a tool'}]`] : [],
    );
    return said.length === 0 ? null : said.join(' ');
  },
  read(report, line) {
    const found = eventOf(event, line);
    if (found === undefined) return report;
    const session = found.session_id ?? report.session;
    if (found.type !== 'result') return { ...report, session };
    const { usage } = found;
    return {
      session,
      error: found.is_error === true ? (found.result ?? found.subtype ?? 'no reason') : null,
      usage:
        usage == null
          ? report.usage
          : {
              inputTokens:
                usage.input_tokens +
                (usage.cache_creation_input_tokens ?? 0) +
                (usage.cache_read_input_tokens ?? 0),
              outputTokens: usage.output_tokens,
            },
    };
  },
  session: {
    id: uuid,
    source: ({ home, id }) => ({
      kind: 'file',
      folder: `${home}/.claude/projects`,
      ending: `${id}.jsonl`,
      name: sessionName,
    }),
    target: (place) => sessionFile(place),
    environment: {},
    restore: () => null,
    trouble: (files, id) =>
      oneFile(files, sessionName, (text) => {
        const ids = text.split('\n').flatMap((line) => eventOf(entry, line)?.sessionId ?? []);
        return ids.length > 0 && ids.every((other) => other === id);
      }),
  },
};

/** No settings of a user or project, no other server, and nothing that is not allowed beforehand. */
function heldIn(start: EngineStart): string[] {
  return ['--setting-sources', '', '--strict-mcp-config', ...serverOf(start), '--permission-mode', 'dontAsk'];
}

function serverOf({ mcp }: EngineStart): string[] {
  return [
    '--mcp-config',
    JSON.stringify({
      mcpServers: { [forgeServer]: { type: 'stdio', command: mcp.command, args: mcp.args } },
    }),
  ];
}

function environmentOf({ home, access }: EngineStart): Record<string, string> {
  return {
    CLAUDE_CONFIG_DIR: `${home}/.claude`,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    ...(access === null ? {} : { ANTHROPIC_BASE_URL: access.url, ANTHROPIC_API_KEY: access.placeholder }),
  };
}

/** What it may do where the manifest names no tools: the work itself, in its cell. */
const usualTools = [
  'Bash',
  'Edit',
  'Glob',
  'Grep',
  'MultiEdit',
  'NotebookEdit',
  'Read',
  'TodoWrite',
  'Write',
];
