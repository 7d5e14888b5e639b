import type { Mask } from '../mask.ts';
import { isTokenLike } from '../text/characters.ts';
import { quoted } from '../text/log-line.ts';
import { refusePage } from './call.ts';
import {
  type ConnectionOptions,
  type Connections,
  type Distrust,
  openConnections,
  TransportError,
} from './connection.ts';
import { ApiError } from './errors.ts';
import { answerIn } from './json.ts';
import { type ApiRequest, type ApiResponse, describeRequest, pathOf, type Send } from './send.ts';

const requestTimeoutMs = 30_000;
const readAttempts = 4;
const longWaitMs = 5000;

/** What a server's API is called, and how it is told whose call it is. */
export interface Service {
  /** The path of its API below its address. */
  api: string;
  /** What stands before the token in the Authorization header. */
  scheme: string;
  /** The setting that says where it is. */
  setting: string;
  /**
   * How long an answer asks to wait that turned a request away because there were too many, in milliseconds; undefined for any
   * other answer, and Infinity where it is longer than anybody waits. Absent: 429 with `Retry-After` alone says so.
   */
  limitWait?: (response: ApiResponse, now: number) => number | undefined;
}
export const forgeService: Service = { api: '/api/v1', scheme: 'token', setting: 'forge-url' };

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
  /** Says that the run waits because the server asks for it. */
  say?: (line: string) => void;
}

/**
 * Seconds or a date (RFC 9110, 10.2.3), as milliseconds to wait; undefined when the header says neither. A date is one of the
 * server's clock, so it is held against the time that the same answer gives.
 */
function retryAfterMs(response: ApiResponse | undefined, now: number): number | undefined {
  const { 'retry-after': header = '', date: sent = '' } = response?.headers ?? {};
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  // Every date of HTTP begins with the name of a day; the parser takes a bare number for a year as well.
  const until = /^[A-Z][a-z]{2}/.test(header) ? Date.parse(header) : Number.NaN;
  if (Number.isNaN(until)) return undefined;
  const there = Date.parse(sent);
  return Math.max(0, until - (Number.isNaN(there) ? now : there));
}

const passing = new Set([429, 500, 502, 503, 504]);

/**
 * A `Send` over HTTP. A read is repeated, with growing pauses, when the forge or a proxy in front of it fails in
 * passing. A write is repeated only when it surely did not arrive: no connection was made, or a limiter turned it
 * away (429). `Retry-After` is honoured where the deadline allows it.
 *
 * Throws `ApiError`: `unreachable` when the call surely did not arrive, `unknown-outcome` for a write without an
 * answer and for one that a web page answers, `deadline` when time is over. An answer that is no success is given back as it is: what it means says
 * whoever knows the server (`createCalls`).
 */
