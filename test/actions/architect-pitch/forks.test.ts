import { describe, expect, it } from 'vitest';
import { answersIn, forksIn, forksText, readQuestions } from '../../../actions/architect-pitch/forks.ts';

describe('design forks', () => {
  it('come back from the document as they were written', () => {
    const forks = {
      forks: [
        { number: 1, question: 'One or two?', answer: 'Two' },
        { number: 2, question: 'Now?', answer: undefined },
      ],
      revised: 'a'.repeat(64),
    };

    const document = `# S\n<!-- forks:begin -->\n${forksText(forks)}\n<!-- forks:end -->\n`;

    expect(forksIn(document)).toEqual(forks);
    expect(forksIn('# S\n')).toBeUndefined();
  });

  it.each([
    ['Q1: a?\nQ2: b?', 2],
    ['\n Q1: a?\n\nQ2: b?\n', 2],
    ['NONE', 0],
  ])('are read from %j', (answer, count) => {
    expect(readQuestions(answer)).toMatchObject({ ok: true, value: { length: count } });
  });

  it.each(['', 'Here:\nQ1: a?', 'Q2: a?', 'Q1: a?\nQ1: b?', 'Q1:', 'NONE.', 'Q1: a?\n- detail'])(
    'are not read from %j',
    (answer) => {
      expect(readQuestions(answer).ok).toBe(false);
    },
  );

  it('are answered at the start of a line, outside quotes and fences, the last one counting', () => {
    const answers = answersIn(
      'A1: one\nA1: two\n> A2: quoted\n```\nA3: fenced\n```\n A4: indented\nB A5: x\r\nA6: six @ada\r\n',
    );

    expect([...answers]).toEqual([
      [1, 'two'],
      [6, 'six @\u2060ada'],
    ]);
  });
});
