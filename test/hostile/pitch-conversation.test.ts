import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Pitching, pitchText, startPitching, wellBehaved } from '../pitching.ts';

let forge: Pitching;
beforeEach(async () => {
  forge = await startPitching();
});
afterEach(() => forge.close());

describe('words that do not decide', () => {
  it.each([
    ['prose', 'I accept this, more or less.'],
    ['small letters', 'accept'],
    ['a quote', '> ACCEPT\n\nreally?'],
    ['a code fence', '```\nACCEPT\n```'],
    ['a later line', 'Well.\nACCEPT'],
    ['a reason without the colon', 'REJECT it'],
  ])('%s by somebody who may decide is ignored, without a word', async (_, text) => {
    await forge.pitched();
    await forge.say(forge.ada, 1, text);

    const { code, writes } = await forge.run();

    expect(code).toBe(0);
    expect(writes).toEqual([]);
  });

  it.each(['ACCEPT', 'REJECT: no'])(
    '%s by a stranger is ignored, with one note for all of them',
    async (word) => {
      await forge.pitched();
      await forge.say(forge.stranger, 1, word);
      await forge.say(forge.stranger, 1, word);

      const first = await forge.run();
      await forge.say(forge.stranger, 1, word);
      const second = await forge.run();

      expect(first.writes).toEqual(['POST /repos/owner/ops/issues/1/comments 201']);
      expect(second.writes).toEqual([]);
      const notes = (await forge.comments(1)).filter((text) => text.includes('is not counted'));
      expect(notes).toHaveLength(1);
      expect(notes[0]).toContain('`stranger`');
      expect((await forge.pulls())[0]?.state).toBe('open');
    },
  );

  it('ACCEPT in a comment that was edited is ignored, with a note', async () => {
    await forge.pitched();
    const comment = await forge.say(forge.ada, 1, 'Hm.');
    forge.later();
    await forge.seed.api(
      'PATCH',
      `/repos/${forge.ops}/issues/comments/${comment}`,
      { body: 'ACCEPT' },
      forge.ada.token,
    );

    const { writes } = await forge.run();

    expect(writes).toEqual(['POST /repos/owner/ops/issues/1/comments 201']);
    expect((await forge.comments(1)).at(-1)).toContain('the comment was edited');
  });

  it('an approval by somebody who may only read, or who has lost the right since, starts nothing', async () => {
    await forge.pitched();
    await forge.seed.api(
      'POST',
      `/repos/${forge.ops}/pulls/1/reviews`,
      { event: 'APPROVED' },
      forge.stranger.token,
    );
    await forge.seed.api(
      'POST',
      `/repos/${forge.ops}/pulls/1/reviews`,
      { event: 'APPROVED' },
      forge.ada.token,
    );
    await forge.seed.addCollaborator(forge.owner, forge.ops, forge.ada.login, 'read');

    expect((await forge.run()).writes).toEqual([]);
  });

  it('nobody decides who is one of the bots, or not among the deciders where they are named', async () => {
    await forge.pitched();
    await forge.seed.api(
      'POST',
      `/repos/${forge.ops}/pulls/1/reviews`,
      { event: 'APPROVED' },
      forge.ada.token,
    );

    const asBot = await forge.run({ PLUGIN_BOTS: 'ada', PLUGIN_DRY_RUN: 'true' });
    const notNamed = await forge.run({ PLUGIN_DECIDERS: 'owner', PLUGIN_DRY_RUN: 'true' });
    const named = await forge.run({ PLUGIN_DECIDERS: 'ada', PLUGIN_DRY_RUN: 'true' });

    expect(asBot.text).not.toContain('ask outline');
    expect(notNamed.text).not.toContain('ask outline');
    expect(named.text).toContain('ask outline for "design questions for #1"');
  });

  it('where nobody could ever decide, that is said at once, with the way out', async () => {
    await forge.vision('A goal');

    const { text } = await forge.run({ PLUGIN_BOTS: 'ada,owner', PLUGIN_DRY_RUN: 'true' });

    expect(text).toContain('nobody can accept a pitch');
    expect(text).toContain('name people in deciders');
  });

  it('the role itself cannot accept its own pitch, whatever it is made to write', async () => {
    await forge.pitched();
    const deciders = { PLUGIN_DECIDERS: 'architect,ada' };
    await forge.say(forge.architect, 1, 'ACCEPT');
    const byComment = await forge.run();
    // With named deciders the comment that says how to decide is another one.
    await forge.run(deciders);
    const { body } = await forge.seed.api('GET', `/repos/${forge.ops}/issues/1/comments`);
    const [footer] = body as { id: number }[];
    await forge.seed.api(
      'POST',
      `/repos/${forge.ops}/issues/comments/${footer?.id}/reactions`,
      { content: '+1' },
      forge.architect.token,
    );
    forge.later();

    expect(byComment.writes).toEqual([]);
    expect((await forge.run(deciders)).writes).toEqual([]);
  });

  it('an answer inside a quote or a fence, or by a stranger, answers nothing', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');
    await forge.run({}, wellBehaved(vision));
    await forge.say(forge.ada, 1, '> A1: no\n```\nA2: no\n```\n A1: indented');
    await forge.say(forge.stranger, 1, 'A1: mine\nA2: mine');

    const { writes } = await forge.run();

    expect(writes).toEqual([]);
  });
});

