import { ownerOf, sameRepository } from '../../core/accounts.ts';
import {
  filePath,
  flowSettings,
  forgeUrl,
  listOf,
  matching,
  oneOf,
  repository,
  type SettingsFault,
  token,
  type ValuesOf,
} from '../../core/settings.ts';
import { version } from '../../core/version.ts';
import { factoryRoles, posts, staffOf } from './posts.ts';

/** Where the examples take `actions/checkout` from. */
export const usualCheckout = 'https://code.forgejo.org/actions/checkout@v4';

/** What `init` and `doctor` have to know of a factory alike. */
export const factorySettings = {
  ...flowSettings,
  'ops-repo': repository({
    description: 'Where the documents of the factory live, as owner/name.',
    required: true,
  }),
  'project-repo': repository({
    description: 'Where the code and its issues live, as owner/name.',
    required: true,
  }),
  ci: oneOf(['forgejo', 'woodpecker'], {
    description: 'Which CI runs the roles: Forgejo Actions or Woodpecker.',
    default: 'forgejo',
  }),
  roles: listOf((options) => oneOf(factoryRoles, options), {
    description: `The roles that work there, of ${factoryRoles.join(', ')}.`,
    default: 'ops-filer,architect-pitch,vault-dispatch',
  }),
  accounts: listOf(
    (options) => matching(/^[a-z]+=[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'account=login', options),
    {
      description: `Logins that are not called as in the documents, such as \`filer=ops-filer\`; of ${[...new Set(posts.map(({ name }) => name))].join(', ')}.`,
      default: '',
    },
  ),
  'forgecrew-repo': repository({
    description:
      'For Forgejo Actions: the public repository of the forge that holds forgecrew, as owner/name. Default: `forgecrew` of the owner of the ops repo.',
  }),
  'checkout-action': matching(
    /^(?:https?:\/\/)?[A-Za-z0-9][\w.:-]*(?:\/[\w.-]+)+@[\w./-]{1,200}$/,
    'the address of an action with its version, such as https://forge.example/mirror/checkout@v4',
    {
      description:
        'For Forgejo Actions: where runners take `actions/checkout` from, as it stands behind `uses:`. A short name such as `actions/checkout@v4` is looked for where the forge says (`DEFAULT_ACTIONS_URL`).',
      default: usualCheckout,
    },
  ),
  'forgecrew-folder': filePath({
    description: 'For Woodpecker: where forgecrew is on its agents.',
    default: '/opt/forgecrew',
  }),
  'woodpecker-url': forgeUrl({ description: 'Where Woodpecker is, when it runs the roles.' }),
  'woodpecker-token': token({
    description:
      'Personal access token of an admin of the ops repo, for Woodpecker (FORGECREW_WOODPECKER_TOKEN).',
  }),
};
export type FactorySettings = ValuesOf<typeof factorySettings>;

/** Logins by the names of the posts, where they differ. */
export function loginsOf({ accounts }: Pick<FactorySettings, 'accounts'>): Record<string, string> {
  return Object.fromEntries(accounts.map((item) => item.split('=')));
}

/** What is wrong between these settings. */
export function faultsOf(given: FactorySettings): SettingsFault[] {
  // One that cannot be read is absent here, whatever its type says, and said by itself.
  const { roles = [], accounts = [] } = given as Partial<FactorySettings>;
  const logins = loginsOf({ accounts });
  const unknown = Object.keys(logins).filter((name) => !posts.some((post) => post.name === name));
  const staff = staffOf(roles, logins).map(({ login }) => login.toLowerCase());
  const { ci, 'ops-repo': ops, 'project-repo': project, 'forgecrew-repo': source } = given;
  const twice = accounts
    .map((item) => item.replace(/=.*/, ''))
    .filter((name, at, all) => all.indexOf(name) < at);
  return [
    // The ops repo holds the secrets; who works in the project must not be able to push there.
    ...(ops !== undefined && project !== undefined && sameRepository(ops, project)
      ? [
          {
            settings: ['ops-repo', 'project-repo'],
            message: `both are ${ops}. Whoever writes to the project would read the secrets of the ops repo: name two repositories.`,
          },
        ]
      : []),
    // It has to be public, and what the ops repo holds must never be.
    ...(ci === 'forgejo' && ops !== undefined && sameRepository(source ?? `${ownerOf(ops)}/forgecrew`, ops)
      ? [
          {
            settings: ['forgecrew-repo'],
            message: `it is ${ops}, the ops repo. Runners take the roles from there without a token, so it has to be public, and the ops repo must not be: name another one.`,
          },
        ]
      : []),
    ...(unknown.length === 0
      ? []
      : [{ settings: ['accounts'], message: `there is no account ${unknown.join(', ')} in a factory.` }]),
    ...(twice.length === 0
      ? []
      : [{ settings: ['accounts'], message: `${twice.join(', ')} is named twice: give one login for it.` }]),
    ...(new Set(staff).size === staff.length
      ? []
      : [
          {
            settings: ['accounts'],
            message: 'each account needs a login of its own: what one may do, another must not.',
          },
        ]),
    ...(given.ci === 'woodpecker' &&
    (given['woodpecker-url'] === undefined || given['woodpecker-token'] === undefined)
      ? [
          {
            settings: ['woodpecker-url', 'woodpecker-token'],
            message:
              'both are needed where Woodpecker runs the roles; the token is made in its user settings, and given as FORGECREW_WOODPECKER_TOKEN.',
          },
        ]
      : []),
  ];
}

/** What stands before `/actions/` or `/plugins/` in a pipeline. Below a path a runner knows no whole addresses, only short names. */
export function sourceOf(given: FactorySettings): string {
  if (given.ci === 'woodpecker') return given['forgecrew-folder'];
  const name = forgecrewRepo(given);
  return new URL(given['forge-url']).pathname.replace(/\/+$/, '') === ''
    ? `${given['forge-url']}/${name}`
    : name;
}

/** Where secrets of the ops repo are set; Woodpecker numbers a repository when it is made active. */
export function secretsPage(given: FactorySettings, id: number | undefined): string {
  const { ci, 'ops-repo': ops, 'woodpecker-url': url = '' } = given;
  if (ci === 'forgejo') return `${given['forge-url']}/${ops}/settings/actions/secrets`;
  return id === undefined ? `${url} (${ops}, Settings, Secrets)` : `${url}/repos/${id}/settings/secrets`;
}

/** What a person types in a clone of forgecrew, so that runners find this version on the forge. */
export function pushCommand(given: FactorySettings): string {
  return `git push ${given['forge-url']}/${forgecrewRepo(given)} HEAD:refs/heads/main HEAD:refs/tags/v${version}`;
}

export function forgecrewRepo(given: FactorySettings): string {
  return given['forgecrew-repo'] ?? `${ownerOf(given['ops-repo'])}/forgecrew`;
}
