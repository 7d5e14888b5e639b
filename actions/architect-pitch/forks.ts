import { sha256 } from '../../core/canonical.ts';
import { answerMark, commandLines } from '../../core/text/commands.ts';
import { type Fence, fenceAfter } from '../../core/text/fences.ts';
import { inertLine, visible } from '../../core/text/inert.ts';
import { sectionIn } from '../../core/text/sections.ts';
import type { Reading } from './document.ts';

// The design forks of a pitch: questions with, sooner or later, an answer each. They stand in the document, in a section
// of our own, which is what counts; everything else shows them.

export const forksBegin = '<!-- forks:begin -->';
export const forksEnd = '<!-- forks:end -->';

export interface Fork {
  number: number;
  question: string;
  answer: string | undefined;
}

export interface Forks {
  forks: Fork[];
  /** The digest of the answers that the sub-issues were last revised with. */
  revised: string | undefined;
}

const mostQuestions = 8;
const longestQuestion = 600;
const longestAnswer = 1000;

/** The forks of a document; undefined where no questions were asked yet. */
export function forksIn(document: string): Forks | undefined {
  const section = sectionIn(document, forksBegin, forksEnd);
  if (section === undefined) return undefined;
  const forks: Fork[] = [];
  let revised: string | undefined;
  for (const line of section.split('\n')) {
    const question = /^- Q(\d{1,2}): (.+)$/.exec(line.trimEnd());
    const answer = /^ {2}- A(\d{1,2}): (.+)$/.exec(line.trimEnd());
    // Whoever may write to the branch may have written here, and our comments repeat it.
    if (question !== null)
      forks.push({
        number: Number(question[1]),
        question: inertLine(question[2] ?? '', longestQuestion),
        answer: undefined,
      });
    const last = forks.at(-1);
    if (answer !== null && last !== undefined && last.number === Number(answer[1]))
      last.answer = inertLine(answer[2] ?? '', longestAnswer);
    revised ??= /^<!-- revised: ([0-9a-f]{64}) -->$/.exec(line.trimEnd())?.[1];
  }
  return { forks, revised };
}

/** The section's content. */
export function forksText({ forks, revised }: Forks): string {
  return [
    '## Design forks',
    '',
    ...(forks.length === 0 ? ['None: nothing is left to decide.'] : []),
    ...forks.flatMap(({ number, question, answer }) => [
      `- Q${number}: ${question}`,
      ...(answer === undefined ? [] : [`  - A${number}: ${answer}`]),
    ]),
    '',
    ...(revised === undefined ? [] : [`<!-- revised: ${revised} -->`, '']),
  ]
    .join('\n')
    .trimEnd();
}

/** What was asked and answered, as one value that changes with any of it. */
export function digestOfAnswers(forks: Fork[]): string {
  return sha256(JSON.stringify(forks.map(({ question, answer }) => [question, answer ?? null])));
}

/** A model's questions: lines `Q1: ...`, or the one word NONE. */
export function readQuestions(answer: string): Reading<Fork[]> {
  const lines = visible(answer)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 1 && lines[0] === 'NONE') return { ok: true, value: [] };
  const forks = lines.map((line) => /^Q(\d{1,2}): +(\S.*)$/.exec(line));
  const isRight = forks.every((found, index) => found !== null && Number(found[1]) === index + 1);
  if (lines.length === 0 || !isRight || lines.length > mostQuestions)
    return {
      ok: false,
      faults: [
        `the answer has to be 1 to ${mostQuestions} lines, each a question "Q1: ...", "Q2: ..." in order and nothing else, or the one word NONE; it has ${lines.length} lines, of which the first that is wrong is ${JSON.stringify((lines.find((_, index) => forks[index] === null || Number(forks[index]?.[1]) !== index + 1) ?? '').slice(0, 120))}`,
      ],
    };
  return {
    ok: true,
    value: forks.map((found, index) => ({
      number: index + 1,
      question: inertLine(found?.[2] ?? '', longestQuestion),
      answer: undefined,
    })),
  };
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
    if (found !== null) answers.set(Number(found[1]), inertLine(found[2] ?? '', longestAnswer));
  }
  return answers;
}
