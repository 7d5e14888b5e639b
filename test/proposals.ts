import type { ProposalRecord } from '../core/escalation/record.ts';

/** A proposal as escalation has it on record. */
export function proposalOf(over: Partial<ProposalRecord> = {}): ProposalRecord {
  return {
    version: 1,
    id: '20261126-1-1',
    type: 'ci-run',
    thread: { repository: 'owner/project', number: 1 },
    request: { comment: 1, asker: { id: 2, login: 'ada' }, proposer: null },
    payload: {
      type: 'ci-run',
      repo: 'owner/project',
      workflow: 'build.yml',
      branch: 'main',
      inputs: {},
    },
    run: null,
    digests: { payload: `sha256:${'a'.repeat(64)}`, rendering: `sha256:${'b'.repeat(64)}` },
    rendering: 'Run it?',
    policy: { commit: 'c'.repeat(40), blob: 'd'.repeat(40) },
    rule: {
      approvers: 'write',
      approvals: 1,
      selfApprove: true,
      expiryMs: 86_400_000,
      maxPerDay: 20,
      comments: false,
      freeze: [],
      backend: 'forgejo-workflow',
    },
    expires: '2026-11-30T06:00:00Z',
    renews: null,
    talk: [],
    at: '2026-11-26T06:00:00Z',
    by: 'speaker',
    comment: null,
    ...over,
  };
}
