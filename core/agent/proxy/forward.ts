import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { type Connections, TransportError } from '../../api/connection.ts';
import { createMask } from '../../mask.ts';
import { plain } from '../../text/log-line.ts';
import { errorBody, errorEvent, type Failure, tell } from './answers.ts';
import { createEvents, jsonOf, type StreamEvent } from './events.ts';
import { headersBack } from './headers.ts';
import { createKeyGuard } from './key-guard.ts';
import type { Limits } from './limits.ts';
import type { Api } from './routes.ts';
import { createTally, type Usage } from './usage.ts';

/** What a request came to, for the books. */
export type Outcome =
  /** The provider did not work on it: it never arrived, or was answered with an error. */
  | { kind: 'free'; failure?: Failure }
  | { kind: 'counted'; usage: Usage }
  /** It was worked on, and how much that was is not known: cut off, or without its usage. `atLeast` was said before. */
  | { kind: 'uncounted'; atLeast?: Usage };

export interface Forwarded {
  api: Api;
  url: URL;
  key: string;
  headers: Record<string, string>;
  body: string;
  hidesUsage: boolean;
  /** Whether an answer with this usage is more than there is money for; it is ended then. */
  isBeyond(usage: Usage): boolean;
  beyond: Failure;
}

const mostErrorBytes = 64 * 1024;

/** One request to the provider, and its answer to the agent as it comes. Never throws; `gone` ends it. */
export async function forward(
  connections: Connections,
  asked: Forwarded,
  response: ServerResponse,
  gone: AbortSignal,
  limits: Limits,
): Promise<Outcome> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  gone.addEventListener('abort', end);
  if (gone.aborted) end();
  let late: string | undefined;
  const endAfter = (ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      late = `no answer within ${Math.round(ms / 1000)} s`;
      end();
    }, ms);
  const total = endAfter(limits.totalMs);
  const first = endAfter(limits.firstByteMs);
  try {
    const answer = await connections.stream(
      asked.url,
      { method: 'POST', headers: asked.headers, body: asked.body },
      ending.signal,
    );
    clearTimeout(first);
    const failure = failureOf(answer.status, answer.headers);
    if (failure !== undefined) {
      answer.body.destroy();
      return { kind: 'free', failure };
    }
    if (answer.status >= 400) return await handError(asked, answer, response);
    return await handOn(asked, answer, response, limits, ending.signal);
  } catch (error) {
    // What was thrown holds nothing of the provider's, and is told in the words of connection.ts.
    const why = late ?? (error instanceof TransportError ? error.message : 'it failed here');
    if (response.headersSent) response.destroy();
    if (error instanceof TransportError && error.neverSent)
      return { kind: 'free', failure: { kind: 'upstream', why } };
    if (!response.headersSent && !gone.aborted) sendFailure(asked.api, { kind: 'upstream', why }, response);
    return { kind: 'uncounted' };
  } finally {
    clearTimeout(total);
    clearTimeout(first);
    gone.removeEventListener('abort', end);
  }
}

/** Answers of which nothing is for the agent, whatever stands in them. */
function failureOf(status: number, headers: Readonly<Record<string, string>>): Failure | undefined {
  // What a provider says of a key it does not know has parts of the key in it.
  if (status === 401 || status === 403) return { kind: 'key' };
  if (status >= 300 && status < 400)
    return { kind: 'upstream', why: 'the server wants to be asked elsewhere, and is not followed' };
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return { kind: 'upstream', why: 'the answer is packed, which was not asked for' };
  if (status < 400 && !/^(?:text\/event-stream|application\/json)\b/i.test(headers['content-type'] ?? ''))
    return { kind: 'upstream', why: 'the answer is neither JSON nor a stream of events' };
  return undefined;
}

/** Any failure of ours, in the API's own shape. */
export function sendFailure(api: Api, failure: Failure, response: ServerResponse): void {
  const told = tell(api, failure);
  response.writeHead(told.status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(told.status === 429 ? { 'retry-after': '1' } : {}),
    ...(told.mayRetry ? {} : { 'x-should-retry': 'false' }),
  });
  response.end(errorBody(api, told));
}

interface Given {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Readable;
}

/** A provider's error, shortened to its type and its sentence: a client decides by the first and shows the second. */
async function handError(
  { api, key }: Forwarded,
  { status, headers, body }: Given,
  response: ServerResponse,
): Promise<Outcome> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostErrorBytes) break;
    parts.push(part);
  }
  const mask = createMask();
  mask.add(key);
  const said = errorOf(Buffer.concat(parts).toString('utf8'));
  response.writeHead(status, { ...headersBack(headers), 'content-type': 'application/json' });
  response.end(
    errorBody(api, {
      type: /^[a-z_]{1,60}$/.test(said.type) ? said.type : 'api_error',
      message: plain(mask.apply(said.message)).slice(0, 2000) || `The provider answered ${status}.`,
    }),
  );
  return { kind: 'free' };
}

