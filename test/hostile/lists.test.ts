import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Rewrite, startFaultProxy } from '../faults/proxy.ts';
import { entries, type Ran, type Story, sprintDocument, startStory } from '../story.ts';

let story: Story;
beforeEach(async () => {
  story = await startStory();
  story.document('x.md', sprintDocument(story.vision, entries('a')));
});
afterEach(() => story.close());

async function runThrough(rewrite: Rewrite): Promise<Ran> {
  const proxy = await startFaultProxy(story.forge.url, undefined, rewrite);
  const ran = await story.run({ CI_FORGE_URL: proxy.url });
  await proxy.close();
  return ran;
}

const own = (request: string): boolean => request.includes('created_by=');
const issue = {
  number: 1,
  title: 'x',
  body: '',
  state: 'open',
  user: { id: 2, login: 'filer' },
  labels: [],
  html_url: '',
};

describe('after a list that could not be read to its end', () => {
  it.each<[string, Rewrite, string]>([
    [
      'answered 500',
      (_, request) => (own(request) ? { status: 500, body: { message: '' } } : undefined),
      'answered 500',
    ],
    [
      'answered 502 on page two',
      (_, request) =>
        own(request)
          ? request.includes('page=2')
            ? { status: 502 }
            : { status: 200, body: [issue], headers: { 'x-total-count': '2' } }
          : undefined,
      'answered 502',
    ],
    [
      'was empty although the count says more',
      (_, request) =>
        own(request) ? { status: 200, body: [], headers: { 'x-total-count': '40' } } : undefined,
      '0 items although the forge counts 40',
    ],
    [
      'of labels was shorter than its count',
      (_, request) =>
        request.includes('/labels?')
          ? { status: 200, body: [], headers: { 'x-total-count': '3' } }
          : undefined,
      '0 items although the forge counts 3',
    ],
    [
      'was no list',
      (_, request) => (own(request) ? { status: 200, body: { message: 'login' } } : undefined),
      'something unexpected',
    ],
    [
      'was not allowed',
      (_, request) => (own(request) ? { status: 403, body: { message: 'no' } } : undefined),
      'Give the token',
    ],
  ])('that %s, nothing is written and the run is red', async (_, rewrite, message) => {
    const ran = await runThrough(rewrite);

    expect(ran).toMatchObject({ code: 1, report: { outcome: 'refused' } });
    expect(ran.text).toContain(message);
    expect(ran.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
  });
});

describe('a limiter in front of the forge', () => {
  it('slows the run down and loses nothing', async () => {
    let turned = 0;
    const ran = await runThrough((call) => {
      if (call % 3 !== 0) return undefined;
      turned += 1;
      return { status: 429, headers: { 'retry-after': '1' } };
    });

    expect(turned).toBeGreaterThan(2);
    expect(ran.code).toBe(0);
    expect((await story.issues()).filter(({ author }) => author === 'filer')).toHaveLength(1);
  });
});

describe('a write that the forge refuses for a reason of its own', () => {
  it('is told with its reason, and never with a path of the server', async () => {
    const ran = await runThrough((_, request) =>
      request.startsWith('POST') && request.endsWith('/issues')
        ? { status: 403, body: { message: 'PushRejected: /srv/forge/data cannot lock ref' } }
        : undefined,
    );

    expect(ran.code).toBe(1);
    expect(ran.text).not.toContain('/srv/forge');
  });
});

describe('a list by author with somebody else in it', () => {
  it('is asked for the account by its id as well: a freed login may belong to another', async () => {
    const stranger = {
      ...issue,
      user: { id: 999, login: 'filer' },
      body: '<!-- decomposed-from: #1, sprint: x, id: a -->',
    };

    const ran = await runThrough((call, request) =>
      own(request) && call < 8
        ? { status: 200, body: [stranger], headers: { 'x-total-count': '1' } }
        : undefined,
    );

    expect(ran.text).toContain('+ issue "Title of a"');
  });
});
