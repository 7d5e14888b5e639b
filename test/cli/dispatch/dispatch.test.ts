import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { type DispatchRig, startDispatching } from '../../dispatching.ts';

let own: DispatchRig;
beforeEach(async () => {
  own = await startDispatching();
});
afterEach(() => own.close());

const { best } = await possibleIsolation({ first: 70_000, count: 256 });
/** As root, or where namespaces work; elsewhere no worker is isolated. */
const isolates = describe.skipIf(best === 'none');

isolates('a headless dispatch', () => {
  it('runs an isolated worker and puts its work on the branch of a worktree of its own', async () => {
    const issue = await own.issue();

    await own.dispatch({ reference: `${own.rig.project}#${issue}` });

    const [entry, ...more] = own.entries();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      mode: 'headless',
      posture: 'isolated',
      ref: `${own.rig.project}#${issue}`,
      branch: `dispatch/${issue}-write-a-poem`,
      checkout: own.checkout,
      remote: 'origin',
      outcome: 'success',
      why: 'I wrote it.',
    });
    const worktree = entry?.worktree ?? '';
    expect(readFileSync(`${worktree}/poem.txt`, 'utf8')).toBe('Roses are red.\n');
    expect(await own.git(['rev-parse', 'HEAD'], worktree)).toBe(entry?.head);
    expect(await own.git(['status', '--porcelain'], worktree)).toBe('');
    expect(await own.git(['for-each-ref', 'refs/forgecrew'])).toBe('');
    expect(readFileSync(entry?.log_path ?? '', 'utf8')).toContain('operation {');
    expect(readFileSync(entry?.log_path ?? '', 'utf8')).not.toContain(own.rig.worker.token);
  });
});
