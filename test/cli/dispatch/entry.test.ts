import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dispatchEntrySchema, isEntry, parseDispatchEntry } from '../../../cli/dispatch/entry.ts';
import { anEntry } from './entries.ts';

const whole = anEntry({
  paths_claimed: ['src'],
  claim: { repository: 'crew/state', path: 'agents/a/b/1.json', lease: 'f'.repeat(32) },
  ended_at: '2026-11-26T10:00:00Z',
  outcome: 'success',
});
const names = [...Object.keys(whole), 'more', '__proto__'];
const values = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    0,
    1,
    -1,
    101,
    1.5,
    2 ** 60,
    true,
    '',
    'headless',
    'github',
    'trust-me',
    'success',
  ),
  fc.constantFrom(
    '2026-11-26T10:00:00Z',
    '2026-11-26',
    [],
    ['a'],
    [1],
    {},
    { repository: 'a/b', path: 'x', lease: 'y' },
  ),
  fc.constantFrom(
    ...[64, 65, 100, 101, 200, 201, 250, 251, 300, 301, 2000, 2001, 4096, 4097].map((n) => 'x'.repeat(n)),
  ),
);

describe('an entry of the registry', () => {
  it('is read without its schema exactly where the schema takes it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), values, (name, value) => {
        const changed = JSON.parse(JSON.stringify(whole)) as Record<string, unknown>;
        if (value === undefined) delete changed[name];
        else
          Object.defineProperty(changed, name, {
            value,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        expect(isEntry(changed)).toBe(dispatchEntrySchema.safeParse(changed).success);
      }),
      { numRuns: 1500 },
    );
  });

  it('that is none says which field is wrong', () => {
    expect(parseDispatchEntry(JSON.stringify({ ...whole, mode: 'often' }))).toMatchObject({
      ok: false,
      fault: expect.stringMatching(/^mode: /),
    });
    expect(parseDispatchEntry(JSON.stringify({ ...whole, token: 'x' })).ok).toBe(false);
    expect(parseDispatchEntry('[1]').ok).toBe(false);
  });
});
