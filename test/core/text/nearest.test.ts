import { describe, expect, it } from 'vitest';
import { nearest } from '../../../core/text/nearest.ts';

const known = ['version', 'pause', 'bots', 'forge-token'];

describe('the name that was probably meant', () => {
  it.each([
    ['puase', 'pause'],
    ['versoin', 'version'],
    ['PLUGIN_FORGE_TOKN', 'forge-token'],
    ['token', 'forge-token'],
    ['bot', 'bots'],
  ])('of %s is %s', (given, meant) => {
    const name = given.replace('PLUGIN_', '');

    expect(nearest(name, known)).toBe(meant);
  });

  it.each(['colour', 'o', '名前', ''])('is none for what is like nothing (%j)', (given) => {
    expect(nearest(given, known)).toBeUndefined();
  });
});
