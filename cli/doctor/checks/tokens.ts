import { sameLogin } from '../../../core/accounts.ts';
import {
  auditToken,
  scopesOf,
  secretName,
  setsLabels,
  sharedLabelsScope,
  staffOf,
} from '../../factory/posts.ts';
import { loginsOf } from '../../factory/settings.ts';
import { type Asked, broken, type Finding, ok, unchecked } from '../finding.ts';
import type { DoctorSettings, DoctorState, TokenState } from '../state.ts';

/** A token that is older should be made anew: nobody knows who has seen it. */
export const oldest = 365 * 86_400_000;

/** What each account's own token may do, as the account itself tells. */
export function tokenChecks(settings: DoctorSettings, state: DoctorState): Finding[] {
  const page = `${settings['forge-url']}/user/settings/applications`;
  const about = (
    name: string,
    asked: Asked<TokenState> | undefined,
    given: { login: string | undefined; secret: string; scopes: readonly string[]; also: readonly string[] },
  ): Finding[] => {
    const id = `token.${name}`;
    const secret = secretName(given.secret, settings.ci);
    // Then a site admin asks, who is told of every token: nobody else could say more.
    const isGone = state.tokensMade.get(secret)?.kind === 'known';
    const variable = `FORGECREW_${name.toUpperCase()}_TOKEN`;
    if (asked === undefined) return [];
    if (asked.kind === 'unknown')
      return [
        unchecked(
          id,
          given.login === undefined
            ? 'what the audit token may do'
            : `what the token of ${given.login} may do`,
          asked.why,
          asked.mend ??
            (isGone
              ? `if people put a token of their own into ${secret}, give it as ${variable}. If not, that of init was deleted, and the role ends red: delete the secret ${secret}, and forgecrew init --apply puts a new token there`
              : `give it as ${variable}, or run this with the token of a site admin, who is told of the tokens that init made`),
        ),
      ];
    const { login, token } = asked.value;
    if (given.login !== undefined && !sameLogin(login, given.login))
      return [
        broken(`${id}.owner`, `the token of ${given.login} belongs to ${login}`, {
          who: `the account ${given.login}`,
          mend: `make one at ${page} as ${given.login}, and put it into the secret`,
        }),
      ];
    if (token === undefined)
      return [
        unchecked(
          id,
          `what the token of ${login} may do`,
          'the forge lists no token that ends as this one does',
        ),
      ];
    const renew = {
      who: `the account ${login}`,
      mend: `make one with ${given.scopes.join(', ')} at ${page}, and put it into the secret; with the token of a site admin it is enough to delete the secret, and forgecrew init --apply makes it`,
    };
    const missing = given.scopes.filter((scope) => !allows(token.scopes, scope));
    const extra = token.scopes.filter(
      (scope) => ![...given.scopes, ...given.also].some((wanted) => covers(wanted, scope)),
    );
    const age = Date.parse(state.now) - Date.parse(token.created_at ?? state.now);
    return [
      missing.length === 0
        ? ok(`${id}.scopes`, `the token of ${login} may do what its role needs`)
        : broken(`${id}.scopes`, `the token of ${login} lacks ${missing.join(', ')}`, renew),
      extra.length === 0
        ? ok(`${id}.no-more`, `the token of ${login} may do no more`)
        : broken(
            `${id}.no-more`,
            `the token of ${login} has ${extra.join(', ')}, which its role does not need`,
            renew,
          ),
      age <= oldest
        ? ok(`${id}.age`, `the token of ${login} is younger than a year`)
        : broken(`${id}.age`, `the token of ${login} is ${Math.floor(age / 86_400_000)} days old`, renew),
    ];
  };
  const { labels: known } = state.project;
  const sharesLabels = known.kind === 'known' && known.value.sharedLabels.length > 0;
  return [
    ...staffOf(settings.roles, loginsOf(settings)).flatMap((post) =>
      about(post.name, state.accounts.get(post.login)?.token, {
        login: post.login,
        secret: post.secret,
        scopes: scopesOf(post, sharesLabels),
        also: [
          // forge-agent may make its state repo itself.
          ...(post.roles.includes('forge-agent') ? ['write:user'] : []),
          // Labels of the organisation, which may come and go.
          ...(setsLabels(post) ? [sharedLabelsScope] : []),
        ],
      }),
    ),
    ...(settings.roles.includes(auditToken.role)
      ? about('audit', state.audit, {
          login: undefined,
          secret: auditToken.secret,
          scopes: auditToken.scopes,
          // Whose it is, and teams that a rule names.
          also: ['read:user', 'read:organization'],
        })
      : []),
  ];
}

/** Whether scopes let something be done. To write implies to read. */
function allows(scopes: readonly string[], scope: string): boolean {
  return scopes.includes('all') || scopes.some((item) => covers(item, scope));
}

function covers(has: string, scope: string): boolean {
  return has === scope || has === scope.replace(/^read:/, 'write:');
}
