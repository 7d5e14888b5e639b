import { ownerOf } from '../../core/accounts.ts';
import { momentOf, nameOf, repositoryOf, runRecordPath } from '../../core/agent/entry.ts';
import { type AgentOutcome, refusedKey, sessionKey } from '../../core/agent/outcome.ts';
import { recordFile } from '../../core/agent/provenance/sign.ts';
import { type RunRecord, runRecordText } from '../../core/agent/run-record.ts';
import { besideRef, refusedRef, sessionRef } from '../../core/agent/work/kept-refs.ts';
import type { Change } from '../../core/change.ts';
import type { Claim } from '../../core/changes/fields.ts';
import { claimOf, endOf, freezeOf, settle } from './ending.ts';
import { labelling, unlabelling } from './labels.ts';
import type { AgentSettings } from './settings.ts';
import type { LookingState, Mine } from './state.ts';
import { goneOf, handedRefsGone, takenUp } from './steps.ts';
import { commentText, endText, pullBody, pullTitle, runKey, type Unpushed } from './text.ts';
import { mergeOf } from './wake.ts';

type FinishChange = Change<
  | 'keep'
  | 'take-up'
  | 'delete-ref'
  | 'write-files'
  | 'push-commit'
  | 'fork'
  | 'open-pull'
  | 'request-review'
  | 'set-status'
  | 'comment'
  | 'create-label'
  | 'add-labels'
  | 'remove-label'
>;

/**
 * What is missing until a run's work is with the people it is for, and then the end of its entry. Right from every half-done
 * state: the record is written first, and holds all that the rest is made of.
 */
export function finish(settings: AgentSettings, state: LookingState, mine: Mine): FinishChange[] {
  const record = mine.record ?? recordOf(settings, state, mine, mine.outcome);
  if (record === undefined) return [close(state, mine, 'cut off before its work was kept', null)];
  const { entry } = mine;
  const claim = claimOf(state.stateRepo, entry);
  const written: FinishChange[] =
    mine.record !== null
      ? []
      : [
          ...keepRefused(state, mine, record, claim),
          ...keepSession(state, mine, claim),
          {
            kind: 'write-files',
            key: 'record',
            repository: state.stateRepo.repository,
            branch: state.stateRepo.branch,
            files: [
              {
                path: runRecordPath(nameOf(entry), entry.rounds, entry.lease.id),
                content: recordFile(record, settings['provenance-key']),
                clear: runRecordText(record),
                expects: null,
              },
            ],
            message: `${record.repository}#${record.issue}: record of round ${record.round}`,
            why: 'what came of it is kept',
          },
        ];
  const told = toldOf(settings, mine, record, claim);
  const missing = [...written, ...told];
  // What nothing needs any more may be gone: a run may have been cut off after it deleted it, and before the end of the entry.
  const elsewhere = takenUp(state, mine, claim).filter(({ as }) =>
    missing.some((change) => change.kind === 'push-commit' && change.from === as),
  );
  if (elsewhere.length > 0) return elsewhere;
  return missing.length > 0
    ? missing
    : [...handedRefsGone(state, mine, claim), close(state, mine, endText(record), record)];
}

/** What is still to be said of a run. One that was called off is nobody's business any more, but its label goes. */
function toldOf(settings: AgentSettings, mine: Mine, record: RunRecord, held: Claim): FinishChange[] {
  switch (record.end.how) {
    case 'claim-lost':
      return [];
    case 'called-off':
      return mine.declined.includes('remove-label')
        ? []
        : unlabelling(mine.candidate, [settings['progress-label']], {
            held,
            why: 'no agent works on it any more',
          });
    default:
      return tell(settings, mine, record, held);
  }
}

