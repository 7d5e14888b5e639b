import type http from 'node:http';
import type { Mask } from '../mask.ts';
import { ApiError } from './errors.ts';
import { type ApiRequest, type ApiResponse, describeRequest, pathOf, type Send } from './send.ts';

/** No answer of a forge that a role reads comes near this; more is a fault, not data. */
const largestAnswer = 64 * 1024 * 1024;
const requestTimeoutMs = 30_000;
const readAttempts = 4;

/** What a server's API is called, and how it is told whose call it is. */
export interface Service {
  /** The path of its API below its address. */
  api: string;
  /** What stands before the token in the Authorization header. */
  scheme: string;
  /** The setting that says where it is. */
  setting: string;
}
const forgeService: Service = { api: '/api/v1', scheme: 'token', setting: 'forge-url' };

export interface HttpOptions {
  /** Where the server is, with its sub-path if it has one: `https://forge.example/git`. */
  url: string;
  /** A forge, unless something else is said. */
  service?: Service;
  /** Sent to that host only, in the Authorization header only; redirects are never followed. */
  token: string;
  mask: Mask;
  /** When the whole run has to be over, in milliseconds since the epoch. */
  deadline: number;
  /** Waiting between attempts; tests pass one that does not wait. */
  pause?: (ms: number) => Promise<void>;
  clock?: () => number;
}

/** An exchange that did not end in an answer. */
class TransportError extends Error {
  /** Whether the request surely never reached the server: no connection was ever made for it. */
  readonly neverSent: boolean;
  constructor(message: string, neverSent: boolean, cause?: unknown) {
    super(message, { cause });
    this.neverSent = neverSent;
  }
}

interface Transport {
  request: typeof http.request;
  agent: http.Agent;
}

/** Loaded when a forge is asked, and TLS where it needs it: that is a third of what a run spends on starting. */
async function loadTransport(base: string): Promise<Transport> {
  const client = base.startsWith('https:') ? await import('node:https') : await import('node:http');
  return { request: client.request, agent: new client.Agent({ keepAlive: true, maxSockets: 8 }) };
}

