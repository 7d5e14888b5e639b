import { expect, it } from 'vitest';
import { bare, commandsIn } from './shell.ts';

it.each([
  ['a b  c', [['a', 'b', 'c']]],
  ['a \'b c\' "d e"f', [['a', 'b c', 'd ef']]],
  ['a b # said\n# alone\nc #1x', [['a', 'b'], ['c']]],
  ['a owner/project#12', [['a', 'owner/project#12']]],
  ['a=$(b c) d', [['a=$(b c)', 'd']]],
  ['a \\\n  --b', [['a', '--b']]],
  ['a | b; c && d', [['a'], ['b'], ['c'], ['d']]],
  ["node -e '\n x; y | z\n' f", [['node', '-e', '\n x; y | z\n', 'f']]],
  ['a <<END\nb c\nEND\nd', [['a'], ['d']]],
])('%s is read as the shell does', (script, commands) => {
  expect(commandsIn(script)).toEqual(commands);
});

it('what is set for a command alone is no part of it', () => {
  expect(bare(['A=1', 'B=x', 'npm', 'test'])).toEqual(['npm', 'test']);
  expect(bare(['A=1'])).toEqual([]);
});
