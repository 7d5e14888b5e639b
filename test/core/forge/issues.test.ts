import { describe, expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import { firstIssues } from '../../../core/forge/issues.ts';

/** A forge that has these issues at each call, in pages of two, and after the last call the same for ever. */
function changing(...states: number[][]): { send: Send; asked: () => number } {
  let asked = 0;
  const send: Send = async ({ params }) => {
    const all = states[Math.min(asked, states.length - 1)] ?? [];
    asked += 1;
    const from = (Number(params?.page) - 1) * 2;
    return {
      status: 200,
      headers: { 'x-total-count': String(all.length) },
      body: all.slice(from, from + 2).map((number) => ({
        number,
        title: '',
        body: '',
        state: 'open',
        user: null,
        labels: [],
        html_url: '',
      })),
    };
  };
  return { send, asked: () => asked };
}

const numbers = ({ issues }: { issues: { number: number }[] }): number[] =>
  issues.map(({ number }) => number);

describe('the first issues of a list', () => {
  it('are all of them where the pages end', async () => {
    const { send, asked } = changing([5, 4, 3]);

    const found = await firstIssues(send, 'owner/project', 'open', 10);

    expect(numbers(found)).toEqual([5, 4, 3]);
    expect(found.complete).toBe(true);
    expect(asked()).toBe(2);
  });

  it('are read again where one was closed meanwhile: another one has moved up onto a page that was read', async () => {
    const { send } = changing([5, 4, 3], [5, 3]);

    expect(numbers(await firstIssues(send, 'owner/project', 'open', 10))).toEqual([5, 3]);
  });

  it('are not all of them where there are more pages than are read', async () => {
    const { send } = changing([5, 4, 3]);

    expect(await firstIssues(send, 'owner/project', 'open', 1)).toMatchObject({ complete: false });
  });
});
