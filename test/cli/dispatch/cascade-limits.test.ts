import { describe, expect, it } from 'vitest';
import { cascadeTrouble, lateTrouble } from '../../../cli/dispatch/cascade-limits.ts';
import { anEntry } from './entries.ts';

const root = anEntry({ id: 'r', mode: 'cascade' });
const below = (count: number, parent = 'r') =>
  Array.from({ length: count }, (_, nth) =>
    anEntry({ id: `${parent}.${nth}`, parent_session: parent, depth: 1 }),
  );

describe('a cascade', () => {
  it('may dispatch eight workers below the one that a person dispatched, however deep they stand', () => {
    expect(cascadeTrouble(root, [root, ...below(7)])).toBeUndefined();
    expect(cascadeTrouble(root, [root, ...below(8)])).toMatch(/8 workers is the most/);
    const child = anEntry({ id: 'r.0', parent_session: 'r', depth: 1, mode: 'cascade' });
    expect(cascadeTrouble(child, [root, ...below(4), ...below(4, 'r.0')])).toMatch(/8 workers is the most/);
  });

  it('counts nothing of another cascade', () => {
    expect(cascadeTrouble(root, [root, anEntry({ id: 's' }), ...below(8, 's')])).toBeUndefined();
  });

  it('goes three deep', () => {
    const at = (depth: number) => anEntry({ id: `d${depth}`, mode: 'cascade', depth });
    expect(cascadeTrouble(at(2), [])).toBeUndefined();
    expect(cascadeTrouble(at(3), [])).toMatch(/4 deep, and 3 is the most/);
  });

  it('is asked by its own worker alone, and not by a headless one', () => {
    expect(cascadeTrouble(anEntry({ mode: 'headless' }), [])).toMatch(/only the worker of a cascade/);
  });

  it('turns those away that came last of too many at the same moment', () => {
    const all = [root, ...below(10)];
    const turned = all.slice(1).map((entry) => lateTrouble(entry, all) !== undefined);
    expect(turned).toEqual([...Array(8).fill(false), true, true]);
  });

  it('ends where somebody wrote a circle into the registry', () => {
    const circle = [
      anEntry({ id: 'a', parent_session: 'b', mode: 'cascade' }),
      anEntry({ id: 'b', parent_session: 'a' }),
    ];
    expect(cascadeTrouble(circle[0] ?? root, circle)).toBeUndefined();
  });
});
