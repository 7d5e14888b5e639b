import type { EscalationSettings, Live } from '../../../actions/escalation/state.ts';
import { parseEscalationPolicy } from '../../../core/escalation/policy.ts';
import { policyText } from '../../escalating.ts';

export const account = { id: 1, login: 'crew' };
export const ada = { id: 2, login: 'ada' };

const parsed = parseEscalationPolicy('escalation/policy.toml', new TextEncoder().encode(policyText));
if (!parsed.ok) throw new Error('the policy of the tests is faulty');

export const policy: Live['policy'] = {
  policy: parsed.document,
  commit: 'c'.repeat(40),
  blob: 'b'.repeat(40),
};

/** What the plan of these tests looks at of the settings. */
export const settings = { 'max-actions': 5, trigger: '/crew', 'agent-label': 'crew' } as EscalationSettings;

/** Nobody asked, and nothing waits. */
export function live(more: Partial<Live> = {}): Live {
  return {
    kind: 'live',
    now: '2026-11-26T10:00:00.000Z',
    account,
    runUrl: null,
    records: { repository: 'crew/records', branch: 'main' },
    woodpecker: '',
    policy,
    requests: [],
    answers: [],
    offers: [],
    proposals: [],
    known: [],
    claimed: { 'issue-create': 0, 'pr-create': 0, 'ci-run': 0 },
    today: [],
    damaged: [],
    said: {},
    closedToUs: [],
    ...more,
  };
}
