import { canonicalJson, sha256 } from '../../core/canonical.ts';
import type { Change } from '../../core/change.ts';
import { escalationRuleOf, policyFaults } from '../../core/escalation/policy.ts';
import { type ClickProof, proveClick, whyVoid } from '../../core/escalation/proof.ts';
import {
  type DecidedRecord,
  decidedFolder,
  decidedRecord,
  type endings,
  escalationPath,
  escalationText,
  type OutcomeRecord,
  outcomeFolder,
  type ProposalRecord,
  proposalDigest,
  readEscalation,
  renewalOf,
} from '../../core/escalation/record.ts';
import { createdBody, minuteOf, variablesOf } from '../../core/escalation/shown.ts';
import { commentSign } from '../../core/own-comment.ts';
import { notice, refuseFor } from '../../core/plan.ts';
import { frozenAt } from '../../core/vault/policy.ts';
import { recordOf, writeProposal } from './proposing.ts';
import type { Live, ProposalSeen } from './state.ts';
import { endText, signs, toldKeys, waitsText } from './text.ts';
import { told } from './told.ts';

// A proposal from its record to its end: shown, clicked, decided once, carried out once, told. Pure.

type FollowChange = Change<
  'keep' | 'refuse' | 'comment' | 'react' | 'write-files' | 'carry-out' | 'cancel-run'
>;

/** How long another run may take from its claim to what it claimed before nobody believes in it any more. */
const patienceMs = 15 * 60_000;

export function follow(state: Live): FollowChange[] {
  // Of each type only as many are claimed in one look as the day has left.
  const left = { ...state.claimed };
  return state.proposals.flatMap((seen) => {
    const changes = step(state, seen, left);
    const { record } = seen;
    if (record !== undefined && changes.some((change) => isClaim(change))) left[record.type] += 1;
    return changes;
  });
}

/** Whether a change is what lets this run carry something out: a record that says of a proposal that it is claimed. */
export function isClaim(change: Change): boolean {
  return recordedIn(decidedFolder, change).some(
    ({ content }) => readEscalation(decidedRecord, Buffer.from(content ?? ''))?.kind === 'claimed',
  );
}

/** The records that a change writes into a folder. */
export function recordedIn(folder: string, change: Change): Change<'write-files'>['files'] {
  return change.kind === 'write-files'
    ? change.files.filter(({ path }) => path.startsWith(`${folder}/`))
    : [];
}

function step(state: Live, seen: ProposalSeen, claimed: Live['claimed']): FollowChange[] {
  const { record, decided, outcome, id } = seen;
  if (record === undefined || record.id !== id || seen.isDamaged)
    return [
      refuseFor(
        id,
        `its record cannot be read: what stands in ${state.records.repository} is not what ${state.account.login} writes. Nothing of it is done; find out who did that`,
      ),
    ];
  if (decided === undefined) return undecided(state, seen, record, claimed);
  if (decided.kind !== 'claimed') {
    const renewed = renew(state, record, decided);
    const keys = renewed.flatMap(({ key }) => key ?? []);
    return [...renewed, ...tell(state, record, decided, undefined, keys)];
  }
  return outcome === undefined ? carry(state, seen, record, decided) : tell(state, record, decided, outcome);
}

