export type Api = 'anthropic' | 'openai';

export type Question = 'messages' | 'count' | 'chat' | 'responses';

export type Route =
  /** Handed to the provider. */
  | { kind: 'question'; question: Question; path: string }
  /** Answered here, with the one model there is. */
  | { kind: 'models' }
  /** Claude Code asks at its start whether there is a server, without a key. */
  | { kind: 'hello' }
  | { kind: 'refused' };

const routes: Readonly<Record<Api, Readonly<Record<string, Route>>>> = {
  anthropic: {
    'HEAD /': { kind: 'hello' },
    'GET /v1/models': { kind: 'models' },
    'POST /v1/messages': { kind: 'question', question: 'messages', path: '/v1/messages' },
    'POST /v1/messages?beta=true': { kind: 'question', question: 'messages', path: '/v1/messages?beta=true' },
    'POST /v1/messages/count_tokens': {
      kind: 'question',
      question: 'count',
      path: '/v1/messages/count_tokens',
    },
    'POST /v1/messages/count_tokens?beta=true': {
      kind: 'question',
      question: 'count',
      path: '/v1/messages/count_tokens?beta=true',
    },
  },
  // The address of such a server has /v1 in it, as its SDK wants it.
  openai: {
    'HEAD /': { kind: 'hello' },
    'GET /v1/models': { kind: 'models' },
    'POST /v1/chat/completions': { kind: 'question', question: 'chat', path: '/chat/completions' },
    'POST /v1/responses': { kind: 'question', question: 'responses', path: '/responses' },
  },
};

/**
 * What a request asks for, by its method and the very text of its path: another spelling of an allowed path is another path.
 * Whatever is asked of the list of models, such as a page of it, is not heard: it has one.
 */
export function routeOf(api: Api, method: string, target: string): Route {
  const asked = `${method} ${target.startsWith('/v1/models?') ? '/v1/models' : target}`;
  return (Object.hasOwn(routes[api], asked) ? routes[api][asked] : undefined) ?? { kind: 'refused' };
}
