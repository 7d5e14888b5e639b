import type { Send } from '../api/send.ts';
import { listWriters, permissionOf, teamMembers } from '../forge/people.ts';
import { tiers } from './action.ts';
import type { Rights } from './approval.ts';
import { type Policy, ruleOf } from './policy.ts';

/** Who may do what, asked once a run and only where it matters. */
export type People = ReturnType<typeof createPeople>;

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
  const permissions = once(async (repository) => {
    const logins = (await listWriters(send, repository)).map(({ login }) => login);
    const known: { login: string; permission: string }[] = [];
    for (const login of logins) {
      const permission = await permissionOf(send, repository, login);
      if (permission === undefined) return { logins, known: undefined };
      known.push({ login, permission });
    }
    return { logins, known };
  });
  const having = (known: { login: string; permission: string }[], ...wanted: string[]): string[] =>
    known.flatMap(({ login, permission }) => (wanted.includes(permission) ? [login] : []));
  return {
    /** Logins of those who may write, as far as our account may ask. */
    writers: async (repository: string): Promise<string[]> => {
      const { logins, known } = await permissions(repository);
      return known === undefined ? logins : having(known, 'write', 'admin', 'owner');
    },
    /** Logins of those who may write issues or pull requests and cannot push; none where our account may not ask. */
    withoutCode: async (repository: string): Promise<string[]> => {
      const { known } = await permissions(repository);
      return known === undefined ? [] : having(known, 'read', 'none');
    },
    /** Logins of those who administer a repository, or why they could not be read: only its admins may ask. */
    admins: async (repository: string): Promise<Rights['admins']> => {
      const { known } = await permissions(repository);
      return known === undefined
        ? {
            unknown: `who administers ${repository} only its admins may ask: give our account admin rights there, or let the rule name logins`,
          }
        : having(known, 'admin', 'owner');
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

/** Everything that the rules of a policy may ask about people, at this moment. */
export async function readRights(
  people: People,
  repository: string,
  policy: Policy,
  never: string[],
): Promise<Rights> {
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
