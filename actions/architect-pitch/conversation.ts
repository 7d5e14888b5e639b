import type { Change } from '../../core/change.ts';
import type { Comment } from '../../core/forge/comments.ts';
import { commentSign } from '../../core/own-comment.ts';
import { keep, notice } from '../../core/plan.ts';
import { visible } from '../../core/text/inert.ts';
import { sectionIn, withSection } from '../../core/text/sections.ts';
import { ask } from './asking.ts';
import { blockBegin, blockEnd, blockText, readBlock } from './document.ts';
import {
  answersIn,
  digestOfAnswers,
  type Fork,
  type Forks,
  forksBegin,
  forksEnd,
  forksIn,
  forksText,
  readQuestions,
} from './forks.ts';
import type { PitchSeen, PitchSettings, PitchState } from './read.ts';
import {
  bodySections,
  footer,
  ignoredText,
  isOurBody,
  questionsText,
  readyText,
  rejectedText,
  signs,
  usesText,
} from './text.ts';

// What is said on one open pitch, and what follows from it: pure. Where a pitch stands is told by its document on the
// branch and by our own comments, never by a memory of ours.

type TalkChange = Change<
  | 'keep'
  | 'refuse'
  | 'ask-model'
  | 'comment'
  | 'update-sections'
  | 'write-files'
  | 'close-issue'
  | 'delete-branch'
>;

/** A word that decides, as the first line of a comment. */
type Command = { word: 'ACCEPT' } | { word: 'PITCH AGAIN' } | { word: 'REJECT'; reason: string };

export function commandIn(comment: string): Command | undefined {
  const first = (visible(comment).split('\n')[0] ?? '').trim();
  if (first === 'ACCEPT' || first === 'PITCH AGAIN') return { word: first };
  const reason = /^REJECT:\s*(.*)$/.exec(first)?.[1];
  return reason === undefined ? undefined : { word: 'REJECT', reason };
}

/** Whether somebody may decide: one of the deciders, and never the account that wrote the pitch. */
export function mayDecide(state: PitchState, user: Comment['user']): boolean {
  if (user == null || user.id === state.account?.id) return false;
  return state.deciders.some((login) => login.toLowerCase() === user.login.toLowerCase());
}

/** Written by somebody who may decide, and as it was written. */
export function counts(state: PitchState, comment: Comment): boolean {
  return mayDecide(state, comment.user) && comment.created_at === comment.updated_at;
}

/** The one of our comments that has this sign. */
export function ourComment(state: PitchState, { comments }: PitchSeen, sign: string): Comment | undefined {
  return comments.find(
    ({ user, body }) => user?.id === state.account?.id && body.includes(commentSign(sign)),
  );
}

/** What follows from an open pitch as it stands. */
export function converse(settings: PitchSettings, state: PitchState, pitch: PitchSeen): TalkChange[] {
  const decision = decisionOn(state, pitch);
  if (decision?.word === 'REJECT') return declined(state, pitch, decision);
  const notes = [...said(state, pitch, signs.footer, footer), ...notCounted(state, pitch)];
  const { document } = pitch;
  const name = `pitch #${pitch.pull.number}`;
  if (document === null)
    return [
      ...notes,
      notice(`${name} does not hold exactly one document below ${settings.sprints}/: only REJECT is heard`),
    ];
  const forks = forksIn(document.text);
  if (forks === undefined) {
    if (decision === undefined) return [...notes, keep(`${name} waits for ACCEPT or REJECT`)];
    return [...notes, ...askQuestions(settings, state, pitch, document)];
  }
  return [...notes, ...follow(settings, state, pitch, document, forks)];
}

interface Document {
  path: string;
  text: string;
  sha: string;
}

