import { describe, expect, it } from 'vitest';
import { examine } from '../../../../core/agent/work/examine.ts';
import { usualLimits } from '../../../../core/agent/work/limits.ts';
import { leavingLinks } from '../../../../core/agent/work/links.ts';
import { type Entry, type Link, parseRawDiff, type Side } from '../../../../core/agent/work/net-change.ts';
import { alwaysProtected, isProtectedPattern, protectionOf } from '../../../../core/agent/work/protected.ts';

const blob = 'a'.repeat(40);

function side(over: Partial<Side> = {}): Side {
  return { mode: '100644', blob, size: 10, ...over };
}

function added(path: string, over: Partial<Side> = {}): Entry {
  return { path, isText: true, before: null, after: side(over) };
}

function rulesOf(entries: Entry[], protectedPaths: string[] = [], limits = usualLimits): string[] {
  return examine({ entries, links: { before: [], after: [] } }, { limits, protectedPaths }).map(
    ({ rule }) => rule,
  );
}

describe('a path that no agent changes', () => {
  it.each([
    '.forgejo/workflows/ci.yml',
    '.forgejo',
    '.Forgejo/workflows/ci.yml',
    '.gitea/workflows/ci.yml',
    '.github/workflows/ci.yml',
    '.woodpecker/build.yaml',
    '.woodpecker.yml',
    '.woodpecker.yaml',
    '.WOODPECKER.YML',
    'CODEOWNERS',
    'codeowners',
    'docs/CODEOWNERS',
    '.forgejo/CODEOWNERS',
    '.gitmodules',
    'sub/.LFSconfig',
    '.mcp.json',
    'packages/a/.mcp.json',
    '.claude/settings.json',
    'packages/a/.claude/settings.json',
    'ＣＯＤＥＯＷＮＥＲＳ',
    'CODEOWNERS.',
    'CODEOWNERS ',
    'CODEOWNERS:x',
    '.forgejö/x',
    'CODEOWNERſ',
  ])('is refused whether it is added, changed or deleted: %s', (path) => {
    const entries: Entry[] = [
      added(path),
      { path, isText: true, before: side(), after: side({ size: 11 }) },
      { path, isText: true, before: side(), after: null },
    ];

    for (const entry of entries) expect(rulesOf([entry])).toEqual(['protected-path']);
  });

  it.each([
    'forgejo/x',
    'src/.forgejo.ts',
    'CODEOWNERS.md',
    '.woodpecker.txt',
    'docs/github/x.md',
    '.gitignore',
    '.gitattributes',
    'claude/x',
    'mcp.json',
  ])('is not: %s', (path) => {
    expect(rulesOf([added(path)])).toEqual([]);
  });

  it.each<[pattern: string, path: string, isProtected: boolean]>([
    ['Makefile', 'Makefile', true],
    ['Makefile', 'sub/makefile', true],
    ['/Makefile', 'sub/Makefile', false],
    ['/Makefile', 'Makefile', true],
    ['deploy/', 'deploy/a/b.sh', true],
    ['deploy/', 'sub/deploy/x', true],
    ['deploy', 'deploy/x', true],
    ['infra/*.tf', 'infra/main.tf', true],
    ['infra/*.tf', 'infra/sub/main.tf', false],
    ['infra/**/*.tf', 'infra/sub/deep/main.tf', true],
    ['infra/**/*.tf', 'infra/main.tf', true],
    ['infra/**', 'infra/main.tf', true],
    ['infra/**', 'infrared', false],
    ['**/secrets', 'a/b/secrets/x', true],
    ['*.key', 'a/b.KEY', true],
    ['v?.txt', 'v1.txt', true],
    ['v?.txt', 'v12.txt', false],
    ['a+b(c).txt', 'a+b(c).txt', true],
    ['a+b(c).txt', 'aab(c).txt', false],
    ['Größe.txt', 'größe.txt', true],
  ])('is what a pattern of the manifest fits: %s and %s', (pattern, path, isProtected) => {
    expect(isProtectedPattern(pattern)).toBe(true);
    expect(protectionOf([pattern])(path)).toBe(isProtected ? pattern : undefined);
    expect(rulesOf([added(path)], [pattern])).toEqual(isProtected ? ['protected-path'] : []);
  });

  it.each(['', '/', ' a', 'a ', '!a', '[ab]', '{a,b}', 'a//b', '../a', './a', 'a\\b'])(
    'is not told by what is no pattern: %j',
    (pattern) => {
      expect(isProtectedPattern(pattern)).toBe(false);
    },
  );

  it('always is by patterns that are ones', () => {
    expect(alwaysProtected.filter((pattern) => !isProtectedPattern(pattern))).toEqual([]);
  });
});

describe('a path that is refused by itself', () => {
  it.each([
    ['a line end', 'a\nb'],
    ['an escape', 'a\u001bb'],
    ['a mark that turns the text round', 'a\u202egpj.exe'],
    ['a space of no width', 'a\u200bb'],
    ['a backslash', 'a\\b'],
    ['two points', 'a/../b'],
    ['one point', './a'],
    ['an empty folder', 'a//b'],
    ['what git keeps', '.git/config'],
    ['the same in capitals', 'sub/.GIT/config'],
    ['the same for Windows', 'git~1/config'],
    ['the same with an end that Windows drops', '.git./config'],
    ['too many folders', `${'d/'.repeat(80)}x`],
    ['too many characters', 'x'.repeat(2000)],
  ])('has %s', (_, path) => {
    expect(rulesOf([added(path)])).toEqual(['path']);
  });

  it('is no text', () => {
    expect(rulesOf([{ ...added('a\\xff'), isText: false }])).toEqual(['path']);
  });

  it('is told without the characters that cannot be seen', () => {
    const [refusal] = examine(
      { entries: [added('a\u202eb`c')], links: { before: [], after: [] } },
      { limits: usualLimits, protectedPaths: [] },
    );

    expect(refusal?.said).toBe('The path `a\\u{202e}b´c` has characters that cannot be seen.');
  });
});

