import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { betas } from './anthropic-fields.ts';
import type { Api } from './routes.ts';

/** Whether a request shows the placeholder, in one of the two headers in which clients send a key. */
export function isShown(placeholder: string, headers: IncomingHttpHeaders): boolean {
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = headers['x-api-key'];
  return [bearer, typeof key === 'string' ? key : undefined].some(
    // The time that comparing takes would tell how much of a guess is right; of two hashes it tells nothing.
    (given) => given !== undefined && timingSafeEqual(hash(given), hash(placeholder)),
  );
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The headers that go to the provider: made here, with nothing of the agent's but two that are on a list. */
export function headersFor(api: Api, key: string, headers: IncomingHttpHeaders): Record<string, string> {
  return {
    accept: headers.accept === 'text/event-stream' ? 'text/event-stream' : 'application/json',
    // Read on the way, for the usage.
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': 'forgecrew',
    ...(api === 'anthropic'
      ? { 'x-api-key': key, ...anthropicHeaders(headers) }
      : { authorization: `Bearer ${key}` }),
  };
}

function anthropicHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const version = String(headers['anthropic-version'] ?? '');
  const beta = String(headers['anthropic-beta'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => betas.some((known) => known.test(name)))
    .slice(0, 20)
    .join(',');
  return {
    'anthropic-version': /^\d{4}-\d{2}-\d{2}$/.test(version) ? version : '2023-06-01',
    ...(beta === '' ? {} : { 'anthropic-beta': beta }),
  };
}

/** The headers of an answer that are for the agent: no cookies, no name of the organization, no quotas of it. */
export function headersBack(headers: Readonly<Record<string, string>>): Record<string, string> {
  const back: Record<string, string> = { 'cache-control': 'no-store' };
  for (const [name, form] of Object.entries(handedBack)) {
    const value = headers[name];
    if (value !== undefined && form.test(value)) back[name] = value;
  }
  return back;
}

const handedBack: Readonly<Record<string, RegExp>> = {
  'request-id': /^[\w-]{1,100}$/,
  'x-request-id': /^[\w-]{1,100}$/,
  'retry-after': /^\d{1,6}$/,
  'retry-after-ms': /^\d{1,9}$/,
  'x-should-retry': /^(?:true|false)$/,
};
