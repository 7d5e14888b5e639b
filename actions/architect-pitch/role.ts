import { createAsk } from '../../core/model/ask.ts';
import type { Role } from '../../core/role.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { PitchState } from './state.ts';

export const architectPitch: Role<typeof settings, PitchState, (typeof changes)[number]> = {
  name: 'architect-pitch',
  summary:
    'A vision issue becomes a sprint proposal: a pull request that people accept, question and merge, in the form ops-filer files.',
  settings,
  faults,
  changes,
  needs: [
    {
      where: 'ops-repo',
      access: 'read',
      scopes: ['write:repository', 'write:issue', 'read:user'],
      why: 'write:repository makes a fork, writes branches there and opens pull requests; write:issue comments on them and closes its own; read:user tells whose token it is. Write access only where propose-from is branch.',
    },
    {
      where: 'project-repo',
      access: 'read',
      scopes: [],
      why: 'To read vision issues and the files that a model is shown. The role refuses to run with more.',
    },
  ],
  // A round for each answer of a model, and one to write what comes of it.
  rounds: 40,
  ask: createAsk({ outline: () => import('./outline.ts').then(({ outline }) => outline) }),
  read,
  plan,
};
