import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, openConnections } from '../../api/connection.ts';
import { UserError } from '../../errors.ts';
import { logLine, plain, quoted } from '../../text/log-line.ts';
import { listenAt } from '../listen.ts';
import { createAdmission } from './admission.ts';
import { type Failure, modelsBody } from './answers.ts';
import { prepare } from './bodies.ts';
import { createBodyReader } from './body-in.ts';
import { forward, sendFailure } from './forward.ts';
import { headersFor, isShown } from './headers.ts';
import { type Limits, usualLimits } from './limits.ts';
import { type Api, type Route, routeOf } from './routes.ts';
import { costOfUsage, mostCost, type Prices, wholePrices } from './usage.ts';

export interface ProxyOptions {
  api: Api;
  /** The provider's address, as its SDK wants it: Anthropic's without `/v1`, OpenAI's with it. */
  upstream: string;
  key: string;
  model: string;
  listen: { kind: 'loopback' } | { kind: 'socket'; path: string };
  prices: Prices | null;
  /** In the currency of the prices, for all rounds together. */
  maxCost: number | null;
  /** What earlier rounds cost. */
  spent: number;
  maxOutputTokens: number;
  /** The machine's proxy and certificates, as for every other server. */
  connection?: ConnectionOptions;
  limits?: Partial<Limits>;
  say(line: string): void;
  clock(): Date;
}

/** What the model was asked in this round. */
export interface ModelUse {
  /** That the provider answered, or may have worked on. */
  calls: number;
  /** Of those, cut off or answered without their usage: their tokens are not in the sums, their most is in the cost. */
  uncounted: number;
  /** With what came from a cache or went there. */
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  /** Null without prices. */
  cost: number | null;
}

export interface Refusal {
  at: string;
  why: string;
}

export interface ModelProxy {
  /** `http://127.0.0.1:<port>`, which an OpenAI client takes with `/v1` behind it; or the path of the socket. */
  address: string;
  /** The agent's key: worth nothing anywhere else, and nothing after this run. */
  placeholder: string;
  use(): ModelUse;
  /** The first ones; further ones are only counted in `refusedCount`. */
  readonly refused: readonly Refusal[];
  readonly refusedCount: number;
  /** Whether a request was answered with the limit of money. */
  readonly reached: boolean;
  close(): Promise<void>;
}

/** Less would not hold an answer of a model that thinks first. */
const leastOutputTokens = 2048;
/** Node takes longer ones and cuts them off. */
const longestSocketPath = 107;

/**
 * Opens the agent's way to its model. The key stays in this process: the agent shows a placeholder, and what it asks is made
 * anew, of what stands on closed lists, before it goes to the provider with the key. Throws `UserError` where the options
 * cannot hold what they promise.
 */