describe('a change that is refused for what it is', () => {
  it.each<[string, Entry[], string[]]>([
    ['a repository inside', [added('x', { mode: '160000' })], ['submodule']],
    [
      'one that is taken out',
      [{ path: 'x', isText: true, before: side({ mode: '160000' }), after: null }],
      ['submodule'],
    ],
    ['a mode that no file has', [added('x', { mode: '100664' })], ['path']],
    ['a large file', [added('x', { size: usualLimits.fileBytes + 1 })], ['too-large']],
    [
      'large in all',
      Array.from({ length: 5 }, (_, index) => added(`x${index}`, { size: usualLimits.fileBytes })),
      ['too-large'],
    ],
    [
      'many files',
      Array.from({ length: usualLimits.files + 1 }, (_, index) => added(`x${index}`)),
      ['too-many'],
    ],
  ])('is %s', (_, entries, rules) => {
    expect(rulesOf(entries)).toEqual(rules);
  });

  it('is told in as many sentences as somebody reads', () => {
    const refusals = examine(
      {
        entries: Array.from({ length: 50 }, (_, index) => added(`.github/${index}`)),
        links: { before: [], after: [] },
      },
      { limits: usualLimits, protectedPaths: [] },
    );

    expect(refusals).toHaveLength(21);
    expect(refusals.at(-1)?.said).toBe('There are 30 more of these.');
  });

  it('is not one of plain files, programs and links', () => {
    expect(rulesOf([added('a'), added('b/c', { mode: '100755' }), added('d', { mode: '120000' })])).toEqual(
      [],
    );
  });
});

describe('a link', () => {
  const link = (path: string, target: string): Link => ({ path, target });

  it.each<[string, Link[]]>([
    ['to a file beside it', [link('a', 'b')]],
    ['down and up again', [link('a', 'sub/../b')]],
    ['up inside', [link('x/y/a', '../../b')]],
    ['to the root of the tree', [link('x/a', '..')]],
    ['to nothing', [link('a', 'not-there')]],
    ['through another that stays', [link('l', 'x'), link('a', 'l/b')]],
    ['to a file whose name begins with points', [link('a', '..b')]],
  ])('stays inside: %s', (_, links) => {
    expect(leavingLinks([], links)).toEqual([]);
  });

  it.each<[string, Link[], string[]]>([
    ['as an absolute path', [link('a', '/etc/passwd')], ['a']],
    ['upwards', [link('a', '../b')], ['a']],
    ['upwards after going down', [link('x/a', 'y/../../../b')], ['x/a']],
    ['by way of another', [link('x/l', '..'), link('a', 'x/l/../b')], ['a']],
    ['by way of another that is absolute', [link('l', '/proc'), link('a', 'l/self')], ['l', 'a']],
    ['into what git keeps', [link('a', '.git/config'), link('b', '.GIT/hooks')], ['a', 'b']],
    ['in a circle', [link('a', 'b'), link('b', 'a')], ['a', 'b']],
    ['for Windows', [link('a', 'C:/x'), link('b', '..\\x')], ['a', 'b']],
    ['to an empty name', [link('a', '')], ['a']],
  ])('is refused where it leaves: %s', (_, links, paths) => {
    expect(leavingLinks([], links).map(({ path }) => path)).toEqual(paths);
  });

  it('that left before is no news, and is one when it was changed', () => {
    const old = [link('a', '/etc/passwd')];

    expect(leavingLinks(old, old)).toEqual([]);
    expect(leavingLinks(old, [link('a', '/etc/shadow')])).toHaveLength(1);
  });

  it('that nobody touched is refused when another one turns it', () => {
    const old = [link('a', 'x/y/../b')];

    expect(leavingLinks(old, old)).toEqual([]);
    expect(leavingLinks(old, [...old, link('x/y', '../..')]).map(({ path }) => path)).toEqual(['a', 'x/y']);
    expect(leavingLinks(old, [...old, link('x/y', '..')]).map(({ path }) => path)).toEqual(['a']);
  });

  it('in a long chain ends the look, and is refused', () => {
    const chain = Array.from({ length: 60 }, (_, index) => link(`l${index}`, `l${index + 1}`));

    expect(leavingLinks([], chain).some(({ path }) => path === 'l0')).toBe(true);
  });
});

describe('the difference that git prints', () => {
  it('is read byte by byte, whatever a path holds', () => {
    const output = Buffer.concat([
      Buffer.from(`:000000 100644 ${'0'.repeat(40)} ${blob} A\0a\nb\0`),
      Buffer.from(`:100644 000000 ${blob} ${'0'.repeat(40)} D\0`),
      Buffer.from([0x61, 0xff, 0]),
    ]);

    expect(parseRawDiff(output)).toEqual([
      { path: 'a\nb', isText: true, before: null, after: { mode: '100644', blob } },
      { path: 'a\\xff', isText: false, before: { mode: '100644', blob }, after: null },
    ]);
  });
});
