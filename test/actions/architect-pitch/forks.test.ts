import { describe, expect, it } from 'vitest';
import { readQuestions } from '../../../actions/architect-pitch/asked-questions.ts';
import {
  answersIn,
  answerTo,
  digestOfAnswers,
  type Fork,
  forksIn,
  forksText,
  pickedBy,
} from '../../../actions/architect-pitch/forks.ts';

const option = (letter: string, text: string) => ({ letter, text, consequence: `then ${text}` });

function fork(number: number, given: Partial<Fork> = {}): Fork {
  return {
    number,
    rank: 'critical',
    question: `What about ${number}?`,
    options: [option('A', 'one'), option('B', 'two'), option('C', 'none')],
    recommended: 'B',
    answer: undefined,
    ...given,
  };
}

const asked = (number: number, rank = 'critical', letters = 'AB', recommended = 'A'): string =>
  [
    `Q${number} (${rank}): ${number}?`,
    ...[...letters].map((letter) => `${letter}: way ${letter} -> it costs ${letter}`),
    `Recommended: ${recommended}`,
  ].join('\n');

describe('design forks', () => {
  it('come back from the document as they were written', () => {
    const forks = {
      forks: [fork(1, { answer: 'B: two' }), fork(2, { rank: 'secondary', answer: 'neither' }), fork(3)],
      revised: 'a'.repeat(64),
    };

    const document = `# S\n<!-- forks:begin -->\n${forksText(forks)}\n<!-- forks:end -->\n`;

    expect(forksIn(document)).toEqual(forks);
    expect(forksIn('# S\n')).toBeUndefined();
  });

  it('of a document from before questions had options are read, and their answers are still those it was revised with', () => {
    const document =
      '<!-- forks:begin -->\n## Design forks\n\n- Q1: One or two?\n  - A1: Two\n<!-- forks:end -->\n';

    const [first] = forksIn(document)?.forks ?? [];

    expect(first).toMatchObject({ rank: 'critical', question: 'One or two?', options: [], answer: 'Two' });
    expect(digestOfAnswers([first as Fork])).toBe(
      '84c165b0180f5eacc2eb8fc20461139a48a6d9dde585d69ef2a9d17b2058225f',
    );
  });

  it('are read with rank, options with their consequences, and a recommendation; the critical ones come first', () => {
    const read = readQuestions(
      [asked(1, 'secondary'), '', asked(2, 'critical', 'ABCD', 'D'), asked(3, 'secondary', 'ABC')].join('\n'),
    );

    expect(read.ok && read.value.map(({ number, rank, question }) => [number, rank, question])).toEqual([
      [1, 'critical', '2?'],
      [2, 'secondary', '1?'],
      [3, 'secondary', '3?'],
    ]);
    expect(read.ok && read.value[0]).toMatchObject({
      recommended: 'D',
      options: [
        { letter: 'A', text: 'way A', consequence: 'it costs A' },
        { letter: 'B' },
        { letter: 'C' },
        { letter: 'D' },
      ],
    });
    expect(readQuestions('NONE')).toEqual({ ok: true, value: [] });
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'there have to be 1 to 8 questions'],
    ['words before it', `Here:\n${asked(1)}`, '1:1: "Here:" is no line'],
    ['another first number', asked(2), 'question 1 was expected here'],
    ['a number twice', `${asked(1)}\n${asked(1)}`, 'question 2 was expected here'],
    ['no rank', asked(1).replace(' (critical)', ''), 'is no line "Q1 (critical)'],
    ['a rank of its own', asked(1, 'urgent'), 'is no line "Q1 (critical)'],
    ['one option', asked(1, 'critical', 'A'), 'has to have 2 to 4 options'],
    ['five options', asked(1, 'critical', 'ABCDE'), 'is no line'],
    ['an option left out', asked(1, 'critical', 'AC'), 'has to have 2 to 4 options'],
    ['an option without its consequence', asked(1).replace(' -> it costs B', ''), 'is no line'],
    ['no recommendation', asked(1).replace('\nRecommended: A', ''), 'has to have a line "Recommended: "'],
    [
      'a recommendation that is no option',
      asked(1, 'critical', 'AB', 'C'),
      'has to have a line "Recommended: "',
    ],
    ['almost NONE', 'NONE.', 'there have to be 1 to 8 questions'],
    ['nine of them', Array.from({ length: 9 }, (_, index) => asked(index + 1)).join('\n'), 'there are 9'],
  ])('are not read from %s', (_, answer, fault) => {
    const read = readQuestions(answer);

    expect(read.ok).toBe(false);
    expect(read.ok || read.faults.join('\n')).toContain(fault);
  });

  it('are answered at the start of a line, outside quotes and fences, the last one counting', () => {
    const answers = answersIn(
      'A1: one\nA1: two\n> A2: quoted\n```\nA3: fenced\n```\n A4: indented\nB A5: x\r\nA6: six @ada\r\n',
    );

    expect([...answers]).toEqual([
      [1, 'two'],
      [6, 'six @\u2060ada'],
    ]);
  });

  it.each<[string, string]>([
    ['B', 'B: two'],
    ['b', 'B: two'],
    ['B.', 'B: two'],
    ['**B**', 'B: two'],
    ['`B`', 'B: two'],
    ['option b', 'B: two'],
    ['B: two', 'B: two'],
    ['B, but later', 'B: two; but later'],
    ['A big one', 'A big one'],
    ['Both', 'Both'],
    ['I, for one, want both', 'I, for one, want both'],
  ])('the answer %j is taken for %j', (text, answer) => {
    expect(answerTo(fork(1), text)).toEqual({ kind: 'answered', answer });
  });

  it('a letter that no option has answers nothing; where there are no options it is a word like others', () => {
    expect(answerTo(fork(1), 'D')).toEqual({ kind: 'no-such-option', letter: 'D' });
    expect(answerTo(fork(1, { options: [] }), 'D')).toEqual({ kind: 'answered', answer: 'D' });
  });

  it('an answer tells which option it picked', () => {
    expect(pickedBy(fork(1, { answer: 'B: two; but later' }))?.consequence).toBe('then two');
    expect(pickedBy(fork(1, { answer: 'neither' }))).toBeUndefined();
  });
});
