import type { Program } from '../../core/agent/cell/cell.ts';
import { codexTrusting } from '../../core/agent/engines/codex.ts';
import type { EngineStart } from '../../core/agent/engines/engine.ts';
import { forgeServer } from '../../core/agent/engines/events.ts';
import type { AgentEngineName } from '../../core/agent/manifest.ts';

/**
 * How a program is started with its own screen, in the mode in which it works by itself as far as it goes: pure. It keeps the
 * person's settings and login; what is added is the way to the forge.
 */
export function screenOf(
  engine: AgentEngineName,
  start: EngineStart,
): Pick<Program, 'command' | 'args' | 'environment'> {
  const { command: given, prompt, model, mcp, session } = start;
  const [command = engine, ...more] = given;
  const ofModel = model === null ? [] : ['--model', model];
  switch (engine) {
    case 'claude':
      return {
        command,
        args: [
          ...more,
          '--permission-mode',
          'auto',
          '--session-id',
          session.id,
          '--mcp-config',
          JSON.stringify({
            mcpServers: { [forgeServer]: { type: 'stdio', command: mcp.command, args: mcp.args } },
          }),
          ...ofModel,
          // Behind this nothing is an option, whatever the issue says; --mcp-config would take it for a second file.
          '--',
          prompt,
        ],
        environment: {},
      };
    case 'codex':
      return {
        command,
        args: [
          ...more,
          '--sandbox',
          'workspace-write',
          '--ask-for-approval',
          'on-request',
          ...codexTrusting(start.workspace),
          '-c',
          `mcp_servers.${forgeServer}.command=${JSON.stringify(mcp.command)}`,
          '-c',
          `mcp_servers.${forgeServer}.args=${JSON.stringify(mcp.args)}`,
          ...ofModel,
          '--',
          prompt,
        ],
        environment: {},
      };
    case 'opencode':
      return {
        command,
        args: [...more, ...ofModel, `--prompt=${prompt}`],
        environment: {
          OPENCODE_CONFIG_CONTENT: JSON.stringify({
            mcp: { [forgeServer]: { type: 'local', command: [mcp.command, ...mcp.args], enabled: true } },
          }),
        },
      };
    case 'command':
      // Its standard input is the person's terminal.
      return { command, args: more, environment: { FORGECREW_PROMPT: prompt } };
  }
}
