import { describe, expect, it } from 'vitest';
import { isolationFor, isolationTrouble, type Tried } from '../../../core/agent/isolation-for.ts';

const tried = (...works: string[]): Tried[] =>
  (['bwrap', 'user', 'none'] as const).map((isolation) => ({
    isolation,
    works: works.includes(isolation),
    why: works.includes(isolation) ? 'It works.' : 'It is not installed.',
  }));

describe('the isolation of an agent', () => {
  it('is the best that works, whatever weaker one its manifest allows', () => {
    for (const isolation of ['bwrap', 'user', 'none'] as const)
      expect(
        isolationFor({ tried: tried('bwrap', 'user', 'none') }, { isolation, network: 'open' }, true),
      ).toBe('bwrap');
  });

  it('is never weaker than its manifest allows', () => {
    expect(isolationTrouble(tried('user', 'none'), { isolation: 'bwrap', network: 'open' }, true)).toContain(
      'at least bwrap',
    );
    expect(() =>
      isolationFor({ tried: tried('none') }, { isolation: 'user', network: 'open' }, true),
    ).toThrow('is not started');
  });

  it.each(['model', 'none'])('has to be bwrap where its network is to be %s', (network) => {
    expect(isolationTrouble(tried('user', 'none'), { isolation: 'none', network }, true)).toContain(
      `network ${network}`,
    );
    expect(isolationFor({ tried: tried('bwrap', 'user') }, { isolation: 'user', network }, false)).toBe(
      'bwrap',
    );
  });

  it('is none only where the settings allow it too', () => {
    const run = { isolation: 'none' as const, network: 'open' };

    expect(isolationTrouble(tried('none'), run, false)).toContain('no isolation that it allows');
    expect(isolationFor({ tried: tried('none') }, run, true)).toBe('none');
    expect(isolationFor({ tried: tried('user', 'none') }, run, true)).toBe('user');
  });
});
