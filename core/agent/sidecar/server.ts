import { lchownSync, lstatSync } from 'node:fs';
import net from 'node:net';
import { UserError } from '../../errors.ts';
import { listenAt } from '../listen.ts';
import type { Limits } from './limits.ts';
import { createLineBuffer, type LineBuffer } from './line-buffer.ts';
import type { Reply } from './protocol.ts';

export interface ServerOptions {
  /** Where the socket goes: in a folder that only those can reach who may call. */
  path: string;
  /** Whose the socket is, where that is not us. */
  owner?: { uid: number; gid: number } | undefined;
  /** Who may connect, as the socket's permissions; only its owner, unless something else is said. */
  mode?: number | undefined;
  limits: Limits;
  reply: (line: string) => Promise<Reply>;
  /** Hears what is wrong with lines and connections, in a few words. */
  trouble: (what: string) => void;
  /** Milliseconds of a clock that never goes back. */
  clock: () => number;
}

export interface LineServer {
  /** Comes when it no longer listens, with the failure where it was not closed by us. */
  closed: Promise<Error | undefined>;
  /** Takes nothing new, lets what is being worked on come to its end and its answer be taken, then ends all connections. */
  close(): Promise<void>;
}

interface Connection {
  socket: net.Socket;
  lines: LineBuffer;
  isBusy: boolean;
  /** Whether one of its lines was a request: one that never said anything is the first to go. */
  isKnown: boolean;
  malformed: number;
  openedAt: number;
  /** When it last said or was told something. */
  movedAt: number;
  /** When the line began that is not whole. */
  partSince: number | undefined;
  /** Since when an answer waits to be taken. */
  fullSince: number | undefined;
  isEnded: boolean;
}

/** Longer paths are cut off by the system without a word, and another file would be made. */
const longestPath = 103;

/**
 * A server of lines on a Unix socket that no client can keep from serving another: each connection has one line worked on at a
 * time, all take turns, what nobody reads is not piled up, and when there are too many, those go first that never asked anything.
 */
