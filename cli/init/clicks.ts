import { ownerOf } from '../../core/accounts.ts';
import { version } from '../../core/version.ts';
import { issuesTeam, projectAccess, type Staff } from '../factory/posts.ts';
import { forgecrewRepo } from '../factory/settings.ts';
import { tokensWanted } from '../factory/tokens.ts';
import type { InitSettings, InitState } from './state.ts';
import { namesOf } from './wanted.ts';

/** What the forge's API cannot do for anybody, or not for this token: one sentence each, with the address. Pure. */
export function clicks(settings: InitSettings, state: InitState, staff: readonly Staff[]): string[] {
  const url = settings['forge-url'];
  const { ops, secrets, makesTokens, source } = state;
  const name = forgecrewRepo(settings);
  const members = staff.filter((post) => projectAccess(post, true) === 'issues').map(({ login }) => login);
  const where =
    settings.ci === 'forgejo'
      ? `${url}/${ops.name}/settings/actions/secrets`
      : `${settings['woodpecker-url']} (${ops.name}, Settings, Secrets)`;
  const byHand = makesTokens
    ? []
    : tokensWanted(namesOf(settings, state.ops), state.account.login)
        .filter(({ secret }) => !secrets.some((item) => item.name === secret))
        .map(
          ({ login, scopes, secret, events }) =>
            `as ${login}, make a token with the scopes ${scopes.join(', ')} at ${url}/user/settings/applications, and put it into the secret ${secret} at ${where}${events === undefined ? '' : `, for the events ${events.join(' and ')}`}`,
        );
  return [
    ...(source === 'ready'
      ? []
      : [
          source === 'private'
            ? `make ${name} public at ${url}/${name}/settings: runners clone actions without a token`
            : `push a clone of forgecrew with the tag v${version} to ${url}/${name}, and make it public: runners take the roles from there`,
        ]),
    ...(state.team === 'hidden' && members.length > 0
      ? [
          `as an owner of ${ownerOf(state.project.name)}, make a team ${issuesTeam} at ${url}/org/${ownerOf(state.project.name)}/teams/new with issues on write, code and pull requests on read, for ${state.project.name}, and put ${members.join(', ')} into it`,
        ]
      : []),
    ...byHand,
    ...(settings.roles.includes('forge-agent') &&
    !secrets.some((item) => item.name.toLowerCase() === 'anthropic_api_key')
      ? [
          `put the key of the agents' model into the secret ${settings.ci === 'forgejo' ? 'ANTHROPIC_API_KEY' : 'anthropic_api_key'} at ${where}`,
        ]
      : []),
    ...(settings.ci === 'woodpecker' &&
    settings.roles.includes('vault-dispatch') &&
    !secrets.some((item) => item.name === 'dispatcher_woodpecker_token')
      ? [
          `log ${staff.find((post) => post.name === 'dispatcher')?.login ?? 'dispatcher'} in at ${settings['woodpecker-url']} once (a site admin can give it a password), put its personal token into the secret dispatcher_woodpecker_token for push and cron, and take the \`#\` before \`woodpecker_token\` out of .woodpecker/vault.yaml`,
        ]
      : []),
  ];
}
