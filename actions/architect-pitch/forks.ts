import { sha256 } from '../../core/canonical.ts';
import { answerMark, commandLines } from '../../core/text/commands.ts';
import { type Fence, fenceAfter } from '../../core/text/fences.ts';
import { inertLine } from '../../core/text/inert.ts';
import { sectionIn } from '../../core/text/sections.ts';

// The design forks of a pitch: questions with options and, sooner or later, an answer each. They stand in the document, in a
// section of our own, which is what counts; everything else shows them. What a model asks is read in asked-questions.ts.

export const forksBegin = '<!-- forks:begin -->';
export const forksEnd = '<!-- forks:end -->';

/** `critical`: work cannot start well without it. `secondary`: it can be changed later without much harm. */
export const ranks = ['critical', 'secondary'] as const;
export type Rank = (typeof ranks)[number];

export interface Option {
  /** `A` to `D`. */
  letter: string;
  text: string;
  /** What follows from taking it. */
  consequence: string;
}

export interface Fork {
  number: number;
  rank: Rank;
  question: string;
  /** None in a document of before questions had any. */
  options: Option[];
  /** The letter of the option that whoever asks would take. */
  recommended: string | undefined;
  answer: string | undefined;
}

export interface Forks {
  forks: Fork[];
  /** The digest of the answers that the sub-issues were last revised with. */
  revised: string | undefined;
}

export const longestQuestion = 600;
const longestOption = 200;
const longestAnswer = 1000;

/**
 * A line of the section as it stands in the document, where what looks like a marker of the filer block would be taken for a
 * damaged one by whoever files it.
 */
export function forkLine(text: string, limit: number): string {
  return inertLine(text, limit).replace(/(filer)\s*[:\ufe13\ufe55\uff1a]\s*(?=begin|end)/gi, '$1 ');
}

/** Between an option and what follows from it. */
const arrow = ' → ';
const optionLine = /^([A-D]): (.+?) (?:→|->|=>) (.+)$/;

/** An option as it is written on a line `A: <option> → <consequence>`; undefined for any other line. */
export function optionIn(line: string): Option | undefined {
  const found = optionLine.exec(line);
  if (found === null) return undefined;
  const part = (text = ''): string =>
    // The first arrow is where the consequence begins, also when the line is read again.
    forkLine(text.replaceAll(/→|[=-]>/g, '›'), longestOption);
  return { letter: found[1] ?? '', text: part(found[2]), consequence: part(found[3]) };
}

/** The forks of a document; undefined where no questions were asked yet. */
export function forksIn(document: string): Forks | undefined {
  const section = sectionIn(document, forksBegin, forksEnd);
  if (section === undefined) return undefined;
  const forks: Fork[] = [];
  let revised: string | undefined;
  for (const line of section.split('\n').map((text) => text.trimEnd())) {
    const question = /^- Q(\d{1,2})(?: \((critical|secondary)\))?: (.+)$/.exec(line);
    // Whoever may write to the branch may have written here, and our comments repeat it.
    if (question !== null)
      forks.push({
        number: Number(question[1]),
        rank: question[2] === 'secondary' ? 'secondary' : 'critical',
        question: forkLine(question[3] ?? '', longestQuestion),
        options: [],
        recommended: undefined,
        answer: undefined,
      });
    const last = forks.at(-1);
    if (last !== undefined && question === null) readDetail(last, line);
    revised ??= /^<!-- revised: ([0-9a-f]{64}) -->$/.exec(line)?.[1];
  }
  return { forks, revised };
}

/** One line below a question: an option, which one is recommended, or the answer. */
function readDetail(fork: Fork, line: string): void {
  const detail = /^ {2}- (.*)$/.exec(line)?.[1];
  if (detail === undefined) return;
  const option = optionIn(detail);
  if (option !== undefined && !fork.options.some(({ letter }) => letter === option.letter))
    fork.options.push(option);
  fork.recommended ??= /^Recommended: ([A-D])$/.exec(detail)?.[1];
  const answer = /^A(\d{1,2}): (.+)$/.exec(detail);
  if (Number(answer?.[1]) === fork.number) fork.answer = forkLine(answer?.[2] ?? '', longestAnswer);
}