export async function openLineServer(options: ServerOptions): Promise<LineServer> {
  const { path, owner, mode = 0o600, limits, reply, trouble, clock } = options;
  if (Buffer.byteLength(path) > longestPath)
    throw new UserError(
      `The path of the sidecar's socket is longer than ${longestPath} bytes, which no system takes: ${path}`,
      'Give the agent a work folder with a shorter path.',
    );
  /** In the order of their turns. */
  const connections = new Set<Connection>();
  let working = 0;
  let isClosing = false;
  let failure: Error | undefined;
  let tokens = limits.linesPerSecond;
  let filledAt = clock();
  let waiting: NodeJS.Timeout | undefined;

  /** Whether one more line may be worked on in this second; asks again later where it may not. */
  function mayTake(): boolean {
    const now = clock();
    tokens = Math.min(limits.linesPerSecond, tokens + ((now - filledAt) / 1000) * limits.linesPerSecond);
    filledAt = now;
    if (tokens >= 1) {
      tokens -= 1;
      return true;
    }
    waiting ??= setTimeout(
      () => {
        waiting = undefined;
        pump();
      },
      Math.ceil(((1 - tokens) / limits.linesPerSecond) * 1000),
    );
    return false;
  }

  function isReady({ isBusy, fullSince, lines }: Connection): boolean {
    return !isBusy && fullSince === undefined && lines.hasLine();
  }

  function pump(): void {
    while (!isClosing && working < limits.atOnce) {
      const next = [...connections].find(isReady);
      if (next === undefined || !mayTake()) return;
      connections.delete(next);
      connections.add(next);
      void work(next);
    }
  }

  async function work(connection: Connection): Promise<void> {
    const { socket, lines } = connection;
    connection.isBusy = true;
    working += 1;
    const { answer, malformed } = await reply(lines.take() ?? '').catch(
      (): Reply => ({ malformed: 'failed' }),
    );
    working -= 1;
    connection.isBusy = false;
    connection.movedAt = clock();
    if (malformed !== undefined) {
      trouble(malformed);
      connection.malformed += 1;
    } else if (answer !== undefined) connection.isKnown = true;
    if (connection.malformed >= limits.malformed) end(connection, answer);
    else if (answer !== undefined && socket.writable && !socket.write(`${answer}\n`))
      connection.fullSince = clock();
    if (isClosing) end(connection);
    else settle(connection);
    pump();
  }

  /** Reads on where nothing is waiting, and takes leave of who has said everything. */
  function settle(connection: Connection): void {
    const { socket, lines } = connection;
    if (lines.hasLine()) return;
    connection.partSince = lines.hasPart() ? (connection.partSince ?? clock()) : undefined;
    if (connection.isEnded && !connection.isBusy) socket.end();
    else socket.resume();
  }

  /** Ends a connection once everything that was said to it is on its way. */
  function end({ socket }: Connection, answer?: string): void {
    if (!socket.writable) socket.destroy();
    else if (answer === undefined) socket.end(() => socket.destroy());
    else socket.end(`${answer}\n`, () => socket.destroy());
  }

  /** Who goes when there is no room: of those that ask nothing, first who never did, then who was silent longest. */
  function leastMissed(): Connection | undefined {
    const idle = [...connections].filter(({ isBusy, lines }) => !isBusy && !lines.hasLine());
    const [first] = idle.sort((a, b) => Number(a.isKnown) - Number(b.isKnown) || a.movedAt - b.movedAt);
    return first;
  }

  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const now = clock();
    socket.on('error', () => socket.destroy());
    if (connections.size >= limits.connections) {
      const gone = leastMissed();
      trouble('more connections than are served');
      if (gone === undefined) {
        socket.destroy();
        return;
      }
      connections.delete(gone);
      gone.socket.destroy();
    }
    const connection: Connection = {
      socket,
      lines: createLineBuffer(limits.lineBytes),
      isBusy: false,
      isKnown: false,
      malformed: 0,
      openedAt: now,
      movedAt: now,
      partSince: undefined,
      fullSince: undefined,
      isEnded: false,
    };
    connections.add(connection);
    socket.on('data', (chunk) => {
      connection.movedAt = clock();
      if (!connection.lines.add(chunk)) {
        trouble(`a line of more than ${limits.lineBytes} bytes`);
        end(connection);
        return;
      }
      if (connection.lines.hasLine()) {
        // What is said faster than it is worked on stays with who says it.
        socket.pause();
        pump();
      } else settle(connection);
    });
    socket.on('drain', () => {
      connection.fullSince = undefined;
      pump();
    });
    socket.on('end', () => {
      connection.isEnded = true;
      settle(connection);
    });
    socket.once('close', () => connections.delete(connection));
  });

  /** Why a connection has had its time, or undefined. */
  function overdue(connection: Connection, now: number): string | undefined {
    const { isBusy, isKnown, lines, openedAt, movedAt, partSince, fullSince } = connection;
    if (fullSince !== undefined && now - fullSince > limits.answerMs) return 'an answer that nobody takes';
    if (partSince !== undefined && now - partSince > limits.lineMs) return 'a line that does not end';
    if (isBusy || lines.hasLine()) return undefined;
    if (!isKnown && now - openedAt > limits.firstLineMs) return 'a connection that says nothing';
    return now - movedAt > limits.idleMs ? 'a connection that was left open' : undefined;
  }

  await listenAt(server, path, mode);
  const shortest = Math.min(limits.firstLineMs, limits.lineMs, limits.idleMs, limits.answerMs);
  const sweeper = setInterval(
    () => {
      const now = clock();
      for (const connection of connections) {
        const why = overdue(connection, now);
        if (why === undefined) continue;
        trouble(why);
        connection.socket.destroy();
      }
    },
    Math.max(5, Math.min(1000, shortest / 4)),
  );
  sweeper.unref();

  server.removeAllListeners('error');
  server.on('error', (error) => {
    failure = error;
    server.close();
  });
  const closed = new Promise<Error | undefined>((done) => {
    server.once('close', () => {
      clearInterval(sweeper);
      clearTimeout(waiting);
      done(failure);
    });
  });
  try {
    if (!lstatSync(path).isSocket()) throw new Error(`${path} is no socket`);
    if (owner !== undefined) lchownSync(path, owner.uid, owner.gid);
  } catch (error) {
    server.close();
    throw error;
  }

  return {
    closed,
    async close() {
      isClosing = true;
      server.close();
      for (const connection of connections) if (!connection.isBusy) end(connection);
      // Whoever does not read its last answer is not waited for.
      const patience = setTimeout(() => {
        for (const { socket } of connections) socket.destroy();
      }, limits.answerMs);
      const error = await closed;
      clearTimeout(patience);
      if (error !== undefined) throw error;
    },
  };
}