function undecided(
  state: Live,
  seen: ProposalSeen,
  record: ProposalRecord,
  claimed: Live['claimed'],
): FollowChange[] {
  const { comment } = seen.facts;
  const isOver = Date.parse(state.now) >= Date.parse(record.expires);
  if (seen.trouble !== undefined)
    return [
      isOver
        ? end(
            state,
            record,
            'expired',
            `what has to be asked about it could not be read until ${minuteOf(record.expires)}`,
          )
        : notice(`${record.id} is left aside`, seen.trouble),
    ];
  const newer = newerThan(state, record);
  if (record.comment === null && comment === null) {
    if (isOver) return [end(state, record, 'expired', 'it could not be shown in time')];
    return newer === undefined ? [show(record)] : [end(state, record, 'superseded', newer)];
  }
  const wrong = whyVoid(record, comment, state.account);
  if (wrong !== undefined || comment === null)
    return [end(state, record, 'void', wrong ?? 'its comment was deleted', !isOver)];
  if (record.comment === null)
    return [
      writeProposal(
        state,
        { ...record, comment: { id: comment.id, updated_at: comment.updated_at } },
        seen.blob,
      ),
      ...(['+1', '-1'] as const).map(
        (content): FollowChange => ({
          kind: 'react',
          repository: record.thread.repository,
          issue: record.thread.number,
          comment: comment.id,
          content,
          after: [`record ${record.id}`],
          mayDecline: true,
          why: 'for people to click on',
        }),
      ),
    ];
  const proof = proveClick(record, seen.facts, seen.rights, state.account);
  if (proof.verdict === 'denied' && proof.isFinal)
    return [end(state, record, 'denied', proof.reasons.join('; '))];
  if (isOver)
    return [
      end(
        state,
        record,
        'expired',
        proof.verdict === 'approved'
          ? `it was approved, and could not be carried out until ${minuteOf(record.expires)}`
          : `it could be approved until ${minuteOf(record.expires)}, and nobody did`,
      ),
    ];
  if (newer !== undefined) return [end(state, record, 'superseded', newer)];
  if (hasNewRule(state, record))
    return [end(state, record, 'void', 'the policy has changed since it was shown', true)];
  return onProof(state, seen, record, proof, claimed);
}

function onProof(
  state: Live,
  seen: ProposalSeen,
  record: ProposalRecord,
  proof: ClickProof,
  claimed: Live['claimed'],
): FollowChange[] {
  const { id } = record;
  switch (proof.verdict) {
    case 'unknown':
      return [notice(`whether ${id} is approved could not be found out`, proof.reason)];
    case 'void':
      return [end(state, record, 'void', proof.why, true)];
    case 'denied':
      return proof.reasons.slice(1).map((reason) => notice(`${id} waits`, reason));
    case 'approved': {
      const frozen = frozenAt(record.rule, new Date(state.now));
      if (frozen !== undefined) return waits(state, seen, record, `frozen: ${frozen}`);
      if (claimed[record.type] >= record.rule.maxPerDay)
        return waits(
          state,
          seen,
          record,
          `${record.rule.maxPerDay} of ${record.type} are the most in 24 hours`,
        );
      const why = whyNotNow(state, seen, record);
      if (why !== undefined) return [end(state, record, 'refused', why)];
      return [claim(state, record, proof)];
    }
  }
}

/** Whoever clicked hears once why nothing happens; the log says it in each run. */
function waits(
  state: Live,
  { isWaitTold }: ProposalSeen,
  record: ProposalRecord,
  why: string,
): FollowChange[] {
  const { id, thread, expires } = record;
  const said = notice(`${id} is approved and waits`, why);
  if (isWaitTold) return [said];
  const key = `waits ${id}`;
  return [
    said,
    {
      kind: 'comment',
      key,
      repository: thread.repository,
      issue: thread.number,
      text: waitsText(record, why, minuteOf(expires)),
      sign: signs.waits(id),
      mayDecline: true,
      why: `${id} is approved and waits`,
    },
    told(state, toldKeys.waits(id), [key]),
  ];
}

/** Why what was approved cannot be done as it was shown, whoever approved it. */
function whyNotNow(state: Live, { world }: ProposalSeen, record: ProposalRecord): string | undefined {
  const faults = policyFaults(state.policy.policy, record.payload);
  if (faults.length > 0) return faults.join('; ');
  if (world === undefined) return 'what it names could not be looked at';
  if (world.faults.length > 0) return world.faults.join('; ');
  // The same commit holds the same file; on Woodpecker the same workflows start.
  return proposalDigest(record.payload, world.run) === record.digests.payload
    ? undefined
    : 'what it would start has changed since it was shown';
}

/** Whether the rule that people were shown is no longer the one that counts. */
function hasNewRule({ policy }: Live, record: ProposalRecord): boolean {
  if (policy.blob === record.policy.blob) return false;
  const now = escalationRuleOf(policy.policy, record.type);
  return now !== undefined && canonicalJson(now) !== canonicalJson(record.rule);
}

/** The newer proposal of the very same thing in the same thread, which takes the place of this one. */
function newerThan({ proposals }: Live, record: ProposalRecord): string | undefined {
  const same = canonicalJson([record.thread, record.payload]);
  const newer = proposals.find(
    ({ record: other, decided }) =>
      other !== undefined &&
      decided === undefined &&
      other.request.comment > record.request.comment &&
      canonicalJson([other.thread, other.payload]) === same,
  );
  return newer === undefined ? undefined : `${newer.id} asks for the same`;
}