/** What people are to see of it, as far as it is not there yet. */
function tell(settings: AgentSettings, mine: Mine, record: RunRecord, held: Claim): FinishChange[] {
  const { candidate, home, fork, branch, branchAt, pull, declined, done } = mine;
  const { repository, number } = candidate;
  const changes: FinishChange[] = [];
  const { work } = record;
  const isProposed = work.kind === 'work' && record.signal?.status !== 'underspecified';
  const isPushed = isProposed && branchAt === work.commit;
  // What was not pushed before the run was cut off is nowhere any more.
  const canPush = mine.outcome?.work.kind === 'work';
  if (isProposed && pull === null) {
    if (!isPushed && canPush) {
      if (fork === 'missing')
        changes.push({
          kind: 'fork',
          key: 'fork',
          repository,
          fork: home,
          held,
          why: 'work is proposed from a fork',
        });
      changes.push({
        ...pushOf(mine, work.commit, held),
        expects: branchAt,
        ...(fork === 'missing' ? { after: ['fork'] } : {}),
      });
    }
    // Nothing is left between the branch and the base: somebody has merged the same already.
    if ((isPushed || canPush) && !mine.stale.includes('open-pull')) {
      changes.push({
        kind: 'open-pull',
        key: `pull ${branch}`,
        repository,
        base: candidate.defaultBranch,
        head: fork === 'not-needed' ? branch : `${ownerOf(home)}:${branch}`,
        title: pullTitle(record.agent, candidate.title),
        body: pullBody(settings, { record, candidate }),
        held,
        ...(isPushed ? {} : { after: ['push'] }),
        why: 'a person has to review it',
      });
    }
  }
  if (isProposed && pull !== null && isLater(mine) && !isPushed && canPush) {
    const unpushed = whyUnpushed(mine, record);
    if (unpushed === null) changes.push({ ...pushOf(mine, work.commit, held), expects: record.base.commit });
    // Commits of people stay where they are; what was made beside them is kept, and told.
    else if (!mine.done.includes('beside'))
      changes.push({
        ...pushOf(mine, work.commit, held),
        key: 'beside',
        ref: besideRef(number, record.round),
        expects: 'any',
        why:
          unpushed === 'moved'
            ? 'somebody else pushed to the branch meanwhile'
            : 'its pull request was closed meanwhile',
      });
  }
  if (isProposed && pull !== null && pull.isOpen && (isPushed || !isLater(mine))) {
    const reviewer = record.given_by;
    if (
      reviewer !== null &&
      !done.includes('request-review') &&
      !declined.includes('request-review') &&
      record.lease === mine.entry.lease.id
    )
      changes.push({
        kind: 'request-review',
        repository,
        pull: pull.number,
        reviewer,
        mayDecline: true,
        held,
        why: 'gave the issue to the agent',
      });
    if (candidate.mayPush && record.checks.length > 0 && !done.includes('set-status'))
      changes.push({
        kind: 'set-status',
        repository,
        commit: work.commit,
        context: 'forgecrew/agent-checks',
        state: record.checks.every(({ code }) => code === 0) ? 'success' : 'failure',
        description: 'what the manifest of the agent checks',
        held,
        why: 'seen beside the pull request',
      });
  }
  const comment = commentText(record, {
    isLater: isLater(mine),
    unpushed: whyUnpushed(mine, record),
  });
  if (comment !== null && !mine.said.includes(comment.sign) && !declined.includes('comment'))
    changes.push({
      kind: 'comment',
      repository,
      issue: isLater(mine) && pull?.isOpen === true ? pull.number : number,
      ...comment,
      mayDecline: true,
      held,
      why: endText(record),
    });
  if (!declined.some((kind) => kind.endsWith('label') || kind.endsWith('labels'))) {
    const [add, off] = labelsAfter(settings, record);
    changes.push(
      ...labelling(candidate, add, { held, why: endText(record) }),
      ...unlabelling(candidate, off, { held, why: 'no agent works on it any more' }),
    );
  }
  return changes;
}

/** Whether the round is of an agent that had a pull request before. */
function isLater({ entry }: Pick<Mine, 'entry'>): boolean {
  return entry.pr_number !== null;
}

/** Why the work of a later round does not go to its branch; `null` where it does, and where there is none. */
function whyUnpushed(
  { branchAt, entry, outcome, pull }: Pick<Mine, 'branchAt' | 'entry' | 'outcome' | 'pull'>,
  { work, base }: RunRecord,
): Unpushed | null {
  if (!isLater({ entry }) || outcome?.work.kind !== 'work' || work.kind !== 'work') return null;
  if (branchAt === work.commit) return null;
  // What is pushed to the branch of one that is closed nobody reviews, and a merge takes that branch away.
  if (pull?.isOpen === false) return 'closed';
  return branchAt === base.commit ? null : 'moved';
}

function pushOf(
  { home, branch }: Pick<Mine, 'home' | 'branch'>,
  commit: string,
  held: Claim,
): Omit<Change<'push-commit'>, 'expects'> {
  return {
    kind: 'push-commit',
    key: 'push',
    repository: home,
    ref: `refs/heads/${branch}`,
    commit,
    from: runKey,
    held,
    why: 'the work of the agent',
  };
}

function labelsAfter(settings: AgentSettings, { signal, work }: RunRecord): [add: string[], off: string[]] {
  const off = [settings['progress-label']];
  if (signal?.status === 'underspecified') return [[settings['underspecified-label']], off];
  if (signal?.status === 'needs_person' || work.kind === 'refused') return [[settings['blocked-label']], off];
  return [[], off];
}

/** Refused work, as a file in a commit of its own, at a ref of the state repo. */
function keepRefused(
  state: LookingState,
  { outcome }: Mine,
  { work }: RunRecord,
  held: Claim,
): FinishChange[] {
  if (
    outcome?.work.kind !== 'refused' ||
    work.kind !== 'refused' ||
    work.commit === null ||
    work.ref === null
  )
    return [];
  return [
    {
      kind: 'push-commit',
      key: 'kept',
      repository: state.stateRepo.repository,
      ref: work.ref,
      commit: work.commit,
      expects: null,
      from: refusedKey(runKey),
      held,
      why: 'refused work is kept',
    },
  ];
}

