import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keygen } from '../../cli/provenance/keygen.ts';
import { provenance } from '../../cli/provenance/provenance.ts';
import { entryPath, entryText, recordFolder } from '../../core/agent/entry.ts';
import { keyIdOf, privateKeyIn, publicKeyIn } from '../../core/agent/provenance/keys.ts';
import { type ProvenanceReport, provenanceReport } from '../../core/agent/provenance/report.ts';
import { digestOf } from '../../core/agent/provenance/sign.ts';
import type { RunRecord } from '../../core/agent/run-record.ts';
import { canonicalJson } from '../../core/canonical.ts';
import { chain, keyPair, name, recordOf } from '../core/agent/provenance/records.ts';

// Verification from clones: what the records name is looked up in repositories that git itself made.

const key = keyPair();
let folder: string;
let base: string;
let work: string;
let tree: string;
let blob: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-provenance-'));
  for (const repository of ['state', 'project', 'ops']) git(repository, 'init', '-q', '-b', 'main');
  write('ops', 'agents/builder.toml', 'enabled = true\n');
  blob = git('ops', 'rev-parse', 'HEAD:agents/builder.toml');
  base = write('project', 'README.md', 'a project\n');
  git('project', 'switch', '-qc', 'crew/5-poem');
  work = write('project', 'poem.txt', 'a poem\n');
  tree = git('project', 'rev-parse', 'HEAD^{tree}');
  git('project', 'switch', '-q', 'main');
  writeFileSync(path.join(folder, 'key.pub'), key.pem);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(repository: string, ...args: string[]): string {
  const cwd = path.join(folder, repository);
  mkdirSync(cwd, { recursive: true });
  return execFileSync('git', ['-c', 'user.name=crew', '-c', 'user.email=crew@example.invalid', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
  }).trim();
}

/** Writes a file and commits it; the commit. */
function write(repository: string, file: string, text: string | Uint8Array): string {
  const at = path.join(folder, repository, file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text);
  git(repository, 'add', '.');
  git(repository, 'commit', '-qm', `${file} is written`);
  return git(repository, 'rev-parse', 'HEAD');
}

/** Records as the role would leave them, two rounds long, and the entry that counts them. */
function keep(over: Partial<RunRecord> = {}, rounds = 2): string[] {
  const known: Partial<RunRecord> = {
    base: { branch: 'main', commit: base, merged: null },
    manifest: { repository: 'Owner/ops', file: 'agents/builder.toml', blob, prompt: null },
    ...over,
  };
  const files = chain(key, [
    known,
    {
      ...known,
      work: { kind: 'work', branch: 'crew/5-poem', commit: work, tree, files: 1, bytes: 7 },
      ...over,
    },
  ]);
  for (const file of files) write('state', `${recordFolder(name)}/${file.name}`, file.bytes);
  entry(rounds);
  return files.map((file) => `${recordFolder(name)}/${file.name}`);
}

function entry(rounds: number, why = 'success'): void {
  const { git_user, started_at, ended_at } = recordOf();
  write(
    'state',
    entryPath(name),
    entryText({
      version: 1,
      owner: name.owner,
      repo: name.repo,
      issue_number: name.number,
      slug: 'poem',
      agent_name: 'builder',
      profile: null,
      backend: { host: 'woodpecker', isolation: 'user' },
      agent_git_user: git_user,
      pr_number: 6,
      status: 'destroyed',
      why,
      last_checkin_at: ended_at,
      run_url: null,
      lease: { id: 'a'.repeat(32), until: ended_at, run: null },
      started_at,
      ended_at,
      rounds,
      cost: null,
    }),
  );
}

async function look(
  over: Partial<Parameters<typeof provenance>[0]> = {},
): Promise<{ code: number; text: string; report: ProvenanceReport | undefined }> {
  const lines: string[] = [];
  const code = await provenance(
    {
      issue: 'Owner/Project#5',
      keys: [path.join(folder, 'key.pub')],
      state: path.join(folder, 'state'),
      repository: path.join(folder, 'project'),
      ops: path.join(folder, 'ops'),
      forge: undefined,
      stateRepository: undefined,
      json: false,
      path: process.env.PATH ?? '',
      ...over,
    },
    (line) => lines.push(line),
  );
  const text = lines.join('\n');
  return { code, text, report: over.json === true ? provenanceReport.parse(JSON.parse(text)) : undefined };
}

