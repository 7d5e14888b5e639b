import { sectionIn } from '../../core/text/sections.ts';

// The open design questions of a pitch, as its description shows them; a test holds this to what architect-pitch writes. Pure.

const [begin, end] = ['<!-- forks:begin -->', '<!-- forks:end -->'];

/** The questions that nobody has answered yet, in their order. */
export function openQuestions(description: string): string[] {
  const lines = (sectionIn(description.replaceAll('\r\n', '\n'), begin, end) ?? '').split('\n');
  const answered = new Set(lines.flatMap((line) => /^ {2}- A(\d{1,2}): \S/.exec(line)?.[1] ?? []));
  return lines.flatMap((line) => {
    const [, number = '', question = ''] = /^- Q(\d{1,2})(?: \(\w+\))?: (.+)$/.exec(line) ?? [];
    return number === '' || answered.has(number) ? [] : [`Q${number}: ${question}`];
  });
}
