import { sameRepository } from '../../core/accounts.ts';
import type { ModelUse } from '../../core/model.ts';
import { commentSign } from '../../core/own-comment.ts';
import { filerBegin, filerEnd } from '../../core/sprint/layout.ts';
import { code, inert, inertLine } from '../../core/text/inert.ts';
import { sectionIn } from '../../core/text/sections.ts';
import { joiner } from '../../core/text/visible.ts';
import { type Fork, forksBegin, forksEnd, optionLines, questionLine } from './forks.ts';
import type { People } from './state.ts';

// Every word the role writes on the forge that is not the pitch itself.

export const branchPrefix = 'architect/';

/** The branch of a vision's pitch. */
export function pitchBranch(vision: number): string {
  return `${branchPrefix}sprint-vision-${vision}`;
}

/** The vision that a branch was made for; undefined where its name is no name of ours. */
export function visionOfBranch(branch: string): number | undefined {
  const number = /^architect\/sprint-vision-(\d{1,15})$/.exec(branch)?.[1];
  return number === undefined ? undefined : Number(number);
}

export function pullTitle(name: string): string {
  return `architect: ${name}`;
}

const bodyBegin = '<!-- pitch:begin -->';
const bodyEnd = '<!-- pitch:end -->';

/**
 * A pull request's description: the pitch, between two lines of ours, and what writing it used. The forge makes links of numbers, to
 * issues of the repository that the pull request is of; so the vision is named with its own, where that is another one.
 */
