import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../../core/version.ts';
import { roles } from '../../roles.ts';
import { baseImage } from '../../scripts/containerfile.ts';
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
    isPushed: false,
    changelog,
    last: { message: 'Mend the roof', files: ['roof.ts'] },
    hasPodman: true,
    ...overrides,
  };
}

/** What a checkout is after the commit of the release, and before its tag. */
const begun: Partial<Facts> = {
  changelog: releasedChangelog(changelog, '0.2.0', '2026-11-26'),
  last: { message: 'Release 0.2.0', files: ['CHANGELOG.md'] },
};

/** A machine that only writes down what it was asked to do. */
function machine(fails: (line: string) => boolean = () => false): Machine & { log: string[] } {
  const log: string[] = [];
  const keep = (line: string): boolean => {
    log.push(line);
    return !fails(line);
  };
  return {
    log,
    run(program, args) {
      if (!keep([program, ...args].join(' '))) throw new Error('it failed');
      return args[0] === 'rev-parse' ? `${'c'.repeat(40)}\n` : args[0] === 'log' ? '1790000000\n' : '';
    },
    show: (program, args) => keep([program, ...args].join(' ')),
    write: (file, text) => log.push(`write ${file} ${text.length}`),
    digest: (file) => `sha256:${file.length}\n`,
    empty: (folder) => log.push(`empty ${folder}`),
    say: (line) => log.push(`say ${line}`),
  };
}

