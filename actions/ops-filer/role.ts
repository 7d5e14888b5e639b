import { issuesOnly, type Role } from '../../core/role.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { settings } from './settings.ts';
import type { FilerState } from './state.ts';

export const opsFiler: Role<typeof settings, FilerState, (typeof changes)[number]> = {
  name: 'ops-filer',
  summary:
    'A merged sprint document becomes issues: files every entry of its filer block once, and closes the vision when all are done.',
  settings,
  changes,
  needs: [
    {
      where: 'project-repo',
      access: issuesOnly,
      scopes: ['write:issue', 'read:repository', 'read:user'],
      why: 'write:issue files, labels, comments and closes issues, which needs no right to push; read:repository tells whether issues and dependencies are switched on; read:user tells whose token it is.',
    },
    {
      where: 'ops-repo',
      access: 'read',
      scopes: ['read:repository'],
      why: 'To know whether a checkout is still current, and to read the documents where there is no checkout.',
    },
  ],
  read,
  plan,
};
