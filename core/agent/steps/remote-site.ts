import { readlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { Isolation } from '../cell/cell.ts';
import { formsOf } from '../cell/needles.ts';
import { isolationFor } from '../isolation-for.ts';
import { listenAt } from '../listen.ts';
import { createLineBuffer } from '../sidecar/line-buffer.ts';
import type { OpenSite } from '../site.ts';
import { type Hello, helloIn, longestLine } from './frames.ts';
import { cellSocket } from './glue.ts';
import { remoteCell, type StepConnection } from './remote-cell.ts';
import { openDoor } from './shared-folder.ts';

export interface RemoteSiteOptions {
  workspace: string;
  /** The shared folder, relative to it. */
  folder: string;
  /** Whether an agent may run without any isolation, where its manifest says so. */
  allowsNone: boolean;
  /** How long the step of the agent is waited for: its image may have to be fetched first. */
  patienceMs: number;
}

/** The agent runs in a step of its own, which connects to this one. */
export function remoteSite({ workspace, folder, allowsNone, patienceMs }: RemoteSiteOptions): OpenSite {
  return async ({ run, secrets, atEnd, say }) => {
    const door = openDoor(workspace, folder);
    try {
      say('Waiting for the step of the agent ...');
      const connection = await awaitStep(path.join(door.folder, cellSocket), patienceMs);
      const { hello } = connection;
      // Its step ends with this connection: by then what came of it is handed over, and the next step finds it.
      atEnd(() => connection.socket.destroy());
      const isolation = isolationFor(
        {
          tried: [
            { isolation: isolationOf(hello, ours()), works: true, why: 'Its step said what it runs in.' },
          ],
        },
        run,
        allowsNone,
      );
      let isFurnished = false;
      return {
        isolation,
        async furnish() {
          // Its clone was made by the step that prepared it. What it starts from is checked when its work is taken.
          if (isFurnished) throw new UserError('In a step of its own an agent has one cell, and no second.');
          isFurnished = true;
          return remoteCell(connection, { isolation, door });
        },
        search: {
          what: "the environment of the agent's step",
          in: async () => secretsIn(hello.environment, secrets),
        },
        async close() {
          door.close();
        },
      };
    } catch (error) {
      door.close();
      throw error;
    }
  };
}

interface Whereabouts {
  uid: number;
  namespaces: Hello['namespaces'];
}

function ours(): Whereabouts {
  const link = (name: string): string => {
    try {
      return readlinkSync(`/proc/self/ns/${name}`);
    } catch {
      return '';
    }
  };
  return { uid: process.getuid?.() ?? 0, namespaces: { pid: link('pid'), mnt: link('mnt') } };
}

/**
 * What keeps the agent's step from this one, as the two see it before anything of the agent runs: it is there so that a pipeline
 * that isolates nothing is noticed, and no agent is started in it. Pure.
 */
export function isolationOf(step: Whereabouts, own: Whereabouts): Isolation {
  const isApart = (['pid', 'mnt'] as const).every(
    (name) =>
      step.namespaces[name] !== '' &&
      own.namespaces[name] !== '' &&
      step.namespaces[name] !== own.namespaces[name],
  );
  if (isApart) return 'container';
  return step.uid !== 0 && step.uid !== own.uid ? 'user' : 'none';
}

/** Variables of the agent's step that hold a secret of this run. */
function secretsIn(
  environment: Record<string, string>,
  secrets: readonly string[],
): { kind: 'secret'; place: string }[] {
  const forms = secrets.flatMap(formsOf);
  return Object.entries(environment).flatMap(([name, value]) =>
    forms.some((form) => value.includes(form))
      ? [{ kind: 'secret' as const, place: `the variable ${name.slice(0, 100)} of the agent's step` }]
      : [],
  );
}

/** So long a connection may say nothing. */
const helloMs = 10_000;
const mostConnections = 8;

/** The first connection that says what a step says. Every other one is ended, and none is listened for afterwards. */
async function awaitStep(socketPath: string, patienceMs: number): Promise<StepConnection> {
  const waiting = new Set<net.Socket>();
  const server = net.createServer();
  let timer: NodeJS.Timeout | undefined;
  let fail: (error: Error) => void = () => undefined;
  const found = new Promise<StepConnection>((done, failed) => {
    timer = setTimeout(
      () =>
        failed(
          new UserError(
            `The step of the agent did not come within ${Math.round(patienceMs / 60_000)} minutes.`,
            'It has to start the file start.mjs of the shared folder with the Node of its image.',
          ),
        ),
      patienceMs,
    );
    fail = failed;
    server.on('connection', (socket) => {
      if (waiting.size >= mostConnections) {
        socket.destroy();
        return;
      }
      waiting.add(socket);
      const lines = createLineBuffer(longestLine);
      const parts: Buffer[] = [];
      const patience = setTimeout(() => socket.destroy(), helloMs);
      const drop = (): void => {
        clearTimeout(patience);
        waiting.delete(socket);
        socket.destroy();
      };
      const hear = (chunk: Buffer): void => {
        const isShort = lines.add(chunk);
        parts.push(chunk);
        if (isShort && !lines.hasLine()) return;
        const hello = isShort ? helloIn(lines.take() ?? '') : undefined;
        if (hello === undefined) {
          drop();
          return;
        }
        socket.pause();
        socket.removeListener('data', hear);
        socket.removeListener('close', drop);
        clearTimeout(patience);
        waiting.delete(socket);
        const all = Buffer.concat(parts);
        done({ socket, hello, rest: all.subarray(all.indexOf(10) + 1) });
      };
      socket.on('error', drop);
      socket.on('close', drop);
      socket.on('data', hear);
    });
  });
  try {
    await listenAt(server, socketPath, 0o666);
    server.on('error', fail);
    return await found;
  } finally {
    clearTimeout(timer);
    server.close();
    for (const socket of waiting) socket.destroy();
  }
}
