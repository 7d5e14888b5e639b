import { UserError } from '../../core/errors.ts';
import type { Role } from '../../core/role.ts';
import { whyNotAsk } from './gate.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { VaultState } from './state.ts';

export const vaultDispatch: Role<typeof settings, VaultState, (typeof changes)[number]> = {
  name: 'vault-dispatch',
  summary: 'A privileged action, approved in a pull request, is started at most once, and leaves a record.',
  settings,
  faults,
  refuseToAsk: ({ mode, 'forge-url': given }, facts) => {
    const misled = mode === 'gate' ? whyNotAsk({ ...facts, given }) : undefined;
    if (misled !== undefined) throw new UserError(misled, 'Nothing after this step may run.');
  },
  // A gate that did not look has not let anything through.
  whenPaused: ({ mode }) => (mode === 'gate' ? 'refuse' : 'stop'),
  // A gate looks at no document.
  readsWholeTree: ({ mode }) => mode !== 'gate',
  // Its own, and those of records and of claims.
  readsBranches: ({ mode }) => mode !== 'gate',
  changes,
  needs: [
    {
      where: 'ops-repo',
      access: 'write (admin, where a rule says admin)',
      scopes: ['write:repository', 'write:issue', 'read:user'],
      why: 'write:repository writes the records, starts workflows and sets statuses, write:issue comments on the pull requests that ask and reads when they were pointed at another branch, read:user tells whose token it is.',
    },
  ],
  read,
  plan,
  // A gate that could not claim has not let anything through.
  mustSettle: ({ mode }) => mode === 'gate',
};
