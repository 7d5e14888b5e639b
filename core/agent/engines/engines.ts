import type { AgentEngineName } from '../manifest.ts';
import { claude } from './claude.ts';
import { command } from './command.ts';
import type { AgentEngine } from './engine.ts';

/** Every program that the role knows how to start as an agent. */
const engines: Record<AgentEngineName, AgentEngine> = { claude, command };

export function engineOf(name: AgentEngineName): AgentEngine {
  return engines[name];
}
