import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderFor } from '../../../cli/dispatch/dispatch.ts';
import { thisMachine } from '../../../cli/dispatch/machine.ts';
import { standingOf } from '../../../cli/dispatch/registry.ts';
import { type DispatchRig, startDispatching, workerHead } from '../../dispatching.ts';
import { isThorough } from '../../thorough.ts';

const root = path.dirname(path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url)))));
let own: DispatchRig;
beforeAll(async () => {
  own = await startDispatching();
  await own.makeStateRepo();
  own.configure(`state-repo = "${own.rig.state}"\n`);
  own.declare(
    `${workerHead}commit('poem.txt', 'Roses.\\n'); forge('claim-paths', 'poem.txt'); forge('signal-done', 'success', '--summary', 'x');`,
  );
});
afterAll(() => own.close());

/** Carries a dispatch out in a process that is killed at a step; resolves to how many steps there were, if it was not. */
async function killed(reference: string, at: number): Promise<number | undefined> {
  const order = await orderFor({ mode: 'headless', trustMe: true, reference }, own.asking());
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [
        path.join(root, 'scripts/start.mjs'),
        path.join(root, 'test/cli/dispatch/killed.process.ts'),
        JSON.stringify({ order, at }),
      ],
      { env: own.environment },
      (_, stdout) => {
        const [, steps] = /^steps (\d+)$/m.exec(stdout) ?? [];
        resolve(steps === undefined ? undefined : Number(steps));
      },
    );
  });
}

describe('a dispatch that is killed at any step', () => {
  it('leaves no worktree, no branch and no claim that the registry does not name, and can be begun anew', async () => {
    const machine = thisMachine();
    const whole = (await killed(`project#${await own.issue()}`, 0)) ?? 0;
    expect(whole).toBeGreaterThan(20);
    const samples = isThorough
      ? Array.from({ length: whole }, (_, index) => index + 1)
      : [1, 4, 8, Math.round(whole / 2), whole - 8, whole - 4];
    let kills = 0;

    for (const at of samples) {
      const issue = await own.issue();
      await own.rig.give(issue);
      const reference = `project#${issue}`;
      // How often the clock is looked at differs by one or two: the last steps may not come.
      if ((await killed(reference, at)) !== undefined) continue;
      kills += 1;

      const entries = own.entries().filter(({ ref }) => ref === `${own.rig.project}#${issue}`);
      for (const entry of entries) expect(['dead', 'ended']).toContain(standingOf(entry, machine));
      const trees = (await own.git(['worktree', 'list', '--porcelain']))
        .split('\n')
        .filter((line) => line.startsWith('worktree ') && line.includes(`/${issue}-`));
      for (const line of trees) expect(entries.map(({ worktree }) => `worktree ${worktree}`)).toContain(line);
      const branches = await own.git([
        'for-each-ref',
        '--format=%(refname:short)',
        `refs/heads/dispatch/${issue}-*`,
      ]);
      for (const branch of branches.split('\n').filter((name) => name !== ''))
        expect(entries.map((entry) => entry.branch)).toContain(branch);
      const held = await own.rig.entry(issue);
      if (held?.status === 'running')
        expect(entries.map(({ claim }) => claim?.lease)).toContain((held.lease as { id: string }).id);

      // Whoever begins anew finds nothing in the way.
      const again = await own.dispatch({ reference, trustMe: true });
      expect(again.outcome, `after step ${at} of ${whole}`).toBe('success');
      expect(await own.rig.entry(issue)).toMatchObject({ status: 'destroyed' });
    }
    expect(kills).toBeGreaterThan(3);
  }, 600_000);
});
