import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Client, connect } from './client.ts';
import { type GithubRig, openGithubRig } from './github-rig.ts';
import { callEverything } from './joined.ts';

// What is GitHub's own about an agent's way there; that its tools do the same as on the forge stands in platforms.test.ts.

let rig: GithubRig;
let client: Client;
beforeEach(async () => {
  rig = await openGithubRig();
  client = await connect(rig.sidecar.socket);
});
afterEach(async () => {
  client.end();
  await rig.close();
});

it('a token that runs out in the middle is told to the agent as that, and is not in what it is told', async () => {
  expect(await client.call('read_issue', {})).toMatchObject({ outcome: 'done' });
  rig.github.forget(rig.bot.token);

  const read = await client.call('read_issue', {});
  const posted = await client.call('post_comment', { body: 'x' });

  for (const { outcome, texts } of [read, posted]) {
    expect(outcome).toBe('failed');
    expect(texts.join(' ')).toMatch(/answered 401/);
    expect(texts.join(' ')).not.toContain(rig.bot.token);
  }
  expect(rig.issue.comments).toEqual([]);
  expect(rig.said.join('\n')).not.toContain(rig.bot.token);
});

it('a text of any length is cut, and says so', async () => {
  rig.issue.body = 'x'.repeat(300_000);

  const { texts } = await client.call('read_issue', {});

  const { body } = JSON.parse(texts[0] ?? '') as { body: string };
  expect(body.length).toBeLessThan(61_000);
  expect(body).toContain('[Cut here: 240000 more characters are not shown.]');
});

it('what an account said that is gone, counts as said by somebody who may not write', async () => {
  rig.github.addComment(rig.issue, null, 'I was an admin once.');

  expect((await client.call('read_comments', {})).texts[1]).toContain(
    '1 comment of people who may not write',
  );
});

it('a tool causes no other request than those that are looked up, and writes on its own issue and pull request', async () => {
  await callEverything(client, [undefined, rig.issue.number, rig.other.number, rig.pull.number, 999]);

  const caused = rig.github.requests.map(
    ({ method, path }) => `${method} ${path.split('?')[0]?.replace(/\d+/g, 'N')}`,
  );
  expect([...new Set(caused)].sort()).toEqual([
    'GET /repos/owner/project/issues/N',
    'GET /repos/owner/project/issues/N/comments',
    'GET /repos/owner/project/pulls/N',
    'PATCH /repos/owner/project/issues/N',
    'POST /repos/owner/project/issues/N/comments',
  ]);
  expect(rig.other).toMatchObject({ body: 'Leave it.', comments: [] });
});
