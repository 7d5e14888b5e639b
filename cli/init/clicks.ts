import { namesLogin, ownerOf, sameLogin } from '../../core/accounts.ts';
import { usualStateRepo } from '../../core/agent/entry.ts';
import { crewFile } from '../../core/crew-file.ts';
import { usualRecordRepo } from '../../core/escalation/record-repo.ts';
import { version } from '../../core/version.ts';
import { exampleModel, purposeIn, withoutComments } from '../factory/pipelines.ts';
import { botsOf, issuesTeam, projectAccess, showingRoles, staffOf } from '../factory/posts.ts';
import { forgecrewRepo, loginsOf, pushCommand, secretsPage } from '../factory/settings.ts';
import { sameSecret, tokensWanted } from '../factory/tokens.ts';
import type { InitSettings, InitState, Side } from './state.ts';
import { hasVault, namesIn, sharesLabels } from './wanted.ts';

// What a person has to do because the API cannot, or not for this token, or because it is theirs to decide: pure. Everything that is done on one page is one click,
// so that no usual factory has more than three.

/** One page or command: what to do there in its first line, more lines where there are several things, and what is seen then. */
export type Click = readonly [string, ...string[]];

/** The secret of Woodpecker's token of vault-dispatch, as its example of a pipeline calls it. */
const starter = 'dispatcher_woodpecker_token';

/** What is left for people, in the order in which it can be done. */
export function clicks(
  settings: InitSettings,
  state: InitState,
  /** The secret that holds the key of the model; null where none is asked. */
  key: string | null = 'ANTHROPIC_API_KEY',
): Click[] {
  // Nothing can be done for an owner that is not there.
  if (state.ownersMissing.length > 0) return [];
  const all = [
    pushSource(settings, state),
    lowerAccess(settings, state),
    makeTeam(settings, state),
    signIn(settings, state),
    addSecrets(settings, state, key),
    changeMain(settings, state),
    makeStores(settings, state),
  ];
  return all.filter((click) => click !== undefined);
}

/** The same as lines: printed last, because what stands there is what a person goes on with. */
export function clickLines(found: readonly Click[]): string[] {
  if (found.length === 0) return [];
  return [
    `By hand, because only a person can do it: ${found.length} ${found.length === 1 ? 'thing' : 'things'}. Afterwards forgecrew doctor says whether all is well.`,
    ...found.flatMap(([first, ...more], index) => [
      `  ${index + 1}. ${first}`,
      ...more.map((line) => `     ${line}`),
    ]),
  ];
}

/** Whether the repository that runners take the roles from is made here, so that a person only has to push to it. */
export function makesSource(settings: InitSettings, { ops, source, isSiteAdmin }: InitState): boolean {
  return (
    source === 'missing' &&
    sameLogin(ownerOf(forgecrewRepo(settings)), ownerOf(ops.name)) &&
    (isSiteAdmin || ops.owner === 'own')
  );
}

function pushSource(settings: InitSettings, state: InitState): Click | undefined {
  const { source } = state;
  const name = forgecrewRepo(settings);
  const page = `${settings['forge-url']}/${name}`;
  switch (source) {
    case 'ready':
      return undefined;
    case 'private':
      return [
        `At ${page}/settings make the repository public: runners take the roles from there, and have no token for it.`,
        `Afterwards somebody who is not logged in sees ${page}.`,
      ];
    case 'hidden':
      return [
        `Let an owner of ${ownerOf(name)} set its visibility to limited or public: it is private, so runners are refused ${name}, although that is public. Or name another public repository with --forgecrew-repo.`,
        `Then, in your clone of forgecrew: ${pushCommand(settings)}`,
        `Afterwards forgecrew doctor finds v${version} at ${name}.`,
      ];
    default:
      return [
        `In your clone of forgecrew: ${pushCommand(settings)}`,
        ...(source === 'missing' && !makesSource(settings, state)
          ? [
              `Before that make ${name} at ${settings['forge-url']}/repo/create, public and with nothing in it.`,
            ]
          : []),
        `Runners take the roles from there. git asks for a login: an owner of ${ownerOf(name)}, with a token for the password. Afterwards ${page}/src/tag/v${version} shows the folder actions.`,
      ];
  }
}