/** One exchange over a kept-alive connection: no retry, no redirect, no proxy. */
function exchange(
  url: URL,
  { request: start, agent }: Transport,
  init: { method: string; headers: http.OutgoingHttpHeaders; body: string | undefined; timeoutMs: number },
): Promise<{ status: number; headers: Record<string, string>; text: string }> {
  return new Promise((resolve, reject) => {
    let connected = false;
    const request = start(url, {
      method: init.method,
      headers: init.headers,
      agent,
      signal: AbortSignal.timeout(init.timeoutMs),
    });
    const fail = (error: Error): void => {
      const code = 'code' in error ? `${error.code}` : error.name;
      const why =
        error.name === 'AbortError' ? `no answer within ${Math.round(init.timeoutMs / 1000)} s` : code;
      reject(new TransportError(why, !connected, error));
    };
    request.once('socket', (socket) => {
      if (!socket.connecting) connected = true;
      else
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          connected = true;
        });
    });
    request.once('error', fail);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > largestAnswer) response.destroy(new Error('the answer is larger than 64 MiB'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('end', () => {
        if (!response.complete) return fail(new Error('the answer was cut off'));
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
        resolve({ status: response.statusCode ?? 0, headers, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(init.body);
  });
}

/** Seconds or a date (RFC 9110, 10.2.3), as milliseconds from now; undefined when the header says neither. */
function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const passing = new Set([429, 500, 502, 503, 504]);

/**
 * A `Send` over HTTP. A read is repeated, with growing pauses, when the forge or a proxy in front of it fails in
 * passing. A write is repeated only when it surely did not arrive: no connection was made, or a limiter turned it
 * away (429). `Retry-After` is honoured where the deadline allows it.
 *
 * Throws `ApiError`: `unreachable` when the call surely did not arrive, `unknown-outcome` for a write without an
 * answer, `deadline` when time is over, and by status for every answer outside 200 to 299.
 */
export function createSend(options: HttpOptions): Send & { close(): void } {
  const base = options.url.replace(/\/+$/, '');
  const service = options.service ?? forgeService;
  const clock = options.clock ?? Date.now;
  const pause = options.pause ?? ((ms) => new Promise((done) => setTimeout(done, ms)));
  let transport: Promise<Transport> | undefined;

  async function once(request: ApiRequest, body: string | undefined): Promise<ApiResponse> {
    const { path, query } = pathOf(request);
    const left = options.deadline - clock();
    if (left <= 0) {
      throw new ApiError(
        'deadline',
        0,
        `The deadline passed before ${describeRequest(request)}.`,
        'Raise the setting deadline, or find out why the forge is slow.',
      );
    }
    transport ??= loadTransport(base);
    const answer = await exchange(new URL(`${base}${service.api}${path}${query}`), await transport, {
      method: request.method,
      headers: {
        accept: 'application/json',
        'user-agent': 'forgecrew',
        ...(options.token === '' ? {} : { authorization: `${service.scheme} ${options.token}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      body,
      timeoutMs: Math.min(requestTimeoutMs, left),
    });
    return { status: answer.status, headers: answer.headers, body: bodyOf(answer) };
  }

  /** How long to wait before another attempt, or undefined when there is to be none. */
  function waitBefore(attempt: number, response: ApiResponse | undefined): number | undefined {
    if (attempt >= readAttempts) return undefined;
    const asked = retryAfterMs(response?.headers['retry-after'], clock());
    const wait = asked ?? 200 * 2 ** (attempt - 1) * (0.5 + Math.random());
    return clock() + wait < options.deadline ? wait : undefined;
  }

  async function send(request: ApiRequest): Promise<ApiResponse> {
    const isRead = request.method === 'GET';
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    if (body !== undefined && options.mask.find(body) >= 0) {
      throw new ApiError(
        'invalid',
        0,
        `${describeRequest(request)} would publish a secret that this run knows; it was not sent.`,
        'Take the secret out of the text, and revoke it: it was already written down somewhere.',
      );
    }
    for (let attempt = 1; ; attempt += 1) {
      let response: ApiResponse | undefined;
      let failure: TransportError | undefined;
      try {
        response = await once(request, body);
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        failure = error;
      }
      if (response !== undefined && response.status >= 200 && response.status < 300) return response;
      const mayRepeat = isRead
        ? failure !== undefined || (response !== undefined && passing.has(response.status))
        : failure?.neverSent === true || response?.status === 429;
      const wait = mayRepeat ? waitBefore(attempt, response) : undefined;
      if (wait !== undefined) {
        await pause(wait);
        continue;
      }
      if (failure !== undefined) throw unanswered(request, failure, isRead, service);
      if (response !== undefined) return response;
    }
  }

  return Object.assign(send, { close: () => void transport?.then(({ agent }) => agent.destroy()) });
}

function bodyOf(answer: { headers: Record<string, string>; text: string }): unknown {
  if (answer.text === '') return null;
  if (!(answer.headers['content-type'] ?? '').includes('json')) return answer.text;
  try {
    return JSON.parse(answer.text);
  } catch (error) {
    throw new TransportError('the answer was cut off', false, error);
  }
}

function unanswered(
  request: ApiRequest,
  failure: TransportError,
  isRead: boolean,
  { setting }: Service,
): ApiError {
  const call = describeRequest(request);
  if (isRead || failure.neverSent) {
    return new ApiError(
      'unreachable',
      0,
      `${call} got no answer (${failure.message}).`,
      `Check ${setting}, and that what is there can be reached from this CI step.`,
      { cause: failure },
    );
  }
  return new ApiError(
    'unknown-outcome',
    0,
    `${call} was sent, but its answer never came (${failure.message}): whether it happened is unknown.`,
    'Run the role again: it finds out by reading, and does only what is missing.',
    { cause: failure },
  );
}
