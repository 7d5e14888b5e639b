import { type Account, accountById, accountByLogin, type State, type Token } from './state.ts';

export type Credentials =
  | { kind: 'nobody' }
  | { kind: 'password'; account: Account }
  | { kind: 'token'; account: Account; token: Token }
  | { kind: 'wrong'; message: string };

/**
 * Who asks: `Authorization: token X`, `Bearer X`, or Basic with a password, or with a token in either place.
 * The real forge repeats an unknown token in its message; so does this one, because roles have to live with it.
 */
export function credentialsOf(state: State, header: string | undefined): Credentials {
  if (header === undefined || header === '') return { kind: 'nobody' };
  const [scheme = '', value = ''] = header.split(' ');
  if (/^(token|bearer)$/i.test(scheme)) return byToken(state, value) ?? unknownToken(value);
  if (!/^basic$/i.test(scheme)) return { kind: 'nobody' };
  const [login = '', ...rest] = Buffer.from(value, 'base64').toString('utf8').split(':');
  const secret = rest.join(':');
  const account = accountByLogin(state, login);
  if (account !== undefined && account.password === secret && secret !== '')
    return { kind: 'password', account };
  return (
    byToken(state, secret) ??
    byToken(state, login) ?? { kind: 'wrong', message: 'invalid username, password or token' }
  );
}

function byToken(state: State, sha: string): Credentials | undefined {
  const token = state.tokens.find((item) => item.sha === sha);
  const account = token === undefined ? undefined : accountById(state, token.account);
  return token === undefined || account === undefined ? undefined : { kind: 'token', account, token };
}

function unknownToken(value: string): Credentials {
  const jwt = 'token is malformed: token contains an invalid number of segments';
  return {
    kind: 'wrong',
    message: [
      jwt,
      `access token does not exist [sha: ${value}]`,
      jwt,
      `task with token "${value}": resource does not exist`,
      `authorized integration: parse JWT error: ${jwt}`,
    ].join('\n'),
  };
}

/** The scope that a call needs and a token lacks, or undefined. The level follows from the method alone. */
export function missingScope(credentials: Credentials, category: string, method: string): string | undefined {
  if (credentials.kind !== 'token' || category === 'misc') return undefined;
  const { scopes } = credentials.token;
  const level = method === 'GET' ? 'read' : 'write';
  if (
    scopes.includes('all') ||
    scopes.includes(`write:${category}`) ||
    scopes.includes(`${level}:${category}`)
  )
    return undefined;
  return `${level}:${category}`;
}
