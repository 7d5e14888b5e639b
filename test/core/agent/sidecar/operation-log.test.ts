import { expect, it } from 'vitest';
import {
  beforeTheFirst,
  createOperationLog,
  firstBroken,
  type Operation,
} from '../../../../core/agent/sidecar/operation-log.ts';

function filled(): { entries: Operation[]; head: string } {
  const log = createOperationLog({ now: () => new Date(0), say: () => undefined, refusedListed: 5 });
  for (const number of [1, 2, 3])
    log.add({ tool: 'read_issue', target: `#${number}`, allowed: true, toolUse: `toolu_${number}` });
  log.add({ tool: 'post_comment', target: '#4', allowed: false, why: 'Out of scope.' });
  return { entries: [...log.entries], head: log.head };
}

it('an untouched log holds, and ends in its head', () => {
  const { entries, head } = filled();

  expect(firstBroken(entries)).toBeUndefined();
  expect(entries[0]?.previous).toBe(beforeTheFirst);
  expect(entries.at(-1)?.hash).toBe(head);
  expect(firstBroken([])).toBeUndefined();
});

it('every field that is changed, every entry that is dropped, doubled or moved, is found where it is', () => {
  const { entries } = filled();

  for (const [index, entry] of entries.entries()) {
    for (const field of Object.keys(entry)) {
      const bent = entries.with(index, { ...entry, [field]: field === 'allowed' ? !entry.allowed : 'bent' });
      expect(firstBroken(bent)).toBe(index);
      const { [field as keyof Operation]: _, ...rest } = entry;
      expect(firstBroken(entries.with(index, rest as Operation))).toBe(index);
    }
    // The last one is missed by whoever knows the head.
    if (index < entries.length - 1) expect(firstBroken(entries.toSpliced(index, 1))).toBe(index);
    expect(firstBroken(entries.toSpliced(index, 0, entry))).toBe(index + 1);
  }
  expect(firstBroken(entries.toReversed())).toBe(0);
});

it('a flood of refused calls makes few entries, and each call is in one of them', () => {
  const said: string[] = [];
  const log = createOperationLog({
    now: () => new Date(0),
    say: (line) => said.push(line),
    refusedListed: 5,
  });

  for (let nth = 0; nth < 123_456; nth += 1)
    log.add({ tool: 'post_comment', target: '#9', allowed: false, why: 'Out of scope.' });
  log.add({ tool: 'read_issue', target: '#5', allowed: true });
  log.settle();
  log.settle();

  expect(log.entries.map(({ tool, count }) => [tool, count])).toEqual([
    ...Array.from({ length: 5 }, () => ['post_comment', undefined]),
    ['refused-calls', 1],
    ['refused-calls', 9],
    ['refused-calls', 90],
    ['refused-calls', 900],
    ['refused-calls', 9000],
    ['refused-calls', 90_000],
    ['read_issue', undefined],
    ['refused-calls', 23_451],
  ]);
  expect(log.entries.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(123_457);
  expect(said).toHaveLength(log.entries.length);
  expect(said.at(-1)).toBe(
    '  agent: refused-calls (23451 more): refused: only the first 5 refused calls are listed one by one',
  );
  expect(firstBroken(log.entries)).toBeUndefined();
});

it('a line of it is one line, whatever a call was named', () => {
  const said: string[] = [];
  const log = createOperationLog({
    now: () => new Date(0),
    say: (line) => said.push(line),
    refusedListed: 5,
  });

  log.add({ tool: 'a\nb', target: '#\u001b[31m', allowed: false, why: 'x\r\n::set-output' });

  expect(said).toEqual(['  agent: a\\nb #\\u{1b}[31m: refused: x\\r\\n::set-output']);
});
