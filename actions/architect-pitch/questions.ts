import type { ModelQuestion } from '../../core/model.ts';
import { visible, withoutComments } from '../../core/text/inert.ts';
import { type Fork, optionLines, pickedBy, questionLine } from './forks.ts';
import { pitchRules } from './prompts/pitch.ts';
import { questionRules } from './prompts/questions.ts';
import { reviseRules } from './prompts/revise.ts';
import type { PitchSettings } from './state.ts';

// What is put to a model: our rules, and text from outside as material, whose hidden parts are taken out first.

/** Everything a model is shown has a limit, so that one long issue cannot cost a fortune. */
const mostOfOne = 24_000;
const mostOfAll = 80_000;

export interface Vision {
  number: number;
  title: string;
  body: string;
}

/** What is asked, and what the answer is for. */
export type About =
  | { purpose: 'pitch'; vision: Vision }
  | { purpose: 'questions'; vision: Vision; document: string }
  | { purpose: 'revise'; vision: Vision; document: string; forks: Fork[] };

/** An answer that could not be used, and why: the next attempt is told. */
export interface Refused {
  text: string;
  faults: string[];
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(0, limit)).toWellFormed()}\n[cut here]`;
}

/** A piece of material. Its end cannot be faked: a line like it inside is broken. */
function material(name: string, text: string): string {
  return `<<<${name}>>>\n${text.replaceAll('<<<', '< < <').trim()}\n<<<end of ${name}>>>`;
}

/** A question with its options and what was decided; of an option that was picked, with what follows from it. */
function decidedText(fork: Fork): string {
  const picked = pickedBy(fork);
  return [
    questionLine(fork),
    ...optionLines(fork).map((line) => `- ${line}`),
    `Decided: ${fork.answer ?? ''}`,
    ...(picked === undefined ? [] : [`Which means: ${picked.consequence}`]),
  ].join('\n');
}

/** The question for a model, with the same as data for engines that are none. */
export function questionFor(
  settings: PitchSettings,
  about: About,
  context: { name: string; text: string }[],
  refused: Refused | undefined,
): ModelQuestion {
  const vision = {
    ...about.vision,
    title: visible(about.vision.title),
    body: withoutComments(about.vision.body),
  };
  const given = {
    vision: vision.number,
    labels: settings['allowed-labels'],
    mostEntries: settings['max-sub-issues'],
  };
  const document = about.purpose === 'pitch' ? undefined : visible(about.document);
  const forks = about.purpose === 'revise' ? about.forks : [];
  const pieces = [
    material(`vision issue ${vision.number}`, cut(`${vision.title}\n\n${vision.body}`, mostOfOne)),
    ...(document === undefined ? [] : [material('sprint proposal', cut(document, mostOfOne))]),
    ...(forks.length === 0
      ? []
      : [material('design questions and what was decided', forks.map(decidedText).join('\n\n'))]),
  ];
  let left = mostOfAll - pieces.join('').length;
  for (const { name, text } of context) {
    const piece = material(name, cut(withoutComments(text), Math.min(mostOfOne, left)));
    if (left <= 0) break;
    pieces.push(piece);
    left -= piece.length;
  }
  if (refused !== undefined)
    pieces.push(
      material('your previous answer', cut(refused.text, mostOfOne)),
      `Your previous answer cannot be used (places are line:column):\n${refused.faults.map((fault) => `- ${fault}`).join('\n')}\nAnswer again, in whole.`,
    );
  const rules =
    about.purpose === 'pitch'
      ? pitchRules(given)
      : about.purpose === 'questions'
        ? questionRules()
        : reviseRules(given);
  return {
    engine: settings.engine,
    system: rules,
    prompt: `${pieces.join('\n\n')}\n`,
    about: {
      purpose: about.purpose,
      vision,
      labels: settings['allowed-labels'],
      mostEntries: settings['max-sub-issues'],
      ...(document === undefined ? {} : { document }),
      ...(about.purpose === 'revise' ? { forks } : {}),
    },
  };
}
