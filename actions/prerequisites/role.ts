import type { Role } from '../../core/role.ts';
import { changes, headline, plan } from './plan.ts';
import { read } from './read.ts';
import { settings } from './settings.ts';
import type { PrerequisitesState } from './state.ts';

export const prerequisites: Role<typeof settings, PrerequisitesState, (typeof changes)[number]> = {
  name: 'prerequisites',
  summary:
    'Keeps the prerequisite tree true: what is done, what blocks, what became free. What people wrote stays as it is.',
  settings,
  changes,
  // A protected branch may decline before the pull request is the way, a fork may have to be made, a merged one's branch goes first.
  rounds: 8,
  needs: [
    {
      where: 'ops-repo',
      access: 'read (write, where it commits or propose-from is branch)',
      scopes: ['write:repository', 'read:user'],
      why: 'write:repository commits the document, or makes the fork, the branch and the pull request; read:user tells whose token it is.',
    },
    {
      where: 'project-repo',
      access: 'read',
      scopes: ['read:issue', 'read:repository'],
      why: 'read:issue reads issues, pull requests and labels; read:repository tells whether issues are switched on.',
    },
  ],
  read,
  headline,
  plan,
};