const wanted: Wanted = {
  registry: 'forge.example/owner',
  base: undefined,
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
      'somebody else has released the version',
      { isPushed: true },
      'origin has v0.2.0, and this checkout does not: somebody has released it.',
    ],
    [
      'nobody can say whether somebody has',
      { isPushed: { unknown: 'no route to host' } },
      'Whether origin has v0.2.0 already could not be asked: no route to host.',
    ],
    [
      'nothing changed',
      { changelog: '## Unreleased\n\n## 0.1.0\n- x\n' },
      'CHANGELOG.md says nothing below "## Unreleased".',
    ],
    ['there is no such part', { changelog: '## 0.1.0\n- x\n' }, 'CHANGELOG.md has no part "## Unreleased".'],
    [
      'images are wanted and podman is not there',
      { hasPodman: false },
      'Images were asked for, and podman is not on this machine.',
    ],
    [
      'something was committed after a release that was begun',
      { ...begun, last: { message: 'Mend the roof', files: ['roof.ts'] } },
      'CHANGELOG.md has a part for 0.2.0 already, and there is no tag v0.2.0: its release was begun, and something was committed since.',
    ],
    [
      'the commit of a release that was begun holds more than the changelog',
      { ...begun, last: { message: 'Release 0.2.0', files: ['CHANGELOG.md', 'roof.ts'] } },
      'CHANGELOG.md has a part for 0.2.0 already, and there is no tag v0.2.0: its release was begun, and something was committed since.',
    ],
  ])('is refused where %s, and nothing is changed', (_, overrides, what) => {
    const { log, ...rest } = machine();

    const isReleased = release(facts(overrides), wanted, rest);

    expect(isReleased).toBe(false);
    expect(releaseFaults(facts(overrides), wanted.registry).map((fault) => fault.what)).toEqual([what]);
    expect(log.filter((line) => !line.startsWith('say '))).toEqual([]);
  });

  it.each(['npm run check', 'npm test'])('is refused where %s does not end well', (failing) => {
    const { log, ...rest } = machine((line) => line === failing);

    const isReleased = release(facts(), wanted, rest);

    expect(isReleased).toBe(false);
    expect(log.slice(-3)).toEqual([
      failing,
      `say ${failing} did not end well. Mend what it says.`,
      'say No release was made.',
    ]);
    expect(log.join('\n')).not.toMatch(/^(?:git|podman|write)/m);
  });

  const commit = 'c'.repeat(40);
  const images = [
    'empty .cache/release',
    'empty .cache/release/commit',
    `git archive -o .cache/release/commit.tar ${commit} LICENSE dist plugins`,
    'tar -xf .cache/release/commit.tar -C .cache/release/commit',
    'write .cache/release/commit/commit 41',
    `git log -1 --format=%ct ${commit}`,
    `podman build -f .cache/release/commit/plugins/ops-filer/Containerfile --timestamp 1790000000 --label org.opencontainers.image.version=0.2.0 --label org.opencontainers.image.revision=${commit} --label org.opencontainers.image.base.name=${baseImage} -t forge.example/owner/ops-filer:0.2.0 .cache/release/commit`,
    'podman push --digestfile .cache/release/digest-ops-filer forge.example/owner/ops-filer:0.2.0',
    'say pushed forge.example/owner/ops-filer@sha256:31',
  ];
  const tagged = [
    `git tag -a v0.2.0 -m forgecrew 0.2.0\n\nforge.example/owner/ops-filer@sha256:31 ${commit}`,
    `say v0.2.0 is commit ${commit}. Push both: git push origin main v0.2.0`,
    `say In a workflow:   uses: https://forge.example/owner/forgecrew/actions/<role>@${commit} # v0.2.0`,
    'say In a container:  image: forge.example/owner/ops-filer@sha256:31 # v0.2.0',
  ];

  it('checks, dates the changelog, commits, pushes an image for each role, and tags last', () => {
    const { log, ...rest } = machine();

    const isReleased = release(facts(), wanted, rest);

    expect(isReleased).toBe(true);
    expect(log).toEqual([
      'npm run check',
      'npm test',
      expect.stringMatching(/^write CHANGELOG\.md /),
      'git commit --quiet -m Release 0.2.0 -- CHANGELOG.md',
      'git rev-parse HEAD',
      ...images,
      ...tagged,
    ]);
  });

  it('sets no tag where an image is not pushed', () => {
    const { log, ...rest } = machine((line) => line.startsWith('podman push'));

    expect(() => release(facts(), wanted, rest)).toThrow('it failed');

    expect(log.join('\n')).not.toContain('git tag');
  });

  it('goes on where it ended, without another commit and without the checks that this one follows', () => {
    const { log, ...rest } = machine();

    release(facts(begun), wanted, rest);

    expect(log).toEqual([
      'say The release of 0.2.0 was begun, and goes on.',
      'git rev-parse HEAD',
      ...images,
      ...tagged,
    ]);
  });

  it('builds on another image where one is named, and says so in the label', () => {
    const { log, ...rest } = machine();

    release(facts(), { ...wanted, base: 'forge.example/owner/node:22' }, rest);

    const build = log.find((line) => line.startsWith('podman build'));
    expect(build).toContain(' --from forge.example/owner/node:22 ');
    expect(build).toContain('image.base.name=forge.example/owner/node:22 ');
  });

  it('makes no image where no registry is named, and says so', () => {
    const { log, ...rest } = machine();

    release(facts({ hasPodman: false }), { ...wanted, registry: undefined }, rest);

    expect(log.join('\n')).toContain('name the registry');
    expect(log.join('\n')).not.toMatch(/^podman/m);
    expect(log).toContain(`git tag -a v0.2.0 -m forgecrew 0.2.0 ${commit}`);
  });

  it('runs the checks and changes nothing in a dry run', () => {
    const { log, ...rest } = machine();

    release(facts(), { ...wanted, isDryRun: true }, rest);

    expect(log).toEqual(['npm run check', 'npm test', 'say 0.2.0 can be released. Nothing was changed.']);
  });

  it('keeps what was unreleased, below its version and day', () => {
    expect(releasedChangelog(changelog, '0.2.0', '2026-11-26')).toBe(
      changelog.replace('## Unreleased (0.2.0)', '## Unreleased\n\n## 0.2.0 (2026-11-26)'),
    );
  });

  it('can be made of the changelog that is here', () => {
    const text = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');

    expect(releaseFaults(facts({ version, tags: [], changelog: text }), undefined)).toEqual([]);
  });
});

describe.skipIf(!existsSync(compiledFile('forgecrew')))('what ran', () => {
  const commit = '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567';
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-banner-'));
    writeFileSync(path.join(folder, 'commit'), `${commit}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A compiled file beside a file `commit`, as in an image or a package; started without a setting. */
  function firstLine(name: string, args: string[] = []): string | undefined {
    cpSync(path.dirname(compiledFile(name)), path.join(folder, 'dist', name), { recursive: true });
    const { stdout } = spawnSync(process.execPath, [path.join(folder, 'dist', name, 'index.js'), ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH },
      encoding: 'utf8',
    });
    return stdout.split('\n')[0];
  }

  it.each(roles.map(({ name }) => name))(
    '%s says with its first line, also where it can do nothing',
    (name) => {
      expect(firstLine(name)).toBe(`forgecrew ${version} (0a1b2c3d4e5f) ${name} on terminal`);
    },
  );

  it('the command line says when it is asked, and with the first line of what works like a role', () => {
    expect([
      firstLine('forgecrew', ['--version']),
      firstLine('forgecrew', ['policy', 'open', '--ops-repo', 'owner/ops', '--forge-url', 'nowhere']),
    ]).toEqual([`${version} (0a1b2c3d4e5f)`, `forgecrew ${version} (0a1b2c3d4e5f) policy on terminal`]);
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
