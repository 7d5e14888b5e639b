import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Isolation } from '../../../../core/agent/cell/cell.ts';
import { hasBareUser, isRoot, makeFolder, startSource, works } from './machine.ts';
import type { ScenarioResult } from './scenario.process.ts';

/** Runs two cells beside each other, one of them hostile, in a process that has a token in its environment. */
async function play(isolation: Isolation, as: 'us' | 'bare'): Promise<ScenarioResult> {
  const { folder, remove } = makeFolder(as);
  try {
    const { firstLine, ended } = startSource('scenario.process.ts', [isolation, folder, randomUUID()], {
      as,
      environment: { FORGECREW_FORGE_TOKEN: `token-${randomUUID()}` },
    });
    const result = JSON.parse(await firstLine) as ScenarioResult;
    await ended;
    return result;
  } finally {
    remove();
  }
}

const isolated: [string, Isolation, 'us' | 'bare', boolean][] = [
  ['as another user, started by root', 'user', 'us', isRoot && works('user')],
  ['in namespaces, started by root', 'bwrap', 'us', isRoot && works('bwrap')],
  ['in namespaces, started by a bare user', 'bwrap', 'bare', hasBareUser && works('bwrap')],
  ['in namespaces, started by whoever runs the tests', 'bwrap', 'us', !isRoot && works('bwrap')],
];

describe('a hostile program', () => {
  for (const [name, isolation, as, isPossible] of isolated)
    it.skipIf(!isPossible)(`${name}: finds no token, reaches nobody, is ended and removed`, async () => {
      const result = await play(isolation, as);

      expect(result.report).toMatchObject({
        token: [],
        files: [],
        signalled: [],
        noNewPrivileges: '1',
      });
      expect(result.report.capabilities).toMatch(/^[0 ]+$/);
      expect(result.ended.killed).toBeGreaterThan(0);
      expect(result).toMatchObject({ survivors: [], isNeighbourAlive: true, isCanaryWhole: true, left: [] });
    });

  it.each(['us', ...(hasBareUser ? ['bare' as const] : [])] as const)(
    'without isolation, started by %s: finds the token, and reaches its neighbour and us; it is ended and removed all the same',
    async (as) => {
      const result = await play('none', as);

      expect(result.report.token).toContain(`/proc/${result.ours}/environ`);
      expect(result.report.files).toHaveLength(2);
      expect(result.report.signalled).toEqual([result.ours, result.neighbour]);
      expect(result).toMatchObject({ survivors: [], isNeighbourAlive: true, isCanaryWhole: true, left: [] });
    },
  );
});
