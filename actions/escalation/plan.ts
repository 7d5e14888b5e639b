import type { Change } from '../../core/change.ts';
import {
  type AnswerRecord,
  answerFolder,
  dayOf,
  escalationPath,
  escalationText,
  proposalId,
  saidText,
} from '../../core/escalation/record.ts';
import type { ModelAnswer } from '../../core/model.ts';
import { conversationsOf, isWrite, keep, notice, refuse, refuseFor } from '../../core/plan.ts';
import { ask } from './asking.ts';
import { follow, isClaim, recordedIn } from './follow.ts';
import { proposeAll } from './proposing.ts';
import type {
  AnswerSeen,
  EscalationSettings,
  EscalationState,
  Live,
  OfferSeen,
  RequestSeen,
  Thread,
} from './state.ts';
import {
  answerText,
  editedText,
  mayNotText,
  offerText,
  refusedLine,
  requestKey,
  signs,
  threadName,
  toldKeys,
} from './text.ts';
import { told } from './told.ts';

/** The kinds of change this role may plan. What people approved is the one that does something beyond words and records. */
export const changes = [
  'keep',
  'refuse',
  'ask-model',
  'comment',
  'react',
  'write-files',
  'carry-out',
  'cancel-run',
] as const;
export type EscalationChange = Change<(typeof changes)[number]>;

/**
 * Each proposal, answer and request goes its own way, one step at a time: what is written down comes first, and what follows from
 * it in the next look, when it stands there. One question to a model at a time, so that what it cost is known before the next.
 */
export function plan(settings: EscalationSettings, state: EscalationState): EscalationChange[] {
  if (state.kind === 'inert') return [keep(state.why)];
  if (state.kind === 'unready') return state.faults.map(refuse);
  const all = [
    ...state.damaged.map((file) =>
      refuseFor(
        file,
        `it cannot be read: what stands in ${state.records.repository} is not what ${state.account.login} writes. What it answers is not asked again; find out who did that`,
      ),
    ),
    ...follow(state),
    ...state.answers.flatMap((answer) => tellAnswer(settings, state, answer)),
    ...state.offers.flatMap((offer) => takeUp(settings, state, offer)),
    ...state.requests.flatMap((request) => hear(settings, state, request)),
  ];
  const open = oneClaim(onePerThread(oneQuestion(all)).filter((change) => !isClosed(state, change)));
  const shut = state.closedToUs.map((name) =>
    notice(`${name} is left aside: the forge does not let this account write there`),
  );
  return open.length + shut.length === 0 ? [keep(idleText(state))] : [...open, ...shut];
}

function idleText({ proposals, policy }: Live): string {
  const waiting =
    proposals.length === 0
      ? 'nobody asked, and no proposal waits'
      : `${proposals.length} proposals wait for a click`;
  return policy.blob === null ? `${waiting}; there is no policy, so nothing may be proposed` : waiting;
}

/**
 * A claim alone, and what was claimed first of all: whatever fails beside it would end the run in between, and what was approved
 * would be left to a person. Before a claim and all else what a model has answered goes on record: it is paid for.
 */
function oneClaim(all: EscalationChange[]): EscalationChange[] {
  const claim = all.find(isClaim);
  const said = all.filter((change) => !isWrite(change));
  if (all.some(({ kind }) => kind === 'carry-out'))
    return [...all.filter(({ kind }) => kind === 'carry-out'), ...said];
  const paid = all.filter(isAnswer);
  if (claim === undefined) return [...paid, ...all.filter((change) => !isAnswer(change))];
  return paid.length > 0 ? [...paid, ...said] : [claim, ...said];
}

/** Whether a change puts on record what a model has answered. */
function isAnswer(change: EscalationChange): boolean {
  return recordedIn(answerFolder, change).length > 0;
}

/** The first question to a model, and whatever asks none. */
function oneQuestion(all: EscalationChange[]): EscalationChange[] {
  const first = all.findIndex(({ kind }) => kind === 'ask-model');
  return all.filter(({ kind }, index) => kind !== 'ask-model' || index === first);
}

