import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Ending, Program, Started } from '../../core/agent/cell/cell.ts';
import { placeTrouble } from '../../core/agent/cell/place-trouble.ts';
import { engineOf } from '../../core/agent/engines/engines.ts';
import { followAgent } from '../../core/agent/follow.ts';
import { openForgeAccess } from '../../core/agent/forge-access.ts';
import type { AgentOutcome } from '../../core/agent/outcome.ts';
import type { RoundContext } from '../../core/agent/round.ts';
import { forgeCommand, glue } from '../../core/agent/sidecar/command.ts';
import { offeredTools } from '../../core/agent/sidecar/desk.ts';
import { socketName } from '../../core/agent/sidecar/sidecar.ts';
import type { Change } from '../../core/change.ts';
import { UserError } from '../../core/errors.ts';

/** What --trust-me means, for whoever asks for it. */
export const trustWarning =
  'With --trust-me the worker is not isolated: it runs as you, with your own login, in a worktree of your checkout. It can read and change everything that you can, your tokens and keys too, and what it does is checked by nobody before it happens.';

export type TrustedOutcome = Pick<AgentOutcome, 'end' | 'why' | 'signal' | 'operations' | 'entry'>;

/** What a worker with the person's own rights is started with. */
export interface Trusted {
  run: Change<'run-agent'>;
  worktree: string;
  /** Of the person, without what is secret. */
  environment: Record<string, string>;
  home: string;
}

/** Runs a worker as the person, in its worktree, with the same way to the forge as an isolated one. */
export async function runTrusted(
  { run, worktree, environment, home }: Trusted,
  context: Pick<
    RoundContext,
    'send' | 'write' | 'mask' | 'say' | 'clock' | 'deadline' | 'bots' | 'desk' | 'screen'
  >,
): Promise<TrustedOutcome> {
  const { mask, say, clock, desk, screen } = context;
  // Where no program may run, its way to the forge would never start, and it could never say that it is done.
  const trouble = placeTrouble(tmpdir());
  if (trouble !== undefined) throw new UserError(trouble);
  // For the person alone: whoever reaches the socket writes in their name.
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-desk-'));
  const door = path.join(folder, 'door');
  const bin = path.join(folder, 'bin');
  for (const made of [door, bin]) mkdirSync(made, { mode: 0o700 });
  const command = path.join(bin, 'forge');
  writeFileSync(
    command,
    forgeCommand({
      node: process.execPath,
      socket: path.join(door, socketName),
      tools: offeredTools(desk),
    }),
  );
  chmodSync(command, 0o700);
  const { sidecar, checkIn, alive } = await openForgeAccess(run, context, { folder: door }, () => null);
  const engine = engineOf(run.engine);
  const start = {
    command: run.command,
    model: run.model,
    tools: run.tools,
    prompt: run.prompt,
    home,
    workspace: worktree,
    mcp: { command, args: [...glue.args] },
    access: null,
    sessionFolder: run.sessionFolder,
    session: { id: randomUUID(), isResumed: false },
  };
  const started: { child?: Here } = {};
  const place = { environment: { ...environment, PATH: `${bin}:${environment.PATH ?? ''}` }, worktree };
  try {
    const { environment: ofEngine, ...program } =
      screen === undefined ? engine.program(start) : engine.ownScreen(start);
    // Where a program keeps its login is the person's own business here.
    const { CLAUDE_CONFIG_DIR: _, CODEX_HOME: __, ...more } = ofEngine;
    screen?.opens();
    const { end, why, signal } = await followAgent(
      {
        start: (given) => {
          started.child = startHere(given, place);
          return started.child;
        },
      },
      { ...program, environment: more, hasTerminal: screen !== undefined },
      {
        engine,
        sidecar,
        alive,
        run,
        checkIn,
        hasScreen: screen !== undefined,
        deadline: context.deadline,
        clock,
        say,
        mask,
      },
    );
    return finished({ end, why, signal });
  } finally {
    if (screen !== undefined) {
      // It has our terminal, and nobody else would take that from it.
      await started.child?.end();
      await screen.closed();
    }
    await sidecar.close();
    rmSync(folder, { recursive: true, force: true });
  }

  function finished(ended: Pick<TrustedOutcome, 'end' | 'why' | 'signal'>): TrustedOutcome {
    return {
      ...ended,
      operations: { head: sidecar.log.head, entries: [...sidecar.log.entries] },
      entry: { text: checkIn.text() },
    };
  }
}

interface Place {
  environment: Record<string, string>;
  worktree: string;
}

interface Here extends Started {
  /** Asks it to end, and ends it where it does not. */
  end(): Promise<void>;
}

/** How long a screen may take to close. */
const closingMs = 5000;

/** In the process group of the dispatch, so that whoever ends that ends the worker too. */
function startHere(program: Program, { environment, worktree }: Place): Here {
  const { command, args, input } = program;
  const child = spawn(command, args, {
    cwd: worktree,
    env: { ...environment, ...program.environment },
    shell: false,
    stdio:
      program.hasTerminal === true ? 'inherit' : [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const ended = endOf(child);
  const { pid, stdin } = child;
  if (pid === undefined) throw notStarted(command);
  stdin?.on('error', () => undefined);
  stdin?.end(input);
  return {
    pid,
    stdout: child.stdout ?? Readable.from([]),
    stderr: child.stderr ?? Readable.from([]),
    ended,
    async end() {
      const timer = setTimeout(() => child.kill('SIGKILL'), closingMs);
      // One that hears it closes its screen; it may have stopped itself.
      for (const signal of ['SIGTERM', 'SIGCONT'] as const) child.kill(signal);
      await ended;
      clearTimeout(timer);
    },
  };
}

function endOf(child: ChildProcess): Promise<Ending> {
  // Without a listener a program that is not there would end this process.
  child.on('error', () => undefined);
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function notStarted(command: string): UserError {
  return new UserError(
    `${command} cannot be started.`,
    'Check that it is installed, and that the manifest names it as your PATH has it.',
  );
}
