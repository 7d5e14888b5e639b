import type { Role } from '../../core/role.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { DashboardState } from './state.ts';

export const dashboard: Role<typeof settings, DashboardState, (typeof changes)[number]> = {
  name: 'dashboard',
  summary: 'One issue that says what waits for whom, how far visions are, what runs, and what is late.',
  settings,
  faults,
  changes,
  needs: [
    {
      where: 'ops-repo',
      access: 'read (write, where assign or page is wanted)',
      scopes: ['write:issue', 'read:repository', 'read:user'],
      why: 'write:issue writes the issue and its assignees; read:repository reads documents and pull requests; read:user tells whose token it is. With page, write:repository commits it.',
    },
    {
      where: 'project-repo, record-repo, proposal-repo, state-repo',
      access: 'read',
      scopes: ['read:issue', 'read:repository'],
      why: 'Reads visions, issues, pull requests, and the records of the other roles.',
    },
  ],
  read,
  plan,
};
