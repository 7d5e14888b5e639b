import type { Role } from '../../core/role.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { RequestState } from './state.ts';
import { headline } from './text.ts';

export const vaultRequest: Role<typeof settings, RequestState, (typeof changes)[number]> = {
  name: 'vault-request',
  summary:
    'Asks for a privileged action from any pipeline: one pull request for each id, and waits for the answer.',
  settings,
  faults,
  // Green says that it was asked for, or that it was approved.
  whenPaused: () => 'refuse',
  changes,
  needs: [
    {
      where: 'ops-repo',
      access: 'read (write, where propose-from is branch or low tier is committed to main)',
      scopes: ['write:repository', 'read:issue', 'read:user'],
      why: 'write:repository makes the fork, the branch and the pull request, read:issue sees who set a label with `wait: label`, read:user tells whose token it is.',
    },
  ],
  read,
  headline,
  plan,
};
