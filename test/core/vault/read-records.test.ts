import { expect, it } from 'vitest';
import { isSpent, type Records } from '../../../core/vault/read-records.ts';

const entry = { path: 'fired/a-1.json', mode: '100644', type: 'blob', sha: 'a' };
const nothing: Records = {
  commit: 'c',
  fired: new Map(),
  ended: new Set(),
  rejected: new Set(),
  earlier: new Set(),
  withdrawn: new Set(),
};

it.each<[string, Partial<Records>, string[]]>([
  ['its start', { fired: new Map([['a-1', entry]]) }, []],
  ['its end', { ended: new Set(['a-1']) }, []],
  ['its rejection', { rejected: new Set(['a-1']) }, []],
  ['its copy from before', { earlier: new Set(['a-1']) }, []],
  ['a file that is not on its writer’s branch', {}, ['a-1']],
])('an id is spent where nothing but %s is on record', (_, found, former) => {
  expect(isSpent('a-1', { ...nothing, ...found }, new Set(former))).toBe(true);
  expect(isSpent('b-1', { ...nothing, ...found }, new Set(former))).toBe(false);
});

it('an id that was withdrawn is not spent', () => {
  const withdrawn = new Set([`withdrawn/${'c'.repeat(40)}/a-1.json`]);

  expect(isSpent('a-1', { ...nothing, withdrawn }, new Set())).toBe(false);
});
