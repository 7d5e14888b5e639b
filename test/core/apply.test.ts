import { describe, expect, it } from 'vitest';
import { ApiError } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { applyPlan } from '../../core/apply.ts';
import { applyChange, type Change } from '../../core/change.ts';
import { createMask } from '../../core/mask.ts';
import { commentSign } from '../../core/own-comment.ts';
import { digestOf, sealBody } from '../../core/sealed.ts';
import { markLine } from '../../core/sprint/marker.ts';

const repository = 'owner/project';
const account = { id: 9, login: 'filer' };
const mark = { vision: 1, sprint: 'x', id: 'a' };

/** A forge of prepared answers, by `METHOD last-part-of-the-route`; what was asked is kept. */
function scripted(answers: Record<string, unknown>): { send: Send; asked: string[] } {
  const asked: string[] = [];
  const send: Send = async ({ method, route }) => {
    const name = `${method} ${route.split('/').at(-1)}`;
    asked.push(name);
    return { status: method === 'GET' ? 200 : 201, headers: {}, body: answers[name] };
  };
  return { send, asked };
}

function apply(change: Change, send: Send): ReturnType<typeof applyChange> {
  const ask = (): never => {
    throw new Error('there is no model');
  };
  return applyChange(change, { send, account, workspace: '/', made: new Map(), ask });
}

describe('updating an issue', () => {
  const digest = digestOf('A', 'text\n');
  const change: Change = {
    kind: 'update-issue',
    why: '',
    repository,
    issue: 3,
    title: 'A',
    content: ['new\n'],
    tie: markLine(mark),
    expects: { digest },
  };
  const asFiled = {
    number: 3,
    title: 'A',
    body: sealBody('A', 'text\n', markLine(mark)),
    state: 'open',
    user: account,
    labels: [],
    html_url: '',
  };

  it('writes when nothing changed since the plan', async () => {
    const { send, asked } = scripted({ 'GET {index}': asFiled, 'PATCH {index}': asFiled });

    expect(await apply(change, send)).toMatchObject({ status: 'done' });
    expect(asked).toEqual(['GET {index}', 'PATCH {index}']);
  });

  it.each([
    ['the text was edited', { body: asFiled.body.replace('text', 'mine') }],
    ['the title was edited', { title: 'Mine' }],
    ['it was closed', { state: 'closed' }],
    ['another run rewrote it', { body: sealBody('A', 'other\n', markLine(mark)) }],
    ['the marker is gone', { body: 'text' }],
  ])('leaves it alone when %s meanwhile', async (_, edit) => {
    const { send, asked } = scripted({ 'GET {index}': { ...asFiled, ...edit } });

    expect(await apply(change, send)).toMatchObject({ status: 'stale' });
    expect(asked).toEqual(['GET {index}']);
  });
});

describe('commenting', () => {
  const change: Change = { kind: 'comment', why: '', repository, issue: 3, text: 'hello', sign: 'x' };
  const by = (id: number, user: number): unknown => ({
    id,
    body: `hello\n\n${commentSign('x')}`,
    user: { id: user, login: 'someone' },
    created_at: '',
    updated_at: '',
  });

  it('writes nothing when our comment is there', async () => {
    const { send, asked } = scripted({ 'GET comments': [by(1, 9)] });

    await apply(change, send);

    expect(asked).toEqual(['GET comments']);
  });

  it('is not stopped by somebody who copied our sign', async () => {
    const there = [by(1, 77)];
    const send: Send = async ({ method }) => {
      if (method !== 'GET') there.push(by(2, 9));
      return { status: 200, headers: {}, body: method === 'GET' ? there : by(2, 9) };
    };

    expect(await apply(change, send)).toMatchObject({ said: 'comment on #3 written' });
  });

  it('of which the forge shows nothing ends red, and is not written again', async () => {
    const { send } = scripted({ 'GET comments': [], 'POST comments': by(2, 9) });

    await expect(apply(change, send)).rejects.toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('#3 of owner/project was written, and the forge does not show it'),
    });
  });
});

describe('a conversation that is closed to our account', () => {
  const about = { why: '', repository, issue: 3, text: '### a', sign: 'x' };
  const kinds: Change[] = [
    { kind: 'comment', ...about },
    { kind: 'update-comment', ...about, id: 5 },
    { kind: 'comment-section', ...about },
  ];
  const refusing =
    (error: () => never): Send =>
    async ({ method }) =>
      method === 'GET' ? { status: 200, headers: {}, body: [] } : error();
  const forbidden = (): never => {
    throw new ApiError('permission', 403, 'no', '');
  };

  it.each(kinds)('is no fault where a $kind may be declined, and one where it may not', async (change) => {
    const may = { ...change, mayDecline: true } as Change;

    expect(await apply(may, refusing(forbidden))).toMatchObject({ status: 'declined' });
    await expect(apply(change, refusing(forbidden))).rejects.toMatchObject({ kind: 'permission' });
  });

  it.each(kinds)('is not what a $kind met that failed otherwise', async (change) => {
    const failing = refusing(() => {
      throw new ApiError('server', 500, 'no', '');
    });

    await expect(apply({ ...change, mayDecline: true } as Change, failing)).rejects.toMatchObject({
      kind: 'server',
    });
  });

  it('is one that somebody made larger than is read', async () => {
    const send: Send = async () => {
      throw new ApiError('too-large', 0, 'is not read', '');
    };

    expect(await apply({ kind: 'comment-section', ...about, mayDecline: true }, send)).toMatchObject({
      status: 'declined',
    });
  });
});

it('a plan that holds a secret of the run is not carried out, in whatever form it stands there', async () => {
  const mask = createMask();
  mask.add('sesame-open-sesame');
  const { send, asked } = scripted({});
  const text = `see ${Buffer.from('the key is sesame-open-sesame').toString('base64')}`;

  const { errors } = await applyPlan([{ kind: 'comment', why: '', repository, issue: 3, text, sign: 'x' }], {
    context: {
      send,
      account,
      workspace: '/',
      ask: () => {
        throw new Error('there is no model');
      },
    },
    mask,
    results: [],
    say: () => undefined,
  });

  expect(errors.join() + errors[0]?.message).toContain('holds a secret that this run knows');
  expect(asked).toEqual([]);
});
