import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { entries, type Story, sprintDocument, startStory } from '../story.ts';

// What stands between a step and the forge may keep answers, and a database that copies another one may be behind. Then a 200 is
// no lie, and still says what is no longer so.

let story: Story;
beforeEach(async () => {
  story = await startStory();
});
afterEach(() => story.close());

async function filed(): Promise<string[]> {
  return (await story.issues()).filter(({ author }) => author === 'filer').map(({ title }) => title);
}

/** Whoever asks for this list is told what it was at the beginning, however often. */
async function runBehind(list: string): Promise<Awaited<ReturnType<Story['run']>>> {
  const proxy = await startFaultProxy(story.forge.url, undefined, (_, request) =>
    request.startsWith('GET') && request.includes(list)
      ? { status: 200, body: [], headers: { 'x-total-count': '0' } }
      : undefined,
  );
  const ran = await story.run({ CI_FORGE_URL: proxy.url });
  await proxy.close();
  return ran;
}

describe('lists that are older than what was just written', () => {
  it('make no run file its entries more than once', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b: a')));

    const ran = await runBehind('created_by=');

    expect(ran.code).toBe(1);
    expect(ran.text).toContain('This run has made issue "Title of a" [backlog] already');
    expect(ran.text).toContain('must let everything below /api/ pass by');
    expect(await filed()).toEqual(['Title of a', 'Title of b']);
    // What was cut off is done where the lists are of now.
    expect((await story.run()).code).toBe(0);
    expect(await filed()).toEqual(['Title of a', 'Title of b']);
  });

  it('make no run say more than once that a vision is closed, and no vision is closed unsaid', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    await story.run();
    await story.seed.api('PATCH', `/repos/${story.project}/issues/2`, { state: 'closed' });

    const ran = await runBehind('/issues/1/comments');

    expect(ran.code).toBe(1);
    expect(ran.text).toContain(
      'The comment on #1 of owner/project was written, and the forge does not show it',
    );
    expect(await story.comments(1)).toHaveLength(1);
    expect((await story.issues())[0]?.state).toBe('open');
    await story.run();
    expect(await story.comments(1)).toHaveLength(1);
    expect((await story.issues())[0]?.state).toBe('closed');
  });
});

describe('a list of which an item is deleted while it is read', () => {
  it('makes no run file again what moved up onto a page that it had read', async () => {
    story.document('x.md', sprintDocument(story.vision, entries('a')));
    await story.run();
    for (let index = 0; index < 52; index += 1)
      await story.seed.createIssue(story.filer, story.project, { title: `other ${index}` });
    const first = `/repos/${story.project}/issues?state=all&type=issues&created_by=filer&page=1&limit=50`;
    const before = await story.seed.api('GET', first);
    // The entry is on the second page, and then it is the first page's last.
    for (const number of [30, 31, 32])
      await story.seed.api('DELETE', `/repos/${story.project}/issues/${number}`);
    let isRead = false;
    const proxy = await startFaultProxy(story.forge.url, undefined, (_, request) => {
      if (isRead || !request.includes('created_by=filer&page=1')) return undefined;
      isRead = true;
      return { status: 200, body: before.body, headers: { 'x-total-count': '53' } };
    });

    const ran = await story.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();

    expect(isRead).toBe(true);
    expect(ran).toMatchObject({ code: 0, report: { outcome: 'unchanged' } });
    expect((await filed()).filter((title) => title === 'Title of a')).toHaveLength(1);
  });
});
