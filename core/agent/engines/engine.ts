import type { Program } from '../cell/cell.ts';
import type { AgentEngineName } from '../manifest.ts';
import type { SessionFile } from '../tar.ts';

// What the role has to know of a program that works as an agent: how it is started, how what it prints is read, and what of it
// is kept until its next round. Pure.

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
  /** Where its model is, what stands in for the key, and what is spoken there; absent where the role was given no key. */
  access: { url: string; placeholder: string; api: ModelApi } | null;
  /** The folder in its home that the manifest keeps for the next round; only of `command`. */
  sessionFolder: string | null;
  session: {
    /** A UUID of ours for a new session; of one that goes on, what its engine called it. */
    id: string;
    /** Whether it goes on with what `giveSession` has put into its home. */
    isResumed: boolean;
  };
}

export type ModelApi = 'anthropic' | 'openai';

/** What an engine said so far, as far as it says anything. */
export interface EngineReport {
  /** How it put its own error, where the last word of it is one. */
  error: string | null;
  /** What it calls its session. */
  session: string | null;
  /** What it says it used. It is its own word: what counts is what the proxy counted. */
  usage: EngineUsage | null;
}

export interface EngineUsage {
  inputTokens: number;
  outputTokens: number;
}

export const silentReport: EngineReport = { error: null, session: null, usage: null };

/** Where a session is looked for, and put. */
export interface SessionPlace {
  command: readonly string[];
  home: string;
  id: string;
  sessionFolder: string | null;
}

/** How a session is found in a cell after a round. It is read there by a fixed script, with the agent's rights. */
export type SessionSource =
  /** The newest file of this name, anywhere below the folder; kept as `name`. */
  | { kind: 'file'; folder: string; ending: string; name: string }
  /** What a program prints. */
  | { kind: 'output'; command: string; args: string[]; name: string }
  /** All files of a folder. */
  | { kind: 'folder'; folder: string };

/** What makes up an engine's session, and how it gets back into a fresh home. */
export interface EngineSession {
  /** What its ids look like: they become arguments and paths of the next round. */
  id: RegExp;
  source(place: SessionPlace): SessionSource | null;
  /** Where a file of it belongs, as the agent's programs see it. */
  target(place: SessionPlace, name: string): string;
  /** For its own programs that `source` and `restore` name. */
  environment: Record<string, string>;
  /** A program that takes it in, once its files are there. */
  restore(place: SessionPlace): { command: string; args: string[] } | null;
  /** What is wrong with files that shall be a session of this engine with this id; undefined where they look like it. */
  trouble(files: readonly SessionFile[], id: string): string | undefined;
}

/** How an engine begins with its own screen in a cell, where a person sits at it and nothing of theirs is in its home. */
export interface EngineScreen {
  program: Pick<Program, 'command' | 'args' | 'environment'>;
  /** Without these it would begin with questions about itself: a theme, a login, whether the folder is trusted. */
  files: { to: string; text: string }[];
}

export interface AgentEngine {
  name: AgentEngineName;
  /** Which API its model speaks; `null` where that is for the settings to say. */
  api: ModelApi | null;
  program(start: EngineStart): Program;
  screen(start: EngineStart): EngineScreen;
  /**
   * How it begins with its own screen as the person who sits at it, with that person's settings and login, in the mode in which it
   * works by itself as far as it goes; what is added is the way to the forge.
   */
  ownScreen(start: EngineStart): EngineScreen['program'];
  /** The program that prints its version. */
  version(start: Pick<EngineStart, 'command'>): { command: string; args: string[] } | null;
  /** A line that it printed, as it goes into the log; `null` for what nobody has to see. */
  shown(line: string): string | null;
  /** The report with a further line of its output. */
  read(report: EngineReport, line: string): EngineReport;
  session: EngineSession;
}

/** How an engine's program is called: as the manifest names it, else by its `usual` name, with `args` behind those of the manifest. */
export function callOf(
  usual: string,
  { command: [program = usual, ...more] }: Pick<EngineStart, 'command'>,
  args: string[],
): { command: string; args: string[] } {
  return { command: program, args: [...more, ...args] };
}

/** For a program that prints its version when it is asked with `--version`. */
export function withVersion(usual: string): AgentEngine['version'] {
  return (start) => callOf(usual, start, ['--version']);
}

/** For a program that takes its model's name as it stands in the manifest. */
export function modelArguments({ model }: Pick<EngineStart, 'model'>): string[] {
  return model === null ? [] : ['--model', model];
}
