import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { version } from '../../core/version.ts';
import { type Facts, releasedChangelog, releaseFaults } from '../../scripts/release/plan.ts';
import { type Machine, release, type Wanted } from '../../scripts/release/release.ts';
import { compiledFile, runCompiled } from '../compiled.ts';
import { entries, sprintDocument } from '../story.ts';

const root = path.join(import.meta.dirname, '..', '..');
const changelog =
  '# Changes\n\n## Unreleased (0.2.0)\n\n### Added\n- Something.\n\n## 0.1.0 (2026-01-01)\n\n- First.\n';

function facts(overrides: Partial<Facts> = {}): Facts {
  return {
    version: '0.2.0',
    dirty: [],
    branch: 'main',
    tags: ['v0.1.0'],
    changelog,
    staleDocuments: [],
    staleFiles: [],
    ...overrides,
  };
}

/** A machine that only writes down what it was asked to do. */
function machine(has: string[] = ['podman']): Machine & { log: string[] } {
  const log: string[] = [];
  return {
    log,
    run(program, args) {
      log.push([program, ...args].join(' '));
      return args[0] === 'rev-parse' ? `${'c'.repeat(40)}\n` : '';
    },
    has: (program) => has.includes(program),
    write: (file, text) => log.push(`write ${file} ${text.length}`),
    digest: (file) => `sha256:${file.length}\n`,
    say: (line) => log.push(`say ${line}`),
  };
}

const wanted: Wanted = {
  registry: 'forge.example/owner',
  roles: ['ops-filer'],
  day: '2026-11-26',
  isDryRun: false,
};

describe('a release', () => {
  it.each<[string, Partial<Facts>, string]>([
    ['something is not committed', { dirty: [' M README.md'] }, 'Not committed:  M README.md.'],
    ['it is another branch', { branch: 'piece' }, 'This is piece, and releases are made on main.'],
    ['the version was released', { tags: ['v0.2.0'] }, 'v0.2.0 is there already.'],
    [
      'nothing changed',
      { changelog: '## Unreleased\n\n## 0.1.0\n- x\n' },
      'CHANGELOG.md says nothing below "## Unreleased".',
    ],
    ['there is no such part', { changelog: '## 0.1.0\n- x\n' }, 'CHANGELOG.md has no part "## Unreleased".'],
    ['a document is stale', { staleDocuments: ['docs/a.md'] }, 'Stale: docs/a.md.'],
    ['dist is stale', { staleFiles: ['dist/a/index.js'] }, 'Stale: dist/a/index.js.'],
  ])('is refused where %s, and nothing is changed', (_, overrides, what) => {
    const { log, ...rest } = machine();

    const isReleased = release(facts(overrides), wanted, rest);

    expect(isReleased).toBe(false);
    expect(releaseFaults(facts(overrides)).map((fault) => fault.what)).toEqual([what]);
    expect(log.filter((line) => !line.startsWith('say '))).toEqual([]);
  });

  it('dates the changelog, commits, tags, and makes an image for each role, named by its digest', () => {
    const { log, ...rest } = machine();

    const isReleased = release(facts(), wanted, rest);

    expect(isReleased).toBe(true);
    expect(log).toEqual([
      expect.stringMatching(/^write CHANGELOG\.md /),
      'git commit --quiet -m Release 0.2.0 -- CHANGELOG.md',
      'git rev-parse HEAD',
      'git tag -a v0.2.0 -m forgecrew 0.2.0',
      `say v0.2.0 is commit ${'c'.repeat(40)}. Push both: git push origin main v0.2.0`,
      `podman build -f plugins/ops-filer/Containerfile --build-arg COMMIT=${'c'.repeat(40)} --label org.opencontainers.image.version=0.2.0 --label org.opencontainers.image.revision=${'c'.repeat(40)} -t forge.example/owner/ops-filer:0.2.0 .`,
      'podman push --digestfile .cache/digest-ops-filer forge.example/owner/ops-filer:0.2.0',
      'say image: forge.example/owner/ops-filer@sha256:23',
    ]);
  });

  it.each([
    ['no registry is named', { ...wanted, registry: undefined }, ['podman'], 'name the registry'],
    ['podman is not there', wanted, [], 'podman is not on this machine'],
  ])('makes no image where %s, and says so', (_, given, has, said) => {
    const { log, ...rest } = machine(has);

    release(facts(), given, rest);

    expect(log.at(-1)).toContain(said);
    expect(log.join('\n')).not.toMatch(/^podman/m);
  });

  it('only looks in a dry run', () => {
    const { log, ...rest } = machine();

    release(facts(), { ...wanted, isDryRun: true }, rest);

    expect(log).toEqual(['say 0.2.0 can be released. Nothing was changed.']);
  });

  it('keeps what was unreleased, below its version and day', () => {
    expect(releasedChangelog(changelog, '0.2.0', '2026-11-26')).toBe(
      changelog.replace('## Unreleased (0.2.0)', '## Unreleased\n\n## 0.2.0 (2026-11-26)'),
    );
  });

  it('can be made of the changelog that is here', () => {
    const text = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');

    expect(releaseFaults(facts({ version, tags: [], changelog: text }))).toEqual([]);
  });
});

describe.skipIf(!existsSync(compiledFile('forgecrew')))('the package', () => {
  it('runs where it is unpacked, without anything installed', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-pack-'));
    try {
      // Without its scripts, which write a file into this checkout: another test may be looking at it.
      const [packed] = JSON.parse(
        execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
          cwd: root,
          encoding: 'utf8',
        }),
      ) as { filename: string; files: { path: string }[] }[];
      execFileSync('tar', ['-xf', path.join(folder, packed?.filename ?? ''), '-C', folder]);
      writeFileSync(path.join(folder, 'a.md'), sprintDocument(7, entries('a')));
      const { bin } = JSON.parse(readFileSync(path.join(folder, 'package/package.json'), 'utf8'));
      const forgecrew = path.join(folder, 'package', bin.forgecrew);

      const told = await runCompiled(forgecrew, {}, { args: ['--version'], folder });
      const checked = await runCompiled(forgecrew, {}, { args: ['lint', 'a.md'], folder });

      expect(told).toMatchObject({ code: 0, text: `${version}\n` });
      expect(checked).toMatchObject({ code: 0, text: 'a.md: 1 entry for vision #7, valid\n' });
      expect(packed?.files.filter(({ path: file }) => /^(?:test|core|scripts)\//.test(file))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
