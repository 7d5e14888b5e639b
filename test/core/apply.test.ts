import { describe, expect, it } from 'vitest';
import type { Send } from '../../core/api/send.ts';
import { applyChange, type Change } from '../../core/change.ts';
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
    const { send, asked } = scripted({ 'GET comments': [by(1, 77)], 'POST comments': by(2, 9) });

    await apply(change, send);

    expect(asked).toContain('POST comments');
  });
});
