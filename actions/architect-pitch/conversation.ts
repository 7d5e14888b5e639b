import type { Change } from '../../core/change.ts';
import { keep, notice } from '../../core/plan.ts';
import { type AcceptedChange, askQuestions, settleForks } from './accepted.ts';
import { commentOnce } from './comments.ts';
import { decisionOn, firstIgnored } from './decision.ts';
import { forksIn } from './forks.ts';
import type { Live, OpenPitch, PitchSettings } from './state.ts';
import { footer, ignoredText, rejectedText, signs } from './text.ts';

// What follows from what people wrote on one open pitch: pure. Where a pitch stands is read from its document on the
// branch and from our own comments, never from a memory of ours.

type TalkChange = AcceptedChange | Change<'close-issue' | 'delete-branch'>;

/** What follows from an open pitch as it stands. */
export function converse(settings: PitchSettings, state: Live, pitch: OpenPitch): TalkChange[] {
  const decision = decisionOn(state, pitch);
  if (decision.kind === 'declined') return declined(state, pitch, decision);
  const notes = [
    ...commentOnce(state, pitch, { sign: signs.footer, text: footer }),
    ...notCounted(state, pitch),
  ];
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
  const forks = forksIn(document.text);
  if (forks !== undefined) return [...notes, ...settleForks(settings, state, pitch, document, forks)];
  if (decision.kind === 'none') return [...notes, keep(`${name} waits for ACCEPT or REJECT`)];
  return [...notes, ...askQuestions(settings, state, pitch, document)];
}

/** Answered, closed, and its branch taken away, in this order: a run that is cut off leaves no branch that nobody explains. */
function declined(
  { ground: { repository } }: Live,
  { pull, home }: OpenPitch,
  decision: { reason: string; comment: number },
): TalkChange[] {
  const { number } = pull;
  const why = 'it was declined by somebody who may decide';
  const steps: TalkChange[] = [
    {
      kind: 'comment',
      key: `declined #${number}`,
      repository,
      issue: number,
      text: rejectedText(decision.reason),
      sign: signs.rejected(decision.comment),
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

/** A word that looks like a decision and is none is answered once per pitch. */
function notCounted(state: Live, pitch: OpenPitch): TalkChange[] {
  const ignored = firstIgnored(state, pitch);
  if (ignored === undefined) return [];
  const { word, login, why } = ignored;
  const text = ignoredText(word, login, why, state.ground.repository);
  return commentOnce(state, pitch, { sign: signs.ignored, text });
}
