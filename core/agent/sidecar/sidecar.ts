import path from 'node:path';
import type { Mask } from '../../mask.ts';
import type { AgentForge } from './agent-forge.ts';
import { createCalls, type Signal } from './calls.ts';
import { type Desk, offeredTools } from './desk.ts';
import { type Limits, usualLimits } from './limits.ts';
import { createOperationLog, type Operation, type OperationLog } from './operation-log.ts';
import { replyTo } from './protocol.ts';
import { fixedScope, type Scope } from './scope.ts';
import { openLineServer } from './server.ts';

export interface SidecarOptions {
  /** The folder for the socket, which only the agent's programs can reach and only we can write. */
  door: string;
  /** Whose the socket is, where the agent has a uid of its own. */
  owner?: { uid: number; gid: number } | undefined;
  /** The socket's permissions: only its owner may connect, unless something else is said. */
  mode?: number | undefined;
  forge: AgentForge;
  scope: Scope;
  mask: Mask;
  /** Says a line in the CI log. */
  say: (line: string) => void;
  now: () => Date;
  /** Whether an account may write to the repository. */
  mayWrite: (login: string) => boolean;
  /** Whether the agent is shown comments of others too. */
  strangers: boolean;
  limits?: Partial<Limits> | undefined;
  /** What is done for it beside the forge, where somebody has dispatched it. */
  desk?: Desk | undefined;
  /** Hears every call: the agent is alive. */
  heard?: ((operation: Operation) => void) | undefined;
  /** Milliseconds of a clock that never goes back; the process's, unless something else is given. */
  clock?: (() => number) | undefined;
}

/** Why nobody serves the agent any more. */
export type Closing = { kind: 'closed' } | { kind: 'failed'; error: Error };

export interface Sidecar {
  /** The socket's path as we see it. */
  socket: string;
  /** The first signal of the end; never comes where the agent gives none. */
  signalled: Promise<Signal>;
  /** Comes when the sidecar is gone: with `failed`, the agent has to be ended, because it has no way to the forge any more. */
  closed: Promise<Closing>;
  log: OperationLog;
  /** Ends the service: what is being done is finished, then the log is complete. */
  close(): Promise<void>;
}

/** The socket's name in its folder. */
export const socketName = 'forge.sock';

/** Opens an agent's only way to the forge. */
export async function openSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { door, owner, mode, forge, mask, say, now, mayWrite, strangers, heard } = options;
  const limits = { ...usualLimits, ...options.limits };
  const log = createOperationLog({ now, say, refusedListed: limits.refusedListed, heard });
  let signal: (signal: Signal) => void = () => undefined;
  const signalled = new Promise<Signal>((done) => {
    signal = done;
  });
  const call = createCalls({
    forge,
    scope: fixedScope(options.scope),
    limits,
    log,
    mask,
    mayWrite,
    strangers,
    desk: options.desk,
    signal,
    say,
  });
  const socket = path.join(door, socketName);
  const server = await openLineServer({
    path: socket,
    owner,
    mode,
    limits,
    reply: (line) => replyTo(line, { depth: limits.depth, call, tools: offeredTools(options.desk) }),
    // A connection is no call; that it was turned away is in the log all the same.
    trouble: (why) => log.add({ tool: 'connection', target: '', allowed: false, why }),
    clock: options.clock ?? (() => performance.now()),
  });
  const closed = server.closed.then((error): Closing => {
    log.settle();
    return error === undefined ? { kind: 'closed' } : { kind: 'failed', error };
  });
  return {
    socket,
    signalled,
    closed,
    log,
    async close() {
      await server.close();
      await closed;
    },
  };
}
