import { expect, it } from 'vitest';
import { failPoints } from './proxy.ts';
import { callsToStrike, kindOf } from './strikes.ts';

const calls = [
  ...['GET /user 200', 'GET /repos/a/b 200', 'GET /repos/a/b/issues?page=1 200'],
  ...['POST /repos/a/b/issues 201', 'POST /repos/a/b/issues 201', 'POST /repos/a/b/issues/8/labels 200'],
  ...['GET /repos/a/b/labels 200', 'PATCH /repos/a/b/issues/12 201', 'POST /repos/a/b/issues/12/labels 200'],
  ...['PUT /repos/a/b/contents/x.md 200', 'DELETE /repos/a/b/issues/12/labels/3 204', 'GET /user 200'],
];

it('a sample strikes every kind of write where nobody is told that it was carried out, and at another point', () => {
  const kindsAt = (point: (typeof failPoints)[number]): string[] =>
    callsToStrike(calls, point, { thorough: false })
      .map((number) => kindOf(calls[number - 1] ?? ''))
      .filter((kind) => !kind.startsWith('GET'));
  const all = [...new Set(calls.map(kindOf))].filter((kind) => !kind.startsWith('GET')).sort();

  expect(all).toHaveLength(5);
  expect(kindsAt('after-send').sort()).toEqual(all);
  expect([...kindsAt('before-send'), ...kindsAt('after-reply')].sort()).toEqual(all);
});

it('a sample strikes up to three kinds of writes at every point, and one read at each', () => {
  const few = calls.slice(0, 7);

  expect(failPoints.map((point) => callsToStrike(few, point, { thorough: false }))).toEqual([
    [1, 4, 6],
    [3, 4, 6],
    [4, 6, 7],
  ]);
  expect(callsToStrike(few, 'after-send', { thorough: false, reads: 0 })).toEqual([4, 6]);
});

it('a thorough run strikes every call before it is sent, and after that those that leave something at the forge', () => {
  const thorough = (point: (typeof failPoints)[number]): number[] =>
    callsToStrike(calls, point, { thorough: true, reads: 0 });

  expect(thorough('before-send')).toEqual(calls.map((_, index) => index + 1));
  // The last one is a read: no call comes behind it.
  expect(thorough('after-send')).toEqual([4, 5, 6, 8, 9, 10, 11, 12]);
  expect(thorough('after-reply')).toEqual([4, 5, 6, 8, 9, 10, 11, 12]);
});
