import net from 'node:net';

/** The parts of results that tests look at. */
export interface Result {
  protocolVersion: string;
  tools: { name: string; inputSchema: unknown }[];
  isError: boolean;
  content: { type: string; text: string }[];
  _meta: Record<string, string>;
}

/** A client as an engine is one: a line a message, answers by their id. */
export interface Client {
  /** What `method` comes to. */
  ask(
    method: string,
    params?: unknown,
  ): Promise<{ result: Result; error?: { code: number; message: string } }>;
  /** What a tool comes to. */
  call(name: string, given?: unknown, meta?: unknown): Promise<Called>;
  /** Says something as it is. */
  say(text: string | Uint8Array): void;
  /** The next line, whatever it is; rejects where the connection ends before one. */
  line(): Promise<string>;
  socket: net.Socket;
  closed: Promise<void>;
  end(): void;
}

export interface Called {
  isError: boolean;
  outcome: string;
  texts: string[];
}

export async function connect(path: string): Promise<Client> {
  const socket = net.connect(path);
  await new Promise<void>((done, failed) => {
    socket.once('connect', done);
    socket.once('error', failed);
  });
  socket.on('error', () => undefined);
  const waiting: { done: (line: string) => void; failed: (error: Error) => void }[] = [];
  const lines: string[] = [];
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const next = waiting.shift();
      if (next === undefined) lines.push(part);
      else next.done(part);
    }
  });
  let isClosed = false;
  const closed = new Promise<void>((done) =>
    socket.once('close', () => {
      isClosed = true;
      for (const { failed } of waiting.splice(0)) failed(new Error('the connection was ended'));
      done();
    }),
  );
  let id = 0;
  const client: Client = {
    socket,
    closed,
    line: () =>
      new Promise((done, failed) => {
        const next = lines.shift();
        if (next !== undefined) done(next);
        else if (isClosed) failed(new Error('the connection was ended'));
        else waiting.push({ done, failed });
      }),
    say: (text) => {
      socket.write(text);
    },
    async ask(method, params) {
      id += 1;
      client.say(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      return JSON.parse(await client.line());
    },
    async call(name, given, meta) {
      const { result, error } = await client.ask('tools/call', {
        name,
        arguments: given,
        ...(meta === undefined ? {} : { _meta: meta }),
      });
      if (error !== undefined) throw new Error(error.message);
      return {
        isError: result.isError,
        outcome: result._meta['forgecrew/outcome'] ?? '',
        texts: result.content.map(({ text }) => text),
      };
    },
    end: () => {
      socket.destroy();
    },
  };
  return client;
}