export function createSend(options: HttpOptions): Send & { close(): void } {
  const base = options.url.replace(/\/+$/, '');
  const service = options.service ?? forgeService;
  const clock = options.clock ?? Date.now;
  const pause = options.pause ?? ((ms) => new Promise((done) => setTimeout(done, ms)));
  let connections: Promise<Connections> | undefined;

  /** What no connection could be made with; said as what it is, and not as what a library makes of it. */
  function refuseUnusable(): void {
    if (options.token !== '' && !isTokenLike(options.token))
      throw new ApiError(
        'token',
        0,
        'The token holds a blank, a line end, a quotation mark or another character that no token has.',
        'Store it anew, as one line: a file that was saved on Windows, or pasted with quotation marks, adds such characters.',
      );
    if (!URL.canParse(base))
      throw new ApiError(
        'unreachable',
        0,
        `${service.setting} is no address: ${quoted(base)}.`,
        'Write it with http:// or https://.',
      );
  }

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
    if (connections === undefined) refuseUnusable();
    connections ??= openConnections(options);
    const { exchange } = await connections;
    const answer = await exchange(new URL(`${base}${service.api}${path}${query}`), {
      method: request.method,
      headers: {
        accept: 'application/json',
        // Whoever does not say so takes every packing (RFC 9110, 12.5.3), and nothing is unpacked here.
        'accept-encoding': 'identity',
        // What is decided on has to be of now; what a cache gives out again would be decided on a second time (RFC 9111, 5.2.1.4).
        'cache-control': 'no-cache',
        'user-agent': 'forgecrew',
        ...(options.token === '' ? {} : { authorization: `${service.scheme} ${options.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(request.lastBytes === undefined ? {} : { range: `bytes=-${request.lastBytes}` }),
      },
      body,
      ...(request.lastBytes === undefined ? {} : { lastBytes: request.lastBytes }),
      timeoutMs: requestTimeoutMs,
      leftMs: left,
    });
    return { status: answer.status, headers: answer.headers, body: bodyOf(answer, isPart(request, answer)) };
  }

  function limitWaitOf(response: ApiResponse | undefined): number | undefined {
    return response === undefined ? undefined : service.limitWait?.(response, clock());
  }

  /** How long to wait before another attempt, or undefined when there is to be none. */
  function waitBefore(attempt: number, response: ApiResponse | undefined): number | undefined {
    if (attempt >= readAttempts) return undefined;
    const asked = limitWaitOf(response) ?? retryAfterMs(response, clock());
    // Whoever asks for no wait at all, or for one that is over, is left in peace for as long as anybody else.
    const wait = Math.max(asked ?? 0, 200 * 2 ** (attempt - 1) * (0.5 + Math.random()));
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
      if (response !== undefined && response.status >= 200 && response.status < 300) {
        // Here and not where the answer is read: of many writes the status alone is looked at.
        if (!isRead) refusePage(request, response);
        return response;
      }
      const mayRepeat = isRead
        ? (failure !== undefined && !failure.tooLarge && !failure.isFinal) ||
          (response !== undefined && passing.has(response.status))
        : (failure?.neverSent === true && !failure.isFinal) || response?.status === 429;
      // Of what a limiter turned away nothing happened, so that a write may be repeated too.
      const isLimited = limitWaitOf(response) !== undefined;
      const wait = mayRepeat || isLimited ? waitBefore(attempt, response) : undefined;
      if (wait !== undefined) {
        // A minute without a word looks like a run that hangs.
        if (wait >= longWaitMs)
          options.say?.(
            `Waiting ${Math.round(wait / 1000)} s: ${describeRequest(request)} answered ${response?.status}, and asks for it.`,
          );
        await pause(wait);
        continue;
      }
      if (failure !== undefined) throw unanswered(request, failure, isRead, { url: base, ...service });
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

/** Errors are told whole, whatever was wanted of a success. */
function isPart({ lastBytes }: ApiRequest, { status }: { status: number }): boolean {
  return lastBytes !== undefined && status < 300;
}

function bodyOf(answer: { headers: Record<string, string>; text: string }, isCut: boolean): unknown {
  if (answer.text === '') return null;
  const packed = answer.headers['content-encoding'] ?? 'identity';
  if (packed.toLowerCase() !== 'identity')
    throw new TransportError(`the answer is packed as ${quoted(packed, 40)}, which nobody asked for`, false);
  // The end of JSON is no JSON.
  if (isCut) return answer.text;
  if (!(answer.headers['content-type'] ?? '').includes('json')) return answer.text;
  try {
    return answerIn(answer.text);
  } catch (error) {
    throw new TransportError('the answer was cut off', false, error);
  }
}

function unanswered(
  request: ApiRequest,
  failure: TransportError,
  isRead: boolean,
  server: { url: string; setting: string },
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
  const { setting } = server;
  if (failure.distrust !== undefined && failure.neverSent) {
    const [what, remedy] = distrustText(failure.distrust, server);
    return new ApiError('unreachable', 0, `${call} was not sent: ${what} (${failure.message}).`, remedy, {
      cause: failure,
    });
  }
  if (isRead || failure.neverSent) {
    return new ApiError(
      'unreachable',
      0,
      `${call} got no answer (${failure.message}).`,
      `Check ${setting}, and that what is there can be reached from where this runs.`,
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

/** What is wrong with how a server proves who it is, and what to do about it on either host. */
function distrustText(
  distrust: Distrust,
  { url, setting }: { url: string; setting: string },
): [string, string] {
  const host = quoted(new URL(url).host);
  const given =
    'Put it as a file in PEM where the step can read it, and name that file in forge-ca (`forge-ca:` below `with:` in a workflow, `forge_ca:` below `settings:` on Woodpecker; for a container the file has to be in its image or mounted), or in NODE_EXTRA_CA_CERTS of the runner or agent.';
  switch (distrust.kind) {
    case 'unknown-authority':
      return [
        `the certificate of ${host} is signed by an authority that is not known here`,
        `Get the certificate of that authority (or, where the server leaves out one in between, have it send the whole chain). ${given}`,
      ];
    case 'self-signed':
      return [
        `the certificate of ${host} is signed by nobody but itself`,
        `Get that certificate from whoever runs the server. ${given}`,
      ];
    case 'expired':
      return [
        `the certificate of ${host} has expired`,
        'Renew it on the server; no setting of this role helps. If it is good in a browser, look at the clock of this machine.',
      ];
    case 'not-yet-valid':
      return [
        `the certificate of ${host} is not valid yet`,
        'Set the clock of this machine, or of the one that made the certificate.',
      ];
    case 'other-host':
      return [
        `the certificate that answers at ${host} is for ${distrust.names === '' ? 'other hosts' : quoted(distrust.names, 200)}`,
        `Write ${setting} with a name that the certificate has, or give the server one for this name.`,
      ];
    case 'no-tls':
      return [
        `what answers at ${host} does not speak TLS`,
        `Write ${setting} with http:// if it is meant to be so, or with the port that speaks TLS.`,
      ];
  }
}
