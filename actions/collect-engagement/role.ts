import type { Role } from '../../core/role.ts';
import { changes, plan } from './plan.ts';
import { type EngagementState, read } from './read.ts';
import { settings } from './settings.ts';

export const collectEngagement: Role<typeof settings, EngagementState, (typeof changes)[number]> = {
  name: 'collect-engagement',
  summary:
    "A web server's access log becomes one small dated file of evidence, without anything that names a visitor.",
  settings,
  changes,
  needs: [
    {
      where: 'ops-repo',
      access: 'write',
      scopes: ['write:repository', 'read:user'],
      why: 'With `commit: direct`: write:repository commits the evidence, read:user tells whose token it is. With `commit: none` nothing.',
    },
  ],
  read,
  plan,
};
