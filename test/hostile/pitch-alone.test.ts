import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Rewrite, startFaultProxy } from '../faults/proxy.ts';
import { type Pitching, pitchText, type Ran, startPitching, wellBehaved } from '../pitching.ts';

let forge: Pitching;
beforeEach(async () => {
  forge = await startPitching();
});
afterEach(() => forge.close());

/** A run whose forge answers some of its calls in another way. */
async function runWith(rewrite: Rewrite, engine: Parameters<Pitching['run']>[1]): Promise<Ran> {
  const proxy = await startFaultProxy(forge.forge.url, undefined, rewrite);
  try {
    return await forge.run({ CI_FORGE_URL: proxy.url }, engine);
  } finally {
    await proxy.close();
  }
}

/** Two open pitches, both accepted by comments: #1 of the first vision, #2 of the second. */
async function twoAccepted(): Promise<void> {
  for (const name of ['The first', 'The second']) {
    const vision = await forge.vision(name);
    await forge.run({}, () => pitchText(vision, { name }));
  }
  for (const pull of [1, 2]) {
    await forge.say(forge.ada, pull, 'ACCEPT');
    // Without any review none is asked for.
    const { status } = await forge.seed.api(
      'POST',
      `/repos/${forge.ops}/pulls/${pull}/reviews`,
      { event: 'COMMENT', body: 'Read.' },
      forge.ada.token,
    );
    expect(status).toBe(200);
  }
}

const questions = (): string => wellBehaved(1)({ about: { purpose: 'questions' } });

describe('what is wrong with one pull request is its own', () => {
  it.each<[string, RegExp, { status: number; body?: unknown }]>([
    ['whose reviews make the forge fail', /\/pulls\/1\/reviews/, { status: 500 }],
    [
      'whose reviews are counted and not listed',
      /\/pulls\/1\/reviews/,
      { status: 200, body: [], headers: { 'x-total-count': '600' } } as { status: number },
    ],
    [
      'whose comments we may not read',
      /^GET .*\/issues\/1\/timeline/,
      { status: 403, body: { message: 'no' } },
    ],
    ['whose comments are something else', /^GET .*\/issues\/1\/timeline/, { status: 200, body: { a: 1 } }],
    ['whose files make the forge fail', /\/pulls\/1\/files/, { status: 500 }],
  ])('%s: it is left aside and said, and the other is served', async (_, call, answer) => {
    await twoAccepted();

    const { code, text } = await runWith(
      (__, request) => (call.test(request) ? answer : undefined),
      questions,
    );

    expect(code).toBe(0);
    expect(text).toContain('pitch #1 is left aside: ');
    expect((await forge.comments(2)).join('\n')).toContain('These are left to decide');
    expect((await forge.comments(1)).join('\n')).not.toContain('These are left to decide');
  });

  it('a review that a stranger never submits holds up no other pitch', async () => {
    await twoAccepted();
    await forge.seed.api('POST', `/repos/${forge.ops}/pulls/1/reviews`, { body: 'hm' }, forge.stranger.token);

    const { code } = await forge.run({}, questions);

    expect(code).toBe(0);
    expect((await forge.comments(2)).join('\n')).toContain('These are left to decide');
  });

  it('somebody who blocks our account keeps nobody else from being served', async () => {
    await twoAccepted();
    await forge.seed.api('PUT', `/user/block/${forge.architect.login}`, undefined, forge.ada.token);

    const { code } = await forge.run({}, questions);

    expect(code).toBe(0);
    for (const pull of [1, 2])
      expect((await forge.comments(pull)).join('\n')).toContain('These are left to decide');
  });

  it('where a conversation is closed to our account, the others go on and new visions are pitched', async () => {
    await twoAccepted();
    const third = await forge.vision('The third');

    const { code, text } = await runWith(
      (_, request) =>
        /^POST .*\/issues\/1\/comments/.test(request)
          ? { status: 403, body: { message: 'user is blocked by the poster or repository owner' } }
          : undefined,
      (question) => wellBehaved(third)(question),
    );

    expect(code).toBe(0);
    expect(text).toContain('pitch #1 is left aside: the forge does not let this account comment there');
    expect((await forge.comments(2)).join('\n')).toContain('These are left to decide');
    expect((await forge.pulls()).map(({ head }) => head.label)).toContain(`architect/sprint-vision-${third}`);
  });

  it('pitches whose fork was deleted are over, and their files, which make the forge fail for ever, are not asked for', async () => {
    await twoAccepted();
    await forge.seed.api('DELETE', '/repos/architect/ops', undefined, forge.architect.token);
    const third = await forge.vision('The third');

    const { code, calls } = await forge.run({}, () => pitchText(third));

    expect(code).toBe(0);
    expect(calls.join('\n')).not.toMatch(/pulls\/[12]\/files/);
    expect((await forge.pulls()).map(({ state }) => state)).toEqual(['closed', 'closed', 'open']);
  });

  it('an open pitch whose fork the forge no longer names is not asked for its files, and can still be declined', async () => {
    await twoAccepted();
    await forge.say(forge.ada, 2, 'REJECT: gone');
    const { body } = await forge.seed.api('GET', `/repos/${forge.ops}/pulls?state=all`);
    const orphaned = (body as { head: object }[]).map((pull) => ({
      ...pull,
      head: { ...pull.head, repo_id: -1, repo: null },
    }));

    const { code, text, calls } = await runWith(
      (_, request) =>
        /\/repos\/owner\/ops\/pulls\?/.test(request)
          ? { status: 200, body: orphaned, headers: { 'x-total-count': '2' } }
          : undefined,
      questions,
    );

    expect(code).toBe(0);
    expect(text).toContain(
      'pitch #1 comes from a repository that is gone: only a word that declines it is heard',
    );
    expect(calls.join('\n')).not.toMatch(/pulls\/[12]\/files/);
    expect((await forge.comments(2)).join('\n')).toContain('Declined: gone');
  });
});

it('a list of issues that is empty although the forge counts some is no project without visions', async () => {
  await forge.vision('a');

  const { code, text, writes } = await runWith(
    (_, request) =>
      request.startsWith('GET') && request.includes('/issues?state=open')
        ? { status: 200, body: [], headers: { 'x-total-count': '40' } }
        : undefined,
    () => {
      throw new Error('a model was asked');
    },
  );

  expect(code).toBe(1);
  expect(text).toContain('could not be read to their end');
  expect(writes).toEqual([]);
});