function errorOf(text: string): { type: string; message: string } {
  try {
    const { error } = JSON.parse(text) as { error?: { type?: unknown; code?: unknown; message?: unknown } };
    const type = [error?.code, error?.type].find((value) => typeof value === 'string');
    return { type: String(type ?? ''), message: typeof error?.message === 'string' ? error.message : '' };
  } catch {
    return { type: '', message: '' };
  }
}

async function handOn(
  asked: Forwarded,
  { status, headers, body }: Given,
  response: ServerResponse,
  limits: Limits,
  ended: AbortSignal,
): Promise<Outcome> {
  const isStream = /^text\/event-stream\b/i.test(headers['content-type'] ?? '');
  const guard = createKeyGuard(asked.key);
  const counting = isStream ? ofStream(asked, limits) : ofWhole(asked, limits);
  response.writeHead(status, {
    ...headersBack(headers),
    'content-type': isStream ? 'text/event-stream; charset=utf-8' : 'application/json',
  });
  response.flushHeaders();
  const outcome = (): Outcome => {
    const { usage, isFinal } = counting.said();
    if (usage === undefined) return { kind: 'uncounted' };
    return isFinal ? { kind: 'counted', usage } : { kind: 'uncounted', atLeast: usage };
  };
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      const passed = guard.pass(piece);
      if (passed === undefined) {
        response.destroy();
        return outcome();
      }
      const told = counting.take(passed);
      if (told === undefined) {
        response.end(isStream ? errorEvent(asked.api, tell(asked.api, asked.beyond)) : undefined);
        return outcome();
      }
      // Who reads slowly slows the provider, and is not kept here.
      if (told.length > 0 && !response.write(told)) await once(response, 'drain', { signal: ended });
    }
    const rest = guard.rest();
    const told = counting.take(rest);
    response.end(told === undefined ? counting.rest() : Buffer.concat([told, counting.rest()]));
  } catch {
    // Cut off: the agent must not take the half of an answer for the whole.
    response.destroy();
  }
  return outcome();
}

interface Counting {
  /** What is for the agent of this piece; undefined where the answer is beyond what there is money for. */
  take(piece: Buffer): Buffer | undefined;
  /** What was held back at the end. */
  rest(): Buffer;
  said(): Said;
}

/** The usage, as far as the answer said it. */
interface Said {
  usage: Usage | undefined;
  isFinal: boolean;
}

const nothing = Buffer.alloc(0);

function ofStream({ api, hidesUsage, isBeyond }: Forwarded, limits: Limits): Counting {
  const events = createEvents(limits.countedBytes);
  const tally = createTally(api);
  /** Counts an event, and says whether it is for the agent. */
  const count = (event: StreamEvent): boolean => {
    const json = jsonOf(event, '"usage"');
    if (json === undefined) return true;
    tally.take(json);
    const { choices } = json as { choices?: unknown };
    return !(hidesUsage && Array.isArray(choices) && choices.length === 0 && tally.isFinal());
  };
  return {
    take(piece) {
      // Whole events without a word of usage, which nearly all are, need not be taken apart.
      if (
        events.isBetween() &&
        piece.subarray(-2).toString('latin1') === '\n\n' &&
        !piece.includes('"usage"')
      )
        return piece;
      const found = events.feed(piece);
      const shown = found.filter(count);
      const usage = tally.sofar();
      if (usage !== undefined && isBeyond(usage)) return undefined;
      // Only where an event is to be hidden are they handed on one by one.
      return hidesUsage ? Buffer.concat(shown.map(({ raw }) => raw)) : piece;
    },
    rest() {
      const event = events.rest();
      return count(event) && hidesUsage ? event.raw : nothing;
    },
    said: () => ({ usage: tally.sofar(), isFinal: tally.isFinal() }),
  };
}

function ofWhole({ api }: Forwarded, limits: Limits): Counting {
  const parts: Buffer[] = [];
  let size = 0;
  return {
    take(piece) {
      size += piece.length;
      if (size <= limits.countedBytes) parts.push(piece);
      return piece;
    },
    rest: () => nothing,
    said() {
      const tally = createTally(api);
      if (size > limits.countedBytes) return { usage: undefined, isFinal: false };
      try {
        tally.take(JSON.parse(Buffer.concat(parts).toString('utf8')));
      } catch {
        // Not whole: charged as what was reserved.
      }
      return { usage: tally.sofar(), isFinal: tally.isFinal() };
    },
  };
}
