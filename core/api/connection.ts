import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import { ApiError } from './errors.ts';

/** No answer of a forge that a role reads comes near this; more is a fault, not data. */
const largestAnswer = 64 * 1024 * 1024;
const mostConnections = 8;
/** For a connection, for a proxy's answer to CONNECT, and for TLS inside a tunnel, each. */
const connectTimeoutMs = 10_000;
/** A timer takes no more, and would end at once. */
const longestMs = 2 ** 31 - 1;

/** What `http_proxy`, `https_proxy` and `no_proxy` say, as data: the environment is read by whoever calls. */
export interface ProxyOptions {
  /** Also for https where there is no other, as undici's EnvHttpProxyAgent has it. */
  httpProxy?: string;
  httpsProxy?: string;
  /** Hosts, with all their subdomains, that are asked directly; `*` for all. */
  noProxy?: string;
}

export interface ConnectionOptions {
  /** Absent: no proxy at all. */
  proxy?: ProxyOptions;
  /**
   * More certificate authorities, as PEM text, beside the ones that Node brings along; an empty text trusts these alone.
   * Absent: whatever this Node process trusts, which includes the file that NODE_EXTRA_CA_CERTS named at its start.
   */
  ca?: string;
}

/** An exchange that did not end in an answer. */
export class TransportError extends Error {
  override name = 'TransportError';
  /** What is wrong with the certificate, or with speaking TLS at all. */
  readonly distrust: Distrust | undefined;
  /** Whether the request surely never reached the server: not one byte of it was written to a connection. */
  readonly neverSent: boolean;
  /** Whether the answer was larger than is taken: asked again it would be no smaller. */
  readonly tooLarge: boolean;
  constructor(message: string, neverSent: boolean, cause?: unknown) {
    super(message, { cause });
    this.neverSent = neverSent;
    this.tooLarge = codeOf(cause) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
    this.distrust = distrustOf(cause);
  }

  /** Whether trying again would end the same way: a certificate does not change within seconds. */
  get isFinal(): boolean {
    return this.distrust !== undefined && this.distrust.kind !== 'no-tls';
  }
}

/** Why a server is not spoken with over TLS. */
export type Distrust =
  /** Signed by an authority that is not known here. */
  | { kind: 'unknown-authority' }
  /** Signed by itself. */
  | { kind: 'self-signed' }
  | { kind: 'expired' }
  | { kind: 'not-yet-valid' }
  /** It is for other hosts; which, as the certificate has it. */
  | { kind: 'other-host'; names: string }
  /** What answers there does not speak TLS. */
  | { kind: 'no-tls' };

const distrusts: Readonly<Record<string, Exclude<Distrust['kind'], 'other-host'>>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  CERT_UNTRUSTED: 'unknown-authority',
  INVALID_CA: 'unknown-authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no-tls',
};

function distrustOf(error: unknown): Distrust | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { kind: 'other-host', names: altNamesOf(error) };
  const kind = Object.hasOwn(distrusts, code) ? distrusts[code] : undefined;
  return kind === undefined ? undefined : { kind };
}

/** The hosts that a certificate is for; empty where it does not say. */
function altNamesOf(error: unknown): string {
  const certificate = error instanceof Error && 'cert' in error ? error.cert : undefined;
  return typeof certificate === 'object' &&
    certificate !== null &&
    'subjectaltname' in certificate &&
    typeof certificate.subjectaltname === 'string'
    ? certificate.subjectaltname.replaceAll(/\b(?:DNS|IP Address):/g, '')
    : '';
}

export interface Exchange {
  method: Dispatcher.HttpMethod;
  headers: Record<string, string>;
  body: string | undefined;
  /** How much of the end of the answer is kept; all of it when absent. */
  lastBytes?: number;
  /** For sending and the whole answer together. */
  timeoutMs: number;
  /** For all of it, waiting for a connection too: of many requests at once most wait for the answers of others. */
  leftMs: number;
}

export interface Answer {
  status: number;
  /** Header names in lower case. */
  headers: Record<string, string>;
  text: string;
}

export type StreamedExchange = Omit<Exchange, 'timeoutMs' | 'leftMs' | 'lastBytes'>;

export type StreamedAnswer = Omit<Answer, 'text'> & { body: Readable };

export interface Connections {
  /** One request and its answer: no retry, no redirect. Throws `TransportError` where no whole answer came. */
  exchange(url: URL, init: Exchange): Promise<Answer>;
  /**
   * One request of which the answer's body is read piece by piece; whoever reads slowly slows the sender. The signal ends
   * it at any time, the request and the body. Throws `TransportError`, and so does reading the body.
   */
  stream(url: URL, init: StreamedExchange, signal: AbortSignal): Promise<StreamedAnswer>;
  /** Ends every connection, the ones still being made too. */
  close(): void;
}

