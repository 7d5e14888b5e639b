import { createAsk } from '../../core/model/ask.ts';
import type { Role } from '../../core/role.ts';
import { changes, plan } from './plan.ts';
import { read } from './read.ts';
import { faults, settings } from './settings.ts';
import type { EscalationState } from './state.ts';

export const escalation: Role<typeof settings, EscalationState, (typeof changes)[number]> = {
  name: 'escalation',
  summary:
    'People talk to a model in an issue; what it would like done is a proposal, and a click of a person lets exactly that happen, once.',
  settings,
  faults,
  changes,
  needs: [
    {
      where: 'project-repo and every other repository in which people ask',
      access: 'write',
      scopes: ['write:issue', 'write:repository', 'read:user'],
      why: 'write:issue answers, reacts and creates issues; write:repository writes the records, opens pull requests and starts workflows; read:user tells whose token it is.',
    },
    {
      where: 'ops-repo',
      access: 'read',
      scopes: [],
      why: 'To read escalation/policy.toml and the formulas of the vault.',
    },
    {
      where: 'record-repo',
      access: 'owner',
      scopes: [],
      why: 'Nobody else may write there: whoever may could let an approval be used again.',
    },
  ],
  // A round for each answer of a model, and some for what comes of it.
  rounds: 40,
  ask: createAsk(),
  read,
  plan,
};