export function pullBody(
  document: string,
  uses: ModelUse[],
  { day, project, here }: { day: string; project: string; here: string },
): string {
  const isElsewhere = !sameRepository(project, here);
  const body = isElsewhere ? document.replace(/^- #(?=\d+ — )/m, `- ${project}#`) : document;
  const hint = isElsewhere
    ? `Numbers below are issues of ${project}, wherever the forge leads with them.\n\n`
    : '';
  return `${hint}${bodyBegin}\n${body.trimEnd()}\n${bodyEnd}\n\n${usesText(uses, day)}`;
}

/** The parts of a description that are ours to keep as the document has them. */
export function bodySections(
  document: string,
): { begin: string; end: string; content: string; before?: string }[] {
  const sections = [];
  const forks = sectionIn(document, forksBegin, forksEnd);
  const block = sectionIn(document, filerBegin, filerEnd);
  if (forks !== undefined)
    sections.push({ begin: forksBegin, end: forksEnd, content: shown(forks), before: '## Sub-issues' });
  if (block !== undefined) sections.push({ begin: filerBegin, end: filerEnd, content: shown(block) });
  return sections;
}

/** What our own lines of a section look like once they were made inert. */
const ownLines = new RegExp(
  `^(<)${joiner}(!-- revised: [0-9a-f]{64} -->)$|^( *title: ["']?vision\\(#)${joiner}(\\d+\\): )|^( {2}- )${joiner}(A\\d{1,2}: )`,
  'gm',
);

/** A section that people may have edited on the branch, as our description shows it: what we wrote there ourselves stays as it is. */
function shown(section: string): string {
  return inert(section).replaceAll(ownLines, (_, ...parts: (string | undefined)[]) =>
    parts
      .slice(0, 6)
      .map((part) => part ?? '')
      .join(''),
  );
}

/** Whether a description still is one of ours that can be kept up to date. */
export function isOurBody(body: string): boolean {
  return sectionIn(body, bodyBegin, bodyEnd) !== undefined;
}

// ---------------------------------------------------------------------------------------------------------------
// What models used, in hidden lines.

/** One hidden line for each call. */
export function usesText(uses: ModelUse[], day: string): string {
  return uses
    .map(
      ({ engine, model, inputTokens, outputTokens, cost }) =>
        `<!-- model-use: ${day} ${engine} ${model.replace(/[^\w.:/-]/g, '_').slice(0, 80) || '-'} ${inputTokens} ${outputTokens} ${cost === null ? 'unknown' : cost.toFixed(6)} -->`,
    )
    .join('\n');
}

/** What a text of ours says was spent on a day, by call. */
export function spentIn(text: string, day: string): (number | 'unknown')[] {
  return text.split('\n').flatMap((line) => {
    const found = /^<!-- model-use: (\d{4}-\d\d-\d\d) \S+ \S+ \d+ \d+ (unknown|\d{1,9}\.\d{1,6}) -->$/.exec(
      line.trim(),
    );
    if (found?.[1] !== day) return [];
    return [found[2] === 'unknown' ? 'unknown' : Number(found[2])];
  });
}

// ---------------------------------------------------------------------------------------------------------------
// Comments. Each has a sign, so that it is written once.

/** What the signs of our comments begin with that say a pitch was declined; what declined it follows. */
export const rejectedSign = 'rejected ';

export const signs = {
  footer: 'pitch',
  ignored: 'not counted',
  questions: 'questions',
  noSuchOption: 'no such option',
  progress: 'progress',
  rejected: (by: string): string => `${rejectedSign}${by}`,
  ready: (digest: string): string => `ready ${digest.slice(0, 12)}`,
};

/** How to decide, on every pitch. */
export function footerText({ byVerdict }: Pick<People, 'byVerdict'>): string {
  return byVerdict
    ? 'React to this comment with 👍 to proceed with design questions, or with 👎 to decline; a review that approves or requests changes says the same. A comment alone does not decide here. A comment that begins with `REJECT: ` gives the reason.'
    : 'Reply `ACCEPT` to proceed with design questions, or `REJECT: ` and a reason to decline.';
}

/** The comment that says so, to the byte: a reaction to anything else was to something else. */
export function footerComment(people: Pick<People, 'byVerdict'>): string {
  return `${footerText(people)}\n\n${commentSign(signs.footer)}`;
}

/** Said once, on the first word that looked like a decision and was none. */
export function ignoredText(
  word: string,
  login: string,
  why: 'who' | 'edited' | 'comment',
  ops: string,
): string {
  if (why === 'comment')
    return `${code(word)} by ${code(login)} does not decide: others could have changed the comment. React to the comment that says how to decide with 👍 or 👎, or write a review.`;
  return why === 'edited'
    ? `${code(word)} by ${code(login)} is not counted: the comment was edited. Write it as a new comment.`
    : `${code(word)} by ${code(login)} is not counted: those decide who may write to ${code(ops)}, or whom the role's settings name, and never the author of the pitch.`;
}

export function rejectedText(reason: string, { byVerdict }: Pick<People, 'byVerdict'>): string {
  const shown = inertLine(reason, 500);
  const again = byVerdict
    ? 'reacts to the comment that says how to decide with 👍 from now on; who did so before takes it back first'
    : 'writes PITCH AGAIN here';
  return `Declined${shown === '' ? '.' : `: ${shown}`}\n\nThe vision is not pitched again until somebody who may decide ${again}.`;
}

export function questionsText(forks: Fork[]): string {
  return [
    'Accepted. These are left to decide:',
    ...forks.map((fork) =>
      [questionLine(fork), '', ...optionLines(fork).map((line) => `- ${line}`)].join('\n').trimEnd(),
    ),
    'Answer in a comment, with a line for each question. `A1: B` takes option B of the first question; `A1: ` and words of your own are an answer as well. The last answer to a question counts.',
  ].join('\n\n');
}

/** Said once, on the first answer that picked what is not there. */
export function noSuchOptionText({ number, options }: Fork, letter: string): string {
  const last = options.at(-1)?.letter ?? '';
  return `${code(`A${number}: ${letter}`)} answers nothing: question ${number} has the options A to ${last}. Pick one of them, or answer in words.`;
}

export function readyText(forks: Fork[]): string {
  const decided = forks.map(
    ({ number, question, answer }) => `- Q${number}: ${question}\n  - A${number}: ${answer ?? ''}`,
  );
  return [
    forks.length === 0
      ? 'Accepted, and nothing is left to decide.'
      : `Everything is decided, and the sub-issues are revised:\n\n${decided.join('\n')}`,
    'Ready for a person to merge. Another answer, until then, revises the sub-issues again.',
  ].join('\n\n');
}

export function progressText(filed: { number: number; closed: boolean }[]): string {
  const closed = filed.filter((issue) => issue.closed);
  const list = (issues: { number: number }[]): string =>
    issues.length === 0 ? 'none' : issues.map(({ number }) => code(`#${number}`)).join(', ');
  return `${closed.length} of ${filed.length} sub-issues ${closed.length === 1 ? 'is' : 'are'} closed.\n\n- closed: ${list(closed)}\n- open: ${list(filed.filter((issue) => !issue.closed))}`;
}
