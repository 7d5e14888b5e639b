import * as z from 'zod/mini';
import type { AgentEngine } from './engine.ts';

const event = z.object({
  type: z.string(),
  subtype: z.nullish(z.string()),
  is_error: z.nullish(z.boolean()),
  result: z.nullish(z.string()),
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

/** The name of the MCP server, by which the engine's permissions know its tools. */
const server = 'forge';

/**
 * Claude Code without a person: no settings of a user or project, no other MCP server than ours, nothing that is not on the
 * list of tools is allowed. A failed call of its API ends with the subtype `success`, so only `is_error` is believed.
 */
export const claude: AgentEngine = {
  name: 'claude',
  api: 'anthropic',
  program({ command: [program = 'claude', ...more], model, tools, prompt, home, mcp, access, session }) {
    return {
      command: program,
      args: [
        ...more,
        '-p',
        '--output-format',
        'stream-json',
        '--verbose',
        '--setting-sources',
        '',
        '--strict-mcp-config',
        '--mcp-config',
        JSON.stringify({ mcpServers: { [server]: { type: 'stdio', command: mcp.command, args: mcp.args } } }),
        '--permission-mode',
        'dontAsk',
        ...(tools === null ? [] : ['--tools', tools.join(',')]),
        '--allowedTools',
        [`mcp__${server}`, ...(tools ?? usualTools)].join(','),
        '--session-id',
        session,
        ...(model === null ? [] : ['--model', model]),
      ],
      environment: {
        CLAUDE_CONFIG_DIR: `${home}/.claude`,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        ...(access === null ? {} : { ANTHROPIC_BASE_URL: access.url, ANTHROPIC_API_KEY: access.placeholder }),
      },
      input: prompt,
    };
  },
  version: ({ command: [program = 'claude', ...more] }) => ({
    command: program,
    args: [...more, '--version'],
  }),
  shown(line) {
    const found = parsed(line);
    if (found === undefined) return line;
    if (found.type === 'result') return `result: ${found.result ?? found.subtype ?? ''}`;
    if (found.type !== 'assistant') return null;
    const said = (found.message?.content ?? []).flatMap(({ type, text, name }) =>
      type === 'text' && text != null ? [text] : type === 'tool_use' ? [`[${name ?? 'a tool'}]`] : [],
    );
    return said.length === 0 ? null : said.join(' ');
  },
  report(lines) {
    const result = lines.map(parsed).findLast((item) => item?.type === 'result');
    if (result === undefined) return { error: null };
    return { error: result.is_error === true ? (result.result ?? result.subtype ?? 'no reason') : null };
  },
};

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

function parsed(line: string): z.infer<typeof event> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const found = event.safeParse(JSON.parse(line));
    return found.success ? found.data : undefined;
  } catch {
    return undefined;
  }
}
