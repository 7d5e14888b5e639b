import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimFile } from '../../core/claim.ts';
import { createSend } from '../../core/http.ts';
import { createMask } from '../../core/mask.ts';
import { allScopes, type Person } from '../../embedded-forge/seed.ts';
import { startFaultProxy } from '../faults/proxy.ts';
import { type Story, startStory } from '../story.ts';

let story: Story;
let person: Person;
beforeEach(async () => {
  story = await startStory();
  person = await story.seed.createUser('claimer', allScopes);
  await story.seed.addCollaborator(story.owner, story.ops, 'claimer', 'write');
});
afterEach(() => story.close());

const sendTo = (url: string): ReturnType<typeof createSend> =>
  createSend({
    url,
    token: person.token,
    mask: createMask(),
    deadline: Date.now() + 60_000,
    pause: async () => undefined,
  });
const claimOf = (path: string, content: string): Parameters<typeof claimFile>[1] => ({
  repository: story.ops,
  branch: 'main',
  path,
  content,
  message: `claim ${path}`,
});

describe('a claim', () => {
  it('made by six at the same moment is held by one', async () => {
    const send = sendTo(story.forge.url);

    const all = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        claimFile(send, claimOf('locks/one', `nonce ${index}`), async () => undefined),
      ),
    );

    expect(all.filter((holder) => holder === 'ours')).toHaveLength(1);
    send.close();
  });

  it('for six different paths at the same moment is held by all six, although they race for the branch', async () => {
    const send = sendTo(story.forge.url);

    const all = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        claimFile(send, claimOf(`locks/${index}`, `nonce ${index}`), async () => undefined),
      ),
    );

    expect(all).toEqual(Array.from({ length: 6 }, () => 'ours'));
    send.close();
  });

  it('whose answer was lost is found by reading', async () => {
    const proxy = await startFaultProxy(story.forge.url, { call: 1, point: 'after-send' });
    const send = sendTo(proxy.url);

    expect(await claimFile(send, claimOf('locks/one', 'mine'))).toBe('ours');
    expect(await claimFile(send, claimOf('locks/one', 'another'))).toBe('theirs');
    send.close();
    await proxy.close();
  });

  it('that was never carried out stays unknown, because it may still come', async () => {
    const proxy = await startFaultProxy(story.forge.url, { call: 1, point: 'before-send' });
    const send = sendTo(proxy.url);

    await expect(claimFile(send, claimOf('locks/one', 'mine'))).rejects.toMatchObject({
      kind: 'unknown-outcome',
    });
    send.close();
    await proxy.close();
  });

  it('by somebody who may not write is refused, not lost', async () => {
    await story.seed.addCollaborator(story.owner, story.ops, 'claimer', 'read');
    const send = sendTo(story.forge.url);

    await expect(claimFile(send, claimOf('locks/one', 'mine'))).rejects.toMatchObject({ kind: 'permission' });
    send.close();
  });
});
