import { describe, expect, it } from 'vitest';
import { readQuestions } from '../../../actions/architect-pitch/asked-questions.ts';
import { entriesOf } from '../../../actions/architect-pitch/document.ts';
import type { Fork } from '../../../actions/architect-pitch/forks.ts';
import { outline } from '../../../actions/architect-pitch/outline.ts';
import type { Entry } from '../../../core/sprint/entry.ts';

const abort = new AbortController();

async function ask(about: Record<string, unknown>): Promise<string> {
  const question = {
    engine: 'outline',
    system: '',
    prompt: '',
    about: { labels: ['backlog'], mostEntries: 12, ...about },
  };
  return (await outline(question, { signal: abort.signal } as never)).text;
}

const pitchOf = (body: string): Promise<string> =>
  ask({ purpose: 'pitch', vision: { number: 7, title: 'An archive', body } });

const body = `Letters are hard to find.

It takes an afternoon to find one.

## Not
No accounts, ever.

## Today
They are in folders.

## Open ends

\`\`\`
# not a heading
- [ ] not a task
\`\`\`

## Tasks
- [ ] Index them, with a date and a sender for each letter, and also the place it was sent from where it is known
- [ ] A page
- [ ] Ask readers

## No second database
`;

describe('an outline of an issue', () => {
  it('keeps what has no place of its own in a pitch', async () => {
    const text = await pitchOf(body);

    for (const words of [
      '> Letters are hard to find.',
      '> It takes an afternoon to find one.',
      '"Not":\n\n> No accounts, ever.',
      '> They are in folders.',
      '> # not a heading\n> - [ ] not a task',
      '"No second database"',
      'also the place it was sent from where it is known\n',
    ])
      expect(text).toContain(words);
    expect(entriesOf(text)?.map(({ id }) => id)).toHaveLength(3);
  });

  it('every word of an issue is in its pitch, whatever its sections are called', async () => {
    const words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'];
    const titles = ['Why', 'Not', 'Out of scope', 'Status', 'Risks', 'Costs', 'Ideas', 'Links'];

    const text = await pitchOf(
      titles
        .map((title, index) => `## ${title}\nOne ${words[index]}.\n\nMore ${words[index]}2.\n`)
        .join('\n'),
    );

    for (const word of words) {
      expect(text).toContain(`One ${word}.`);
      expect(text).toContain(`More ${word}2.`);
    }
  });

  it('does not take what is unwanted for what is wanted', async () => {
    const text = await pitchOf('## Not\nA shop.\n\n## Why\nPeople ask.\n');

    expect(text).toContain('## What this enables\n> People ask.');
  });

  it('names the tasks that are left out', async () => {
    const text = await ask({
      purpose: 'pitch',
      mostEntries: 1,
      vision: { number: 7, title: 'x', body: '- [ ] one\n- [ ] two\n- [ ] three\n' },
    });

    expect(text).toContain('left out are 2 more: two; three');
  });
});

describe('an outline after it was accepted', () => {
  async function forksOf(document: string): Promise<Fork[]> {
    const read = readQuestions(
      await ask({ purpose: 'questions', vision: { number: 7, title: 'x', body: '' }, document }),
    );
    if (!read.ok) throw new Error(read.faults.join('\n'));
    return read.value;
  }

  async function revised(document: string, answers: string[]): Promise<{ block: string; entries: Entry[] }> {
    const forks = (await forksOf(document)).map((fork, index) => ({ ...fork, answer: answers[index] }));
    const block = await ask({
      purpose: 'revise',
      vision: { number: 7, title: 'x', body: '' },
      document,
      forks,
    });
    const whole = document.replace(/<!-- filer:begin -->[\s\S]*<!-- filer:end -->/, block.trim());
    return { block: whole, entries: entriesOf(whole) ?? [] };
  }

  it('asks with a rank, options, their consequences and a recommendation', async () => {
    const forks = await forksOf(await pitchOf(body));

    expect(forks.map(({ rank, options }) => [rank, options.length])).toEqual([
      ['critical', 2],
      ['secondary', 2],
      ['secondary', 2],
    ]);
  });

  it('revises the sub-issues by what was picked, and back again by another answer', async () => {
    const document = await pitchOf(body);
    const ids = (entriesOf(document) ?? []).map(({ id }) => id);

    const one = await revised(document, [
      'A: yes',
      'B: one after another, as they are listed',
      'B: when somebody has tried it',
    ]);
    const two = await revised(one.block, ['A: yes', 'A: in any order', 'A: when all of them are closed']);

    expect(one.entries.map(({ id, dependsOn }) => [id, dependsOn])).toEqual([
      [ids[0], []],
      [ids[1], [ids[0]]],
      [ids[2], [ids[1]]],
      ['try-the-vision', ids],
    ]);
    expect(two.entries.map(({ id, dependsOn }) => [id, dependsOn])).toEqual(ids.map((id) => [id, []]));
    for (const { body: text } of two.entries) {
      expect(text.match(/## Decided/g)).toHaveLength(1);
      expect(text).toContain('A2: A: in any order');
    }
  });

  it('leaves the order as it is when the answer is in people’s own words, and tells every sub-issue', async () => {
    const document = await pitchOf(body);

    const { entries } = await revised(document, ['yes', 'the page last', 'soon']);

    expect(entries.map(({ dependsOn }) => dependsOn)).toEqual([[], [], []]);
    for (const { body: text } of entries) expect(text).toContain('A2: the page last');
  });
});
