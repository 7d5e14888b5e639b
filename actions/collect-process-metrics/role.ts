import type { Role } from '../../core/role.ts';
import { changes, headline, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { ProcessState } from './state.ts';

export const collectProcessMetrics: Role<typeof settings, ProcessState, (typeof changes)[number]> = {
  name: 'collect-process-metrics',
  summary:
    'How the factory itself does becomes one dated file of evidence: from issue to merge, red runs, visions, approvals, agents and their cost.',
  settings,
  faults,
  changes,
  // A protected branch may decline before the pull request is the way, a fork may have to be made, a merged one's branch goes first.
  rounds: 8,
  needs: [
    {
      where: 'ops-repo',
      access: 'write (read, where it proposes from a fork)',
      scopes: ['write:repository', 'read:issue', 'read:user'],
      why: 'write:repository commits the evidence or opens its pull request, read:issue tells when requests to the vault were opened, read:user tells whose token it is.',
    },
    {
      where: 'project-repo',
      access: 'read',
      scopes: ['read:issue', 'read:repository'],
      why: 'read:issue reads issues, labels and what happened to them; read:repository reads reviews and runs of pipelines.',
    },
    {
      where: 'record-repo, proposal-repo and state-repo, where named',
      access: 'read',
      scopes: ['read:repository'],
      why: 'the records that the other roles keep.',
    },
  ],
  read,
  headline,
  plan,
};
