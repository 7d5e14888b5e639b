import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import type { EndCount } from './cell.ts';
import {
  allProcesses,
  type ProcessFacts,
  parseStatus,
  processesOfUser,
  processFile,
  processLink,
} from './processes.ts';
import { killProgram, type Running } from './programs.ts';

/** By what the processes of a cell are told from all others. */
export type Belonging =
  /** By a uid that nobody else has. `asUser` stands before a command that shall have its rights. */
  | { kind: 'user'; uid: number; asUser: string[] }
  /** By the pid namespaces of its programs. */
  | { kind: 'namespace' }
  /** By descent, and by a variable in the environment: `none`, where nothing better is there. */
  | { kind: 'mark'; mark: string };

/** The variable that marks the processes of a cell without isolation. */
export const markVariable = 'FORGECREW_CELL';

const pauseMs = 20;
/** Longer than this, and the machine does not do what it is told. */
const killMs = 20_000;
/** How long it may take to show what is left to show. */
const terminalMs = 5000;

/** Ends every process of a cell: asks, waits, kills, and looks until none is left. */
export async function endAllOf(belonging: Belonging, running: Running[], graceMs: number): Promise<EndCount> {
  const namespaces = new Set<string>();
  for (const { first } of running) {
    const namespace = (await first)?.namespace;
    if (namespace !== undefined) namespaces.add(namespace);
  }
  const members = (): ProcessFacts[] => membersOf(belonging, running, namespaces);
  const asked = new Set<number>();
  if (graceMs > 0) {
    const workers = members().filter(isWorker);
    for (const { pid } of workers) asked.add(pid);
    await ask([...asked], belonging, members);
    const until = performance.now() + graceMs;
    while (performance.now() < until && members().length > 0) await wait(pauseMs);
  }
  const killed = new Set<number>();
  const until = performance.now() + killMs;
  for (let left = members(); left.length > 0; left = members()) {
    if (performance.now() > until)
      throw new Error(
        `${left.length} processes of a cell cannot be ended, the first one has the pid ${left[0]?.pid}.`,
      );
    for (const { pid } of left.filter(isWorker)) killed.add(pid);
    await killOnce(belonging, running, members);
    await wait(pauseMs);
  }
  await closeTerminals(running);
  for (const pid of killed) asked.delete(pid);
  return { terminated: asked.size, killed: killed.size };
}

/** What held our terminal ends by itself once nothing is left in it, and puts it in order; killed, it would leave it as it is. */
async function closeTerminals(running: Running[]): Promise<void> {
  for (const one of running.filter((item) => item.hasTerminal === true)) {
    const until = performance.now() + terminalMs;
    while (isRunning(one) && performance.now() < until) await wait(pauseMs);
    if (isRunning(one)) send(one.started.pid, 'SIGKILL');
  }
}

function membersOf(belonging: Belonging, running: Running[], namespaces: Set<string>): ProcessFacts[] {
  const all = allProcesses();
  if (belonging.kind === 'user') return processesOfUser(belonging.uid, all);
  const started = new Set(
    running.filter((one) => isRunning(one) && one.hasTerminal !== true).map(({ started }) => started.pid),
  );
  if (belonging.kind === 'namespace')
    return all.filter(
      ({ pid }) => started.has(pid) || namespaces.has(processLink(pid, 'ns/pid') ?? 'unknown'),
    );
  const children = new Map<number, ProcessFacts[]>();
  for (const facts of all) children.set(facts.parent, [...(children.get(facts.parent) ?? []), facts]);
  const marked = `${markVariable}=${belonging.mark}`;
  const found = new Map<number, ProcessFacts>();
  const waiting = all.filter(
    ({ pid }) => started.has(pid) || (processFile(pid, 'environ') ?? '').split('\0').includes(marked),
  );
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next.pid)) continue;
    found.set(next.pid, next);
    waiting.push(...(children.get(next.pid) ?? []));
  }
  return [...found.values()];
}

function isRunning({ child }: Running): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** A process of a program, and none of bwrap's own: those end with the last program, and everything at once with them. */
function isWorker(facts: ProcessFacts, _: number, members: ProcessFacts[]): boolean {
  const isFirst = ({ pids }: ProcessFacts): boolean => pids.length > 1 && pids.at(-1) === 1;
  return !isFirst(facts) && !members.some((other) => other.parent === facts.pid && isFirst(other));
}

/** Asks processes to end. One that was stopped only hears it when it goes on. */
async function ask(pids: number[], belonging: Belonging, members: () => ProcessFacts[]): Promise<void> {
  if (pids.length === 0) return;
  if (belonging.kind === 'user') {
    const script = 'kill -s TERM "$@"; kill -s CONT "$@"';
    return asUser(belonging.asUser, script, pids.map(String));
  }
  const still = new Set(members().map(({ pid }) => pid));
  for (const pid of pids) {
    if (!still.has(pid)) continue;
    send(pid, 'SIGTERM');
    send(pid, 'SIGCONT');
  }
}

async function killOnce(
  belonging: Belonging,
  running: Running[],
  members: () => ProcessFacts[],
): Promise<void> {
  await Promise.all(running.filter(isRunning).map(killProgram));
  if (belonging.kind === 'user') {
    // All of them at one stroke, with the rights of the cell: nobody forks away meanwhile, and nobody else can be hit.
    await asUser(belonging.asUser, 'kill -s KILL -- -1', []);
    // That one has the uid of the cell as well, and can be stopped by it. So they are also killed one by one.
    for (const { pid } of members())
      if (parseStatus(processFile(pid, 'status') ?? '')?.uids.includes(belonging.uid) === true)
        send(pid, 'SIGKILL');
    return;
  }
  for (const { pid } of members()) send(pid, 'SIGKILL');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Runs a line of shell with the rights of the cell's user, for two seconds at most. */
function asUser(before: string[], script: string, args: string[]): Promise<void> {
  return new Promise((resolve) => {
    const [file = '', ...rest] = [...before, '/bin/sh', '-c', script, 'cell', ...args];
    const child = spawn(file, rest, {
      cwd: '/',
      env: {},
      stdio: 'ignore',
      timeout: 2000,
      killSignal: 'SIGKILL',
    });
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
