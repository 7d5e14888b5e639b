import type { Change } from '../../core/change.ts';
import { keep } from '../../core/plan.ts';
import { filerBlockText } from '../../core/sprint/filer-block.ts';
import { readQuestions } from './asked-questions.ts';
import { putQuestion } from './asking.ts';
import { commentOnce } from './comments.ts';
import { counts } from './decision.ts';
import { readBlock, rulesFor } from './document.ts';
import { answersIn, answerTo, digestOfAnswers, type Fork, type Forks } from './forks.ts';
import { showDocument, writeForks } from './own-sections.ts';
import type { Vision } from './questions.ts';
import type { Live, OpenPitch, PitchDocument, PitchSettings } from './state.ts';
import { noSuchOptionText, questionsText, readyText, signs, usesText } from './text.ts';

// From an accepted pitch to one that is ready for a merge: design questions, answers, revised sub-issues. Pure.

export type AcceptedChange = Change<
  'keep' | 'refuse' | 'ask-model' | 'comment' | 'update-sections' | 'write-files'
>;

/** The first step: a model is asked what is left to decide. */
export function askQuestions(
  settings: PitchSettings,
  state: Live,
  pitch: OpenPitch,
  document: PitchDocument,
): AcceptedChange[] {
  const why = 'the pitch was accepted';
  const asked = putQuestion({
    settings,
    state,
    key: questionsKey(pitch),
    what: `design questions for #${pitch.pull.number}`,
    about: { purpose: 'questions', vision: visionOf(state, pitch), document: document.text },
    why,
    read: readQuestions,
  });
  if (asked.kind === 'open') return [asked.change];
  return writeForks(pitch, document, { forks: { forks: asked.value, revised: undefined }, why });
}

/** Every further step: answers are written down, and when all are there, the sub-issues are revised with them. */
export function settleForks(
  settings: PitchSettings,
  state: Live,
  pitch: OpenPitch,
  document: PitchDocument,
  written: Forks,
): AcceptedChange[] {
  const name = `#${pitch.pull.number}`;
  const { revised } = written;
  const shown: AcceptedChange[] = [
    ...showDocument(state, pitch, document),
    ...(written.forks.length === 0 ? [] : showQuestions(state, pitch, written.forks)),
  ];
  const { forks, wrong } = withAnswers(state, pitch, written.forks);
  shown.push(...sayWrong(state, pitch, wrong));
  if (JSON.stringify(forks) !== JSON.stringify(written.forks))
    return [
      ...shown,
      ...writeForks(pitch, document, { forks: { forks, revised }, why: 'questions were answered' }),
    ];
  const open = forks.filter(({ answer }) => answer === undefined).length;
  if (open > 0)
    return [...shown, keep(`pitch ${name} waits for answers to ${open} of ${forks.length} questions`)];
  const digest = digestOfAnswers(forks);
  if (forks.length > 0 && revised !== digest)
    return [...shown, ...revise(settings, state, pitch, document, forks)];
  const text = `${readyText(forks)}\n\n${usesOf(state, reviseKey(pitch, forks))}`;
  return [
    ...shown,
    ...commentOnce(state, pitch, { sign: signs.ready(digest), text }),
    keep(`pitch ${name} is ready for a person to merge`),
  ];
}

function showQuestions(state: Live, pitch: OpenPitch, forks: Fork[]): AcceptedChange[] {
  const text = `${questionsText(forks)}\n\n${usesOf(state, questionsKey(pitch))}`;
  return commentOnce(state, pitch, { sign: signs.questions, text });
}

/** The forks with what people answered, the last answer to each counting; nothing is taken back by an answer that is gone. */
function withAnswers(state: Live, pitch: OpenPitch, forks: Fork[]): { forks: Fork[]; wrong: Wrong[] } {
  const answers = new Map<number, string>();
  const wrong: Wrong[] = [];
  for (const comment of pitch.comments.filter((item) => counts(state, item)))
    for (const [number, text] of answersIn(comment.body)) {
      const fork = forks.find((item) => item.number === number);
      const answered = fork === undefined ? undefined : answerTo(fork, text);
      if (answered?.kind === 'answered') answers.set(number, answered.answer);
      else if (fork !== undefined && answered !== undefined) wrong.push({ fork, letter: answered.letter });
    }
  return {
    forks: forks.map((fork) => ({ ...fork, answer: answers.get(fork.number) ?? fork.answer })),
    wrong,
  };
}

/** An answer with a letter that the question does not have. */
interface Wrong {
  fork: Fork;
  letter: string;
}

/** The first such answer is told once: whoever gave it waits for something to happen. */
function sayWrong(state: Live, pitch: OpenPitch, wrong: Wrong[]): AcceptedChange[] {
  const [first] = wrong;
  if (first === undefined) return [];
  return commentOnce(state, pitch, {
    sign: signs.noSuchOption,
    text: noSuchOptionText(first.fork, first.letter),
  });
}

function revise(
  settings: PitchSettings,
  state: Live,
  pitch: OpenPitch,
  document: PitchDocument,
  forks: Fork[],
): AcceptedChange[] {
  const vision = visionOf(state, pitch);
  const why = 'every question is answered';
  const asked = putQuestion({
    settings,
    state,
    key: reviseKey(pitch, forks),
    what: `revised sub-issues for #${pitch.pull.number}`,
    about: { purpose: 'revise', vision, document: document.text, forks },
    why,
    read: (answer) => readBlock(answer, rulesFor(settings, vision.number)),
  });
  if (asked.kind === 'open') return [asked.change];
  return writeForks(pitch, document, {
    forks: { forks, revised: digestOfAnswers(forks) },
    block: filerBlockText(asked.value),
    why,
  });
}

/** Names the question, and with it its answers. */
function questionsKey({ pull }: OpenPitch): string {
  return `questions #${pull.number}`;
}

/** Other answers are another question. */
function reviseKey({ pull }: OpenPitch, forks: Fork[]): string {
  return `revise #${pull.number} ${digestOfAnswers(forks)}`;
}

/** What the answers of this run used, as hidden lines for the comment that comes of them. */
function usesOf(state: Live, key: string): string {
  return usesText(
    state.answers.filter((item) => item.key === key).map(({ answer }) => answer.use),
    state.now.slice(0, 10),
  );
}

/** What a pitch is about, as far as its vision is still open. */
function visionOf({ visions }: Live, pitch: OpenPitch): Vision {
  const [number = 0] = pitch.visions;
  const found = visions.find((issue) => issue.number === number);
  return { number, title: found?.title ?? '', body: found?.body ?? '' };
}