describe('the words that do', () => {
  it('ACCEPT, answers, the last of them counting, and then it is ready; a later answer revises again', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT\nwith pleasure');
    await forge.run({}, wellBehaved(vision));
    await forge.say(forge.ada, 1, 'A1: One\nA2: Later');
    await forge.say(forge.owner, 1, 'A2: Now @ada');

    const ready = await forge.run({}, wellBehaved(vision));
    const still = await forge.run({}, wellBehaved(vision));
    await forge.say(forge.ada, 1, 'A1: Two');
    const again = await forge.run({}, wellBehaved(vision));

    expect(ready.code).toBe(0);
    expect(still.writes).toEqual([]);
    expect(again.text).toContain('revised sub-issues for #1');
    const text = await forge.document(1);
    expect(text).toContain(
      '- Q1 (critical): One or two?\n  - A: One → it is done sooner\n  - B: Two → each can fail alone\n  - Recommended: B\n  - A1: Two\n- Q2 (secondary)',
    );
    expect(text).toContain('  - A2: Now @\u2060ada');
    expect(text).toContain('id: measure-twice');
    const said = await forge.comments(1);
    expect(said.filter((comment) => comment.includes('Ready for a person to merge'))).toHaveLength(2);
    expect((await forge.pulls())[0]?.body).toContain('  - A1: Two');
  });

  it('an approval accepts', async () => {
    const vision = await forge.pitched();
    await forge.seed.api(
      'POST',
      `/repos/${forge.ops}/pulls/1/reviews`,
      { event: 'APPROVED' },
      forge.ada.token,
    );

    const { text } = await forge.run({}, wellBehaved(vision));

    expect(text).toContain('design questions for #1');
  });

  it('a pitch that leaves nothing to decide is ready at once', async () => {
    await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');

    const { code } = await forge.run({}, () => 'NONE');

    expect(code).toBe(0);
    expect((await forge.comments(1)).at(-1)).toContain('Accepted, and nothing is left to decide.');
    expect(await forge.document(1)).toContain('None: nothing is left to decide.');
  });

  it('REJECT closes with the reason and takes the branch away; PITCH AGAIN there asks for another', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'REJECT: not now @stranger');

    const closed = await forge.run();
    const left = await forge.run();
    await forge.say(forge.stranger, 1, 'PITCH AGAIN');
    const byStranger = await forge.run();
    await forge.say(forge.ada, 1, 'PITCH AGAIN');
    const again = await forge.run({}, () => pitchText(vision));

    expect(closed.writes).toEqual([
      'POST /repos/owner/ops/issues/1/comments 201',
      'PATCH /repos/owner/ops/issues/1 201',
      'DELETE /repos/architect/ops/branches/architect/sprint-vision-1 204',
    ]);
    expect((await forge.comments(1)).join('\n')).toContain('Declined: not now @\u2060stranger');
    expect(left.writes).toEqual([]);
    expect(left.text).toContain('pull request #1 was declined, and waits for PITCH AGAIN');
    expect(byStranger.writes).toEqual([]);
    expect(again.code).toBe(0);
    expect((await forge.pulls()).map(({ number, state }) => [number, state])).toEqual([
      [1, 'closed'],
      [2, 'open'],
    ]);
  });

  it('REJECT once had its effect: a pitch that somebody reopens stays open', async () => {
    await forge.pitched();
    await forge.say(forge.ada, 1, 'REJECT: no');
    await forge.run();
    await forge.seed.putFile(forge.architect, 'architect/ops', 'sprints/a-first-step.md', pitchText(1), {
      from: 'main',
      name: 'architect/sprint-vision-1',
    });
    await forge.seed.api('PATCH', `/repos/${forge.ops}/pulls/1`, { state: 'open' }, forge.owner.token);

    const { text } = await forge.run();

    expect(text).toContain('pitch #1 waits for ACCEPT or REJECT');
    expect((await forge.pulls())[0]?.state).toBe('open');
  });

  it('after the merge the branch goes, and progress is told in one comment that changes when something did', async () => {
    const vision = await forge.pitched();
    const filer = await forge.seed.createUser('filer', ['write:issue']);
    await forge.seed.addCollaborator(forge.owner, forge.project, filer.login, 'write');
    await forge.seed.mergePull(forge.owner, forge.ops, 1);
    const file = (title: string): Promise<number> =>
      forge.seed.createIssue(filer, forge.project, {
        title,
        body: `x\n\n<!-- decomposed-from: #${vision}, sprint: a-first-step, id: ${title} -->`,
      });
    const [one] = [await file('one'), await file('two')];

    const first = await forge.run({ PLUGIN_FILER_LOGIN: 'filer' });
    const same = await forge.run({ PLUGIN_FILER_LOGIN: 'filer' });
    await forge.seed.closeIssue(filer, forge.project, one);
    const changed = await forge.run({ PLUGIN_FILER_LOGIN: 'filer' });

    expect(first.writes).toEqual([
      'POST /repos/owner/ops/issues/1/comments 201',
      'DELETE /repos/architect/ops/branches/architect/sprint-vision-1 204',
    ]);
    expect(same.writes).toEqual([]);
    expect(changed.writes).toHaveLength(1);
    const progress = (await forge.comments(1)).filter((text) => /sub-issues (?:is|are) closed/.test(text));
    expect(progress).toHaveLength(1);
    expect(progress[0]).toContain('1 of 2 sub-issues is closed.');
  });
});

