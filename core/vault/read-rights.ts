import { namesLogin, ownerOf, sameLogin } from '../accounts.ts';
import { ifThere } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { listWriters, permissionOf, teamMembers } from '../forge/people.ts';
import { tiers } from './action.ts';
import type { Rights } from './approval.ts';
import { type Policy, ruleOf } from './policy.ts';

/** Who may do what, asked once a run and only where it matters. */
export type People = ReturnType<typeof createPeople>;

/** The rights of so few people are asked without the list of everybody: that is a call less, or none more. */
const mostAlone = 2;

/** Questions about people, each asked of the forge once however often it comes up. */
export function createPeople(send: Send) {
  const once = <T>(ask: (name: string) => Promise<T>): ((name: string) => Promise<T>) => {
    const asked = new Map<string, Promise<T>>();
    return (name) => {
      const known = asked.get(name) ?? ask(name);
      asked.set(name, known);
      return known;
    };
  };
  // Who may be assigned is nearly who may write: in an organisation it also holds people who may only read code. An admin of
  // the repository may ask for everybody's rights one by one and gets the truth; anybody else has only that list.
  const listed = once(async (repository) => (await listWriters(send, repository)).map(({ login }) => login));
  const permission = once((key) => {
    const [repository = '', login = ''] = key.split(' ');
    return permissionOf(send, repository, login);
  });
  const permissions = async (
    repository: string,
    logins: string[],
  ): Promise<{ login: string; permission: string }[] | undefined> => {
    const known: { login: string; permission: string }[] = [];
    for (const login of logins) {
      const found = await permission(`${repository} ${login}`);
      if (found === undefined) return undefined;
      known.push({ login, permission: found });
    }
    return known;
  };
  const having = (known: { login: string; permission: string }[], ...wanted: string[]): string[] =>
    known.flatMap(({ login, permission: has }) => (wanted.includes(has) ? [login] : []));
  /**
   * Which of a few people may write, by their rights alone. Undefined where these do not tell it: our account may not ask, the
   * forge knows no such account, or somebody has all rights without being the owner, as a site's admin has everywhere and an
   * organisation's owner here: then the list says who belongs to the repository.
   */
  const askedAlone = async (repository: string, of: readonly string[]): Promise<string[] | undefined> => {
    const known = await ifThere(permissions(repository, [...of]));
    const isClear = known?.every(
      ({ login, permission: has }) => has !== 'owner' || sameLogin(login, ownerOf(repository)),
    );
    return known !== undefined && isClear ? having(known, 'write', 'admin', 'owner') : undefined;
  };
  return {
    /**
     * Logins of those who may write, as far as our account may ask. `of`: whose rights matter; whether anybody else is named
     * says nothing about anybody's word.
     */
    writers: async (repository: string, { of }: { of?: readonly string[] } = {}): Promise<string[]> => {
      const told = of !== undefined && of.length <= mostAlone ? await askedAlone(repository, of) : undefined;
      if (told !== undefined) return told;
      const logins = await listed(repository);
      const asked = of === undefined ? logins : logins.filter((login) => namesLogin(of, login));
      const known = await permissions(repository, asked);
      if (known === undefined) return logins;
      const able = having(known, 'write', 'admin', 'owner');
      return logins.filter((login) => !asked.includes(login) || able.includes(login));
    },
    /** Logins of those who may write issues or pull requests and cannot push; none where our account may not ask. */
    withoutCode: async (repository: string): Promise<string[]> => {
      const known = await permissions(repository, await listed(repository));
      return known === undefined ? [] : having(known, 'read', 'none');
    },
    /** Logins of those who administer a repository, or why they could not be read: only its admins may ask. */
    admins: async (repository: string): Promise<Rights['admins']> => {
      const known = await permissions(repository, await listed(repository));
      return known === undefined
        ? {
            unknown: `who administers ${repository} only its admins may ask: give our account admin rights there, or let the rule name logins`,
          }
        : having(known, 'admin', 'owner');
    },
    /** Whether somebody administers a repository, as a site admin does everywhere; false of an account that is gone. */
    administers: async (repository: string, login: string): Promise<boolean> => {
      const has = await ifThere(permission(`${repository} ${login}`));
      return has === 'admin' || has === 'owner';
    },
    /** The members of a team written as `@org/team`. */
    team: once(async (entry): Promise<Rights['admins']> => {
      const [organisation = '', team = ''] = entry.slice(1).split('/');
      const members = await teamMembers(send, organisation, team);
      return (
        members?.map(({ login }) => login) ?? {
          unknown: `the members of ${entry} could not be read: the token needs read:organization, and our account a place in ${organisation}`,
        }
      );
    }),
  };
}

/**
 * Everything that the rules of a policy may ask about people, at this moment. `of`: for a rule that lets everybody with write
 * access approve, the only people whose rights decide.
 */
export async function readRights(
  people: People,
  repository: string,
  policy: Policy,
  never: string[],
  of?: readonly string[],
): Promise<Rights> {
  if (of !== undefined)
    return {
      writers: await people.writers(repository, { of }),
      admins: { unknown: 'nobody asked' },
      teams: {},
      never,
    };
  const approvers = tiers.map((tier) => ruleOf(policy, tier).approvers);
  const teams = approvers.flatMap((rule) =>
    Array.isArray(rule) ? rule.filter((entry) => entry.startsWith('@')) : [],
  );
  return {
    writers: await people.writers(repository),
    admins: approvers.includes('admin') ? await people.admins(repository) : { unknown: 'nobody asked' },
    teams: Object.fromEntries(
      await Promise.all(teams.map(async (entry) => [entry, await people.team(entry)] as const)),
    ),
    never,
  };
}
