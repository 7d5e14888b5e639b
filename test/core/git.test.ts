import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneForUs, makeBare } from '../../core/agent/work/clone.ts';
import { type Git, openGit, type PushOutcome, push, pushOutcomeOf, remoteFaultOf } from '../../core/git.ts';
import type { EmbeddedForge } from '../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';
import { startTestForge } from '../embedded.ts';
import { authority, ofThisMachine } from './api/certificates.ts';

const programs = process.env.PATH ?? '';
const noCommit = '0'.repeat(40);
const at = { name: 'Crew', email: 'crew@example.test', at: '2026-11-26T00:00:00Z' };

let forge: EmbeddedForge;
let seed: Seeder;
let alice: Person;
let base = '';
let folder = '';
let git: Git;
beforeAll(async () => {
  forge = await startTestForge();
  seed = seeder(forge.url, forge.adminToken);
  alice = await seed.createUser('alice', allScopes);
  await seed.createRepository(alice, 'project');
  base = await seed.putFile(alice, 'alice/project', 'a.txt', 'a\n');
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-git-test-'));
  git = await openGit({
    path: programs,
    folder: path.join(folder, 'home'),
    forge: { url: forge.url, token: alice.token },
  });
});
afterAll(async () => {
  await forge.close();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
function place(): string {
  made += 1;
  return path.join(folder, `repository-${made}.git`);
}

/** A clone of ours with a commit that the forge does not have. */
async function withCommit(text: string): Promise<{ from: string; commit: string }> {
  const from = place();
  await cloneForUs(git, { repository: 'alice/project', commit: base, folder: from });
  const tree = (await git.run(from, { args: ['rev-parse', `${base}^{tree}`] })).toString().trim();
  const commit = await git.run(from, {
    args: ['commit-tree', '-p', base, '-m', text, tree],
    author: at,
    committer: at,
  });
  return { from, commit: commit.toString().trim() };
}

describe('a clone of ours', () => {
  it('may be made of a repository of this machine, whatever its folder is called, and then nobody is asked', async () => {
    const { from, commit } = await withCommit('Here alone.');
    const odd = path.join(folder, 'a b%20c#d?e ü.git');
    renameSync(from, odd);
    const unreachable = await openGit({
      path: programs,
      folder: path.join(folder, 'alone'),
      forge: { url: 'http://127.0.0.1:9', token: 'x' },
    });

    const own = place();
    await cloneForUs(unreachable, { repository: 'alice/project', commit, folder: own, from: odd });

    expect((await git.run(own, { args: ['rev-parse', 'refs/forgecrew/base'] })).toString().trim()).toBe(
      commit,
    );
  });
});

/** A program that stands where git is looked for. */
function fakeGit(script: string): string {
  const bin = mkdtempSync(path.join(folder, 'bin-'));
  writeFileSync(path.join(bin, 'git'), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(bin, 'git'), 0o755);
  return `${bin}:${programs}`;
}

describe('what git is told', () => {
  it('has the token in its environment, for the forge alone, and in no argument or file', async () => {
    const fake = await openGit({
      path: fakeGit('[ "$1" = version ] && echo git version 2.39.5 || { echo "ARGS $*"; env; }'),
      folder: path.join(folder, 'fake'),
      forge: { url: 'https://forge.test/sub/', token: 'sesame-token' },
    });
    const header = Buffer.from('x-access-token:sesame-token').toString('base64');

    const told = (await fake.run('/x', { args: ['fetch'], reach: 'forge' })).toString();
    const untold = (await fake.run('/x', { args: ['log'] })).toString();

    expect(told).toContain(`=Authorization: Basic ${header}\n`);
    expect(told).toContain('=http.https://forge.test/sub/.extraHeader\n');
    expect(told.split('\n').find((line) => line.startsWith('ARGS'))).toBe('ARGS --git-dir=/x fetch');
    expect(untold).not.toContain(header);
    expect(readdirSync(fake.folder)).toEqual([]);
  });

  it('has nothing of our own environment', async () => {
    const fake = await openGit({
      path: fakeGit('[ "$1" = version ] && echo git version 2.39.5 || env'),
      folder: path.join(folder, 'fake'),
    });

    const names = (await fake.run(null, { args: ['x'] }))
      .toString()
      .split('\n')
      .map((line) => line.split('=')[0] ?? '')
      .filter((name) => !/^(?:GIT_.*|PATH|HOME|LC_ALL|TZ|PWD|SHLVL|_|OLDPWD|)$/.test(name));

    expect(names).toEqual([]);
  });

  it('is refused where git is too old to hear it', async () => {
    const opened = openGit({ path: fakeGit('echo git version 2.30.9'), folder: path.join(folder, 'old') });

    await expect(opened).rejects.toThrow('too old');
  });

  it('is the whole configuration beside that of the repository', async () => {
    writeFileSync(path.join(git.folder, '.gitconfig'), '[user]\n\tname = somebody\n');
    const repository = place();
    await makeBare(git, repository, noCommit);

    const shown = await git.run(repository, { args: ['config', '--list', '--show-origin', '--name-only'] });
    const origins = new Set(
      shown
        .toString()
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[0]),
    );

    expect([...origins].sort()).toEqual(['command line:', `file:${repository}/config`]);
  });
});

describe('a repository of ours that somebody wrote into', () => {
  /** Hooks and configuration that would leave a mark in `marks`. */
  function plant(repository: string): string {
    const marks = path.join(repository, 'marks');
    mkdirSync(marks);
    const program = path.join(repository, 'mark');
    writeFileSync(program, `#!/bin/sh\n: > ${marks}/$(basename "$0")\ncat\n`);
    chmodSync(program, 0o755);
    mkdirSync(path.join(repository, 'hooks'), { recursive: true });
    for (const hook of ['reference-transaction', 'post-checkout', 'post-index-change', 'pre-push']) {
      writeFileSync(path.join(repository, 'hooks', hook), readFileSync(program));
      chmodSync(path.join(repository, 'hooks', hook), 0o755);
    }
    writeFileSync(
      path.join(repository, 'config'),
      `[core]\n\tbare = true\n\tfsmonitor = ${program}\n\tpager = ${program}\n\tsshCommand = ${program}\n\talternateRefsCommand = ${program}\n\taskPass = ${program}\n` +
        `[credential]\n\thelper = ${program}\n[diff]\n\texternal = ${program}\n[protocol "ext"]\n\tallow = always\n`,
    );
    return marks;
  }
  const worked = async (
    repository: string,
    run: (args: string[], workTree?: string) => unknown,
  ): Promise<void> => {
    const tree = path.join(repository, 'tree');
    mkdirSync(tree, { recursive: true });
    await run(['update-ref', 'refs/heads/x', base]);
    await run(['reset', '--quiet', '--hard', base], tree);
    await run(['status'], tree);
  };

  it('runs nothing of it', async () => {
    const { from } = await withCommit('x');
    const marks = plant(from);

    await worked(from, (args, workTree) =>
      git.run(from, { args, ...(workTree === undefined ? {} : { workTree }) }),
    );

    expect(readdirSync(marks)).toEqual([]);
  });

  it('would run it otherwise, which is how this test can fail', async () => {
    const { from } = await withCommit('x');
    const marks = plant(from);

    await worked(from, (args, workTree) =>
      execFileSync('git', [`--git-dir=${from}`, ...args], {
        stdio: 'ignore',
        env: { PATH: programs, ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }) },
      }),
    );

    expect(readdirSync(marks).length).toBeGreaterThanOrEqual(3);
  });
});

