import { namesLogin } from '../../core/accounts.ts';
import type { Role } from '../../core/role.ts';
import type { SettingsFault } from '../../core/settings.ts';
import { staffOf } from '../factory/posts.ts';
import { faultsOf, loginsOf } from '../factory/settings.ts';
import { clickLines, clicks } from './clicks.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { settings } from './settings.ts';
import type { InitSettings, InitState } from './state.ts';

/** A role's account is no person: as one it could push, and keep people from approving what is high. */
function peopleFaults(given: InitSettings): SettingsFault[] {
  const { roles = [], accounts = [], people = [] } = given as Partial<InitSettings>;
  const both = staffOf(roles, loginsOf({ accounts })).filter(({ login }) => namesLogin(people, login));
  return both.length === 0
    ? []
    : [
        {
          settings: ['people'],
          message: `${both.map(({ login, roles: own }) => `${login} works as ${own.join(' and ')}`).join(', ')}, and so is no person who approves: name people alone, or another account with --accounts.`,
        },
      ];
}

/** Without a word the pipelines would be made for the other CI. doctor does take both: formulas may run on Woodpecker all the same. */
function ciFaults({ ci, 'woodpecker-url': url }: InitSettings): SettingsFault[] {
  return ci === 'forgejo' && url !== undefined
    ? [
        {
          settings: ['ci', 'woodpecker-url'],
          message:
            'an address of Woodpecker is given, and ci is forgejo: add --ci woodpecker, or leave --woodpecker-url out.',
        },
      ]
    : [];
}

/** The command `forgecrew init`: a role that a person runs in a terminal, with the same flow as every other. */
export const init: Role<typeof settings, InitState, (typeof changes)[number]> = {
  name: 'init',
  summary: 'Makes two repositories a factory, and adds what one lacks.',
  settings,
  faults: (given) => [...faultsOf(given), ...peopleFaults(given), ...ciFaults(given)],
  whenPaused: () => 'ignore',
  changes,
  needs: [
    {
      where: 'ops-repo, project-repo',
      access: 'admin; site admin, where accounts and tokens are made',
      scopes: ['write:repository', 'write:issue', 'write:user', 'write:organization', 'write:admin'],
      why: 'write:repository sets files, rights, rules and secrets, write:issue labels; write:organization the team; write:admin accounts and their tokens.',
    },
  ],
  read,
  // Made, filled, given rights; then the rules, which take five by themselves.
  rounds: 9,
  plan,
  byHand: (given, state) => clickLines(clicks(given, state)),
};