/** The section's content. */
export function forksText({ forks, revised }: Forks): string {
  return [
    '## Design forks',
    '',
    ...(forks.length === 0 ? ['None: nothing is left to decide.'] : []),
    ...forks.flatMap((fork) => [
      `- ${questionLine(fork)}`,
      ...optionLines(fork).map((line) => `  - ${line}`),
      ...(fork.answer === undefined ? [] : [`  - A${fork.number}: ${fork.answer}`]),
    ]),
    '',
    ...(revised === undefined ? [] : [`<!-- revised: ${revised} -->`, '']),
  ]
    .join('\n')
    .trimEnd();
}

/** A question with its number and rank, on one line. */
export function questionLine({ number, rank, question }: Fork): string {
  return `Q${number} (${rank}): ${question}`;
}

/** The options of a question, one on a line, and which one is recommended. */
export function optionLines({ options, recommended }: Fork): string[] {
  return [
    ...options.map(({ letter, text, consequence }) => `${letter}: ${text}${arrow}${consequence}`),
    ...(recommended === undefined ? [] : [`Recommended: ${recommended}`]),
  ];
}

/** What was asked and answered, as one value that changes with any of it. */
export function digestOfAnswers(forks: Fork[]): string {
  return sha256(JSON.stringify(forks.map(({ question, answer }) => [question, answer ?? null])));
}

const answerLine = new RegExp(`^${answerMark} *(\\S.*)$`);

/** Lines `A<n>: <text>` of a comment, at the start of a line and outside quotes and code fences; the last of each counts. */
export function answersIn(comment: string): Map<number, string> {
  const answers = new Map<number, string>();
  let fence: Fence | undefined;
  for (const line of commandLines(comment)) {
    const before = fence;
    fence = fenceAfter(before, line);
    if (before !== undefined || fence !== undefined) continue;
    const found = answerLine.exec(line.trimEnd());
    if (found !== null) answers.set(Number(found[1]), forkLine(found[2] ?? '', longestAnswer));
  }
  return answers;
}

export type Answered =
  /** As it is written down: `B: <the option>`, with words of the person's own behind it, or the words alone. */
  | { kind: 'answered'; answer: string }
  /** A letter that none of the options has: neither a choice nor words that say anything. */
  | { kind: 'no-such-option'; letter: string };

/** What an answer to a question says: it picks an option by its letter (`B`, `b.`, `**B**`, `B, but later`), or it is free text. */
export function answerTo({ options }: Fork, text: string): Answered {
  const found =
    /^(?:option\s+)?(?<mark>[*_`]{0,2})(?<letter>[A-Za-z])\k<mark>(?:[.,:;)]+\s*(?<words>.*))?$/i.exec(
      text.trim(),
    );
  const letter = found?.groups?.letter?.toUpperCase();
  if (options.length === 0 || letter === undefined) return { kind: 'answered', answer: text };
  const words = found?.groups?.words?.trim() ?? '';
  const option = options.find((item) => item.letter === letter);
  if (option === undefined)
    return words === '' ? { kind: 'no-such-option', letter } : { kind: 'answered', answer: text };
  const more = words === '' || words === option.text ? '' : `; ${words}`;
  return { kind: 'answered', answer: `${letter}: ${option.text}${more}` };
}

/** The option that an answer picked, as `answerTo` wrote it down; undefined for free text. */
export function pickedBy({ options, answer }: Pick<Fork, 'options' | 'answer'>): Option | undefined {
  return options.find(({ letter, text }) => answer?.startsWith(`${letter}: ${text}`) === true);
}
