import { expect, it } from 'vitest';
import { forksBegin, forksEnd, forksText } from '../../../actions/architect-pitch/forks.ts';
import { bodySections } from '../../../actions/architect-pitch/text.ts';
import { openQuestions } from '../../../actions/dashboard/questions.ts';

const fork = (number: number, question: string, answer?: string) => ({
  number,
  rank: 'critical' as const,
  question,
  options: [{ letter: 'A', text: 'so', consequence: 'then' }],
  recommended: 'A',
  answer,
});

it('the open questions of a pitch are those that architect-pitch shows without an answer', () => {
  const forks = [fork(1, 'Which library?', 'A: so'), fork(2, 'Whose servers?'), fork(11, 'How long?')];
  const document = `${forksBegin}\n${forksText({ forks, revised: undefined })}\n${forksEnd}\n`;

  const description = bodySections(document)
    .map(({ begin, content, end }) => `words of people\n${begin}\n${content}\n${end}`)
    .join('\n');

  expect(openQuestions(description)).toEqual(['Q2: Whose servers?', 'Q11: How long?']);
  expect(openQuestions(description.replaceAll('\n', '\r\n'))).toEqual([
    'Q2: Whose servers?',
    'Q11: How long?',
  ]);
});

it.each([
  ['nothing', ''],
  ['questions outside of the section', '- Q1 (critical): Which?\n'],
  ['a section that does not end', `${forksBegin}\n- Q1 (critical): Which?\n`],
])('there are none in a description with %s', (_, description) => {
  expect(openQuestions(description)).toEqual([]);
});
