import type { Program } from '../cell/cell.ts';
import type { AgentEngineName } from '../manifest.ts';

// What the role has to know of a program that works as an agent: how it is started, and how what it prints is read. Pure.

/** What an engine is started with. */
export interface EngineStart {
  /** From the manifest: the program and its arguments; empty for an engine's own. */
  command: readonly string[];
  model: string | null;
  tools: readonly string[] | null;
  prompt: string;
  /** As the agent's programs see them. */
  home: string;
  workspace: string;
  /** The program that speaks MCP for the sidecar, and its arguments. */
  mcp: { command: string; args: string[] };
  /** Where its model is, and what stands in for the key; absent where the role was given no key. */
  access: { url: string; placeholder: string } | null;
  /** A UUID of ours for the session. */
  session: string;
}

/** What an engine said when it ended, as far as it says anything. */
export interface EngineReport {
  /** Whether it called its own end an error, and how it put it. */
  error: string | null;
}

export interface AgentEngine {
  name: AgentEngineName;
  /** Which API its model speaks; `null` where that is for the settings to say. */
  api: 'anthropic' | 'openai' | null;
  program(start: EngineStart): Program;
  /** The program that prints its version. */
  version(start: Pick<EngineStart, 'command'>): { command: string; args: string[] } | null;
  /** A line that it printed, as it goes into the log; `null` for what nobody has to see. */
  shown(line: string): string | null;
  /** Takes note of a line for the report. */
  report(lines: readonly string[]): EngineReport;
}
