import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSend, type Service } from '../core/api/http.ts';
import { createMask } from '../core/mask.ts';
import { woodpeckerService } from '../core/woodpecker/pipelines.ts';
import { entries, type Story, sprintDocument, startStory } from './story.ts';

// Servers below a path of a host that others share: a call beside the path would reach, with the token, somebody else.

let story: Story;
let proxy: http.Server;
let address: string;
/** What was asked for outside of the paths. */
let beside: string[];
beforeEach(async () => {
  story = await startStory();
  beside = [];
  proxy = http.createServer((request, response) => {
    const [, place, rest] = /^\/(forge|ci)(\/.*)$/.exec(request.url ?? '') ?? [];
    if (place === 'ci') response.setHeader('content-type', 'application/json');
    if (place === 'forge') {
      const behind = http.request(
        `${story.forge.url}${rest}`,
        { method: request.method, headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      request.pipe(behind);
    } else if (place === 'ci') response.end(JSON.stringify({ asked: request.url }));
    else {
      beside.push(request.url ?? '');
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterEach(async () => {
  proxy.closeAllConnections();
  await new Promise((done) => proxy.close(done));
  await story.close();
});

it.each(['/forge', '/forge/'])(
  'a role works with a forge at %s, and asks nothing beside it',
  async (place) => {
    story.document('x.md', sprintDocument(story.vision, entries('a', 'b: a')));

    const ran = await story.run({ CI_FORGE_URL: `${address}${place}` });

    expect(ran.text).toContain('Done: 1 issue labelled, 2 issues created');
    expect(ran.code).toBe(0);
    expect(beside).toEqual([]);
  },
);

it.each(['/ci', '/ci/'])('a Woodpecker at %s is asked there', async (place) => {
  const service: Service = woodpeckerService;
  const send = createSend({
    url: `${address}${place}`,
    service,
    token: 'a-token-of-a-user',
    mask: createMask(),
    deadline: Date.now() + 10_000,
  });

  const { body } = await send({ method: 'GET', route: '/user' });

  expect(body).toEqual({ asked: '/ci/api/user' });
  send.close();
});
