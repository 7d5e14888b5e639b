import { sameLogin } from '../../core/accounts.ts';
import { ifThere } from '../../core/api/errors.ts';
import type { Change } from '../../core/change.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { getOwnUser, type User } from '../../core/forge/users.ts';
import { keep, refuseFor } from '../../core/plan.ts';
import type { Role, State } from '../../core/role.ts';
import { flowSettings, repository, type ValuesOf } from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'record-repo': repository({ description: 'The repository for records, as owner/name.', required: true }),
};

interface InitState extends State {
  account: User;
  found: Repository | undefined;
}

const changes = ['keep', 'refuse', 'create-repository'] as const;

/** The repository that the role escalation keeps its records in; pure. One that is not private is never made private here. */
export function plan(
  { 'record-repo': name }: ValuesOf<typeof settings>,
  { account, found }: InitState,
): Change<(typeof changes)[number]>[] {
  if (found === undefined)
    return sameLogin(name.split('/')[0] ?? '', account.login)
      ? [
          {
            kind: 'create-repository',
            repository: name,
            why: 'records need a place of their own',
          },
        ]
      : [
          refuseFor(
            name,
            `is not of ${account.login}: only the account of the role may write to its records, so it has to own them`,
          ),
        ];
  if (found.private !== true)
    return [
      refuseFor(
        name,
        'is there and is not private. What stands in it others may have read; choose another name',
      ),
    ];
  return [
    found.has_actions === false
      ? keep(`${name} is private and without Actions`)
      : refuseFor(
          name,
          'has Actions switched on. Switch them off in its settings, so that nothing runs with what is written there',
        ),
  ];
}

/** The command `forgecrew escalation-init`: a role that a person runs in a terminal, once. */
export const escalationInit: Role<typeof settings, InitState, (typeof changes)[number]> = {
  name: 'escalation-init',
  summary: 'Makes the private repository in which the role escalation keeps its records.',
  settings,
  whenPaused: () => 'ignore',
  changes,
  needs: [
    {
      where: 'the account of the role',
      access: 'owner',
      scopes: ['write:user', 'write:repository', 'read:user'],
      why: 'write:user makes a repository of its own, write:repository switches Actions off there, read:user tells whose token it is.',
    },
  ],
  async read({ settings: given, send, now }) {
    const account = await getOwnUser(send);
    return { now, account, found: await ifThere(getRepository(send, given['record-repo'])) };
  },
  plan,
};