/**
 * Kept-alive connections. undici is loaded here and nowhere else, because a run that asks no forge needs none of it.
 * Throws `ApiError` where a proxy's address or the certificates cannot be used.
 */
export async function openConnections({ proxy = {}, ca }: ConnectionOptions): Promise<Connections> {
  const proxies = {
    // Never undefined: undici would read the environment for what is not given, on a host that must not count it too.
    httpProxy: proxyAddress(proxy.httpProxy),
    httpsProxy: proxyAddress(proxy.httpsProxy),
    noProxy: proxy.noProxy ?? '',
  };
  await spareTheCompiler();
  const { connect, EnvHttpProxyAgent, Pool } = await import('./undici.ts');
  // undici ends the connections that it has. One still being made, or a tunnel still without its TLS, would go on
  // and keep the process from ending.
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const socket = {
    ...(ca === undefined ? {} : { secureContext: await trusting(ca) }),
    // Said, because NODE_TLS_REJECT_UNAUTHORIZED would otherwise decide whom the token is sent to.
    rejectUnauthorized: true,
    timeout: connectTimeoutMs,
    signal: closing.signal,
  };
  const agent = new EnvHttpProxyAgent({
    ...proxies,
    connections: mostConnections,
    // undici sends again by itself what it had sent ahead of an answer; with one at a time there is no such thing.
    pipelining: 1,
    maxResponseSize: largestAnswer,
    connect: socket,
    requestTls: socket,
    proxyTls: socket,
    // For http too: a request that the proxy forwards itself shows it the token, and its logs and headers get in
    // between. A proxy that allows CONNECT to port 443 alone refuses, and says so; then no_proxy or https helps.
    proxyTunnel: true,
    clientFactory: (origin, options) => {
      const pool = new Pool(origin, {
        ...options,
        connections: mostConnections,
        headersTimeout: connectTimeoutMs,
      });
      return Object.assign(pool, {
        connect: (request: Dispatcher.ConnectOptions) => tunnel(connect.call(pool, request)),
      });
    },
  });
  return {
    exchange: (url, init) => exchange(agent, url, init),
    stream: (url, init, signal) => stream(agent, url, init, signal),
    close() {
      void agent.destroy();
      closing.abort();
    },
  };
}

/**
 * undici reads answers with WebAssembly, and V8 takes a handful of answers for reason enough to compile that anew with all
 * optimizations. A process does not end before this is done, so that a short run would take twice as long. With this
 * number of executed bytes, instead of 1.8 million (Node 20) or 13 million (22 and later), it begins after some dozens.
 */
async function spareTheCompiler(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--wasm-tiering-budget=100000000');
}

async function trusting(ca: string): Promise<SecureContext> {
  // Node takes any text in silence, and then every host is one that nobody vouches for.
  if (ca.trim() !== '' && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ApiError(
      'unreachable',
      0,
      'What was given as certificate authorities holds no certificate in PEM form.',
      'Give a file that has -----BEGIN CERTIFICATE----- in it; `openssl x509 -inform der` makes one of a binary certificate.',
    );
  }
  const { createSecureContext, rootCertificates } = await import('node:tls');
  // Made once: reading all of Node's own takes tens of milliseconds, and undici would do it for each connection.
  return createSecureContext({ ca: [...rootCertificates, ca] });
}

/**
 * A connection through a proxy, or an error without a code. undici takes the code of a connection that was closed for
 * something passing: where a proxy hangs up on CONNECT it would connect again at once, forever.
 */
async function tunnel(connecting: Promise<Dispatcher.ConnectData>): Promise<Dispatcher.ConnectData> {
  let made: Dispatcher.ConnectData;
  try {
    made = await connecting;
  } catch (error) {
    throw new TransportError(`the proxy gave no connection: ${reasonOf(error)}`, true, error);
  }
  if (made.statusCode === 200) return made;
  made.socket.on('error', () => undefined).destroy();
  throw new TransportError(`the proxy answered ${made.statusCode} to CONNECT`, true);
}

/** A proxy's address as undici wants it, empty for none. It may hold a password, so that no message repeats it. */
function proxyAddress(text = ''): string {
  if (text === '') return '';
  try {
    // As curl and Git read it: `proxy.example:3128` is an http proxy.
    const url = new URL(text.includes('://') ? text : `http://${text}`);
    // undici decodes both, and would throw half way.
    decodeURIComponent(url.username + url.password);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url.href;
  } catch {
    // Told below, in our words: the error of `new URL` has the address in it.
  }
  throw new ApiError(
    'unreachable',
    0,
    'The address of a proxy in http_proxy or https_proxy cannot be used (it may hold a password, so it is not shown).',
    'Write it as http://host:port or http://user:password@host:port, with special characters of user and password percent-encoded.',
  );
}

