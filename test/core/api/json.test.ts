import { expect, it } from 'vitest';
import { answerIn } from '../../../core/api/json.ts';

it('times are in UTC, wherever they stand', () => {
  const given = {
    created_at: '2026-11-27T00:30:00+01:00',
    runs: [{ created: '2026-11-26T15:00:00-08:30', stopped: '0001-01-01T00:00:00Z' }],
    commit: { committer: { date: '2026-11-26T20:00:00.25+05:30' } },
    closed_at: null,
  };

  expect(answerIn(JSON.stringify(given))).toEqual({
    created_at: '2026-11-26T23:30:00Z',
    runs: [{ created: '2026-11-26T23:30:00Z', stopped: '0001-01-01T00:00:00Z' }],
    commit: { committer: { date: '2026-11-26T14:30:00.250Z' } },
    closed_at: null,
  });
});

it('what people wrote is theirs, and a time that is none stays as it is', () => {
  const given = {
    title: '2026-11-27T00:30:00+01:00',
    body: 'at 2026-11-27T00:30:00+01:00',
    created_at: '2026-11-27T99:30:00+01:00',
  };

  expect(answerIn(JSON.stringify(given))).toEqual(given);
});