/** What its agent remembers takes the place of what it remembered before. */
function keepSession(state: LookingState, { outcome, candidate, entry }: Mine, held: Claim): FinishChange[] {
  if (outcome?.kept.kind !== 'session') return [];
  return [
    {
      kind: 'push-commit',
      key: 'session',
      repository: state.stateRepo.repository,
      ref: sessionRef(candidate.repository, entry.issue_number),
      commit: outcome.kept.commit,
      expects: 'any',
      from: sessionKey(runKey),
      held,
      why: 'its agent goes on with it when people answer',
    },
  ];
}

/**
 * The end of an entry whose work was followed to its end: its agent is frozen, unless nothing can come that it would be woken
 * for.
 */
function close(state: LookingState, mine: Mine, why: string, record: RunRecord | null): FinishChange {
  const { entry, pull, candidate } = mine;
  // Of a run that was cut off after its record as well: the entry has only what earlier ones cost.
  const { over: costs, beside } = settle(
    entry,
    state.now,
    record === null ? undefined : (record.models?.cost ?? null),
  );
  const rested = momentOf(candidate.updatedAt);
  const isWorked = record !== null && !['called-off', 'claim-lost', 'not-started'].includes(record.end.how);
  const over = {
    why,
    pr_number: pull?.number ?? entry.pr_number,
    ended_at: state.now,
    ...(rested === undefined ? {} : { rested_at: rested }),
    ...costs,
  };
  if (!isWorked && entry.heard === undefined)
    return endOf(state.stateRepo, mine, over, 'its work is over', beside, goneOf(mine));
  const heard = entry.heard ?? [];
  const missed = record !== null && whyUnpushed(mine, record) !== null ? record.round : null;
  return freezeOf(
    state.stateRepo,
    mine,
    {
      ...over,
      session: isWorked ? record.session : (entry.session ?? null),
      // What a round was told that did not take place is told to the next one.
      heard: isWorked ? [...new Set([...heard, ...(entry.hearing ?? [])])] : heard,
      hearing: [],
      asked: isWorked ? null : (entry.asked ?? null),
      // A round that did not take place has not done its part of before again either.
      unpushed: !isWorked ? (entry.unpushed ?? null) : missed,
      head:
        record?.work.kind === 'work' && mine.branchAt === record.work.commit
          ? record.work.commit
          : (entry.head ?? null),
    },
    'its agent is frozen until somebody answers',
    beside,
    goneOf(mine),
  );
}

/** The record of a run that ended just now; undefined where none ended. */
export function recordOf(
  settings: Pick<AgentSettings, 'ops-repo'>,
  state: Pick<LookingState, 'runUrl'>,
  mine: Pick<Mine, 'entry' | 'candidate' | 'declared' | 'agent' | 'previous' | 'branch'>,
  outcome: AgentOutcome | null,
): RunRecord | undefined {
  if (outcome === null) return undefined;
  const { entry, candidate, declared, agent } = mine;
  const { models, work } = outcome;
  // Before its first end nobody was told anything yet.
  const news = entry.heard === undefined ? [] : (candidate.talk?.news ?? []);
  const repository = repositoryOf(entry);
  return {
    version: 1,
    repository,
    issue: entry.issue_number,
    round: entry.rounds,
    lease: entry.lease.id,
    previous: mine.previous,
    agent: agent.name,
    profile: agent.profile,
    manifest: {
      repository: settings['ops-repo'],
      file: declared.file,
      blob: declared.blob,
      prompt: declared.promptFile,
    },
    given_by: candidate.labelled?.login ?? null,
    member: candidate.membership.kind === 'member' ? candidate.membership.login : null,
    base: {
      // A later round begins where the work stands that is reviewed, on the agent's own branch.
      branch: candidate.talk?.pull == null ? candidate.defaultBranch : mine.branch,
      commit: candidate.base,
      merged: mergeOf(candidate.talk),
    },
    woken_by: news.map(({ title }) => title),
    resumed: outcome.isResumed,
    session: outcome.kept.kind === 'session' ? outcome.kept.note : null,
    engine: { name: agent.engine, version: outcome.engineVersion },
    model: agent.model,
    isolation: { level: outcome.isolation, network: outcome.network, keeps_not_out: outcome.gaps },
    started_at: outcome.startedAt,
    ended_at: outcome.endedAt,
    end: { how: outcome.end, why: outcome.why, code: outcome.exitCode, signal: outcome.exitSignal },
    signal: outcome.signal,
    work:
      work.kind === 'refused'
        ? {
            ...work,
            ref: work.commit === null ? null : refusedRef(repository, entry.issue_number, entry.rounds),
          }
        : work.kind === 'work'
          ? { ...work, branch: mine.branch }
          : work,
    secrets_searched: outcome.searched,
    checks: outcome.checks,
    models:
      models === null
        ? null
        : {
            calls: models.calls,
            input_tokens: models.inputTokens,
            output_tokens: models.outputTokens,
            cost: models.cost,
            reached_limit: models.reachedLimit,
            refused: models.refused,
          },
    egress: outcome.egress,
    operations: outcome.operations,
    git_user: entry.agent_git_user,
    run_url: state.runUrl,
  };
}