/** Rights are not taken away here, and what is high waits for that. */
function lowerAccess(settings: InitSettings, { ops, accounts }: InitState): Click | undefined {
  if (!hasVault(settings, ops)) return undefined;
  const pushing = staffOf(settings.roles, loginsOf(settings))
    .filter((post) => post.ops === 'read')
    .map(({ login }) => accounts.find((account) => account.login === login))
    .filter((account) => account?.ops === 'write' || account?.ops === 'admin')
    .map((account) => account?.login ?? '');
  const they = pushing.length === 1 ? 'it works' : 'they work';
  return pushing.length === 0
    ? undefined
    : [
        `At ${settings['forge-url']}/${ops.name}/settings/collaboration lower ${pushing.join(' and ')} to read: while an account that may not approve can push, the vault refuses everything that is high.`,
        `Afterwards ${they} as before, and from a fork, with a pull request for people to merge.`,
      ];
}

function makeTeam(settings: InitSettings, { team, project }: InitState): Click | undefined {
  const members = staffOf(settings.roles, loginsOf(settings))
    .filter((post) => projectAccess(post, true) === 'issues')
    .map(({ login }) => login);
  const org = ownerOf(project.name);
  return team !== 'hidden' || members.length === 0
    ? undefined
    : [
        `As an owner of ${org}, at ${settings['forge-url']}/org/${org}/teams/new make the team ${issuesTeam}, if there is none: issues on write, code and pull requests on read, for ${project.name}, with ${members.join(', ')} in it.`,
        `This token's account is not told of the teams of ${org}. Afterwards the team stands at ${settings['forge-url']}/org/${org}/teams.`,
      ];
}

/** Whether vault-dispatch lacks what it starts pipelines of Woodpecker with. */
function lacksStarter({ ci, roles }: InitSettings, { secrets }: InitState): boolean {
  return (
    ci === 'woodpecker' &&
    roles.includes('vault-dispatch') &&
    !secrets.some(({ name }) => sameSecret(name, starter))
  );
}

function signIn(settings: InitSettings, state: InitState): Click | undefined {
  const login = loginsOf(settings).dispatcher ?? 'dispatcher';
  const url = settings['woodpecker-url'] ?? '';
  return lacksStarter(settings, state)
    ? [
        `As ${login}, log in at ${url}, and copy its personal token at ${url}/user/cli-and-api. A site admin gives the account a password for that at ${settings['forge-url']}/admin/users?q=${login}.`,
        'The token is for the next step. Afterwards Woodpecker knows the account, and vault-dispatch can start pipelines as it.',
      ]
    : undefined;
}

/** Whether a pipeline of these roles hands the key of a model on. */
function asksWithKey({ roles, ci }: InitSettings): boolean {
  return roles.includes('forge-agent') || (roles.includes('escalation') && ci === 'forgejo');
}

function addSecrets(settings: InitSettings, state: InitState, key: string | null): Click | undefined {
  const { ops, secrets, makesTokens, isSiteAdmin, account } = state;
  const { ci } = settings;
  const isThere = (wanted: string): boolean => secrets.some(({ name }) => sameSecret(name, wanted));
  const forEvents = (events: readonly string[] | undefined): string =>
    events === undefined ? '' : `, for the events ${events.join(' and ')}`;
  const tokens = makesTokens
    ? []
    : tokensWanted(namesIn(settings, ops), { admin: account.login, sharesLabels: sharesLabels(state) })
        .filter(({ secret }) => !isThere(secret))
        .map(
          ({ login, scopes, secret, events }) =>
            `${secret}: a token that ${login} makes, with the scopes ${scopes.join(', ')}${forEvents(events)}`,
        );
  const lines = [
    ...tokens,
    ...(lacksStarter(settings, state) ? [`${starter}: that token, for the events push and cron`] : []),
    ...(key !== null && asksWithKey(settings) && !isThere(key)
      ? [
          `${ci === 'forgejo' ? key : key.toLowerCase()}: the key of your model${ci === 'forgejo' ? '' : ', for the event cron'}`,
        ]
      : []),
  ];
  return lines.length === 0
    ? undefined
    : [
        `At ${secretsPage(settings, state.woodpecker?.id)} add ${lines.length === 1 ? 'this secret' : 'these secrets'}:`,
        ...lines,
        ...(tokens.length === 0
          ? []
          : [
              `Tokens are made at ${settings['forge-url']}/user/settings/applications by each account itself, because ${isSiteAdmin ? 'this forge is older than Forgejo 16' : "this token is of no site admin: with one's token init makes them"}.`,
            ]),
        `Afterwards ${lines.length === 1 ? 'its name stands' : 'their names stand'} in the list there.`,
      ];
}

