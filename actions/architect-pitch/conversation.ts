import type { Change } from '../../core/change.ts';
import { ownComments } from '../../core/own-comment.ts';
import { keep, notice } from '../../core/plan.ts';
import { type AcceptedChange, askQuestions, settleForks } from './accepted.ts';
import { commentOnce } from './comments.ts';
import { decisionOn, firstIgnored } from './decision.ts';
import { forksIn } from './forks.ts';
import type { Live, OpenPitch, PitchSettings } from './state.ts';
import { footerComment, footerText, ignoredText, rejectedText, signs } from './text.ts';

// What follows from what people wrote on one open pitch: pure. Where a pitch stands is read from its document on the
// branch and from our own comments, never from a memory of ours.

type TalkChange = AcceptedChange | Change<'close-issue' | 'delete-branch' | 'update-comment'>;

/** What follows from an open pitch as it stands. */
export function converse(settings: PitchSettings, state: Live, pitch: OpenPitch): TalkChange[] {
  const decision = decisionOn(state, pitch);
  if (decision.kind === 'declined') return declined(state, pitch, decision);
  const notes = [...howToDecide(state, pitch), ...notCounted(state, pitch)];
  const { document } = pitch;
  const name = `pitch #${pitch.pull.number}`;
  if (document.kind === 'not-yet')
    return [
      ...notes,
      notice(
        `what ${name} holds could not be found out: the forge lists ${document.path} and does not have it at its head`,
        'the next run looks again',
      ),
    ];
  if (document.kind === 'none')
    return [...notes, notice(`${name} ${document.why}: only a word that declines it is heard`)];
  const forks = document.kind === 'unread' ? undefined : forksIn(document.text);
  if (document.kind === 'one' && forks !== undefined)
    return [...notes, ...settleForks(settings, state, pitch, document, forks)];
  if (decision.kind === 'none' || document.kind === 'unread')
    return [
      ...notes,
      keep(`${name} waits for ${state.byVerdict ? 'a reaction or a review' : 'ACCEPT or REJECT'}`),
    ];
  return [...notes, ...askQuestions(settings, state, pitch, document)];
}

/** Answered, closed, and its branch taken away, in this order: a run that is cut off leaves no branch that nobody explains. */
function declined(
  { ground: { repository }, byVerdict }: Live,
  { pull, home }: OpenPitch,
  decision: { reason: string; by: string },
): TalkChange[] {
  const { number } = pull;
  const why = 'it was declined by somebody who may decide';
  const steps: TalkChange[] = [
    {
      kind: 'comment',
      key: `declined #${number}`,
      repository,
      issue: number,
      text: rejectedText(decision.reason, { byVerdict }),
      sign: signs.rejected(decision.by),
      mayDecline: true,
      why,
    },
    {
      kind: 'close-issue',
      key: `closed #${number}`,
      repository,
      issue: number,
      after: [`declined #${number}`],
      why,
    },
  ];
  if (home !== undefined)
    steps.push({
      kind: 'delete-branch',
      repository: home,
      branch: pull.head.label,
      after: [`closed #${number}`],
      why,
    });
  return steps;
}

/** The comment that says how to decide, as we write it now: what somebody made of it says something else in our name. */
function howToDecide(state: Live, pitch: OpenPitch): TalkChange[] {
  const text = footerText(state);
  const [first] = ownComments(pitch.comments, state.account, signs.footer);
  if (first === undefined) return commentOnce(state, pitch, { sign: signs.footer, text });
  if (first.body === footerComment(state)) return [];
  return [
    {
      kind: 'update-comment',
      repository: state.ground.repository,
      issue: pitch.pull.number,
      id: first.id,
      text,
      sign: signs.footer,
      mayDecline: true,
      why: 'it does not say how to decide as we say it',
    },
  ];
}

/** A word that looks like a decision and is none is answered once per pitch. */
function notCounted(state: Live, pitch: OpenPitch): TalkChange[] {
  const ignored = firstIgnored(state, pitch);
  if (ignored === undefined) return [];
  const { word, login, why } = ignored;
  const text = ignoredText(word, login, why, state.ground.repository);
  return commentOnce(state, pitch, { sign: signs.ignored, text });
}
