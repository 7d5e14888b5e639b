import http from 'node:http';

/** Where, around one call, things go wrong. */
export type FailPoint = 'before-send' | 'after-send' | 'after-reply';
export const failPoints: FailPoint[] = ['before-send', 'after-send', 'after-reply'];

export interface Fault {
  /** Which call of the run, from 1. */
  call: number;
  point: FailPoint;
  /** What happens there: usually a kill -9 of the process under test; without it the connection is cut. */
  act?: () => void;
}

/**
 * An answer given in the forge's place, by the number of the call and what it asks; `undefined` passes it on. `isDone`: the forge
 * is asked all the same, and its own answer goes nowhere.
 */
export type Rewrite = (
  call: number,
  request: string,
) => { status: number; body?: unknown; headers?: Record<string, string>; isDone?: boolean } | undefined;

export interface FaultProxy {
  url: string;
  /** Calls seen so far: method and path, in order. */
  calls: string[];
  /** Whether the fault was met. */
  struck: boolean;
  close(): Promise<void>;
}

/**
 * An HTTP proxy in front of a forge with numbered fail points: at the chosen call it kills the process that made it,
 * or cuts the connection, before the request is passed on, after it was passed on (and carried out), or after the
 * reply went back. Any role can be run against it; rerunning without a fault shows what a crash left behind.
 */
export async function startFaultProxy(
  target: string,
  fault?: Fault,
  rewrite: Rewrite = () => undefined,
): Promise<FaultProxy> {
  const upstream = new URL(target);
  const calls: string[] = [];
  let struck = false;

  async function pass(
    request: http.IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const forward = http.request(
        {
          host: upstream.hostname,
          port: upstream.port,
          path: request.url,
          method: request.method,
          headers: { ...request.headers, host: upstream.host },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 502,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
          response.once('error', reject);
        },
      );
      forward.once('error', reject);
      forward.end(body);
    });
  }

  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', async () => {
      // What a process had sent in the moment before it was killed is not passed on: it died at this call, not at a later one.
      if (struck && fault?.act !== undefined) {
        request.socket.destroy();
        return;
      }
      calls.push(`${request.method} ${request.url}`);
      const strikes = fault !== undefined && fault.call === calls.length;
      const strike = (): void => {
        struck = true;
        fault?.act?.();
        request.socket.destroy();
      };
      try {
        const instead = rewrite(calls.length, `${request.method} ${request.url}`);
        if (instead !== undefined) {
          if (instead.isDone === true) await pass(request, Buffer.concat(chunks));
          // A web page stands as it is.
          const isPage = instead.headers?.['content-type']?.startsWith('text/html') === true;
          const text =
            instead.body === undefined ? '' : isPage ? String(instead.body) : JSON.stringify(instead.body);
          response.writeHead(instead.status, { 'content-type': 'application/json', ...instead.headers });
          response.end(text);
          return;
        }
        if (strikes && fault.point === 'before-send') return strike();
        const answer = await pass(request, Buffer.concat(chunks));
        if (strikes && fault.point === 'after-send') return strike();
        const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
        response.writeHead(answer.status, { ...headers, 'content-length': answer.body.length });
        response.end(answer.body, () => {
          if (strikes && fault.point === 'after-reply') strike();
        });
      } catch {
        response.destroy();
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    get struck() {
      return struck;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