function exchange(
  agent: Dispatcher,
  url: URL,
  { method, headers, body, timeoutMs, leftMs, lastBytes }: Exchange,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let sending: Dispatcher.DispatchController | undefined;
    let late = false;
    let status = 0;
    let answered: Record<string, string> = {};
    const chunks: Buffer[] = [];
    let held = 0;
    const fail = (reason: string, cause?: unknown): void => {
      clearTimeout(timer);
      reject(new TransportError(reason, sending === undefined, cause));
    };
    // undici's own timeouts count each stage for itself and begin anew with each piece of a body; these are for all.
    const endAfter = (ms: number): NodeJS.Timeout =>
      setTimeout(
        () => {
          late = true;
          fail(`no answer within ${Math.round(ms / 1000)} s`);
          sending?.abort(new Error('too late'));
        },
        Math.min(ms, longestMs),
      );
    let timer = endAfter(leftMs);
    agent.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers, body: body ?? null },
      {
        // Called once a connection stands, right before the first byte of this request is written to it. It is the place
        // where undici publishes `undici:client:sendHeaders`, which does not tell whose request it was.
        onRequestStart(controller) {
          // It waited for a connection until its time was over, and was told as never sent. Now it must not be.
          if (late) return controller.abort(new Error('too late'));
          sending = controller;
          clearTimeout(timer);
          timer = endAfter(Math.min(timeoutMs, leftMs - (performance.now() - began)));
        },
        onResponseStart(_, code, raw) {
          status = code;
          answered = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, String(value)]));
        },
        onResponseData(_, chunk) {
          chunks.push(chunk);
          held += chunk.length;
          // What is before the end that is wanted must not pile up.
          for (let first = chunks[0]; lastBytes !== undefined && first !== undefined; first = chunks[0]) {
            if (held - first.length < lastBytes) break;
            held -= first.length;
            chunks.shift();
          }
        },
        onResponseEnd() {
          clearTimeout(timer);
          const whole = Buffer.concat(chunks);
          const kept = lastBytes === undefined ? whole : whole.subarray(-lastBytes);
          resolve({ status, headers: answered, text: kept.toString('utf8') });
        },
        onResponseError(_, error) {
          // What we gave it was wrong. Nothing was sent, and trying again would end the same way.
          if (codeOf(error) === 'UND_ERR_INVALID_ARG') {
            clearTimeout(timer);
            reject(error);
          } else fail(reasonOf(error), error);
        },
      },
    );
  });
}

function stream(
  agent: Dispatcher,
  url: URL,
  { method, headers, body }: StreamedExchange,
  signal: AbortSignal,
): Promise<StreamedAnswer> {
  return new Promise((resolve, reject) => {
    let sending: Dispatcher.DispatchController | undefined;
    let reading: Readable | undefined;
    const fail = (error: TransportError): void => {
      signal.removeEventListener('abort', stop);
      reject(error);
      reading?.destroy(error);
    };
    const stop = (): void => {
      fail(new TransportError('it was ended here', sending === undefined));
      sending?.abort(new Error('ended'));
    };
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop);
    agent.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers, body: body ?? null },
      {
        onRequestStart(controller) {
          sending = controller;
          if (signal.aborted) controller.abort(new Error('ended'));
        },
        onResponseStart(controller, status, raw) {
          // Of the answers before the answer (100, 103) the body is still to come.
          if (status < 200) return;
          reading = new Readable({
            read: () => controller.resume(),
            destroy(error, done) {
              // Whoever stops reading wants no more of it: the server is told by the closed connection.
              if (!this.readableEnded) controller.abort(error ?? new Error('ended'));
              done(error);
            },
          });
          // A reader that has not come yet, or that was ended, must not bring the process down.
          reading.on('error', () => undefined);
          const answered = Object.fromEntries(
            Object.entries(raw).map(([name, value]) => [name, String(value)]),
          );
          resolve({ status, headers: answered, body: reading });
        },
        onResponseData(controller, chunk) {
          if (reading?.push(chunk) === false) controller.pause();
        },
        onResponseEnd() {
          signal.removeEventListener('abort', stop);
          reading?.push(null);
        },
        onResponseError(_, error) {
          fail(new TransportError(reasonOf(error), sending === undefined, error));
        },
      },
    );
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** In a few words, for a message's brackets. Never an error's own message: it may have an address in it. */
function reasonOf(error: unknown): string {
  if (error instanceof TransportError) return error.message;
  const code = codeOf(error);
  switch (code) {
    case 'UND_ERR_SOCKET':
      return 'the connection was closed';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
      return `no answer within ${connectTimeoutMs / 1000} s`;
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return 'the answer was cut off';
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return 'the answer is larger than 64 MiB';
    default:
      if (error instanceof Error && error.name === 'HTTPParserError') return 'the answer is not HTTP';
      return code ?? (error instanceof Error ? error.name : 'unknown');
  }
}
