import { expect, it } from 'vitest';
import { createServerClock } from '../../../core/api/server-clock.ts';

const here = '2026-11-20T12:00:00.000Z';

/** What time it is for a run that was answered with these headers, one after the other. */
function nowAfter(...answers: Record<string, string>[]): string {
  const clock = createServerClock(
    () => Date.parse(here),
    () => undefined,
  );
  for (const headers of answers) clock.see({ status: 200, headers, body: null });
  return clock.now();
}

it('the clock of a server is that of its answers', () => {
  expect(nowAfter({ date: 'Fri, 20 Nov 2026 09:00:00 GMT' })).toBe('2026-11-20T09:00:00.000Z');
});

it('an answer that a cache kept for hours turns no clock back', () => {
  expect(nowAfter({ date: 'Fri, 20 Nov 2026 09:00:00 GMT', age: '10800' })).toBe(here);
  expect(
    nowAfter(
      { date: 'Fri, 20 Nov 2026 15:00:00 GMT' },
      { date: 'Fri, 20 Nov 2026 09:00:00 GMT', age: '21600' },
    ),
  ).toBe('2026-11-20T15:00:00.000Z');
});

it.each([
  ['a number', '1'],
  ['a time of no zone', 'Fri, 20 Nov 2026 09:00:00'],
  ['a time of another zone', 'Fri, 20 Nov 2026 09:00:00 +0200'],
  ['two dates', 'Fri, 20 Nov 2026 09:00:00 GMT,Fri, 20 Nov 2026 15:00:00 GMT'],
  ['no day of any calendar', 'Fri, 99 Nov 2026 09:00:00 GMT'],
])('%s tells no time', (_, date) => {
  expect(nowAfter({ date })).toBe(here);
});
