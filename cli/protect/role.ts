import type { Role } from '../../core/role.ts';
import { changes, headline, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { ProtectState } from './state.ts';

/** The command `forgecrew protect`: a role that a person runs in a terminal, with the same flow as every other. */
export const protect: Role<typeof settings, ProtectState, (typeof changes)[number]> = {
  name: 'protect',
  summary:
    "Shows how the ops repo's main branch and the branches of records are protected, and sets what the vault needs.",
  settings,
  faults,
  // A person runs it, and may need it to mend what the pause is for.
  whenPaused: () => 'ignore',
  changes,
  needs: [
    {
      where: 'ops-repo',
      access: 'admin',
      scopes: ['read:repository', 'read:user'],
      why: 'Only an admin of the repository sees and sets rules; to set them the token needs write:repository.',
    },
  ],
  read,
  // Made, filled, handed over, and looked at again.
  rounds: 5,
  headline,
  plan,
};
