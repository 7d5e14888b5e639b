import type { Role } from '../../core/role.ts';
import { changes, headline, plan } from './plan.ts';
import { read } from './read.ts';
import { settings } from './settings.ts';
import type { PolicyState } from './state.ts';

/** The command `forgecrew policy`: a role that a person runs in a terminal, with the same flow as every other. */
export const policy: Role<typeof settings, PolicyState, (typeof changes)[number]> = {
  name: 'policy',
  summary: 'Lets policy, formulas and their workflows be changed by merges, or by nobody again.',
  settings,
  // A person runs it, and may need it to mend what the pause is for.
  whenPaused: () => 'ignore',
  changes,
  needs: [
    {
      where: 'ops-repo',
      access: 'admin',
      scopes: ['write:repository', 'write:issue', 'read:user'],
      why: 'Only an admin of the repository sees and sets rules; an issue keeps who did.',
    },
  ],
  read,
  headline,
  plan,
};