describe('what people write in a description stays', () => {
  it('when our sections are brought up to date, everything around them is as they left it', async () => {
    const vision = await forge.pitched();
    const [before] = await forge.pulls();
    const edited = `A word from ada.\n\n${before?.body.replace('Worth it.', 'Worth it, says ada.')}\n\nP.S. ada`;
    await forge.seed.api('PATCH', `/repos/${forge.ops}/pulls/1`, { body: edited }, forge.ada.token);
    await forge.say(forge.ada, 1, 'ACCEPT');

    await forge.run({}, wellBehaved(vision));

    const [after] = await forge.pulls();
    expect(after?.body).toContain('A word from ada.');
    expect(after?.body).toContain('Worth it, says ada.');
    expect(after?.body).toContain('P.S. ada');
    expect(after?.body).toContain('- Q1 (critical): One or two?');
  });

  it('an edit made between reading and writing is kept: the fresh text is what our sections go into', async () => {
    const vision = await forge.pitched();
    await forge.say(forge.ada, 1, 'ACCEPT');
    let done = false;

    await forge.run({}, (question) => {
      // The plan for the description was not made yet; the edit happens while the model thinks.
      if (!done) {
        done = true;
        void forge.seed.api(
          'PATCH',
          `/repos/${forge.ops}/pulls/1`,
          { title: 'ada’s title' },
          forge.ada.token,
        );
      }
      return wellBehaved(vision)(question);
    });

    const [after] = await forge.pulls();
    expect(after?.title).toBe('ada’s title');
    expect(after?.body).toContain('- Q1 (critical): One or two?');
  });

  it('a description whose marks somebody took out is left alone', async () => {
    const vision = await forge.pitched();
    await forge.seed.api('PATCH', `/repos/${forge.ops}/pulls/1`, { body: 'All mine now.' }, forge.ada.token);
    await forge.say(forge.ada, 1, 'ACCEPT');

    const { code } = await forge.run({}, wellBehaved(vision));

    expect(code).toBe(0);
    expect((await forge.pulls())[0]?.body).toBe('All mine now.');
  });

  it('a document that somebody changed on the branch keeps their words', async () => {
    const vision = await forge.vision('A goal');
    await forge.seed.addCollaborator(forge.owner, forge.ops, forge.architect.login, 'write');
    await forge.run({}, () => pitchText(vision));
    const { body } = await forge.seed.api(
      'GET',
      `/repos/${forge.ops}/contents/sprints/a-first-step.md?ref=architect/sprint-vision-1`,
    );
    await forge.seed.api(
      'PUT',
      `/repos/${forge.ops}/contents/sprints/a-first-step.md`,
      {
        branch: 'architect/sprint-vision-1',
        sha: (body as { sha: string }).sha,
        message: 'm',
        content: Buffer.from(pitchText(vision).replace('Worth it.', 'ada thinks so too.')).toString('base64'),
      },
      forge.ada.token,
    );
    await forge.say(forge.ada, 1, 'ACCEPT');

    await forge.run({}, wellBehaved(vision));

    const text = await forge.document(1);
    expect(text).toContain('ada thinks so too.');
    expect(text).toContain('- Q1 (critical): One or two?');
  });
});
