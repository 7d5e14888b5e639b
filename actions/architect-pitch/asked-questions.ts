import { visible } from '../../core/text/inert.ts';
import { quoted } from '../../core/text/log-line.ts';
import type { Reading } from './document.ts';
import { type Fork, forkLine, longestQuestion, optionIn, ranks } from './forks.ts';

// What a model asks when a pitch was accepted, as questions people can answer with a letter; or every reason why it is none. Pure.

const mostQuestions = 8;
const fewestOptions = 2;

/** A model's questions, the critical ones first; or the one word NONE. */
export function readQuestions(answer: string): Reading<Fork[]> {
  const lines = visible(answer)
    .split('\n')
    .map((text, index) => ({ text: text.trim().replace(/^[-*] /, ''), at: index + 1 }))
    .filter(({ text }) => text !== '');
  if (lines.length === 1 && lines[0]?.text === 'NONE') return { ok: true, value: [] };
  const faults: string[] = [];
  const forks: (Fork & { at: number })[] = [];
  for (const { text, at } of lines) {
    const question = /^Q(\d{1,2}) \((critical|secondary)\): +(\S.*)$/.exec(text);
    const option = optionIn(text);
    const recommended = /^Recommended: ([A-D])\.?$/.exec(text)?.[1];
    const last = forks.at(-1);
    if (question !== null) {
      if (Number(question[1]) !== forks.length + 1)
        faults.push(`${at}:1: question ${forks.length + 1} was expected here, not question ${question[1]}`);
      forks.push({
        number: forks.length + 1,
        rank: question[2] === 'secondary' ? 'secondary' : 'critical',
        question: forkLine(question[3] ?? '', longestQuestion),
        options: [],
        recommended: undefined,
        answer: undefined,
        at,
      });
    } else if (option !== undefined && last !== undefined) last.options.push(option);
    else if (recommended !== undefined && last !== undefined && last.recommended === undefined)
      last.recommended = recommended;
    else
      faults.push(
        `${at}:1: ${quoted(text.slice(0, 120))} is no line "Q1 (critical): <question>" (or secondary), "A: <option> -> <consequence>" or "Recommended: A"`,
      );
  }
  if (forks.length === 0 || forks.length > mostQuestions)
    faults.push(
      `there have to be 1 to ${mostQuestions} questions, or the one word NONE; there are ${forks.length}`,
    );
  for (const fork of forks) faults.push(...forkFaults(fork));
  if (faults.length > 0) return { ok: false, faults: faults.slice(0, 20) };
  return {
    ok: true,
    value: ranks
      .flatMap((rank) => forks.filter((fork) => fork.rank === rank))
      .map(({ at: _, ...fork }, index) => ({ ...fork, number: index + 1 })),
  };
}

function forkFaults({ number, at, options, recommended }: Fork & { at: number }): string[] {
  const letters = options.map(({ letter }) => letter).join('');
  return [
    ...(options.length >= fewestOptions && 'ABCD'.startsWith(letters)
      ? []
      : [
          `${at}:1: question ${number} has to have 2 to 4 options, "A: ...", "B: ..." in this order, each with " -> " and its consequence`,
        ]),
    ...(recommended !== undefined && letters.includes(recommended)
      ? []
      : [
          `${at}:1: question ${number} has to have a line "Recommended: " with the letter of one of its options`,
        ]),
  ];
}