describe('what git may reach', () => {
  it.each([
    ['nothing', 'file', "transport 'file' not allowed"],
    ['nothing', 'http', "transport 'http' not allowed"],
    ['forge', 'file', "transport 'file' not allowed"],
    ['forge', 'ext', "transport 'ext' not allowed"],
    ['forge', 'ssh', "transport 'ssh' not allowed"],
    ['files', 'http', "transport 'http' not allowed"],
  ] as const)('with %s is not %s', async (reach, scheme, sentence) => {
    const repository = place();
    await makeBare(git, repository, noCommit);
    const address = {
      file: `file://${repository}`,
      http: git.urlOf('alice/project'),
      ext: 'ext::sh -c true',
      ssh: 'ssh://127.0.0.1/x',
    }[scheme];

    const ended = await git.end(repository, { args: ['ls-remote', '--', address], reach });

    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain(sentence);
  });

  it('is no other place that the forge sends it to', async () => {
    const asked: (string | undefined)[] = [];
    const thief = http.createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    await new Promise<void>((done) => thief.listen(0, '127.0.0.1', done));
    const { port } = thief.address() as AddressInfo;
    const mover = http.createServer((request, response) => {
      response.writeHead(301, { location: `http://127.0.0.1:${port}${request.url ?? ''}` }).end();
    });
    await new Promise<void>((done) => mover.listen(0, '127.0.0.1', done));
    const moved = await openGit({
      path: programs,
      folder: path.join(folder, 'moved'),
      forge: { url: `http://127.0.0.1:${(mover.address() as AddressInfo).port}`, token: 'sesame-token' },
    });

    const fetched = cloneForUs(moved, { repository: 'alice/project', commit: base, folder: place() });

    await expect(fetched).rejects.toMatchObject({ name: 'RemoteError', fault: 'moved' });
    expect(asked).toEqual([]);
    thief.close();
    mover.close();
  });
});

