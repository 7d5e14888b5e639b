import { describe, expect, it } from 'vitest';
import { releaseOf } from '../../../cli/dispatch/hold.ts';
import type { Entry } from '../../../core/agent/entry.ts';
import { entryOf } from '../../actions/forge-agent/entries.ts';

const lease = '0'.repeat(32);

function released(over: Partial<Entry>, counted?: number | null): { entry: Entry; spent: string[] } {
  const { files } = releaseOf(
    {
      stateRepo: { repository: 'crew/state', branch: 'main', commit: 'a'.repeat(40), hasCi: false },
      running: {
        entry: entryOf({ status: 'running', ...over }),
        sha: 'b'.repeat(40),
        markSha: 'c'.repeat(40),
        over: null,
      },
    },
    { why: 'dispatch: success', at: '2026-01-01T12:00:00Z', ...(counted === undefined ? {} : { counted }) },
  );
  const [own, ...spent] = files;
  return {
    entry: JSON.parse(own?.content ?? ''),
    spent: spent.map(({ path, content }) => `${path} ${content}`),
  };
}

it('a claim on an issue of GitHub is given back where it was made, which forge-agent does not read', () => {
  const { files, remove } = releaseOf(
    {
      stateRepo: { repository: 'crew/state', branch: 'main', commit: 'a'.repeat(40), hasCi: false },
      running: {
        entry: entryOf({ status: 'running', platform: 'github' }),
        sha: 'b'.repeat(40),
        markSha: 'c'.repeat(40),
        over: null,
      },
    },
    { why: 'dispatch: success', at: '2026-01-01T12:00:00Z' },
  );

  for (const { path } of [...files, ...(remove ?? [])]) expect(path).toMatch(/^github\/(?:agents|running)\//);
});

const spentOf = (cost: number): string[] => [
  `spent/2026-01-01/builder/${lease}.json {"cost":${cost},"lease":"${lease}"}\n`,
];

describe('a claim that is given back', () => {
  it.each<[string, Partial<Entry>, number | null | undefined, number | null, string[]]>([
    [
      'once, what was counted, and not what check-ins said beside it',
      { cost: 1, spending: 0.25 },
      0.5,
      1.5,
      spentOf(0.5),
    ],
    [
      'what its last check-in said, where nobody saw its end',
      { cost: 1, spending: 0.25 },
      undefined,
      1.25,
      spentOf(0.25),
    ],
    ['nothing where nobody counted', { cost: null }, null, null, []],
    ['nothing more where nobody saw its end and nothing was counted', { cost: 1 }, undefined, 1, []],
  ])('has cost %s', (_, over, counted, cost, spent) => {
    expect(released(over, counted)).toMatchObject({
      entry: { status: 'destroyed', cost, spending: null },
      spent,
    });
  });
});
