import * as z from 'zod/mini';
import { addTeamMember, addTeamRepository, createIssuesTeam, findTeam } from '../forge/teams.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A team of an organisation that may write issues and only read code, with these members and repositories at least. */
export const setTeam = changeKind({
  kind: 'set-team',
  sign: '+',
  noun: ['team', 'teams'],
  verb: ['to set', 'set'],
  schema: () =>
    z.strictObject({
      kind: z.literal('set-team'),
      ...common(),
      organisation: z.string(),
      team: z.string(),
      members: z.array(z.string()),
      repositories: z.array(repository()),
    }),
  describe: ({ organisation, team, members, repositories }) =>
    `the team ${organisation}/${team}, which may write issues and read code of ${repositories.join(', ')}: ${members.join(', ')}`,
  async apply({ organisation, team, members, repositories }, { send }) {
    // Looked for again: the forge takes a second team of that name for a fault, and another run may have made it.
    const found = await findTeam(send, organisation, team);
    const id = found?.id ?? (await createIssuesTeam(send, organisation, team));
    for (const name of repositories) await addTeamRepository(send, id, name);
    for (const login of members) await addTeamMember(send, id, login);
    return { status: 'done', said: `team ${organisation}/${team} is set` };
  },
});
