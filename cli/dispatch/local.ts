import { codeOf, UserError } from '../../core/errors.ts';
import { plain } from '../../core/text/log-line.ts';
import { claimPaths, conflictText } from './claims.ts';
import { readConfig } from './config.ts';
import type { DispatchEntry } from './entry.ts';
import { findDispatch } from './find.ts';
import { type Machine, thisMachine } from './machine.ts';
import { conflictsIn } from './paths.ts';
import { pathWithin, type RepositoryHere, repositoryHere } from './place.ts';
import { runningIn } from './reader.ts';
import { readRegistry, standingOf } from './registry.ts';

// Commands that ask nobody: the registry and this machine are all they need.

export interface Local {
  environment: Readonly<Record<string, string | undefined>>;
  /** Where the person stands. */
  folder: string;
  say(line: string): void;
  /** Whole lines, as they are. */
  print(text: string): void;
}

/** Every value of the configuration, and where it came from. */
export function showConfig({ environment, say }: Local): number {
  const { config, shown } = readConfig(environment);
  say(`Configuration: ${config.file}`);
  const width = Math.max(...shown.map(({ name }) => name.length));
  for (const { name, value, from } of shown) say(`  ${name.padEnd(width)}  ${value}  (${from})`);
  return 0;
}

/** Every running claim that overlaps a path, inside of it and above it; 1 where there are any. */
export function showConflicts(given: string, { json }: { json: boolean }, local: Local): number {
  const { say } = local;
  const { here, running, machine } = look(local);
  if (here === undefined) {
    // Nobody has dispatched anything for the repository that this folder is of.
    say(json ? '[]' : 'No dispatch is of this repository.');
    return 0;
  }
  const conflicts = conflictsIn(running, {
    repository: here.repository,
    paths: [pathWithin(here.root, local.folder, given)],
    except: here.own?.id,
  });
  if (json)
    say(
      JSON.stringify(
        conflicts.map(({ entry, claim, path, reason }) => ({
          pid: entry.pid,
          host: entry.host,
          ref: entry.ref,
          claim,
          path,
          reason,
        })),
      ),
    );
  else if (conflicts.length === 0) say(`Nobody has claimed ${given}.`);
  else for (const conflict of conflicts) say(conflictText(conflict, machine));
  return conflicts.length === 0 ? 0 : 1;
}

/** Claims paths for the dispatch in whose worktree a person or a worker stands, or for another one. */
export function claim(paths: readonly string[], { of }: { of: string | undefined }, local: Local): number {
  const { environment, folder, say } = local;
  const { config } = readConfig(environment);
  const machine = thisMachine();
  const registry = readRegistry(config.logRoot);
  const here = repositoryHere(folder, registry.entries);
  const entry = of === undefined ? here?.own : findDispatch(of, registry, machine);
  if (entry === undefined)
    throw new UserError(
      'This folder is no worktree of a dispatch.',
      'Go to its worktree, or name the dispatch with --of.',
    );
  if (standingOf(entry, machine) !== 'active')
    throw new UserError(
      `${entry.ref} does not run, so it claims nothing.`,
      'A claim counts while its dispatch runs.',
    );
  const within = (given: string): string =>
    here === undefined ? given : pathWithin(here.root, folder, given);
  say(claimPaths(config.logRoot, { id: entry.id, machine, paths: paths.map(within) }));
  return 0;
}

/** The log of a dispatch. */
export async function showLog(
  reference: string,
  { follow }: { follow: boolean },
  { environment, print }: Local,
): Promise<number> {
  const { config } = readConfig(environment);
  const machine = thisMachine();
  const entry = findDispatch(reference, readRegistry(config.logRoot), machine);
  const { printLog } = await import('./logs.ts');
  await printLog(
    entry.log_path,
    { follow },
    { print, isRunning: () => standingOf(entry, machine) === 'active', pause: (ms) => wait(ms) },
  );
  return 0;
}

/** Ends a dispatch, once the person has said so. */
export async function stop(reference: string, { yes }: { yes: boolean }, local: Local): Promise<number> {
  const { environment, say } = local;
  const { config } = readConfig(environment);
  const machine = thisMachine();
  const entry = findDispatch(reference, readRegistry(config.logRoot), machine);
  if (entry.ended_at !== null && standingOf(entry, machine) !== 'active') {
    say(`${entry.ref} has ended already: ${entry.outcome}.`);
    return 0;
  }
  if (!yes && !(await isConfirmed(stopQuestion(entry)))) {
    say('Nothing was ended.');
    return 1;
  }
  const { stopDispatch } = await import('./stop.ts');
  say(
    await stopDispatch(config.logRoot, entry, {
      machine,
      kill: (pid, signal) => {
        try {
          process.kill(pid, signal);
        } catch (error) {
          // It ended by itself meanwhile.
          if (codeOf(error) !== 'ESRCH') throw error;
        }
      },
      pause: (ms) => wait(ms),
      now: () => new Date(),
    }),
  );
  return 0;
}

/** What a person is asked before a dispatch is ended. Its title is anybody's, and a terminal would obey what is hidden in it. */
export function stopQuestion({
  ref,
  mode,
  pid,
  title,
}: Pick<DispatchEntry, 'ref' | 'mode' | 'pid' | 'title'>): string {
  const asked = `End ${ref} (${mode}, pid ${pid}): ${title}? Its worktree stays.`;
  return `${plain(asked)} [y/N] `;
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UserError('Nobody can be asked here whether it shall be ended.', 'Add --yes.');
  const { createInterface } = await import('node:readline/promises');
  const asker = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await asker.question(question)).trim());
  } finally {
    asker.close();
  }
}

function look({ environment, folder }: Local): {
  here: RepositoryHere | undefined;
  running: DispatchEntry[];
  machine: Machine;
} {
  const { config } = readConfig(environment);
  const machine = thisMachine();
  const registry = readRegistry(config.logRoot);
  return { here: repositoryHere(folder, registry.entries), running: runningIn(registry, machine), machine };
}
