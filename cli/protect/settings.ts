import { sameLogin } from '../../core/accounts.ts';
import {
  flag,
  flowSettings,
  listOf,
  login,
  repository,
  type SettingsFault,
  type ValuesOf,
} from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'ops-repo': repository({ description: 'The repository, as owner/name.', required: true }),
  'record-repo': repository({
    description:
      'Where records are kept, when not in the ops repo, as owner/name; the same as for vault-dispatch.',
  }),
  bots: listOf(login, {
    description:
      'Accounts of agents, with those that forgecrew.toml of the ops repo names: they do not merge and never approve, and none of them counts as a person. The dispatcher and the gatekeeper are no agents, also where they are named.',
    default: '',
  }),
  dispatcher: login({
    description: 'The account of vault-dispatch: the only one that may push to main and write records.',
    required: true,
  }),
  gatekeeper: login({
    description: 'The account of the gates: the only one that may write which run a gate let through.',
    required: true,
  }),
  apply: flag({ description: 'Set what is missing.', default: 'false' }),
  solo: flag({
    description: 'Let the only person of a repository merge without the approval that nobody could give.',
    default: 'false',
  }),
  'accept-records': flag({
    description:
      'Protect a branch of records although records stand on it that others than its account could have written: whoever sets this has looked at them.',
    default: 'false',
  }),
};

/** Two accounts, so that who starts an action cannot also say that its run was let through. */
export function faults(given: ValuesOf<typeof settings>): SettingsFault[] {
  // One that cannot be read is absent here, whatever its type says, and said by itself.
  const { dispatcher, gatekeeper } = given as Partial<typeof given>;
  return dispatcher !== undefined && gatekeeper !== undefined && sameLogin(dispatcher, gatekeeper)
    ? [
        {
          settings: ['dispatcher', 'gatekeeper'],
          message: `both are ${dispatcher}. The records of the one bound the other: name two accounts.`,
        },
      ]
    : [];
}
