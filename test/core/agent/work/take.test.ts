import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usualLimits } from '../../../../core/agent/work/limits.ts';
import type { Taken } from '../../../../core/agent/work/take.ts';
import { push } from '../../../../core/git.ts';
import { createMask } from '../../../../core/mask.ts';
import { answering, blobOf, bundleOf, openWorkbench, treeOf, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

/** Every object that our clone or the fork has, as text: nothing of an agent's own commits may be among it. */
function allObjects(folder: string): string {
  return execFileSync('git', ['cat-file', '--batch', '--batch-all-objects', '--buffer'], {
    cwd: folder,
    env: { PATH: process.env.PATH },
  }).toString('latin1');
}

describe("an agent's work", () => {
  it('becomes one commit of ours on a fork, with what was left uncommitted', async () => {
    bench.write('src/b.txt', 'b\n');
    bench.asAgent('add', '.');
    bench.asAgent('commit', '-m', 'Closes #1, says the agent');
    bench.write('src/a.txt', 'A\n');

    const taken = await bench.take();
    if (taken.kind !== 'taken') throw new Error(JSON.stringify(taken));
    const outcome = await push(bench.git, {
      from: bench.ours,
      commit: taken.commit,
      repository: 'crew/project',
      ref: 'refs/heads/crew/7-mend-it',
      expects: null,
    });

    expect(taken).toMatchObject({
      files: [
        { path: 'src/a.txt', change: 'changed', size: 2 },
        { path: 'src/b.txt', change: 'added', size: 2 },
      ],
      search: { findings: [], searched: 2, opaque: [], unsearched: [] },
    });
    expect(outcome).toEqual({ kind: 'pushed' });
    const { body } = await bench.seed.api(
      'GET',
      '/repos/crew/project/branches/crew%2F7-mend-it',
      undefined,
      bench.crew.token,
    );
    expect(body).toMatchObject({
      commit: { id: taken.commit, message: 'Mend it\n', author: { name: 'Crew' } },
    });
  });

  it('is taken whatever git left locked that was ended with the agent', async () => {
    bench.write('src/b.txt', 'b\n');
    bench.write('.git/index.lock', '');

    expect(await bench.take()).toMatchObject({ kind: 'taken', files: [{ path: 'src/b.txt' }] });
  });

  it('that git cannot read is refused in its words', async () => {
    bench.asAgent('init', '-q', 'inner');

    const { refusals } = (await bench.take()) as Extract<Taken, { kind: 'refused' }>;

    expect(refusals.map(({ said }) => said)).toEqual([
      "The work could not be handed over: in the agent's folder git ended with code 128. It said: error: 'inner/' does not have a commit checked out",
    ]);
  });

  it('is nothing where nothing was changed, or all was taken back', async () => {
    const untouched = await bench.take();
    bench.write('b.txt', 'b\n');
    bench.asAgent('add', '.');
    bench.asAgent('commit', '-m', 'there');
    bench.asAgent('rm', '-q', 'b.txt');
    bench.asAgent('commit', '-m', 'and back');

    expect([untouched, await bench.take()]).toEqual([{ kind: 'nothing' }, { kind: 'nothing' }]);
  });

  it('leaves in the quarantine what stood in a commit and was taken out again', async () => {
    bench.write('src/b.txt', 'a word that was deleted\n');
    bench.asAgent('add', '.');
    bench.asAgent('commit', '-m', 'a sentence of the agent');
    bench.write('src/b.txt', 'b\n');

    const taken = await bench.take();

    expect(taken.kind).toBe('taken');
    expect(allObjects(bench.ours)).not.toMatch(/that was deleted|sentence of the agent/);
  });

  it('has a message that does nothing on the forge', async () => {
    bench.write('b.txt', 'b\n');

    const taken = await bench.take({ message: 'Fixes #12 for @alice\n' });

    if (taken.kind !== 'taken') throw new Error(taken.kind);
    const said = execFileSync('git', ['log', '-1', '--format=%B', taken.commit], {
      cwd: bench.ours,
    }).toString();
    expect(said).not.toMatch(/#12|@alice/);
  });

  it('taken twice is the same commit', async () => {
    bench.write('b.txt', 'b\n');

    const [one, two] = [await bench.take(), await bench.take()];

    expect(one).toMatchObject({ kind: 'taken' });
    expect(two).toEqual(one);
  });
});

describe('the clone that an agent gets', () => {
  it('has no remote, hook, alternate or link into ours, and no credentials', () => {
    const inside = path.join(bench.agent, '.git');
    const config = readFileSync(path.join(inside, 'config'), 'utf8');

    expect(bench.asAgent('remote')).toBe('');
    expect(bench.asAgent('status', '--porcelain')).toBe('');
    expect(bench.asAgent('rev-parse', 'HEAD')).toBe(bench.base);
    expect(existsSync(path.join(inside, 'hooks'))).toBe(false);
    expect(existsSync(path.join(inside, 'objects/info/alternates'))).toBe(false);
    expect(execFileSync('find', [bench.agent, '-type', 'f', '-links', '+1']).toString()).toBe('');
    expect(config).not.toMatch(/http|extraheader|credential|url/i);
  });
});

describe('what an agent plants in its folder', () => {
  /** A program that leaves a mark wherever it runs, but in the cell, where it may. */
  function plant(): void {
    const program = path.join(bench.folder, 'mark');
    writeFileSync(program, `#!/bin/sh\n[ -n "$IN_CELL" ] || : > ${bench.markFolder}/$(basename "$0")\ncat\n`);
    chmodSync(program, 0o755);
    for (const name of [
      'pre-commit',
      'commit-msg',
      'post-commit',
      'post-checkout',
      'post-index-change',
      'reference-transaction',
      'pre-push',
    ]) {
      bench.write(`.git/hooks/${name}`, readFileSync(program));
      chmodSync(path.join(bench.agent, '.git/hooks', name), 0o755);
    }
    for (const [name, value] of [
      ['core.fsmonitor', program],
      ['core.pager', program],
      ['core.sshCommand', program],
      ['core.alternateRefsCommand', program],
      ['credential.helper', program],
      ['filter.x.clean', program],
      ['filter.x.smudge', program],
      ['diff.x.textconv', program],
      ['diff.x.command', program],
      ['diff.external', program],
      ['uploadpack.packObjectsHook', program],
      ['gpg.program', program],
      ['protocol.ext.allow', 'always'],
    ] as const)
      bench.asAgent('config', name, value);
    bench.write('.gitattributes', '* filter=x diff=x\n');
  }

  it('runs nowhere but in its cell', async () => {
    plant();
    bench.write('b.txt', 'b\n');

    const taken = await bench.take();
    if (taken.kind !== 'taken') throw new Error(JSON.stringify(taken));
    await push(bench.git, {
      from: bench.ours,
      commit: taken.commit,
      repository: 'crew/project',
      ref: 'refs/heads/crew/7-mend-it',
      expects: null,
    });

    expect(bench.marks()).toEqual([]);
  });

  it('would run where git is used in its folder, which is how this test can fail', () => {
    plant();
    bench.write('b.txt', 'b\n');

    bench.asAgent('add', '--all');
    bench.asAgent('commit', '--quiet', '-m', 'x');

    expect(bench.marks().length).toBeGreaterThan(3);
  });

  it('is not followed where it is a link', async () => {
    const secret = path.join(bench.folder, 'secret.txt');
    writeFileSync(secret, 'sesame of this machine\n');
    rmSync(path.join(bench.agent, 'README.md'));
    symlinkSync(secret, path.join(bench.agent, 'README.md'));
    symlinkSync('/proc/self/environ', path.join(bench.agent, 'work.bundle'));

    const taken = await bench.take();

    expect(taken).toMatchObject({
      kind: 'refused',
      refusals: [
        { rule: 'link', path: 'README.md' },
        { rule: 'link', path: 'work.bundle' },
      ],
    });
  });

  it('is refused where git on its side is broken', async () => {
    rmSync(path.join(bench.agent, '.git/HEAD'));

    const taken = await bench.take();

    expect(taken).toMatchObject({ kind: 'refused', refusals: [{ rule: 'bundle' }] });
    expect(JSON.stringify(taken)).not.toContain('"bundle":"/');
  });
});

describe('what an agent hands over in place of its work', () => {
  const rules = async (bytes: Uint8Array): Promise<string[]> => {
    const taken = await bench.take({ cell: answering(bytes) });
    return taken.kind === 'refused' ? taken.refusals.map(({ rule }) => rule) : [taken.kind];
  };

  it('is refused when it is no bundle at all', async () => {
    expect(await rules(readFileSync('/proc/self/environ'))).toEqual(['bundle']);
    expect(await rules(Buffer.from('# v2 git bundle\n'))).toEqual(['bundle']);
    expect(await rules(Buffer.from(`# v2 git bundle\n${'x'.repeat(1 << 20)}`))).toEqual(['bundle']);
  });

  it('is refused when it does not end', async () => {
    const endless = {
      ...bench.cell,
      run: (_: unknown, limits: { timeoutMs: number; mostBytes: number }) =>
        bench.cell.run(
          { command: 'cat', args: ['/dev/zero'], environment: { PATH: process.env.PATH ?? '' } },
          limits,
        ),
    };

    const taken = await bench.take({ cell: endless, limits: { ...usualLimits, bundleBytes: 1 << 20 } });

    expect(taken).toMatchObject({ kind: 'refused', refusals: [{ rule: 'too-large' }] });
  });

  it('is refused when it never comes', async () => {
    const silent = {
      ...bench.cell,
      run: (_: unknown, limits: { timeoutMs: number; mostBytes: number }) =>
        bench.cell.run(
          { command: 'sleep', args: ['60'], environment: { PATH: process.env.PATH ?? '' } },
          limits,
        ),
    };

    const taken = await bench.take({ cell: silent, limits: { ...usualLimits, receiveMs: 200 } });

    expect(taken).toMatchObject({ kind: 'refused', refusals: [{ rule: 'bundle' }] });
  });

  it('is refused when it is cut off, or a bit of it is another', async () => {
    const tree = treeOf(bench.agent, [['100644', 'b.txt', blobOf(bench.agent, 'some text\n'.repeat(50))]]);
    const whole = bundleOf(bench.agent, tree, bench.base);
    const bent = Buffer.from(whole);
    bent.writeUInt8((bent.at(-40) ?? 0) ^ 4, bent.length - 40);

    expect(await rules(whole)).toEqual(['taken']);
    expect(await rules(whole.subarray(0, -30))).toEqual(['bundle']);
    expect(await rules(bent)).toEqual(['bundle']);
  });

  it('is refused when it stands on another commit, or on none', async () => {
    const tree = treeOf(bench.agent, [['100644', 'b.txt', blobOf(bench.agent, 'b\n')]]);
    const parent = bench.asAgent('rev-parse', `${bench.base}~1`);

    expect(await rules(bundleOf(bench.agent, tree))).toEqual(['history']);
    expect(await rules(bundleOf(bench.agent, tree, parent))).toEqual(['history']);
  });

  it('is refused when its history passes the base by, whatever its head says', async () => {
    const tree = treeOf(bench.agent, [['100644', 'b.txt', blobOf(bench.agent, 'b\n')]]);
    const parent = bench.asAgent('rev-parse', `${bench.base}~1`);
    const bytes = bundleOf(bench.agent, tree, parent);
    const lied = Buffer.concat([
      Buffer.from(bytes.toString('latin1', 0, 200).replace(parent, bench.base), 'latin1'),
      bytes.subarray(200),
    ]);

    expect(await rules(lied)).toEqual(['history']);
  });

  it.each([
    ['.git', ['100644', '.git']],
    ['.GIT', ['100644', '.GIT']],
    ['..', ['100644', '..']],
    ['.', ['100644', '.']],
    ['a path with a slash', ['100644', 'a/b']],
    ['.git for HFS', ['100644', '.g\u200cit']],
    ['.git for NTFS', ['100644', 'git~1']],
    ['.git with a point behind', ['100644', '.git.']],
    ['a link as .gitmodules', ['120000', '.gitmodules']],
  ] as const)('is refused when a tree has %s', async (_, [mode, name]) => {
    const blob = blobOf(bench.agent, 'a');
    const tree = treeOf(bench.agent, [[mode, name, blob]]);

    const [rule] = await rules(bundleOf(bench.agent, tree, bench.base));

    expect(['bundle', 'path', 'protected-path']).toContain(rule);
  });

  it('is refused when a tree has one name twice, or names out of order', async () => {
    const [a, b] = [blobOf(bench.agent, 'a'), blobOf(bench.agent, 'b')];
    const twice = treeOf(bench.agent, [
      ['100644', 'x', a],
      ['100644', 'x', b],
    ]);
    const unsorted = treeOf(bench.agent, [
      ['100644', 'y', a],
      ['100644', 'x', b],
    ]);

    expect(await rules(bundleOf(bench.agent, twice, bench.base))).toEqual(['bundle']);
    expect(await rules(bundleOf(bench.agent, unsorted, bench.base))).toEqual(['bundle']);
  });

  it('is refused when it is a commit of something else', async () => {
    const inner = treeOf(bench.agent, [['160000', 'vendored', bench.base]]);

    expect(await rules(bundleOf(bench.agent, inner, bench.base))).toEqual(['submodule']);
  });

  it('is refused when a small pack holds a huge file, without that file being read', async () => {
    const blob = blobOf(bench.agent, Buffer.alloc(40 * 1024 * 1024));
    const bytes = bundleOf(bench.agent, treeOf(bench.agent, [['100644', 'zeros', blob]]), bench.base);

    expect(bytes.length).toBeLessThan(1024 * 1024);
    expect(await rules(bytes)).toEqual(['too-large', 'too-large']);
    expect(existsSync(path.join(bench.folder, 'round-1/work.bundle'))).toBe(true);
  });

  it('is refused when folders are so deep or so wide that nobody could list them', async () => {
    let tree = treeOf(bench.agent, [['100644', 'x', blobOf(bench.agent, 'x')]]);
    for (let level = 0; level < 12; level += 1)
      tree = treeOf(
        bench.agent,
        Array.from('abcdefghij', (name) => ['40000', name, tree] as [string, string, string]),
      );

    const cell = answering(bundleOf(bench.agent, tree, bench.base));

    const taken = await bench.take({ cell, limits: { ...usualLimits, memoryKiB: 256 * 1024 } });

    expect(taken).toMatchObject({ kind: 'refused', refusals: [{ rule: 'too-many' }] });
  });

  it('is refused when folders are deeper than any project has them', async () => {
    let tree = treeOf(bench.agent, [['100644', 'x', blobOf(bench.agent, 'x')]]);
    for (let level = 0; level < 80; level += 1) tree = treeOf(bench.agent, [['40000', 'd', tree]]);

    expect(await rules(bundleOf(bench.agent, tree, bench.base))).toContain('path');
  });

  it('is refused when it has more objects than are taken', async () => {
    const bytes = bundleOf(bench.agent, treeOf(bench.agent, []), bench.base);

    const taken = await bench.take({ cell: answering(bytes), limits: { ...usualLimits, objects: 1 } });

    expect(taken).toMatchObject({ kind: 'refused', refusals: [{ rule: 'too-many' }] });
  });
});

describe('what stands in the files', () => {
  const token = 'sesame-0123456789-sesame';
  const mask = createMask();
  mask.add(token);

  it.each([
    ['as it is', token],
    ['in base64', Buffer.from(`x${token}`).toString('base64')],
    ['in hex', Buffer.from(token).toString('hex')],
    ['in a URL', encodeURIComponent(`${token}&`)],
    [
      'in base64 over two lines',
      Buffer.from(token)
        .toString('base64')
        .replace(/^(.{15})/, '$1\n'),
    ],
    ['in characters of two bytes', Buffer.from(token, 'utf16le').toString('latin1')],
    ['in two strings', `'${token.slice(0, 9)}' +\n '${token.slice(9)}'`],
  ])('is refused when it is a secret of this run %s, and is not kept', async (_, content) => {
    bench.write('b.txt', Buffer.from(`before ${content} after`, 'latin1'));

    const taken = await bench.take({ mask });

    expect(taken).toMatchObject({ kind: 'refused', refusals: [{ rule: 'secret', path: 'b.txt' }] });
    expect(taken).not.toHaveProperty('bundle');
    expect(JSON.stringify(taken)).not.toContain(token);
  });

  it('is refused when it looks like a secret, and is kept for who has to look', async () => {
    bench.write('b.txt', `token = gh${'p_'}wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx\n`);

    const taken = await bench.take();

    expect(taken).toMatchObject({
      kind: 'refused',
      refusals: [
        {
          rule: 'secret',
          said: '`b.txt`, line 1: this looks like a secret (@secretlint/secretlint-rule-github).',
        },
      ],
    });
    expect(taken).toHaveProperty('bundle');
  });

  it('is refused when time is over before all was looked through', async () => {
    bench.write('b.txt', 'b\n');

    const taken = await bench.take({ limits: { ...usualLimits, searchMs: -1 } });

    expect(taken).toMatchObject({ kind: 'refused', refusals: [{ rule: 'not-searched', path: 'b.txt' }] });
  });

  it('is said when it is no text', async () => {
    bench.write('b.bin', deflateSync(Buffer.from('packed')));

    expect(await bench.take()).toMatchObject({ kind: 'taken', search: { opaque: ['b.bin'] } });
  });
});