/** What people click on: byte for byte what the record says. */
function show(record: ProposalRecord): FollowChange {
  const sign = signs.proposal(record.id);
  return {
    kind: 'comment',
    repository: record.thread.repository,
    issue: record.thread.number,
    text: record.rendering.slice(0, -`\n\n${commentSign(sign)}`.length),
    sign,
    mayDecline: true,
    why: `proposal ${record.id}`,
  };
}

function decide(state: Live, decided: DecidedRecord, what: string, why: string): Change<'write-files'> {
  return {
    kind: 'write-files',
    ...state.records,
    files: [
      { path: escalationPath(decidedFolder, decided.id), content: escalationText(decided), expects: null },
    ],
    message: `escalation: ${what} ${decided.id}`,
    why,
  };
}

function end(
  state: Live,
  { id }: ProposalRecord,
  kind: (typeof endings)[number],
  why: string,
  renewed = false,
): FollowChange {
  const record: DecidedRecord = {
    version: 1,
    id,
    kind,
    why,
    renew: renewed && renewalOf(id) !== undefined,
    at: state.now,
    by: state.account.login,
  };
  return decide(state, record, kind, why);
}

/** It is carried out by whoever writes this file, and by nobody else. */
function claim(
  state: Live,
  record: ProposalRecord,
  { approvals }: Extract<ClickProof, { verdict: 'approved' }>,
): FollowChange {
  return decide(
    state,
    {
      version: 1,
      id: record.id,
      kind: 'claimed',
      // Told to what is started, and to nobody before: so nobody else can have started it.
      nonce: sha256(canonicalJson([record.id, record.digests, approvals, state.now, state.runUrl])).slice(
        0,
        32,
      ),
      approvals,
      at: state.now,
      by: state.account.login,
      run_url: state.runUrl,
    },
    'claim',
    `approved by ${approvals.map(({ login }) => login).join(', ')}`,
  );
}

/** A claimed one: done by the run that claimed it; by any other looked for. */
function carry(
  state: Live,
  seen: ProposalSeen,
  record: ProposalRecord,
  decided: Extract<DecidedRecord, { kind: 'claimed' }>,
): FollowChange[] {
  const { id } = record;
  if (seen.isClaimedNow) {
    // Looked at once more: between the claim and now somebody may have edited what people clicked on.
    const proof: ClickProof =
      seen.trouble === undefined
        ? proveClick(record, seen.facts, seen.rights, state.account)
        : { verdict: 'unknown', reason: seen.trouble };
    const why =
      proof.verdict === 'approved'
        ? whyNotNow(state, seen, record)
        : proof.verdict === 'void'
          ? proof.why
          : proof.verdict === 'unknown'
            ? proof.reason
            : proof.reasons.join('; ');
    if (why !== undefined)
      return [outcome(state, record, { kind: 'failed', answer: `nothing was done: ${why}` })];
    return [perform(state, seen, record, decided)];
  }
  const { found } = seen;
  const { trouble } = seen;
  const isPatient =
    Date.parse(state.now) - Date.parse(decided.at) < patienceMs ||
    // "Nothing is there" and "it could not be read" are two things.
    (trouble !== undefined && Date.parse(state.now) < Date.parse(record.expires));
  switch (found?.kind) {
    case 'made':
      return [
        outcome(state, record, {
          kind: 'done',
          number: found.number,
          url: found.url,
          answer: `number ${found.number} was found by its mark`,
        }),
      ];
    case 'stray': {
      const answer = `pipeline ${found.number} is of ${found.commit}, which nobody approved, so it was cancelled`;
      return [
        {
          kind: 'cancel-run',
          key: `cancel ${id}`,
          repository: record.payload.repo,
          backend: 'woodpecker-pipeline',
          run: found.number,
          why: answer,
        },
        { ...outcome(state, record, { kind: 'failed', answer }), after: [`cancel ${id}`] },
      ];
    }
    default:
      return isPatient
        ? [notice(`${id} is running: it was claimed at ${decided.at}`, trouble ?? 'the next run looks again')]
        : [
            outcome(state, record, {
              kind: 'unknown',
              answer: `it was claimed at ${decided.at}, and ${trouble === undefined ? 'nothing with its mark is found' : `what came of it could not be read: ${trouble}`}`,
            }),
          ];
  }
}

