import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { thisMachine } from '../../../cli/dispatch/machine.ts';
import { standingOf } from '../../../cli/dispatch/registry.ts';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { type DispatchRig, startDispatching, workerHead } from '../../dispatching.ts';

let own: DispatchRig;
beforeEach(async () => {
  own = await startDispatching();
});
afterEach(async () => {
  for (const entry of own.entries())
    if (standingOf(entry, thisMachine()) === 'active') process.kill(-entry.pid, 'SIGKILL');
  await own.close();
});

const { best } = await possibleIsolation({ first: 70_000, count: 256 });
const isolates = describe.skipIf(best === 'none');

/** Writes a file, and then does not end by itself. */
const lasting = `${workerHead}commit('half.txt', 'The half of it.\\n'); forge('claim-paths', 'src/parser'); setInterval(() => {}, 1000);`;

isolates('the process of a dispatch', () => {
  it('is the one that the registry names, is followed, found by others, and ended with its worker; the work stays', async () => {
    own.declare(lasting);
    const reference = `${own.rig.project}#${await own.issue()}`;

    const entry = await own.launch({ reference });
    await own.until(() => own.entries()[0]?.paths_claimed.length === 1, 'the claim of the worker');
    const list = await own.cli(['dispatch', 'list', '--offline']);
    const conflicts = await own.cli(['dispatch', 'conflicts', 'src/parser/lines.ts'], own.checkout);
    const apart = await own.cli(['dispatch', 'conflicts', 'src/parser2'], own.checkout);
    const again = await own.cli(['dispatch', 'headless', reference]);
    const stopped = await own.cli(['dispatch', 'stop', reference, '--yes']);

    expect(entry.pid).not.toBe(process.pid);
    expect(list.text).toContain(`${reference}  runs, headless, builder, pid ${entry.pid}`);
    expect(conflicts).toMatchObject({
      code: 1,
      text: `${reference} (pid ${entry.pid}) claims src/parser: src/parser/lines.ts is inside of the claimed src/parser\n`,
    });
    expect(apart.code).toBe(0);
    expect(again).toMatchObject({ code: 2 });
    expect(again.text).toContain(`is dispatched already: headless, pid ${entry.pid}`);
    expect(stopped).toMatchObject({ code: 0 });
    expect(stopped.text).toContain(`Its worktree stays: ${entry.worktree}`);
    const [ended] = own.entries();
    expect(ended).toMatchObject({ outcome: 'stopped', pid: entry.pid });
    expect(standingOf(ended ?? entry, thisMachine())).toBe('ended');
    // What it had made by then is on its branch.
    expect(readFileSync(path.join(entry.worktree ?? '', 'half.txt'), 'utf8')).toBe('The half of it.\n');
    const logs = await own.cli(['dispatch', 'logs', reference, '-f']);
    expect(logs.text).toContain('The dispatch is over: stopped');
  });

  it('leaves what list sees when it is killed while its worker works, and the issue can be dispatched again', async () => {
    own.declare(lasting);
    const reference = `${own.rig.project}#${await own.issue()}`;
    const entry = await own.launch({ reference });
    await own.until(() => own.entries()[0]?.paths_claimed.length === 1, 'the claim of the worker');

    process.kill(entry.pid, 'SIGKILL');
    await own.until(() => standingOf(entry, thisMachine()) === 'dead', 'its end');

    const list = await own.cli(['dispatch', 'list', '--offline']);
    expect(list.text).toContain('cut off');
    expect(existsSync(entry.worktree ?? '')).toBe(true);
    expect((await own.cli(['dispatch', 'conflicts', 'src/parser'], own.checkout)).code).toBe(0);
    writeFileSync(path.join(own.folder, 'again'), '');
    own.declare(`${workerHead}forge('signal-done', 'success', '--summary', 'Now.');`);
    const second = await own.dispatch({ reference });
    expect(second).toMatchObject({ outcome: 'success', branch: `${entry.branch}-2` });
  });
});