/** One pull request of the ops repo: that which asks for the files, if it waits, and otherwise one that people open. */
function changeMain(settings: InitSettings, { ops, project }: InitState): Click | undefined {
  const asked = [ops, project].flatMap(({ name, proposing }) => {
    const pull = proposing?.standing.pull;
    return pull?.state === 'open' ? [`${settings['forge-url']}/${name}/pulls/${pull.number}`] : [];
  });
  const edits = pipelineEdits(settings, ops);
  const lines = [...edits, ...botEdits(settings, ops)];
  const then =
    edits.length === 0
      ? ''
      : ' (a pipeline that names a secret which is not there does not start, so this comes after the secrets)';
  if (asked.length > 0)
    return [
      `Look at what is asked for and merge it, with the approval that main wants: ${asked.join(' and ')}`,
      ...(lines.length === 0 ? [] : [`Before that change on its branch${then}:`, ...lines]),
      'Then run this command once more, for what comes after the merge.',
      `If the forge refuses the merge because of protected files: forgecrew policy open --ops-repo ${ops.name}, merge, forgecrew policy close --ops-repo ${ops.name}.`,
    ];
  const page = (file: string): string =>
    `${settings['forge-url']}/${ops.name}/_edit/${ops.found?.default_branch ?? 'main'}/${file}`;
  return lines.length === 0
    ? undefined
    : [
        `With one pull request that another person approves${then}:`,
        ...lines.map((line) => line.replace(/^\S+(?=:)/, page)),
        edits.length === 0
          ? 'Afterwards their word never approves or decides anything.'
          : 'Afterwards the next runs use it, and the comment at a request for an action says what would run.',
      ];
}

/** Accounts that came after forgecrew.toml was written, which is not changed here: until it names them, they could pass for people. */
function botEdits({ roles, ...settings }: InitSettings, { bots }: Side): string[] {
  const missing = botsOf(staffOf(roles, loginsOf(settings))).filter(
    (login) => bots !== undefined && !namesLogin(bots, login),
  );
  return missing.length === 0 ? [] : [`${crewFile}: add ${missing.join(', ')} to bots`];
}

/** What has to be changed in pipelines, with the file first: those that are there are left as they are. */
function pipelineEdits(settings: InitSettings, { pipelines }: Side): string[] {
  const { ci, roles } = settings;
  const names: readonly string[] = roles;
  const working = (role: string): { path: string; text: string }[] =>
    pipelines
      .filter(({ text }) => purposeIn(text, role) === 'work')
      .map(({ path, text }) => ({ path, text: withoutComments(text) }));
  const logins = loginsOf(settings);
  const stores = [
    { role: 'forge-agent', setting: 'state-repo', name: usualStateRepo(logins.crew ?? 'crew') },
    { role: 'escalation', setting: 'proposal-repo', name: usualRecordRepo(logins.speaker ?? 'speaker') },
  ].filter(({ role }) => names.includes(role));
  // Also where this run is about other roles: what shows is there, and what it is to show may be new.
  const unshown = showingRoles
    .flatMap((role) => working(role))
    .flatMap(({ path, text }) =>
      stores
        .filter(({ setting }) => !new RegExp(`\\b${setting.replace('-', '[-_]')}:`).test(text))
        .map(
          ({ setting, name }) =>
            `${path}: add ${ci === 'forgejo' ? setting : setting.replace('-', '_')}: ${name}`,
        ),
    );
  if (ci !== 'woodpecker') return unshown;
  const answering = working('escalation');
  return [
    ...(roles.includes('vault-dispatch') &&
    !working('vault-dispatch').some(({ text }) => text.includes('woodpecker_token:'))
      ? ['.woodpecker/vault.yaml: take away the # before woodpecker_token, in both steps']
      : []),
    // Whether people have said where the model is that answers.
    ...(roles.includes('escalation') &&
    (answering.length === 0 || answering.some(({ text }) => text.includes(exampleModel)))
      ? [
          `.woodpecker/answers.yaml: put the address and the name of your model in the place of ${exampleModel}`,
        ]
      : []),
    ...unshown,
  ];
}

function makeStores(settings: InitSettings, { stores }: InitState): Click | undefined {
  const lines = stores.flatMap(({ store, found }) =>
    found.kind !== 'hidden'
      ? []
      : [
          ...(store.readers.length === 0
            ? []
            : [
                `as ${store.login}, let ${store.readers.join(' and ')} read it at ${settings['forge-url']}/${store.name}/settings/collaboration, once it is there`,
              ]),
          store.isRecord
            ? `as ${store.login}, run forgecrew escalation-init --record-repo ${store.name}`
            : `as ${store.login}, make ${store.name} at ${settings['forge-url']}/repo/create: private, with a first commit, and then switch Actions off at ${settings['forge-url']}/${store.name}/settings/units`,
        ],
  );
  return lines.length === 0
    ? undefined
    : [
        'Make these private repositories, if they are not there yet: only a site admin is told, and could let init make them.',
        ...lines,
      ];
}