/** The last word of somebody who may decide; an approval accepts, unless a comment said otherwise. */
function decisionOn(
  state: PitchState,
  pitch: PitchSeen,
): { word: 'ACCEPT' } | { word: 'REJECT'; reason: string; comment: number } | undefined {
  const last = pitch.comments
    .flatMap((comment) => {
      const command = counts(state, comment) ? commandIn(comment.body) : undefined;
      return command === undefined || command.word === 'PITCH AGAIN' ? [] : [{ comment, command }];
    })
    .at(-1);
  const approved = pitch.reviews.some(
    (review) => review.state === 'APPROVED' && !review.dismissed && mayDecide(state, review.user),
  );
  // Somebody reopened it after we had closed it for this very word: then the word has had its effect.
  const isOver = last !== undefined && pitch.reopenedAfter.includes(last.comment.id);
  if (last?.command.word === 'REJECT' && !isOver)
    return { word: 'REJECT', reason: last.command.reason, comment: last.comment.id };
  return last?.command.word === 'ACCEPT' || approved ? { word: 'ACCEPT' } : undefined;
}

function declined(
  state: PitchState,
  pitch: PitchSeen,
  decision: { reason: string; comment: number },
): TalkChange[] {
  const { repository } = state.ground;
  const { number } = pitch.pull;
  const why = 'it was declined by somebody who may decide';
  return [
    {
      kind: 'comment',
      key: `declined #${number}`,
      repository,
      issue: number,
      text: rejectedText(decision.reason),
      sign: signs.rejected(decision.comment),
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
    ...(pitch.home === null
      ? []
      : [
          {
            kind: 'delete-branch' as const,
            repository: pitch.home,
            branch: pitch.pull.head.label,
            after: [`closed #${number}`],
            why,
          },
        ]),
  ];
}

/** Whether we closed it because somebody declined it. */
export function wasDeclined(state: PitchState, { comments }: PitchSeen): boolean {
  const sign = commentSign(signs.rejected(0)).split('0')[0] ?? '';
  return comments.some(({ user, body }) => user?.id === state.account?.id && body.includes(sign));
}

function askQuestions(
  settings: PitchSettings,
  state: PitchState,
  pitch: PitchSeen,
  document: Document,
): TalkChange[] {
  const asked = ask({
    settings,
    state,
    key: `questions #${pitch.pull.number}`,
    what: `design questions for #${pitch.pull.number}`,
    about: { purpose: 'questions', vision: visionOf(state, pitch), document: document.text },
    why: 'the pitch was accepted',
    read: readQuestions,
  });
  if (!asked.answered) return [asked.change];
  return writeForks(
    pitch,
    document,
    { forks: asked.value, revised: undefined },
    undefined,
    'the pitch was accepted',
  );
}

/** From questions asked to ready for a merge. */
function follow(
  settings: PitchSettings,
  state: PitchState,
  pitch: PitchSeen,
  document: Document,
  stood: Forks,
): TalkChange[] {
  const name = `#${pitch.pull.number}`;
  const shown = [
    ...showDocument(state, pitch, document),
    ...(stood.forks.length === 0
      ? []
      : said(
          state,
          pitch,
          signs.questions,
          `${questionsText(stood.forks)}\n\n${usesOf(state, `questions ${name}`)}`,
        )),
  ];
  const forks = answered(state, pitch, stood.forks);
  const revised = stood.revised;
  if (JSON.stringify(forks) !== JSON.stringify(stood.forks))
    return [
      ...shown,
      ...writeForks(pitch, document, { forks, revised }, undefined, 'questions were answered'),
    ];
  const open = forks.filter(({ answer }) => answer === undefined).length;
  if (open > 0)
    return [...shown, keep(`pitch ${name} waits for answers to ${open} of ${forks.length} questions`)];
  const digest = digestOfAnswers(forks);
  if (forks.length > 0 && revised !== digest) {
    const vision = visionOf(state, pitch);
    const asked = ask({
      settings,
      state,
      key: `revise ${name} ${digest}`,
      what: `revised sub-issues for ${name}`,
      about: { purpose: 'revise', vision, document: document.text, forks },
      why: 'every question is answered',
      read: (answer) =>
        readBlock(answer, {
          vision: vision.number,
          allowedLabels: settings['allowed-labels'],
          mostEntries: settings['max-sub-issues'],
        }),
    });
    if (!asked.answered) return [...shown, asked.change];
    return [
      ...shown,
      ...writeForks(
        pitch,
        document,
        { forks, revised: digest },
        blockText(asked.value),
        'every question is answered',
      ),
    ];
  }
  const ready = said(
    state,
    pitch,
    signs.ready(digest),
    `${readyText(forks)}\n\n${usesOf(state, `revise ${name} ${digest}`)}`,
  );
  return [...shown, ...ready, keep(`pitch ${name} is ready for a person to merge`)];
}

/** The forks with what people answered; nothing is taken back by an answer that is gone. */
function answered(state: PitchState, pitch: PitchSeen, forks: Fork[]): Fork[] {
  const answers = new Map<number, string>();
  for (const comment of pitch.comments)
    if (counts(state, comment))
      for (const [number, text] of answersIn(comment.body)) answers.set(number, text);
  return forks.map((fork) => ({ ...fork, answer: answers.get(fork.number) ?? fork.answer }));
}

/** The document with our sections rewritten, in place of the very blob that was read. */
function writeForks(
  pitch: PitchSeen,
  document: Document,
  forks: Forks,
  block: string | undefined,
  why: string,
): TalkChange[] {
  const name = `#${pitch.pull.number}`;
  if (pitch.home === null)
    return [notice(`the branch of ${name} is nowhere we can write: its document stays as it is`)];
  let text = withSection(document.text, {
    begin: forksBegin,
    end: forksEnd,
    content: forksText(forks),
    before: '## Sub-issues',
  });
  if (text !== undefined && block !== undefined)
    text = withSection(text, {
      begin: blockBegin,
      end: blockEnd,
      content: sectionIn(block, blockBegin, blockEnd) ?? '',
    });
  if (text === undefined)
    return [notice(`somebody changed the lines that mark our sections in ${document.path} of ${name}`)];
  if (text === document.text) return [];
  return [
    {
      kind: 'write-files',
      key: `document ${name}`,
      repository: pitch.home,
      branch: pitch.pull.head.label,
      message: `sprint: ${block === undefined ? 'record design forks of' : 'revise'} ${document.path.split('/').at(-1)}`,
      files: [{ path: document.path, content: text, expects: document.sha }],
      why,
    },
  ];
}

/** The description shows what the document says, in the parts that are ours. */
function showDocument(state: PitchState, pitch: PitchSeen, document: Document): TalkChange[] {
  const { number, body } = pitch.pull;
  if (!isOurBody(body)) return [];
  const sections = bodySections(document.text);
  const isRight = sections.every(
    ({ begin, end, content }) => sectionIn(body, begin, end)?.replaceAll('\r', '') === content,
  );
  // Sections whose lines somebody removed or doubled are theirs now.
  const isWhole = sections.every((section) => withSection(body, section) !== undefined);
  if (isRight || !isWhole) return [];
  return [
    {
      kind: 'update-sections',
      repository: state.ground.repository,
      issue: number,
      sections,
      why: 'the document changed',
    },
  ];
}

/** A word that looks like a decision and is none is answered once per pitch. */
function notCounted(state: PitchState, pitch: PitchSeen): TalkChange[] {
  const found = pitch.comments.find(
    (comment) =>
      comment.user != null &&
      comment.user.id !== state.account?.id &&
      commandIn(comment.body) !== undefined &&
      !counts(state, comment),
  );
  if (found?.user == null) return [];
  const word = commandIn(found.body)?.word ?? '';
  const why = mayDecide(state, found.user) ? 'edited' : 'who';
  return said(state, pitch, signs.ignored, ignoredText(word, found.user.login, why, state.ground.repository));
}

/** A comment of ours, where it is not there yet. */
function said(state: PitchState, pitch: PitchSeen, sign: string, text: string): TalkChange[] {
  if (ourComment(state, pitch, sign) !== undefined) return [];
  return [
    {
      kind: 'comment',
      repository: state.ground.repository,
      issue: pitch.pull.number,
      text: text.trimEnd(),
      sign,
      why: '',
    },
  ];
}

/** What the answers of this run used, as hidden lines for the comment that comes of them. */
function usesOf(state: PitchState, key: string): string {
  return usesText(
    state.answers.filter((item) => item.key === key).map(({ answer }) => answer.use),
    state.now.slice(0, 10),
  );
}

function visionOf(state: PitchState, pitch: PitchSeen): { number: number; title: string; body: string } {
  const [number = 0] = pitch.visions;
  const found = state.visions.find((issue) => issue.number === number);
  return { number, title: found?.title ?? '', body: found?.body ?? '' };
}
