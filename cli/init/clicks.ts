import { ownerOf } from '../../core/accounts.ts';
import { version } from '../../core/version.ts';
import { exampleModel, purposeIn, withoutComments } from '../factory/pipelines.ts';
import { issuesTeam, projectAccess, type Staff } from '../factory/posts.ts';
import { forgecrewRepo } from '../factory/settings.ts';
import { tokensWanted } from '../factory/tokens.ts';
import type { InitSettings, InitState, Side } from './state.ts';
import { namesOf } from './wanted.ts';

/** Whether a pipeline of these roles hands the key of a model on. */
function asksWithKey({ roles, ci }: InitSettings): boolean {
  return roles.includes('forge-agent') || (roles.includes('escalation') && ci === 'forgejo');
}

/** Whether people have said where the model is that answers. */
function namesModel({ pipelines }: Side): boolean {
  const answering = pipelines.filter(({ text }) => purposeIn(text, 'escalation') === 'work');
  return answering.length > 0 && answering.every(({ text }) => !withoutComments(text).includes(exampleModel));
}

/** What the forge's API cannot do for anybody, or not for this token: one sentence each, with the address. Pure. */
export function clicks(
  settings: InitSettings,
  state: InitState,
  staff: readonly Staff[],
  /** The secret that holds the key of the model. */
  key = 'ANTHROPIC_API_KEY',
): string[] {
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
    ...state.stores.flatMap(({ store, found }) =>
      found.kind !== 'hidden'
        ? []
        : [
            store.isRecord
              ? `as ${store.login}, run forgecrew escalation-init --record-repo ${store.name}, if there is no ${store.name} yet: a site admin alone could make it for another account`
              : `as ${store.login}, make ${store.name} at ${url}/repo/create, private, with a first commit and with Actions switched off, if there is none yet: a site admin alone could make it for another account`,
          ],
    ),
    ...(asksWithKey(settings) && !secrets.some((item) => item.name.toLowerCase() === key.toLowerCase())
      ? [
          `put the key of the model into the secret ${settings.ci === 'forgejo' ? key : key.toLowerCase()} at ${where}`,
        ]
      : []),
    ...(settings.ci === 'woodpecker' && settings.roles.includes('escalation') && !namesModel(ops)
      ? [
          `in .woodpecker/answers.yaml, put the address and the name of your model in the place of ${exampleModel}`,
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
