import type { Role } from '../../core/role.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { settings } from './settings.ts';
import type { WakeState } from './state.ts';

/** The command `forgecrew agents wake`: a role that a person runs in a terminal, with the same flow as every other. */
export const wake: Role<typeof settings, WakeState, (typeof changes)[number]> = {
  name: 'agents wake',
  summary: 'Asks a frozen agent for another round.',
  settings,
  // It only asks: a pause holds the run that would answer.
  whenPaused: () => 'ignore',
  changes,
  needs: [
    {
      where: 'state-repo',
      access: 'write',
      scopes: ['write:repository', 'read:issue', 'read:user'],
      why: 'What is asked stands in the state of the issue.',
    },
  ],
  read,
  plan,
};