function outcomeOf(
  state: Live,
  record: ProposalRecord,
  came: { kind: OutcomeRecord['kind']; answer: string; number?: number; url?: string | null },
): OutcomeRecord {
  return {
    version: 1,
    id: record.id,
    kind: came.kind,
    number: came.number ?? null,
    url: came.url ?? null,
    answer: came.answer,
    talk: [...record.talk, { role: 'action', payload: record.payload, answer: came.answer }],
    at: state.now,
    by: state.account.login,
  };
}

function outcome(
  state: Live,
  record: ProposalRecord,
  came: Parameters<typeof outcomeOf>[2],
): Change<'write-files'> {
  return {
    kind: 'write-files',
    ...state.records,
    files: [
      {
        path: escalationPath(outcomeFolder, record.id),
        content: escalationText(outcomeOf(state, record, came)),
        expects: null,
      },
    ],
    message: `escalation: ${came.kind} ${record.id}`,
    why: came.answer,
  };
}

/** The record's payload, and nothing else. */
function perform(
  state: Live,
  { world }: ProposalSeen,
  record: ProposalRecord,
  { approvals, nonce }: Extract<DecidedRecord, { kind: 'claimed' }>,
): FollowChange {
  const by = approvals.map(({ login }) => login);
  return {
    kind: 'carry-out',
    act: actOf(state, record, { by, nonce, labels: world?.labels ?? [] }),
    record: {
      ...state.records,
      path: escalationPath(outcomeFolder, record.id),
      content: outcomeOf(state, record, { kind: 'unknown', answer: '' }),
    },
    why: `approved by ${by.join(', ')}`,
  };
}

function actOf(
  state: Live,
  record: ProposalRecord,
  { by, nonce, labels }: { by: string[]; nonce: string; labels: { id: number; name: string }[] },
): Change<'carry-out'>['act'] {
  const { payload, run } = record;
  switch (payload.type) {
    case 'issue-create': {
      const { type, repo: repository, title } = payload;
      return { type, repository, title, body: createdBody({ ...record, payload }, by), labels };
    }
    case 'pr-create': {
      const { type, repo: repository, title, head, base } = payload;
      return { type, repository, head, base, title, body: createdBody({ ...record, payload }, by) };
    }
    case 'ci-run': {
      const { type, repo: repository, inputs } = payload;
      if (run?.backend === 'forgejo-workflow' && payload.workflow !== null)
        return {
          type,
          repository,
          workflow: payload.workflow,
          commit: run.commit,
          inputs: run.takesNonce ? { ...inputs, nonce } : inputs,
        };
      // Its record was checked against what is there, and has what it starts.
      if (run?.backend !== 'woodpecker-pipeline')
        throw new Error(`${record.id} says of no run what it starts`);
      return {
        type: 'pipeline',
        repository,
        branch: payload.branch,
        commit: run.commit,
        variables: variablesOf(inputs, nonce),
        server: state.woodpecker,
      };
    }
  }
}

/** A new proposal in place of one that somebody's edit made void: the same payload, as it would run now. */
function renew(state: Live, record: ProposalRecord, decided: DecidedRecord): FollowChange[] {
  const id = decided.kind !== 'claimed' && decided.renew ? renewalOf(record.id) : undefined;
  if (id === undefined || state.known.includes(id)) return [];
  const renewed = recordOf(state, { ...record, id, renews: record.id, expires: record.expires });
  return renewed === undefined ? [] : [writeProposal(state, renewed, null)];
}

/** One reply in the thread, and then nothing of it is looked at any more. */
function tell(
  state: Live,
  record: ProposalRecord,
  decided: DecidedRecord,
  came: OutcomeRecord | undefined,
  /** What follows from its end: without it nothing would ever look at it again. */
  after: string[] = [],
): FollowChange[] {
  const key = `end ${record.id}`;
  return [
    {
      kind: 'comment',
      key,
      repository: record.thread.repository,
      issue: record.thread.number,
      text: endText(record, decided, came),
      sign: signs.end(record.id),
      mayDecline: true,
      mayBeGone: true,
      why: decided.kind === 'claimed' ? (came?.answer ?? '') : decided.why,
    },
    told(state, record.id, [key, ...after]),
  ];
}
