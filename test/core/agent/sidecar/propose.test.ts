import { afterEach, beforeEach, expect, it } from 'vitest';
import { proposalsIn } from '../../../../core/escalation/answer.ts';
import { readPayload } from '../../../../core/escalation/payload.ts';
import type { Client } from './client.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
let client: Client;
beforeEach(async () => {
  rig = await openRig();
  client = await rig.connect();
});
afterEach(() => rig.close());

const propose = (payload: unknown, type = 'issue-create'): ReturnType<Client['call']> =>
  client.call('propose_action', {
    type,
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });

it('an agent’s proposal is a comment on its issue that the role escalation reads back as it was meant', async () => {
  const payload = { title: 'Mend the roof', body: 'See #1, @ada:\n\n```\nrm -rf\n```\n' };

  expect((await propose(payload)).outcome).toBe('done');

  const [written] = rig.forge.written;
  expect(written).toMatchObject({ kind: 'comment', number: 5 });
  const [found] = proposalsIn(written?.text ?? '');
  expect(readPayload(found?.type ?? '', found?.json ?? '', 'owner/project')).toEqual({
    ok: true,
    payload: { type: 'issue-create', repo: 'owner/project', labels: [], ...payload },
  });
});

it('what no proposal can be is refused with why, and written nowhere', async () => {
  for (const [payload, why] of [
    ['{"title":"a","title":"b"}', 'stands twice in one object'],
    ['{"title":"a","assignee":"b"}', 'a field that there is not'],
    [{ title: 'x\u200by' }, 'text without invisible characters'],
    ['x'.repeat(30_000), '20000 is the most'],
  ] as const) {
    const { outcome, texts } = await propose(payload);
    expect(outcome).toBe('refused');
    expect(texts[0]).toContain(why);
  }
  expect((await propose({}, 'repo-delete')).texts).toEqual([
    'type has to be one of issue-create, pr-create, ci-run.',
  ]);
  expect((await client.call('propose_action', { type: 'ci-run', payload: '{}', number: 7 })).outcome).toBe(
    'refused',
  );
  expect(rig.forge.written).toEqual([]);
});

it('no secret goes out in one, however JSON spells it', async () => {
  const secret = 'say "this" to\\nobody 1234567890';
  rig.mask.add(secret);
  const spelled = [...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

  for (const payload of [
    { title: 'x', body: secret },
    `{"title":"x","body":"${spelled}"}`,
    { ref: 'main', workflow: 'a.yml', inputs: { x: secret } },
  ])
    expect(
      (await propose(payload, JSON.stringify(payload).includes('ref') ? 'ci-run' : undefined)).texts,
    ).toEqual(['The text holds a secret of this run, so it was not written. Say it without the secret.']);
  expect(rig.forge.written).toEqual([]);
});

it('a run makes five and no more', async () => {
  for (let nth = 0; nth < 5; nth += 1) expect((await propose({ title: `t${nth}` })).outcome).toBe('done');

  expect((await propose({ title: 'one more' })).texts).toEqual(['This run has written its 5 proposals.']);
});
