import { expect, it } from 'vitest';
import { type Change, neededKeys } from '../../core/change.ts';

it('a change waits for what it says outright, and for what it refers to', () => {
  const change: Change = {
    kind: 'create-issue',
    key: '#1/a',
    repository: 'owner/project',
    title: 'A',
    content: ['text', { issue: { made: '#1/b' } }, { issue: 7 }],
    labels: [{ name: 'x', id: { made: 'label x' } }],
    after: ['in progress #1'],
    why: '',
  };

  expect(neededKeys(change)).toEqual(['in progress #1', 'label x', '#1/b']);
});

it('text from outside that looks like a reference is none', () => {
  const change: Change = {
    kind: 'dispatch',
    key: 'dispatch a',
    repository: 'owner/ops',
    workflow: 'backup.yml',
    ref: 'main',
    // An action may have an input of this name: it must not make its own start wait for a thing that never comes.
    inputs: { made: 'intent b', after: 'intent c' },
    after: ['intent a'],
    why: '',
  };

  expect(neededKeys(change)).toEqual(['intent a']);
});
