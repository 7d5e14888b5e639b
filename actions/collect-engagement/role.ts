import type { Role } from '../../core/role.ts';
import { changes, headline, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { EngagementState } from './state.ts';

export const collectEngagement: Role<typeof settings, EngagementState, (typeof changes)[number]> = {
  name: 'collect-engagement',
  summary:
    "A web server's access log becomes one small dated file of evidence, without anything that names a visitor.",
  settings,
  faults,
  // Neither writes anything on the forge.
  whenPaused: ({ mode, commit }) => (mode === 'verify-observable' || commit === 'none' ? 'ignore' : 'stop'),
  changes,
  // A protected branch may decline twice before the pull request is the way, a fork may have to be made, a merged one's branch goes first.
  rounds: 8,
  needs: [
    {
      where: 'ops-repo',
      access: 'write (read, where it proposes from a fork)',
      scopes: ['write:repository', 'read:user'],
      why: 'write:repository commits the evidence or opens its pull request, read:user tells whose token it is. With `commit: none` nothing; with `verify-observable` read access and read:repository.',
    },
  ],
  read,
  headline,
  plan,
};
