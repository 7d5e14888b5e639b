import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anIssue, type Escalating, startEscalating } from '../escalating.ts';
import { startFaultProxy } from '../faults/proxy.ts';

// What came of an approved action is what the forge itself said. What something in front of it says leaves that open.

let crew: Escalating;
beforeEach(async () => {
  crew = await startEscalating();
});
afterEach(() => crew.close());

type Given = { status: number; body?: unknown; headers?: Record<string, string> };
const page = { 'content-type': 'text/html' };

/** A run that carries out an approved issue, of which the forge is not asked: this is the answer. */
async function answered(answer: Given): Promise<{ code: number | null; text: string; id: string }> {
  const [proposal] = await crew.proposed(anIssue);
  await crew.react(crew.bob, proposal?.id ?? 0);
  const proxy = await startFaultProxy(crew.forge.url, undefined, (_, request) =>
    request === `POST /api/v1/repos/${crew.project}/issues` ? answer : undefined,
  );
  try {
    const { code, text } = await crew.run('', { CI_FORGE_URL: proxy.url });
    return { code, text, id: /Proposal `([^`]+)`/.exec(proposal?.body ?? '')?.[1] ?? '' };
  } finally {
    await proxy.close();
  }
}

describe('an approved action', () => {
  it.each([
    ['the right is gone', { status: 403, body: { message: 'user should have a permission to write' } }],
    ['there is no such thing', { status: 404, body: { message: 'not found' } }],
    ['somebody has it already', { status: 409, body: { message: 'exists' } }],
  ])('of which the forge says that %s has failed, and people are told so', async (_, answer) => {
    const { id } = await answered(answer);

    expect(await crew.record(`outcomes/${id}.json`)).toMatchObject({ kind: 'failed' });
  });

  it.each([
    ['a firewall', { status: 403, body: '<html>no</html>', headers: page }],
    ['a proxy that knows no such address', { status: 404, body: '<html>no</html>', headers: page }],
    ['a proxy with a limit of its own', { status: 413, body: '<html>no</html>', headers: page }],
  ])('that %s answers for the forge is looked for by the next runs', async (_, answer) => {
    const { code, id } = await answered(answer);

    expect(code).toBe(1);
    expect(await crew.record(`outcomes/${id}.json`)).toBeUndefined();
    crew.later(20 * 60);
    await crew.run();
    expect(await crew.record(`outcomes/${id}.json`)).toMatchObject({ kind: 'unknown' });
    expect(await crew.made()).toEqual([]);
  });
});
