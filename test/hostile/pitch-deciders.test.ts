import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Person } from '../../embedded-forge/seed.ts';
import { type Pitching, pitchText, startPitching, wellBehaved } from '../pitching.ts';

let forge: Pitching;
beforeEach(async () => {
  forge = await startPitching();
});
afterEach(() => forge.close());

const deciders = { PLUGIN_DECIDERS: 'ada' };

/** An open pitch whose deciders are named; answers the id of the comment that says how to decide. */
async function pitched(): Promise<number> {
  const vision = await forge.vision('A goal');
  await forge.run(deciders, () => pitchText(vision));
  const { body } = await forge.seed.api('GET', `/repos/${forge.ops}/issues/1/comments`);
  return (body as { id: number }[])[0]?.id ?? 0;
}

async function react(by: Person, comment: number, content: string): Promise<void> {
  forge.later();
  const { status } = await forge.seed.api(
    'POST',
    `/repos/${forge.ops}/issues/comments/${comment}/reactions`,
    { content },
    by.token,
  );
  if (status !== 201) throw new Error(`the reaction was answered ${status}`);
}

async function edit(by: Person, comment: number, body: string): Promise<void> {
  forge.later();
  await forge.seed.api('PATCH', `/repos/${forge.ops}/issues/comments/${comment}`, { body }, by.token);
}

async function review(by: Person, event: string): Promise<void> {
  forge.later();
  await forge.seed.api('POST', `/repos/${forge.ops}/pulls/1/reviews`, { event, body: 'x' }, by.token);
}

const run = () => forge.run(deciders, wellBehaved(1));
const isAsked = async (): Promise<boolean> =>
  (await forge.comments(1)).some((text) => text.includes('These are left to decide'));
const stateOfFirst = async (): Promise<string | undefined> => (await forge.pulls())[0]?.state;

describe('where deciders are named', () => {
  it('a comment that somebody else changed into ACCEPT within its second decides nothing, and no comment does', async () => {
    await pitched();
    const comment = await forge.say(forge.ada, 1, 'Interesting.');
    await forge.seed.api(
      'PATCH',
      `/repos/${forge.ops}/issues/comments/${comment}`,
      { body: 'ACCEPT' },
      forge.owner.token,
    );

    const first = await run();
    const second = await run();

    expect([first.code, second.code]).toEqual([0, 0]);
    expect(await isAsked()).toBe(false);
    expect(second.writes).toEqual([]);
    expect((await forge.comments(1)).at(-1)).toContain('`ACCEPT` by `ada` does not decide');
    expect(second.text).toContain('pitch #1 waits for a reaction or a review');
  });

  it('a reaction of a decider to our comment accepts, and says so in the comment', async () => {
    const footer = await pitched();
    await react(forge.stranger, footer, '+1');
    await react(forge.owner, footer, '+1');
    const byOthers = await run();
    await react(forge.ada, footer, '+1');
    const byDecider = await run();

    expect((await forge.comments(1))[0]).toContain('React to this comment with 👍');
    expect(byOthers.writes).toEqual([]);
    expect(byDecider.code).toBe(0);
    expect(await isAsked()).toBe(true);
  });

  it('to a comment that says something else than we wrote, a reaction decides nothing; not when it is changed back either', async () => {
    const footer = await pitched();
    const [ours = ''] = await forge.comments(1);
    await edit(forge.owner, footer, 'Who likes cats?');
    await react(forge.ada, footer, '+1');
    const asItIs = await forge.run({ ...deciders, PLUGIN_DRY_RUN: 'true' });
    await edit(forge.owner, footer, ours);
    const changedBack = await run();
    await edit(forge.owner, footer, `Dogs?\n\n${ours.split('\n\n')[1]}`);
    await run();
    const restored = (await forge.comments(1))[0];
    await edit(forge.owner, footer, 'Dogs?');
    await run();
    await run();

    expect(asItIs.text).not.toContain('design questions');
    expect(changedBack.writes).toEqual([]);
    expect(await isAsked()).toBe(false);
    expect(restored).toBe(ours);
    // Where nothing is left of it, it is written once more.
    expect((await forge.comments(1)).filter((text) => text === ours)).toHaveLength(1);
  });

  it('-1 declines, with the words of a comment; a new +1 asks for another pitch', async () => {
    const footer = await pitched();
    await forge.say(forge.ada, 1, 'REJECT: too large');
    await react(forge.ada, footer, '-1');
    const declined = await run();
    await forge.say(forge.ada, 1, 'PITCH AGAIN');
    const byComment = await run();
    await react(forge.ada, footer, '+1');
    const again = await run();

    expect(declined.code).toBe(0);
    expect(await stateOfFirst()).toBe('closed');
    expect((await forge.comments(1)).join('\n')).toContain('Declined: too large');
    expect(byComment.writes).toEqual([]);
    expect(again.writes).toContain('POST /repos/owner/ops/pulls 201');
  });

  it('-1 once had its effect: a pitch that somebody reopens stays open', async () => {
    const footer = await pitched();
    await react(forge.ada, footer, '-1');
    await run();
    forge.later();
    await forge.seed.putFile(forge.architect, 'architect/ops', 'sprints/a-first-step.md', pitchText(1), {
      from: 'main',
      name: 'architect/sprint-vision-1',
    });
    await forge.seed.api('PATCH', `/repos/${forge.ops}/pulls/1`, { state: 'open' }, forge.owner.token);

    const { text } = await run();

    expect(text).toContain('pitch #1 waits for a reaction or a review');
    expect(await stateOfFirst()).toBe('open');
  });

  it.each([
    ['APPROVED', true, 'open'],
    ['REQUEST_CHANGES', false, 'closed'],
    ['COMMENT', false, 'open'],
  ])('a review that says %s by a decider decides by that', async (event, asked, state) => {
    await pitched();
    await review(forge.owner, event);
    const byOthers = await run();
    await review(forge.ada, event);
    await run();

    expect(byOthers.writes).toEqual([]);
    expect(await isAsked()).toBe(asked);
    expect(await stateOfFirst()).toBe(state);
  });
});

describe('an answer to a design question', () => {
  async function asked(): Promise<void> {
    await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');
    await forge.run({}, wellBehaved(1));
  }

  it('picks an option by its letter; what it means is told to whoever revises, and stands in the document', async () => {
    await asked();
    await forge.say(forge.ada, 1, 'A1: B\nA2: b, after the holidays');
    let prompt = '';

    await forge.run({}, (question) => {
      prompt = question.prompt;
      return wellBehaved(1)(question);
    });

    const comments = (await forge.comments(1)).join('\n');
    expect(comments).toContain('Q1 (critical): One or two?\n\n- A: One → it is done sooner\n- B: Two');
    expect(comments).toContain('- Recommended: B');
    expect(comments).toContain('- A1: B: Two');
    expect(prompt).toContain('Decided: B: Two\nWhich means: each can fail alone');
    expect(await forge.document(1)).toContain('  - A2: B: Later; after the holidays');
  });

  it('with a letter that the question does not have is told once, and the question stays open', async () => {
    await asked();
    await forge.say(forge.ada, 1, 'A1: D\nA2: A');

    await forge.run({}, wellBehaved(1));
    const { text, writes } = await forge.run({}, wellBehaved(1));

    expect(writes).toEqual([]);
    expect(text).toContain('pitch #1 waits for answers to 1 of 2 questions');
    expect((await forge.comments(1)).filter((comment) => comment.includes('answers nothing'))).toEqual([
      expect.stringContaining('`A1: D` answers nothing: question 1 has the options A to B.'),
    ]);
  });
});
