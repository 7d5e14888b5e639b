import { type Names, pipelinesOf, secretsOf } from './pipelines.ts';
import { auditToken, scopesOf, secretName } from './posts.ts';

/** A secret of the ops repo's CI that holds a token: whose, with which scopes, and on Woodpecker for which events. */
export interface TokenWanted {
  login: string;
  scopes: readonly string[];
  secret: string;
  events: string[] | undefined;
}

/** What a token is called that was made for a secret: by this name it is found again. */
export function tokenName(ops: string, secret: string): string {
  return `forgecrew ${ops} ${secret}`;
}

/** Which ops repo the name of a token for a secret names; undefined where it is no such name. */
export function namedIn(name: string, secret: string): string | undefined {
  const [, ops] = /^forgecrew ([^\s/]+\/[^\s/]+) /.exec(name) ?? [];
  return ops !== undefined && name === tokenName(ops, secret) ? ops : undefined;
}

/**
 * The tokens that the pipelines of a factory use; `admin` is whom vault-dispatch asks as, `sharesLabels` says that a label which roles look
 * for is the organisation's. Pure.
 */
export function tokensWanted(
  names: Names,
  { admin, sharesLabels }: { admin: string; sharesLabels: boolean },
): TokenWanted[] {
  const { ci, staff } = names;
  const used = pipelinesOf(names, undefined).map((pipeline) => secretsOf(pipeline, ci));
  const eventsOf = (secret: string): string[] => [
    ...new Set(used.filter((item) => item.names.includes(secret)).flatMap(({ events }) => events)),
  ];
  const audit = staff.some(({ roles }) => roles.includes(auditToken.role))
    ? [{ login: admin, ...auditToken }]
    : [];
  const accounts = staff.map((post) => ({ ...post, scopes: scopesOf(post, sharesLabels) }));
  return [...accounts, ...audit].map(({ login, scopes, secret }) => {
    const name = secretName(secret, ci);
    return {
      login,
      scopes,
      secret: name,
      // The token of the gates is used by the workflows of formulas alone, which nothing but a person or vault-dispatch starts.
      events: ci === 'forgejo' ? undefined : secret === 'gate_token' ? ['manual'] : eventsOf(name),
    };
  });
}

/** Whether two names are of one secret: hosts of CI mind no capitals in them. */
export function sameSecret(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