export async function openProxy(options: ProxyOptions): Promise<ModelProxy> {
  const upstream = checked(options);
  const { api, key, model, maxCost } = options;
  const limits = { ...usualLimits, ...options.limits };
  const prices = options.prices === null ? null : wholePrices(api, options.prices);
  const placeholder = `placeholder-${randomBytes(32).toString('base64url')}`;
  const connections = await openConnections(options.connection ?? {});
  const bodies = createBodyReader(limits);
  const admission = createAdmission({
    maxCost,
    spent: options.spent,
    atOnce: limits.atOnce,
    mostWaiting: limits.waiting,
  });
  const fixed = {
    model,
    maxOutputTokens: options.maxOutputTokens,
    chatLimit:
      upstream.hostname === 'api.openai.com' ? ('max_completion_tokens' as const) : ('max_tokens' as const),
  };
  const use = { calls: 0, uncounted: 0, input: 0, cacheRead: 0, cacheWrite: 0, output: 0 };
  const refused: Refusal[] = [];
  const replaced = new Set<string>();
  let refusedCount = 0;
  let reached = false;

  function refuse(request: IncomingMessage, response: ServerResponse, failure: Failure): void {
    const why = reasonOf(failure);
    refusedCount += 1;
    if (failure.kind === 'reached') reached = true;
    if (refusedCount <= limits.refusals) {
      const what = `${plain(request.method ?? '').slice(0, 20)} ${quoted(request.url ?? '')}`;
      refused.push({ at: options.clock().toISOString(), why: `${what}: ${why}` });
      options.say(logLine(`model: refused ${what}: ${why}`));
      if (refusedCount === limits.refusals)
        options.say('model: further refused requests are counted and not shown');
    }
    if (response.headersSent || response.destroyed) return;
    // What was not read of a body would be read as the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    sendFailure(api, failure, response);
  }

  async function ask(
    route: Route & { kind: 'question' },
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const given = await bodies.read(request);
    if (given.kind === 'gone') return void response.destroy();
    if (given.kind === 'fault')
      return refuse(request, response, { kind: given.isSize ? 'size' : 'body', why: given.why });
    try {
      const prepared = prepare(route.question, given.text, fixed);
      if (prepared.kind === 'fault') return refuse(request, response, { kind: 'body', why: prepared.why });
      if (prepared.other !== undefined && replaced.size < 10 && !replaced.has(prepared.other)) {
        replaced.add(prepared.other);
        options.say(
          logLine(`model: ${quoted(prepared.other)} was asked for; ${quoted(model)} of the manifest answers`),
        );
      }
      // Counting tokens costs nothing.
      const most = prices === null || route.question === 'count' ? 0 : mostCost(prices, prepared.most);
      const entry = await admission.enter(most, gone);
      if (entry === 'gone') return;
      if (entry === 'full') return refuse(request, response, { kind: 'full' });
      if (entry === 'reached') return refuse(request, response, { kind: 'reached', maxCost: maxCost ?? 0 });
      let cost = most;
      try {
        const outcome = await forward(
          connections,
          {
            api,
            url: new URL(`${upstream.href.replace(/\/+$/, '')}${route.path}`),
            key,
            headers: headersFor(api, key, request.headers),
            body: prepared.body,
            hidesUsage: prepared.hidesUsage,
            isBeyond(usage) {
              if (prices === null || !admission.isBeyond(costOfUsage(prices, usage))) return false;
              reached = true;
              return true;
            },
            beyond: { kind: 'reached', maxCost: maxCost ?? 0 },
          },
          response,
          gone,
          limits,
        );
        if (outcome.kind === 'free') {
          cost = 0;
          if (outcome.failure?.kind === 'key')
            options.say('model: the provider did not take the key of this run; look at engine-key');
          else if (outcome.failure !== undefined)
            options.say(logLine(`model: no answer: ${reasonOf(outcome.failure)}`));
          if (outcome.failure !== undefined && !response.headersSent && !response.destroyed)
            sendFailure(api, outcome.failure, response);
        } else if (route.question === 'count') cost = 0;
        else {
          use.calls += 1;
          if (outcome.kind === 'uncounted') {
            use.uncounted += 1;
            if (prices !== null && outcome.atLeast !== undefined)
              cost = Math.max(most, costOfUsage(prices, outcome.atLeast));
          } else {
            use.input += outcome.usage.input;
            use.cacheRead += outcome.usage.cacheRead;
            use.cacheWrite += outcome.usage.cacheWrite;
            use.output += outcome.usage.output;
            if (prices !== null) cost = costOfUsage(prices, outcome.usage);
          }
        }
      } finally {
        admission.leave(most, cost);
      }
    } finally {
      bodies.giveBack(given.bytes);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    response.on('error', () => undefined);
    const route = routeOf(api, request.method ?? '', request.url ?? '');
    if (route.kind === 'refused') return refuse(request, response, { kind: 'path' });
    if (route.kind === 'hello') {
      response.writeHead(200).end();
      return;
    }
    if (!isShown(placeholder, request.headers)) return refuse(request, response, { kind: 'placeholder' });
    if (route.kind === 'models') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(modelsBody(api, model));
      return;
    }
    await ask(route, request, response, gone.signal);
  }

  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.bodyMs,
      connectionsCheckingInterval: Math.min(limits.headersMs, 1000),
      keepAliveTimeout: 5000,
    },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        // A defect of ours must not end the run of the role, and not stand in an answer either.
        options.say(
          logLine(`model: a request failed here: ${error instanceof Error ? error.name : 'unknown'}`),
        );
        response.destroy();
      });
    },
  );
  server.maxConnections = limits.connections;
  server.on('clientError', (_, socket) => socket.destroy());
  try {
    await listening(server, options.listen);
  } catch (error) {
    connections.close();
    throw error;
  }
  return {
    address:
      options.listen.kind === 'socket'
        ? options.listen.path
        : `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    placeholder,
    use: () => ({
      calls: use.calls,
      uncounted: use.uncounted,
      inputTokens: use.input + use.cacheRead + use.cacheWrite,
      cacheReadTokens: use.cacheRead,
      cacheWriteTokens: use.cacheWrite,
      outputTokens: use.output,
      cost: prices === null ? null : admission.cost(),
    }),
    refused,
    get refusedCount() {
      return refusedCount;
    },
    get reached() {
      return reached;
    },
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      connections.close();
      await closed;
    },
  };
}

/** The provider's address, if all options can be used. */
function checked({
  api,
  upstream,
  key,
  model,
  prices,
  maxCost,
  spent,
  maxOutputTokens,
  listen,
}: ProxyOptions): URL {
  if (maxCost !== null && prices === null)
    throw new UserError(
      'A limit of money (max_cost) says nothing without prices.',
      'Give prices, per million tokens of input and output, or leave max_cost out.',
    );
  const numbers = [
    ...(prices === null ? [] : Object.values(prices)),
    ...(maxCost === null ? [] : [maxCost]),
    spent,
  ];
  if (
    numbers.some(
      (number: number | undefined) => number !== undefined && !(Number.isFinite(number) && number >= 0),
    )
  )
    throw new UserError('Prices and limits of money have to be numbers, 0 or more.');
  if (!Number.isInteger(maxOutputTokens) || maxOutputTokens < leastOutputTokens)
    throw new UserError(
      `The most tokens of one answer have to be a whole number, ${leastOutputTokens} or more.`,
      'Raise max-output-tokens.',
    );
  if (model === '') throw new UserError('The agent has no model.', 'Name one in its manifest.');
  // Anything else would end a header and begin another.
  if (!/^[\x21-\x7e]{8,}$/.test(key))
    throw new UserError(
      'engine-key is no key: it is shorter than 8 characters, or has a space or a line break in it.',
      'Set the secret again, without what an editor or a shell added.',
    );
  if (listen.kind === 'socket' && Buffer.byteLength(listen.path) > longestSocketPath)
    throw new UserError(
      `The path of the proxy's socket has more than ${longestSocketPath} bytes, which the system cuts off.`,
      'Choose a shorter folder for the agents.',
    );
  const address = api === 'anthropic' ? 'https://api.anthropic.com' : 'https://api.openai.com/v1';
  let url: URL | undefined;
  try {
    url = new URL(upstream);
  } catch {
    // Told below: the address may have a password in it.
  }
  if (
    url === undefined ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new UserError(
      'engine-url cannot be used (it may hold a password, so it is not shown).',
      `Write it like ${address}, without a user, a query or a fragment; the key belongs into engine-key.`,
    );
  return url;
}

async function listening(server: Server, listen: ProxyOptions['listen']): Promise<void> {
  // Connecting to a socket needs the right to write it. Who may come near is decided by the folder it stands in.
  if (listen.kind === 'socket') return listenAt(server, listen.path, 0o666);
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', done);
  });
}

/** For log and record. */
function reasonOf(failure: Failure): string {
  switch (failure.kind) {
    case 'placeholder':
      return 'without the key that the run gave to the agent';
    case 'path':
      return 'this method and path are not on the list';
    case 'reached':
      return `the limit of money is reached (max_cost ${failure.maxCost})`;
    case 'full':
      return 'too many requests wait already';
    case 'key':
      return 'the provider did not take the key';
    case 'body':
    case 'size':
    case 'upstream':
      return plain(failure.why).slice(0, 300);
  }
}
