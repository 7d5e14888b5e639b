import { describe, expect, it } from 'vitest';
import { pitchesAmong } from '../../scripts/bench/growth-pitch.ts';
import { vaultAmong } from '../../scripts/bench/growth-vault.ts';

describe('what is finished costs nothing', () => {
  it('in the vault: idle, while runs go on, and when actions are started', async () => {
    const [few, many] = [await vaultAmong(3, 2), await vaultAmong(60, 2)];

    for (const kind of ['resting', 'reviewing', 'starting', 'following'] as const)
      expect(many[kind].length, kind).toBe(few[kind].length);
    expect(many.resting.length).toBeLessThanOrEqual(9);
    expect(many.following.length).toBeLessThanOrEqual(11);
  });

  it('in the vault: who may write, and who may do what, is asked once a run, and only of those who matter', async () => {
    const { starting } = await vaultAmong(3, 2);

    // Of those who may write only one said anything, and of so few nobody needs the list of all.
    expect(starting.filter((call) => call.includes('/assignees'))).toEqual([]);
    expect(starting.filter((call) => call.includes('/permission'))).toEqual([
      'GET /repos/owner/ops/collaborators/ada/permission 200',
    ]);
  });

  it('with pitches: documents and pull requests of closed visions are not looked at', async () => {
    const [few, many] = [await pitchesAmong(6), await pitchesAmong(60)];

    expect(many.length).toBe(few.length);
    expect(many.length).toBeLessThanOrEqual(16);
    // Of the ops repo only the root's tree, where it is looked for a pause.
    expect(many.filter((call) => /\/git\/|\/contents\/|\/files|\/comments/.test(call))).toEqual([
      expect.stringMatching(/^GET \/repos\/owner\/ops\/git\/trees\/[0-9a-f]{40}\?per_page=1000 200$/),
    ]);
  });
});
