import type { UserError } from '../errors.ts';
import { mostBytes } from './engine.ts';
import { failed } from './failed.ts';

// What an SDK does not promise: its timeout is for each of its tries, and whatever a server sends it keeps in memory.

/**
 * One answer through an SDK within `timeoutMs`, all tries together. Throws `UserError` where none came in that time, in one sentence
 * that names the engine.
 */
export async function oneAnswer<T>(
  engine: string,
  timeoutMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  return ask(signal).catch((error: unknown): never => {
    throw signal.aborted ? tooLate(engine, timeoutMs, error) : failed(engine, error);
  });
}

function tooLate(engine: string, timeoutMs: number, cause: unknown): UserError {
  return failed(engine, new Error(`none came within ${Math.round(timeoutMs / 1000)} s`, { cause }));
}

/** `fetch` whose answers end with a failure once they are larger than anything that is taken. */
export const boundedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (response.body === null) return response;
  let size = 0;
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > mostBytes) controller.error(new Error(`its answer has more than ${mostBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  // Once an answer has begun, the fetch of Node lets go of its signal at the next collection of garbage, and would read on for ever.
  const { signal } = init ?? {};
  const body = response.body.pipeThrough(bounded, signal == null ? {} : { signal });
  return new Response(body, { status, statusText, headers });
};