/** A note with one sign is planned once, however many requests ask for it. */
function onePerThread(all: EscalationChange[]): EscalationChange[] {
  const seen = new Set<string>();
  return all.filter((change) => {
    if (change.kind !== 'comment') return true;
    const name = `${change.repository}#${change.issue} ${change.sign}`;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/** Where the forge lets us write nothing, nothing is tried again in this run. */
function isClosed({ closedToUs }: Live, change: EscalationChange): boolean {
  return (
    isWrite(change) &&
    'repository' in change &&
    conversationsOf(change).some((number) =>
      closedToUs.includes(threadName({ repository: change.repository, number })),
    )
  );
}

function hear(settings: EscalationSettings, state: Live, request: RequestSeen): EscalationChange[] {
  const { comment, asker, mayAsk, thread } = request;
  if (!mayAsk)
    return [
      {
        ...say(
          thread,
          mayNotText(asker.login, thread.repository),
          signs.mayNot(asker.login),
          `${asker.login} may not ask`,
        ),
        key: `note ${comment.id}`,
      },
      told(state, toldKeys.mayNot(asker.id), [`note ${comment.id}`]),
    ];
  // Whoever may write may edit anybody's comment: what it says now may be another's word.
  if (comment.created_at !== comment.updated_at)
    return [
      {
        ...say(thread, editedText(settings.trigger), signs.edited(comment.id), 'the request was edited'),
        key: `note ${comment.id}`,
      },
      told(state, toldKeys.answer(comment.id), [`note ${comment.id}`]),
    ];
  const answer = state.said[requestKey(comment.id)];
  if (answer !== undefined) return [record(state, request, answer)];
  return ask(settings, state, request);
}

/** What the model answered goes on record before anybody reads it: so it is asked once, and everybody posts the same. */
function record(
  state: Live,
  { thread, comment, asker }: RequestSeen,
  { text, use }: ModelAnswer,
): EscalationChange {
  const answer: AnswerRecord = {
    version: 1,
    thread,
    request: { comment: comment.id, asker, at: comment.created_at },
    engine: use.engine,
    model: use.model,
    input_tokens: use.inputTokens,
    output_tokens: use.outputTokens,
    cost: use.cost,
    talk: [
      { role: 'user', by: asker.login, text: saidText('user', comment.body) },
      { role: 'assistant', by: use.model, text: saidText('assistant', text) },
    ],
    at: state.now,
    by: state.account.login,
  };
  return {
    kind: 'write-files',
    ...state.records,
    files: [
      {
        path: escalationPath(`${answerFolder}/${dayOf(comment.created_at)}`, String(comment.id)),
        content: escalationText(answer),
        expects: null,
      },
    ],
    message: `escalation: answer ${comment.id}`,
    why: `${asker.login} asked in ${threadName(thread)}`,
  };
}

/** An answer, once all of its proposals are on record. */
function tellAnswer(
  settings: EscalationSettings,
  state: Live,
  { record: answer, actions }: AnswerSeen,
): EscalationChange[] {
  const { thread, request, talk } = answer;
  const { records, lines } = proposeAll(settings, state, {
    thread,
    request: { comment: request.comment, asker: request.asker, proposer: null },
    talk,
    at: request.at,
    actions,
  });
  const key = `answer ${request.comment}`;
  return [
    ...records,
    {
      ...say(
        thread,
        answerText(answer, lines),
        signs.answer(request.comment),
        `${request.asker.login} asked`,
      ),
      key,
      after: records.flatMap((change) => (change.key === undefined ? [] : [change.key])),
    },
    told(state, toldKeys.answer(request.comment), [key]),
  ];
}

/** A comment of an account that may propose: what it holds is recorded and rendered anew. */
function takeUp(settings: EscalationSettings, state: Live, offer: OfferSeen): EscalationChange[] {
  const { thread, comment, proposer, asker, actions } = offer;
  const key = `offer ${comment.id}`;
  const why =
    comment.created_at !== comment.updated_at
      ? 'the comment was edited'
      : asker === undefined
        ? `nobody set a label that begins with ${settings['agent-label']}, so nobody asked for it`
        : isOneTooMany(settings, state, comment.id)
          ? `as many comments as a day may have (${settings['answers-per-day']}) proposed something today`
          : undefined;
  const { records, lines } =
    why !== undefined || asker === undefined
      ? { records: [], lines: [refusedLine('all', why ?? '')] }
      : proposeAll(settings, state, {
          thread,
          request: { comment: comment.id, asker, proposer },
          talk: [{ role: 'assistant', by: proposer.login, text: saidText('assistant', comment.body) }],
          at: comment.created_at,
          actions,
        });
  return [
    ...records,
    {
      ...say(thread, offerText(lines), signs.offer(comment.id), `${proposer.login} proposed`),
      key,
      after: records.flatMap((change) => (change.key === undefined ? [] : [change.key])),
    },
    told(state, toldKeys.offer(comment.id), [key]),
  ];
}

/** Whether comments enough of this day hold proposals already: a program that goes wild is not to fill threads. */
function isOneTooMany(settings: EscalationSettings, { known, now }: Live, comment: number): boolean {
  const [today] = proposalId({ comment, at: now }, 1).split('-');
  const others = new Set(known.filter((id) => id.startsWith(`${today}-`)).map((id) => id.split('-')[1]));
  return !others.has(String(comment)) && others.size >= settings['answers-per-day'];
}

function say({ repository, number }: Thread, text: string, sign: string, why: string): Change<'comment'> {
  return {
    kind: 'comment',
    repository,
    issue: number,
    text,
    sign,
    mayDecline: true,
    mayBeGone: true,
    why,
  };
}
