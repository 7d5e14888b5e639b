import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepRefused } from '../../../../core/agent/work/refused.ts';
import { refusedRef } from '../../../../core/agent/work/refused-ref.ts';
import { runToEnd } from '../../../../core/child.ts';
import { push } from '../../../../core/git.ts';
import { author, openWorkbench, programs, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

describe('work that was refused', () => {
  it('is kept as a file of a commit in the state repository, from which it can be looked at', async () => {
    await bench.seed.createRepository(bench.crew, 'forgecrew-state');
    bench.write('.github/workflows/x.yml', 'on: push\n');
    const taken = await bench.take();
    if (taken.kind !== 'refused' || taken.bundle === undefined) throw new Error(taken.kind);
    const folder = path.join(bench.folder, 'refused.git');
    const ref = refusedRef('alice/project', 7, 1);

    const commit = await keepRefused(bench.git, {
      bundle: readFileSync(taken.bundle),
      refusals: taken.refusals,
      folder,
      message: 'Refused work on alice/project#7\n',
      author,
    });
    const outcome = await push(bench.git, {
      from: folder,
      commit,
      repository: 'crew/forgecrew-state',
      ref,
      expects: null,
    });

    expect(outcome).toEqual({ kind: 'pushed' });
    // What docs/agent-work.md says to do, in a clone of the project.
    const url = `${bench.forge.url.replace('//', `//crew:${bench.crew.token}@`)}/crew/forgecrew-state`;
    const reader = path.join(bench.folder, 'reader');
    const bundle = path.join(bench.folder, 'read.bundle');
    // Never by a call that waits: the forge answers from this very process.
    const look = async (...args: string[]): Promise<string> => {
      const ended = await runToEnd({
        command: 'git',
        args,
        environment: { PATH: programs, HOME: bench.folder },
        folder: bench.folder,
        input: '',
        timeoutMs: 60_000,
        mostBytes: 1 << 20,
      });
      expect(ended).toMatchObject({ code: 0 });
      return ended.stdout.toString('latin1');
    };
    await look('clone', '-q', `${bench.forge.url}/alice/project`, reader);
    await look('-C', reader, 'fetch', '-q', url, ref);
    writeFileSync(bundle, await look('-C', reader, 'show', 'FETCH_HEAD:work.bundle'), 'latin1');
    expect(await look('-C', reader, 'show', 'FETCH_HEAD:why.txt')).toBe(
      '`.github/workflows/x.yml` is protected by .github/: no agent changes it.\n',
    );
    await look('-C', reader, 'fetch', '-q', bundle, 'HEAD:refs/heads/refused');
    expect(await look('-C', reader, 'diff', '--name-only', bench.base, 'refused')).toBe(
      '.github/workflows/x.yml\n',
    );
  });

  it.each([
    ['alice/project', 'refs/forgecrew/refused/alice/project/7/1'],
    ['alice/.github', 'refs/forgecrew/refused/alice/%2Egithub/7/1'],
    ['a.b/x.lock', 'refs/forgecrew/refused/a%2Eb/x%2Elock/7/1'],
  ])('of %s has a place that git takes', (repository, ref) => {
    expect(refusedRef(repository, 7, 1)).toBe(ref);
    execFileSync('git', ['check-ref-format', ref]);
  });
});
