import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runChild } from '../child.ts';
import type { Programs } from '../role.ts';
import { type Engine, mostBytes, needed } from './engine.ts';

/**
 * A program's output for an input, in an empty folder of its own. It gets PATH and HOME, so that it and its configuration
 * are found, and what is named here; nothing else of the step's environment, in which secrets are.
 */
export async function runEngine({
  programs,
  ...given
}: {
  command: string;
  args: string[];
  programs: Programs;
  environment: Record<string, string>;
  input: string;
  timeoutMs: number;
}): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-engine-'));
  try {
    return await runChild({
      ...given,
      environment: {
        PATH: programs.path,
        HOME: programs.home ?? folder,
        LANG: 'C.UTF-8',
        ...given.environment,
      },
      folder,
      mostBytes,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Any program: rules and material on its standard input, the answer on its standard output. */
export const command: Engine = async ({ system, prompt }, options) => {
  const [program, ...args] = options.command;
  const text = await runEngine({
    command: needed(program, 'engine-command'),
    args,
    environment: options.key === undefined ? {} : { ENGINE_KEY: options.key },
    programs: options.programs,
    input: `${system}\n${prompt}`,
    timeoutMs: options.timeoutMs,
  });
  return {
    text,
    use: { engine: 'command', model: options.model ?? '-', inputTokens: 0, outputTokens: 0, cost: null },
  };
};