describe('a forge with a certificate of its own', () => {
  it.each([
    ['is reached with its authority beside the usual ones', { ca: authority }, 'missing'],
    ['is not reached without it', {}, 'unreachable'],
  ] as const)('%s', async (_, connection, fault) => {
    const server = https.createServer(ofThisMachine, (_request, response) => {
      response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const other = await openGit({
      path: programs,
      folder: mkdtempSync(path.join(folder, 'tls-')),
      forge: { url, token: 'sesame-token', connection },
    });

    const fetched = cloneForUs(other, { repository: 'alice/project', commit: base, folder: place() });

    await expect(fetched).rejects.toMatchObject({ name: 'RemoteError', fault });
    server.close();
  });
});

describe('a call that goes wrong', () => {
  it.each([
    ['a token that is not one', { token: 'wrong' }, 'alice/project', 'unauthorised'],
    ['a repository that is not there', {}, 'alice/nothing', 'missing'],
    ['a forge that does not answer', { url: 'http://127.0.0.1:9' }, 'alice/project', 'unreachable'],
  ] as const)('says so: %s', async (_, over, repository, fault) => {
    const other = await openGit({
      path: programs,
      folder: path.join(folder, 'other'),
      forge: { url: forge.url, token: alice.token, ...over },
    });

    const fetched = cloneForUs(other, { repository, commit: base, folder: place() });

    await expect(fetched).rejects.toMatchObject({ name: 'RemoteError', fault });
  });

  it.each([
    ["fatal: unable to access 'https://x/': The requested URL returned error: 403", 'unauthorised'],
    ["fatal: Authentication failed for 'https://x/'", 'unauthorised'],
    ["fatal: could not read Username for 'https://x': terminal prompts disabled", 'unauthorised'],
    ["fatal: repository 'https://x/a/b.git/' not found", 'missing'],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 301", 'moved'],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 502", 'unreachable'],
    ["fatal: unable to access 'https://x/': Could not resolve host: x", 'unreachable'],
    ["fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate", 'unreachable'],
    ['fatal: the remote end hung up unexpectedly', 'unreachable'],
    ['fatal: remote error: upload-pack: not our ref 1234', 'refused'],
  ] as const)('is sorted: %s', (said, fault) => {
    expect(remoteFaultOf(said)).toBe(fault);
  });

  it('is ended when it takes too long or prints too much', async () => {
    const slow = await openGit({
      path: fakeGit('[ "$1" = version ] && echo git version 2.39.5 || sleep 60'),
      folder: path.join(folder, 'slow'),
    });

    await expect(slow.run(null, { args: ['log'], timeoutMs: 200 })).rejects.toThrow('git log took too long');
    await expect(git.run(null, { args: ['help', '--all'], mostBytes: 10 })).rejects.toThrow(
      'git help printed too much',
    );
  });

  it('is ended when it wants more memory than it may have', async () => {
    const repository = place();
    await makeBare(git, repository, noCommit);

    const ended = await git.end(repository, {
      args: ['hash-object', '--stdin'],
      input: Buffer.alloc(64 * 1024 * 1024),
      mostMemoryKiB: 48 * 1024,
    });

    expect(ended.code).not.toBe(0);
  });
});

describe('a push', () => {
  const ref = 'refs/heads/crew/1';
  let first: { from: string; commit: string };
  beforeAll(async () => {
    first = await withCommit('first');
  });
  const pushed = (over: Partial<Parameters<typeof push>[1]>): Promise<PushOutcome> =>
    push(git, { ...first, repository: 'alice/project', ref, expects: null, ...over });

  it('arrives once; again it is there already, and another one finds that somebody was first', async () => {
    const second = await withCommit('second');

    expect(await pushed({})).toEqual({ kind: 'pushed' });
    expect(await pushed({})).toEqual({ kind: 'there' });
    expect(await pushed(second)).toEqual({ kind: 'stale' });
    expect(await pushed({ ...second, expects: base })).toEqual({ kind: 'stale' });
    expect(await pushed({ ...second, expects: first.commit })).toEqual({ kind: 'pushed' });
  });

  it('to a place that is no branch arrives there', async () => {
    const elsewhere = 'refs/forgecrew/refused/alice/project/1/1';

    expect(await pushed({ ref: elsewhere })).toEqual({ kind: 'pushed' });
    expect(
      (
        await git.run(null, {
          args: ['ls-remote', '--', git.urlOf('alice/project'), elsewhere],
          reach: 'forge',
        })
      )
        .toString()
        .trim(),
    ).toBe(`${first.commit}\t${elsewhere}`);
  });

  it('that a rule of the forge forbids is refused with its words', async () => {
    await seed.api(
      'POST',
      '/repos/alice/project/branch_protections',
      { rule_name: 'crew/held', enable_push: false },
      alice.token,
    );

    expect(await pushed({ ref: 'refs/heads/crew/held' })).toEqual({
      kind: 'refused',
      said: expect.stringContaining('Not allowed to push to protected branch crew/held'),
    });
  });

  it.each<[printed: string, said: string, outcome: PushOutcome | undefined]>([
    ['=\tx:refs/heads/y\t[up to date]\nDone', '', { kind: 'there' }],
    ['*\tx:refs/heads/y\t[new branch]\nDone', '', { kind: 'pushed' }],
    [' \tx:refs/heads/y\ta..b\nDone', '', { kind: 'pushed' }],
    ['!\tx:refs/heads/y\t[rejected] (stale info)\nDone', '', { kind: 'stale' }],
    [
      '!\tx:refs/heads/y\t[remote rejected] (cannot lock ref)',
      'remote: error: cannot lock ref: is at 12 but expected 34',
      { kind: 'stale' },
    ],
    [
      '!\tx:refs/heads/y\t[remote rejected] (pre-receive hook declined)',
      'remote: Forgejo: no\nremote: \n',
      { kind: 'refused', said: '[remote rejected] (pre-receive hook declined) Forgejo: no' },
    ],
    ['', 'fatal: unable to access', undefined],
  ])('is told by what git prints: %j', (printed, said, outcome) => {
    expect(pushOutcomeOf(printed, said)).toEqual(outcome);
  });
});
