import type { AgentEngineName } from '../manifest.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { command } from './command.ts';
import type { AgentEngine } from './engine.ts';
import { opencode } from './opencode.ts';

/** Every program that the role knows how to start as an agent. */
const engines: Record<AgentEngineName, AgentEngine> = { claude, codex, opencode, command };

/** How a program that is named in an agent's manifest is started as one. */
export function engineOf(name: AgentEngineName): AgentEngine {
  return engines[name];
}
