import { expect, it } from 'vitest';
import { type Issue, onEveryForge } from './every-forge.ts';

interface Label {
  id: number;
  name: string;
}

onEveryForge('labels', ({ api, bot, fresh, issue, owner, reader, remove, repo, seed, tag }) => {
  it('may share a name, and then a filter by that name finds nothing', async () => {
    const name = await fresh('twins');
    const first = await seed.createLabel(owner, name, 'twin');
    await seed.createLabel(owner, name, 'twin');
    await issue(bot, name, { title: 'x', labels: [first] });

    expect((await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?labels=twin&state=all`)).body).toEqual([]);
  });

  it('of which a filter knows none are no filter at all', async () => {
    const name = await fresh('unknown-filter');
    await issue(bot, name, { title: 'x' });

    expect(
      (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?labels=nothing-of-the-kind&state=all`)).body,
    ).toHaveLength(1);
  });

  it('of one name filter exactly', async () => {
    const name = await fresh('one-filter');
    const id = await seed.createLabel(owner, name, 'vision');
    await issue(bot, name, { title: 'with', labels: [id] });
    await issue(bot, name, { title: 'without' });

    const { body, headers } = await api<Issue[]>(
      bot,
      'GET',
      `/repos/${name}/issues?state=open&type=issues&labels=vision&page=1&limit=50`,
    );

    expect(body.map(({ title }) => title)).toEqual(['with']);
    expect(headers.get('x-total-count')).toBe('1');
  });

  it('of two names are asked for together', async () => {
    const name = await fresh('two-filters');
    const [one, two] = [
      await seed.createLabel(owner, name, 'one'),
      await seed.createLabel(owner, name, 'two'),
    ];
    await issue(bot, name, { title: 'both', labels: [one, two] });
    await issue(bot, name, { title: 'one', labels: [one] });
    const list = async (labels: string): Promise<string[]> =>
      (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?state=all&labels=${labels}`)).body.map(
        ({ title }) => title,
      );

    expect(await list('one,two')).toEqual(['both']);
    expect(await list('one,nothing-of-the-kind')).toEqual(['one', 'both']);
  });

  it('are all given when no page is asked for, whatever the limit', async () => {
    const name = await fresh('no-page');
    for (const label of ['a', 'b', 'c']) await seed.createLabel(owner, name, label);

    expect((await api<Label[]>(bot, 'GET', `/repos/${name}/labels?limit=2`)).body).toHaveLength(3);
    expect((await api<Label[]>(bot, 'GET', `/repos/${name}/labels?limit=2&page=1`)).body).toHaveLength(2);
  });

  it('come with a count, page by page', async () => {
    const name = await fresh('many-labels');
    for (const label of ['a', 'b', 'c']) await seed.createLabel(owner, name, label);

    const page = await api<Label[]>(bot, 'GET', `/repos/${name}/labels?page=2&limit=2`);

    expect(page.body).toHaveLength(1);
    expect(page.headers.get('x-total-count')).toBe('3');
  });

  it('are put on an issue by id, come back in the answer, and unknown ids are dropped in silence', async () => {
    const name = await fresh('put-labels');
    const id = await seed.createLabel(owner, name, 'in-progress');
    const { number } = await issue(bot, name, { title: 'x' });

    const answer = await api<Label[]>(bot, 'POST', `/repos/${name}/issues/${number}/labels`, {
      labels: [id, 999_999_999],
    });

    expect(answer.status).toBe(200);
    expect(answer.body.map((label) => label.id)).toEqual([id]);
    expect((await api(bot, 'DELETE', `/repos/${name}/issues/${number}/labels/${id}`)).status).toBe(204);
  });

  it('are dropped in silence from an issue of somebody who may not set them, and 403 afterwards', async () => {
    const name = await fresh('no-right');
    const id = await seed.createLabel(owner, name, 'x');

    const made = await issue(reader, name, { title: 'x', labels: [id] });

    expect(made.labels).toEqual([]);
    expect(
      (await api(reader, 'POST', `/repos/${name}/issues/${made.number}/labels`, { labels: [id] })).status,
    ).toBe(403);
  });

  it('can be named on an existing issue, and an unknown name is ignored', async () => {
    const name = await fresh('by-name');
    await seed.createLabel(owner, name, 'known');
    const { number } = await issue(bot, name, { title: 'x' });

    const answer = await api<Label[]>(bot, 'POST', `/repos/${name}/issues/${number}/labels`, {
      labels: ['known', 'unknown'],
    });

    expect(answer.body.map((label) => label.name)).toEqual(['known']);
  });

  it('cannot be made without a colour, and can be deleted', async () => {
    const id = await seed.createLabel(owner, repo, `gone-${tag}`);

    expect((await api(owner, 'POST', `/repos/${repo}/labels`, { name: 'x' })).status).toBe(422);
    expect((await api(owner, 'DELETE', `/repos/${repo}/labels/${id}`)).status).toBe(204);
  });

  it('of an organisation are a list of their own, and go onto issues by id', async () => {
    const organisation = `org${tag}`;
    remove(`/repos/${organisation}/r`);
    remove(`/orgs/${organisation}`);
    await api(owner, 'POST', '/orgs', { username: organisation });
    const label = await api<Label>(owner, 'POST', `/orgs/${organisation}/labels`, {
      name: 'of-org',
      color: '#112233',
    });
    await api(owner, 'POST', `/orgs/${organisation}/repos`, {
      name: 'r',
      auto_init: true,
      default_branch: 'main',
    });

    const created = await issue(owner, `${organisation}/r`, { title: 'x', labels: [label.body.id] });

    expect(created.labels.map(({ name }) => name)).toEqual(['of-org']);
    await issue(owner, `${organisation}/r`, { title: 'y' });
    const listed = await api<{ number: number }[]>(
      owner,
      'GET',
      `/repos/${organisation}/r/issues?labels=of-org`,
    );
    expect(listed.body.map(({ number }) => number)).toEqual([created.number]);
    expect((await api<Label[]>(owner, 'GET', `/repos/${organisation}/r/labels`)).body).toEqual([]);
    expect(
      (await api<Label[]>(owner, 'GET', `/orgs/${organisation}/labels`)).body.map(({ name }) => name),
    ).toEqual(['of-org']);
    const events = await api<{ type: string; label: Label | null }[]>(
      owner,
      'GET',
      `/repos/${organisation}/r/issues/${created.number}/timeline`,
    );
    expect(events.body.flatMap(({ type, label: set }) => (type === 'label' ? [set?.name] : []))).toEqual([
      'of-org',
    ]);
  });

  it('of a user who is no organisation are 404', async () => {
    expect((await api(owner, 'GET', `/orgs/${owner.login}/labels`)).status).toBe(404);
  });
});
