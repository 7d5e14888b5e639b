import type { Api } from './routes.ts';

/** Why a request is not answered by the model. */
export type Failure =
  | { kind: 'placeholder' }
  | { kind: 'path' }
  | { kind: 'body'; why: string }
  | { kind: 'size'; why: string }
  | { kind: 'reached'; maxCost: number }
  | { kind: 'full' }
  | { kind: 'key' }
  | { kind: 'upstream'; why: string };

export interface Told {
  status: number;
  /** The API's own name for errors of this kind. */
  type: string;
  message: string;
  /** Whether a client may ask again by itself. */
  mayRetry: boolean;
}

/**
 * A failure in the words and with the status that make the clients of an API stop where asking again is in vain. Tried: claude
 * ends at 402. Codex takes every status that it does not know, 402 and 403 among them, for something passing and asks five
 * times more; at 400 it ends, and so does opencode.
 */
export function tell(api: Api, failure: Failure): Told {
  const final = (status: number, type: string, message: string): Told => ({
    status: api === 'openai' && (status === 402 || status === 413) ? 400 : status,
    type,
    message,
    mayRetry: false,
  });
  switch (failure.kind) {
    case 'placeholder':
      return final(401, 'authentication_error', 'This address wants the key that the run gave to the agent.');
    case 'path':
      return final(
        403,
        'permission_error',
        'The agent may ask the model, and nothing else of its provider: this method and path are not on the list.',
      );
    case 'body':
      return final(400, 'invalid_request_error', `Refused here, before the provider: ${failure.why}.`);
    case 'size':
      return final(413, 'request_too_large', `Refused here, before the provider: ${failure.why}.`);
    case 'reached':
      return final(
        402,
        api === 'anthropic' ? 'billing_error' : 'insufficient_quota',
        `The limit of this run is reached: with this request the model could cost more than max_cost (${failure.maxCost}). End the work now; asking again is answered the same way.`,
      );
    case 'full':
      return {
        status: 429,
        type: 'rate_limit_error',
        message: 'Too many requests wait already. Ask again in a moment.',
        mayRetry: true,
      };
    case 'key':
      return final(
        api === 'openai' ? 400 : 403,
        'permission_error',
        'The provider did not take the key of this run. The person who runs it has to look at engine-key.',
      );
    case 'upstream':
      return {
        status: 502,
        type: 'api_error',
        message: `The model gave no answer: ${failure.why}.`,
        mayRetry: true,
      };
  }
}

/** As the API writes its errors, so that its clients show the sentence. */
export function errorBody(api: Api, { type, message }: Pick<Told, 'type' | 'message'>): string {
  return JSON.stringify(
    api === 'anthropic'
      ? { type: 'error', error: { type, message } }
      : { error: { message, type, param: null, code: type } },
  );
}

/** An error inside a stream that has begun already, as one event. */
export function errorEvent(api: Api, told: Told): string {
  const body = errorBody(api, told);
  return api === 'anthropic' ? `event: error\ndata: ${body}\n\n` : `data: ${body}\n\n`;
}

/** The answer to `GET /v1/models`: the one model that a run may use, as each provider spells such a list. */
export function modelsBody(api: Api, model: string): string {
  return JSON.stringify(
    api === 'anthropic'
      ? {
          data: [{ type: 'model', id: model, display_name: model, created_at: '2025-01-01T00:00:00Z' }],
          has_more: false,
          first_id: model,
          last_id: model,
        }
      : { object: 'list', data: [{ id: model, object: 'model', created: 0, owned_by: 'provider' }] },
  );
}
