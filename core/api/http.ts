import type { Mask } from '../mask.ts';
import { type ConnectionOptions, type Connections, openConnections, TransportError } from './connection.ts';
import { ApiError } from './errors.ts';
import { type ApiRequest, type ApiResponse, describeRequest, pathOf, type Send } from './send.ts';

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

export interface HttpOptions extends ConnectionOptions {
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
 * answer, `deadline` when time is over. An answer that is no success is given back as it is: what it means says
 * whoever knows the server (`createCalls`).
 */
export function createSend(options: HttpOptions): Send & { close(): void } {
  const base = options.url.replace(/\/+$/, '');
  const service = options.service ?? forgeService;
  const clock = options.clock ?? Date.now;
  const pause = options.pause ?? ((ms) => new Promise((done) => setTimeout(done, ms)));
  let connections: Promise<Connections> | undefined;

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
    connections ??= openConnections(options);
    const { exchange } = await connections;
    const answer = await exchange(new URL(`${base}${service.api}${path}${query}`), {
      method: request.method,
      headers: {
        accept: 'application/json',
        'user-agent': 'forgecrew',
        ...(options.token === '' ? {} : { authorization: `${service.scheme} ${options.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
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
        ? failure?.tooLarge === false || (response !== undefined && passing.has(response.status))
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

  return Object.assign(send, {
    close: () =>
      void connections?.then(
        ({ close }) => close(),
        () => undefined,
      ),
  });
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
  if (isRead && failure.tooLarge) {
    return new ApiError(
      'too-large',
      0,
      `${call} is not read (${failure.message}).`,
      'Somebody put something very large there: take it away.',
      { cause: failure },
    );
  }
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
