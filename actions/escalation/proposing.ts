import { canonicalJson, sha256 } from '../../core/canonical.ts';
import type { Change } from '../../core/change.ts';
import { escalationRuleOf, policyFaults } from '../../core/escalation/policy.ts';
import {
  escalationPath,
  escalationText,
  type ProposalRecord,
  proposalDigest,
  proposalFolder,
  proposalId,
  shortDigest,
} from '../../core/escalation/record.ts';
import { proposalText } from '../../core/escalation/shown.ts';
import { commentSign } from '../../core/own-comment.ts';
import type { CheckedAction, EscalationSettings, Live } from './state.ts';
import { proposedLine, refusedLine, signs } from './text.ts';

// What was written becomes proposals, or why it does not. Pure.

/** What came of the actions of one text. */
export interface Proposed {
  records: Change<'write-files'>[];
  /** For the thread, one for each action. */
  lines: string[];
}

/** The records of all actions that are allowed; each is written before anybody sees its proposal. */
export function proposeAll(
  settings: EscalationSettings,
  state: Live,
  from: Pick<ProposalRecord, 'thread' | 'request' | 'talk'> & { at: string; actions: CheckedAction[] },
): Proposed {
  const { actions } = from;
  if (actions.length > settings['max-actions'])
    return {
      records: [],
      lines: [
        refusedLine(
          'all',
          `${actions.length} actions were proposed at once, and ${settings['max-actions']} is the most`,
        ),
      ],
    };
  const proposed: Proposed = { records: [], lines: [] };
  const seen = new Set<string>();
  // Whoever may compute can make two payloads with one short digest: `/approve` for one would approve the other as well.
  const taken = state.proposals.flatMap(({ record }) => record?.digests.payload ?? []);
  for (const [index, action] of actions.entries()) {
    const id = proposalId({ comment: from.request.comment, at: from.at }, index + 1);
    // Whatever its record says counts: what was allowed when it was written is looked at again before it is done.
    if (state.known.includes(id)) {
      proposed.lines.push(proposedLine(id));
      continue;
    }
    const why = whyNot(state, action);
    if (why !== undefined || !action.read.ok || action.world === undefined) {
      proposed.lines.push(refusedLine(action.written.type, why ?? 'it could not be read'));
      continue;
    }
    const same = canonicalJson(action.read.payload);
    if (seen.has(same)) {
      proposed.lines.push(refusedLine(action.written.type, 'it is proposed twice in one answer'));
      continue;
    }
    seen.add(same);
    const digest = proposalDigest(action.read.payload, action.world.run);
    if (taken.some((other) => other !== digest && shortDigest(other) === shortDigest(digest))) {
      proposed.lines.push(
        refusedLine(action.written.type, 'its short digest is that of another proposal, which waits'),
      );
      continue;
    }
    taken.push(digest);
    const record = recordOf(state, {
      id,
      payload: action.read.payload,
      run: action.world.run,
      thread: from.thread,
      request: from.request,
      talk: from.talk,
      renews: null,
    });
    if (record === undefined) continue;
    proposed.records.push(writeProposal(state, record, null));
    proposed.lines.push(proposedLine(id));
  }
  return proposed;
}

function whyNot({ policy }: Live, { read, world }: CheckedAction): string | undefined {
  if (!read.ok) return read.why;
  const wrong = policyFaults(policy.policy, read.payload);
  if (wrong.length > 0) return wrong.join('; ');
  return world === undefined
    ? 'what it names was not looked at'
    : world.faults.length > 0
      ? world.faults.join('; ')
      : undefined;
}

/** A proposal as it goes on record, under the policy that counts now; undefined where that allows nothing of its type. */
export function recordOf(
  state: Live,
  given: Pick<ProposalRecord, 'id' | 'payload' | 'run' | 'thread' | 'request' | 'talk' | 'renews'> & {
    expires?: string;
  },
): ProposalRecord | undefined {
  const { id, payload, run, thread, request, talk, renews } = given;
  const { policy, now, account } = state;
  const rule = escalationRuleOf(policy.policy, payload.type);
  if (rule === undefined || policy.blob === null) return undefined;
  const digest = proposalDigest(payload, run);
  const expires = given.expires ?? new Date(Date.parse(now) + rule.expiryMs).toISOString();
  const text = proposalText({ id, payload, run, request, rule, expires, renews, digest });
  const rendering = `${text}\n\n${commentSign(signs.proposal(id))}`;
  return {
    version: 1,
    id,
    type: payload.type,
    thread,
    request,
    payload,
    run,
    digests: { payload: digest, rendering: `sha256:${sha256(rendering)}` },
    rendering,
    policy: { commit: policy.commit, blob: policy.blob },
    rule,
    expires,
    renews,
    talk,
    at: now,
    by: account.login,
    comment: null,
  };
}

/** The record as a commit of its own: new, or in place of the blob that was read. */
export function writeProposal(
  { records }: Pick<Live, 'records'>,
  record: ProposalRecord,
  expects: string | null,
): Change<'write-files'> {
  return {
    kind: 'write-files',
    ...records,
    key: `record ${record.id}`,
    files: [{ path: escalationPath(proposalFolder, record.id), content: escalationText(record), expects }],
    message: `escalation: ${expects === null ? 'propose' : 'show'} ${record.id}`,
    why: `${record.type} in ${record.payload.repo}, asked for by ${record.request.asker.login}`,
  };
}
