import { expect, it } from 'vitest';
import { woodpecker } from '../../../core/host/woodpecker.ts';

const foldersOf = (environment: Record<string, string>): string[] | undefined =>
  woodpecker(environment, () => undefined).facts.runnerFolders;

it('knows the home of a pipeline beside its checkout, and takes no other home for it', () => {
  const workspace = '/tmp/woodpecker-local-1/workspace';

  expect(foldersOf({ HOME: '/tmp/woodpecker-local-1/home', CI_WORKSPACE: workspace })).toEqual([
    '/tmp/woodpecker-local-1/home',
  ]);
  expect(foldersOf({ HOME: '/root', CI_WORKSPACE: workspace })).toBeUndefined();
  expect(foldersOf({ CI_WORKSPACE: workspace })).toBeUndefined();
});