describe('forgecrew provenance', () => {
  it('finds that everything fits, and ends with 0', async () => {
    keep();

    const { code, text } = await look();

    expect(text).toMatch(/Everything was checked, and everything fits\.$/);
    expect(code).toBe(0);
    expect(text).toContain('Round 2: builder');
    expect(text).toContain('given by   ada');
    expect(text).toMatch(/refused +post_comment #5: it is not writable/);
    expect(text).toContain(`${work} on crew/5-poem`);
  });

  it('shows records without verifying them, and says so', async () => {
    keep();

    const { code, text } = await look({ keys: [] });

    expect(code).toBe(0);
    expect(text).toContain('Nothing was verified');
    expect(text).not.toContain('fits');
  });

  it('prints the same as JSON', async () => {
    keep();

    const { report } = await look({ json: true });

    expect(report?.rounds.map(({ record }) => record?.round)).toEqual([1, 2]);
    expect(report?.verification).toMatchObject({ outcome: 'fits', first: null });
  });

  it('takes bare clones and work trees as well', async () => {
    keep();
    git('.', 'clone', '-q', '--bare', 'state', 'state.git');
    git('project', 'worktree', 'add', '-q', '../beside', 'crew/5-poem');

    const { code } = await look({
      state: path.join(folder, 'state.git'),
      repository: path.join(folder, 'beside'),
    });

    expect(code).toBe(0);
  });

  it.each([
    ['state repo', 'state', ['history', 'entry']],
    ['project', 'repository', ['base', 'base', 'commit']],
    ['ops repo', 'ops', ['manifest', 'manifest']],
  ] as const)(
    'says what could not be checked without a clone of the %s, and ends with 2',
    async (_, option, left) => {
      keep();
      // Without the state repo there are no records to look at: another clone of it without its history is as good as none.
      if (option === 'state')
        git('.', 'clone', '-q', '--depth', '1', `file://${path.join(folder, 'state')}`, 'shallow');

      const { code, report } = await look({
        json: true,
        [option]: option === 'state' ? path.join(folder, 'shallow') : undefined,
      });

      expect(code).toBe(2);
      const found = report?.verification?.findings.filter(({ verdict }) => verdict === 'not-checked');
      expect(found?.map(({ check }) => check)).toEqual(option === 'state' ? ['history'] : left);
    },
  );

  it.each<[string, () => void, string]>([
    [
      'the newest record was deleted',
      () => {
        git('state', 'rm', '-q', keep()[1] ?? '');
        git('state', 'commit', '-qm', 'gone');
      },
      'the issue, history',
    ],
    [
      'the newest record was never there, and the entry says so',
      () => {
        keep();
        entry(3);
      },
      'the issue, entry: the entry says that round 3 came to its end (success), and there is no record of it',
    ],
    [
      'a record was changed and put back',
      () => {
        const [first = ''] = keep();
        const bytes = readFileSync(path.join(folder, 'state', first));
        write('state', first, 'bent');
        write('state', first, bytes);
      },
      'changed 1-00000000000000000000000000000001.json',
    ],
    [
      'a record is a link',
      () => {
        const [first = ''] = keep();
        rmSync(path.join(folder, 'state', first));
        symlinkSync('/etc/passwd', path.join(folder, 'state', first));
        git('state', 'add', '.');
        git('state', 'commit', '-qm', 'a link');
      },
      'round 1, file',
    ],
    [
      'the history of the project was rewritten',
      () => {
        keep();
        git('project', 'commit', '-q', '--amend', '-m', 'another beginning');
      },
      'round 1, base',
    ],
    [
      'the branch of the work was rewritten',
      () => {
        keep();
        git('project', 'switch', '-q', 'crew/5-poem');
        git('project', 'commit', '-q', '--amend', '-m', 'another poem');
      },
      'round 2, commit',
    ],
    [
      'the commit is gone, and its branch is another',
      () => {
        keep({
          work: { kind: 'work', branch: 'crew/5-poem', commit: 'c'.repeat(40), tree, files: 1, bytes: 7 },
        });
      },
      'round 1, commit',
    ],
    [
      'the commit has another tree',
      () => {
        keep({
          work: {
            kind: 'work',
            branch: 'crew/5-poem',
            commit: work,
            tree: 'd'.repeat(40),
            files: 1,
            bytes: 7,
          },
        });
      },
      `has the tree`,
    ],
    [
      'the commit stands on something else',
      () => {
        git('project', 'commit', '-q', '--allow-empty', '-m', 'later');
        keep({
          base: { branch: 'main', commit: git('project', 'rev-parse', 'main'), merged: null },
          work: { kind: 'work', branch: 'crew/5-poem', commit: work, tree, files: 1, bytes: 7 },
        });
      },
      'does not stand on',
    ],
    [
      'the manifest is not in the ops repo',
      () => {
        keep({
          manifest: {
            repository: 'Owner/ops',
            file: 'agents/builder.toml',
            blob: 'e'.repeat(40),
            prompt: null,
          },
        });
      },
      'round 1, manifest',
    ],
    [
      'the manifest was never in that file',
      () => {
        write('ops', 'notes.txt', 'x');
        keep({
          manifest: {
            repository: 'Owner/ops',
            file: 'agents/builder.toml',
            blob: git('ops', 'rev-parse', 'HEAD:notes.txt'),
            prompt: null,
          },
        });
      },
      'round 1, manifest',
    ],
    [
      'the prompt is not in the ops repo',
      () => {
        keep({
          manifest: {
            repository: 'Owner/ops',
            file: 'agents/builder.toml',
            blob,
            prompt: { file: 'agents/builder.md', blob: 'e'.repeat(40) },
          },
        });
      },
      'agents/builder.md was never',
    ],
  ])('ends with 1 where %s, and names that first', async (_, bend, said) => {
    bend();

    const { code, text } = await look();

    expect(text.split('\n').at(-1)).toContain('The first thing that does not fit: ');
    expect(text.split('\n').at(-1)).toContain(said);
    expect(code).toBe(1);
  });

  it('knows that a later round of its own may have written the branch anew, and where the commit before it is', async () => {
    git('project', 'switch', '-qC', 'crew/5-poem', base);
    const later = write('project', 'poem.txt', 'another poem\n');
    const laterTree = git('project', 'rev-parse', 'HEAD^{tree}');
    git('project', 'switch', '-q', 'main');
    const known: Partial<RunRecord> = {
      base: { branch: 'main', commit: base, merged: null },
      manifest: { repository: 'Owner/ops', file: 'agents/builder.toml', blob, prompt: null },
    };
    const ofWork = (commit: string, of: string): RunRecord['work'] => ({
      kind: 'work',
      branch: 'crew/5-poem',
      commit,
      tree: of,
      files: 1,
      bytes: 7,
    });
    for (const file of chain(key, [
      { ...known, work: ofWork(work, tree) },
      { ...known, work: ofWork(later, laterTree) },
    ]))
      write('state', `${recordFolder(name)}/${file.name}`, file.bytes);
    entry(2);

    expect(await look()).toMatchObject({ code: 0 });
    // A clone has what its branches have.
    git('.', 'clone', '-q', `file://${path.join(folder, 'project')}`, 'fresh');
    const { code, text } = await look({ repository: path.join(folder, 'fresh') });
    expect(text).toMatch(/could not be checked +round 1, commit: .*git fetch origin/);
    expect(code).toBe(2);
    // What stands there in the end has to be what the last round made.
    git('project', 'branch', '-qf', 'crew/5-poem', work);
    expect((await look()).text.split('\n').at(-1)).toContain('round 2, commit');
  });

  it('does not believe the name of an object whose bytes are others', async () => {
    keep();
    // The tree of the commit of the work, put in place of the commit that the record names.
    const loose = (id: string): string =>
      path.join(folder, 'project/.git/objects', id.slice(0, 2), id.slice(2));
    const bytes = readFileSync(loose(base));
    rmSync(loose(work));
    writeFileSync(loose(work), bytes);

    const { code, text } = await look();

    expect(text.split('\n').at(-1)).toContain('round 2, commit');
    expect(code).toBe(1);
  });

  it('says that it cannot check a commit that no branch of the clone has, and how to bring it', async () => {
    keep();
    git('.', 'clone', '-q', '--single-branch', `file://${path.join(folder, 'project')}`, 'alone');

    const { code, text } = await look({ repository: path.join(folder, 'alone') });

    expect(code).toBe(2);
    expect(text).toContain("git fetch origin 'refs/pull/*/head:refs/remotes/pull/*'");
  });

  it('knows that a round that was cut off left no record', async () => {
    keep();
    entry(3, 'cut off: its lease ran out');

    expect((await look()).code).toBe(0);
  });

  it('finds nothing that fits where all records are gone', async () => {
    for (const file of keep()) git('state', 'rm', '-q', file);
    git('state', 'commit', '-qm', 'gone');

    expect((await look()).code).toBe(1);
    await expect(look({ keys: [] })).rejects.toThrow('holds no record');
    await expect(look({ keys: [], issue: 'Owner/Project#7' })).rejects.toThrow('holds no record');
  });

  it('runs nothing that a clone configures', async () => {
    keep();
    const mark = path.join(folder, 'mark');
    for (const repository of ['state', 'project', 'ops'])
      for (const name of ['core.fsmonitor', 'core.pager', 'core.sshCommand', 'diff.external', 'log.mailmap'])
        git(repository, 'config', name, `touch ${mark}`);

    await look().catch(() => undefined);

    expect(existsSync(mark)).toBe(false);
  });

  it.each([
    ['a file that is not there', 'missing', 'it is not there'],
    ['a private key', 'private', 'it holds a private key'],
    ['another file', 'other', 'it holds no Ed25519 public key'],
  ])('takes no key from %s', async (_, file, said) => {
    keep();
    writeFileSync(path.join(folder, 'private'), key.secret);
    writeFileSync(path.join(folder, 'other'), 'hello');

    await expect(look({ keys: [path.join(folder, file)] })).rejects.toThrow(said);
  });

  it.each(['project#5', 'a/b#0', 'a/b', 'a/b#5#6', '../b#5', 'a/b#1e3'])(
    'knows no issue %s',
    async (issue) => {
      await expect(look({ issue })).rejects.toThrow('names no issue');
    },
  );

  it('takes no folder that is no clone', async () => {
    await expect(look({ state: folder })).rejects.toThrow('is no clone');
  });
});

describe('the page about provenance', () => {
  const openssl = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '';

  it.skipIf(!openssl.startsWith('OpenSSL 3'))('has commands that verify a record by hand', () => {
    const page = readFileSync(new URL('../../docs/provenance.md', import.meta.url), 'utf8');
    const [, commands = ''] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
    const [file] = chain(key, [{}]);
    if (file === undefined) throw new Error('no record was made');
    mkdirSync(path.join(folder, 'records/ada/project/1'), { recursive: true });
    writeFileSync(path.join(folder, 'records/ada/project/1', file.name), file.bytes);
    writeFileSync(path.join(folder, 'provenance.pub'), key.pem);
    const run = () => spawnSync('sh', ['-ec', commands], { cwd: folder, encoding: 'utf8' });

    const { stdout, status } = run();

    expect(status).toBe(0);
    expect(stdout).toContain('Signature Verified Successfully');
    expect(stdout).toContain(keyIdOf(key.open).slice(7));
    expect(stdout).toContain(digestOf(file.bytes).slice(7));
    expect(stdout).toContain(canonicalJson(recordOf()));
    writeFileSync(path.join(folder, 'provenance.pub'), keyPair().pem);
    expect(run().status).not.toBe(0);
  });
});

describe('forgecrew provenance keygen', () => {
  it('writes a private key that only its owner may read, and never over another', () => {
    const file = path.join(folder, 'new.key');
    const printed: string[] = [];
    keygen({ private: file, public: `${file}.pub` }, (text) => printed.push(text));

    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(privateKeyIn(readFileSync(file, 'utf8'))).toBeDefined();
    expect(publicKeyIn(readFileSync(`${file}.pub`, 'utf8')).ok).toBe(true);
    expect(printed.join('')).not.toContain('PRIVATE KEY');
    const before = readFileSync(file, 'utf8');
    expect(() => keygen({ private: file }, () => undefined)).toThrow('is there already');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('leaves no half of a pair, writes through no link, and prints a private key only when asked', () => {
    const file = path.join(folder, 'half.key');
    symlinkSync(path.join(folder, 'elsewhere'), path.join(folder, 'link'));
    expect(() => keygen({ private: file, public: path.join(folder, 'key.pub') }, () => undefined)).toThrow(
      'is there already',
    );
    expect(() => keygen({ private: path.join(folder, 'link') }, () => undefined)).toThrow('is there already');
    expect(() => keygen({}, () => undefined)).toThrow('where the private key goes');
    expect(() => keygen({ private: file, printPrivate: true }, () => undefined)).toThrow(
      'exclude each other',
    );
    expect(() => keygen({ private: file, public: `${folder}/./half.key` }, () => undefined)).toThrow(
      'name the same file',
    );
    expect(existsSync(file) || existsSync(path.join(folder, 'elsewhere'))).toBe(false);
    const printed: string[] = [];
    keygen({ printPrivate: true }, (text) => printed.push(text));
    expect(printed.join('')).toContain('BEGIN PRIVATE KEY');
  });
});
