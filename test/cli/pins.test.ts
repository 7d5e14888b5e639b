import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareVersions, movePins, pinExample, pinFault, pinIn, pinsOf } from '../../cli/factory/pins.ts';
import { version } from '../../core/version.ts';

const [old, next] = ['a'.repeat(40), 'b'.repeat(40)];
const source = 'https://forge.example/acme/forgecrew';
const move = (text: string, commit: string | undefined = next) =>
  movePins(text, {
    roles: ['ops-filer', 'dashboard', 'vault-dispatch'],
    source,
    from: '0.1.0',
    to: { version: '0.2.0', commit },
  });

describe('pins of pipelines', () => {
  it.each([
    [
      'a tag, to the commit as well',
      `uses: ${source}/actions/ops-filer@v0.1.0`,
      `uses: ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'a tag, and keeps what people wrote beside it',
      `uses: ${source}/actions/ops-filer@v0.1.0 # ask ada`,
      `uses: ${source}/actions/ops-filer@${next} # v0.2.0 ask ada`,
    ],
    [
      'a commit',
      `uses: ${source}/actions/ops-filer@${old}`,
      `uses: ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'a commit of a repository with SHA-256',
      `uses: ${source}/actions/ops-filer@${'c'.repeat(64)} # v0.1.0`,
      `uses: ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'a commit with its version beside it',
      `      - uses: ${source}/actions/ops-filer@${old} # v0.1.0`,
      `      - uses: ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'a tag in quotes',
      `- uses: "${source}/actions/dashboard@v0.0.9"`,
      `- uses: "${source}/actions/dashboard@${next}" # v0.2.0`,
    ],
    [
      'a short name',
      'uses: acme/forgecrew/actions/ops-filer@v0.1.0',
      `uses: acme/forgecrew/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'an image',
      'image: ghcr.example/us/forgecrew/ops-filer:0.1.0',
      'image: ghcr.example/us/forgecrew/ops-filer:0.2.0',
    ],
    ['an image with the letter', 'image: forgecrew/ops-filer:v0.1.0', 'image: forgecrew/ops-filer:v0.2.0'],
    [
      'an image of a name of its own',
      'image: reg:5000/ours/ops-filer:0.1.0',
      'image: reg:5000/ours/ops-filer:0.2.0',
    ],
    [
      'an image of a commit',
      `image: reg:5000/forgecrew/ops-filer:${old}`,
      `image: reg:5000/forgecrew/ops-filer:${next}`,
    ],
    [
      'a folder',
      'image: /opt/forgecrew-0.1.0/plugins/ops-filer/ops-filer',
      'image: /opt/forgecrew-0.2.0/plugins/ops-filer/ops-filer',
    ],
    [
      'a folder below another',
      'image: /srv/forgecrew/v0.1.0/plugins/ops-filer/ops-filer',
      'image: /srv/forgecrew/v0.2.0/plugins/ops-filer/ops-filer',
    ],
    [
      'a step in braces',
      `- {uses: '${source}/actions/ops-filer@v0.1.0', with: {a: b}}`,
      `- {uses: '${source}/actions/ops-filer@${next}', with: {a: b}}`,
    ],
    [
      'a key in quotes',
      `- "uses": ${source}/actions/ops-filer@${old} # v0.1.0`,
      `- "uses": ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'a key with a blank behind it',
      `- uses : ${source}/actions/ops-filer@${old} # v0.1.0`,
      `- uses : ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'an address on a line of its own',
      `- uses:\n    ${source}/actions/ops-filer@${old} # v0.1.0`,
      `- uses:\n    ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'an address that is folded',
      `- uses: >-\n    ${source}/actions/ops-filer@${old}`,
      `- uses: >-\n    ${source}/actions/ops-filer@${next}`,
    ],
    [
      'an address with an anchor, which other steps name',
      `- uses: &role ${source}/actions/ops-filer@${old} # v0.1.0\n- uses: *role`,
      `- uses: &role ${source}/actions/ops-filer@${next} # v0.2.0\n- uses: *role`,
    ],
    [
      'an address that has capitals where the forge minds none',
      'uses: https://Forge.example/Acme/Forgecrew/actions/ops-filer@v0.1.0',
      `uses: https://Forge.example/Acme/Forgecrew/actions/ops-filer@${next} # v0.2.0`,
    ],
  ])('moves %s', (_, before, after) => {
    const { text, moved, left } = move(`steps:\n${before}\n`);

    expect([text, moved.length, left]).toEqual([`steps:\n${after}\n`, 1, []]);
    expect(move(text)).toMatchObject({ text, moved: [] });
  });

  it('moves two in one line, and the one comment of both', () => {
    const line = (commit: string, by: string): string =>
      `steps: [{uses: ${source}/actions/ops-filer@${commit}}, {uses: "${source}/actions/dashboard@${commit}"}] # v${by}`;

    expect(move(line(old, '0.1.0'))).toMatchObject({ text: line(next, '0.2.0'), left: [] });
  });

  it('tells of a text that cannot be read, and leaves it', () => {
    const text = `a: 1\n---\nuses: ${source}/actions/ops-filer@v0.1.0\n`;

    expect(move(text)).toEqual({
      text,
      moved: [],
      left: [],
      fault: 'line 2: a second YAML document ("---"): there is to be one',
    });
    expect(move('a: 1\n---\nb: 2\n').fault).toBeUndefined();
  });

  it.each([
    ['an action of others', 'uses: https://code.example/actions/checkout@v4.1.0'],
    [
      'an action of others that is called like a role',
      'uses: https://code.example/grafana/actions/dashboard@v0.1.0',
    ],
    ['an image of others that is called like a role', 'image: grafana/dashboard:9.9.9'],
    ['an image of others', 'image: node:20.18.1'],
    ['a comment', `# uses: ${source}/actions/ops-filer@v0.1.0`],
    ['a text', 'run: echo forgecrew/actions/ops-filer@v0.1.0'],
    ['a line of a script', `run: |\n    uses: ${source}/actions/ops-filer@v0.1.0\n    # forgecrew v0.1.0`],
    ['a folder without a version', 'image: /opt/forgecrew/plugins/ops-filer/ops-filer'],
  ])('leaves %s alone', (_, line) => {
    expect(move(`x:\n  ${line}\n`)).toEqual({
      text: `x:\n  ${line}\n`,
      moved: [],
      left: [],
      fault: undefined,
    });
  });

  it.each([
    ['a branch', `uses: ${source}/actions/ops-filer@main`],
    ['a tag as git has it', `uses: ${source}/actions/ops-filer@refs/tags/v0.1.0`],
    ['an address in letters that stand for others', 'uses: "acme/forgecrew/actions/ops-filer\\x40v0.1.0"'],
    ['a digest', `image: forgecrew/ops-filer@sha256:${'c'.repeat(64)}`],
  ])('tells of %s, and leaves it', (_, line) => {
    const { text, moved, left } = move(line);

    expect([text, moved, left.length]).toEqual([line, [], 1]);
  });

  it('does not move a commit where that of the new version is not known', () => {
    const line = `uses: ${source}/actions/ops-filer@${old}`;

    expect(
      movePins(line, {
        roles: ['ops-filer'],
        source,
        from: '0.1.0',
        to: { version: '0.2.0', commit: undefined },
      }),
    ).toMatchObject({
      text: line,
      left: [`${source}/actions/ops-filer@${old}`],
    });
  });

  it('moves a tag alone where the commit of the new version is not known', () => {
    const given = {
      roles: ['ops-filer'],
      source,
      from: '0.1.0',
      to: { version: '0.2.0', commit: undefined },
    };

    expect(movePins(`uses: ${source}/actions/ops-filer@v0.1.0`, given).text).toBe(
      `uses: ${source}/actions/ops-filer@v0.2.0`,
    );
  });

  it.each([
    ['as an example has it filled in', `    # a checkout of forgecrew v0.1.0 (${old}). And more.`],
    [
      'behind the folder that it is in',
      `    image: /opt/forgecrew/plugins/ops-filer/ops-filer   # a checkout of forgecrew v0.1.0 (${old}). And more.`,
    ],
    ['without its commit', '    # a checkout of forgecrew v0.1.0. And more.'],
  ])('moves what a comment says that has to be checked out, %s', (_, line) => {
    const text = line.replace(/v0\.1\.0(?: \(\w+\))?/, `v0.2.0 (${next})`);

    expect(move(line)).toEqual({ text, moved: [], left: [], fault: undefined });
    expect(pinsOf(text, 'ops-filer')).toEqual([{ version: '0.2.0', commit: next }]);
  });

  it('keeps the ends of lines as they are', () => {
    for (const before of ['v0.1.0', `${old} # v0.1.0`])
      expect(move(`a:\r\n  uses: ${source}/actions/ops-filer@${before}\r\nb: 1\r\n`).text).toBe(
        `a:\r\n  uses: ${source}/actions/ops-filer@${next} # v0.2.0\r\nb: 1\r\n`,
      );
    expect(pinsOf(`a:\r\n  uses: x/actions/ops-filer@${old} # v0.1.0\r\n`, 'ops-filer')).toEqual([
      { version: '0.1.0', commit: old },
    ]);
  });

  it('reads what an address names', () => {
    expect(
      [
        `${source}/actions/x@v1.2.3`,
        'reg:5000/x:1.2.3',
        'reg:5000/x',
        '/opt/forgecrew/v1.2.3/plugins/x/x',
        '/opt/forgecrew/plugins/x/x',
      ].map(pinIn),
    ).toEqual(['v1.2.3', 'v1.2.3', undefined, 'v1.2.3', undefined]);
  });

  it('writes a version and its commit where an example names both, and the version alone where nobody knows the commit', () => {
    const example = `# a checkout of forgecrew v0.0.1 (<commit>).\n- uses: ${source}/actions/ops-filer@<commit> # v0.0.1\n`;

    expect(pinExample(example, { version: '0.2.0', commit: next })).toBe(
      `# a checkout of forgecrew v0.2.0 (${next}).\n- uses: ${source}/actions/ops-filer@${next} # v0.2.0\n`,
    );
    expect(pinExample(example, { version: '0.2.0', commit: undefined })).toBe(
      `# a checkout of forgecrew v0.2.0.\n- uses: ${source}/actions/ops-filer@v0.2.0\n`,
    );
  });

  it.each<[string, string, string | undefined]>([
    ['both belong together', `uses: ${source}/actions/ops-filer@${next} # v0.2.0`, undefined],
    ['a commit stands alone', `uses: ${source}/actions/ops-filer@${next}`, undefined],
    ['another version is pinned', `uses: ${source}/actions/ops-filer@${old} # v0.1.0`, undefined],
    [
      'a tag stands alone',
      `uses: ${source}/actions/ops-filer@v0.2.0`,
      'names v0.2.0 by its tag alone, which whoever may push there can move',
    ],
    [
      'a commit is called by a version of another one',
      `uses: ${source}/actions/ops-filer@${old} # v0.2.0`,
      `calls ${old.slice(0, 12)} v0.2.0, whose tag is at ${next.slice(0, 12)}`,
    ],
    [
      'the commit is called by another version',
      `uses: ${source}/actions/ops-filer@${next} # v0.1.0`,
      'calls the commit of v0.2.0 v0.1.0',
    ],
    [
      'a comment calls a commit so',
      `# a checkout of forgecrew v0.2.0 (${old}).`,
      `calls ${old.slice(0, 12)} v0.2.0, whose tag is at ${next.slice(0, 12)}`,
    ],
    ['another role is meant', `uses: ${source}/actions/dashboard@v0.2.0`, undefined],
  ])('are held against the tag: %s', (_, line, fault) => {
    const faults = (commit: string | undefined): (string | undefined)[] =>
      pinsOf(line, 'ops-filer').map((pin) => pinFault(pin, { version: '0.2.0', commit }));

    expect(faults(next)[0]).toBe(fault);
    // Where nobody knows the commit, nothing is said of it.
    expect(faults(undefined)[0]).toBeUndefined();
  });

  it('knows which version is the older one', () => {
    expect(['0.10.0', '0.2.0', '1.0.0', '0.9.9'].sort(compareVersions)).toEqual([
      '0.2.0',
      '0.9.9',
      '0.10.0',
      '1.0.0',
    ]);
  });
});

describe('the examples', () => {
  const root = path.join(import.meta.dirname, '..', '..');
  const files = ['actions', 'plugins', 'docs', 'README.md'].flatMap((name) =>
    name.endsWith('.md')
      ? [name]
      : readdirSync(path.join(root, name), { recursive: true, encoding: 'utf8' })
          .filter((file) => /\.(?:ya?ml|md)$/.test(file))
          .map((file) => path.join(name, file)),
  );

  it('name this version, and a place for its commit, wherever they start a role', () => {
    const uses: string[] = [];
    for (const file of files)
      for (const [line] of readFileSync(path.join(root, file), 'utf8').matchAll(
        /^.*\buses: [^.\s]\S*forgecrew\/actions\/.*$/gm,
      )) {
        uses.push(line);
        expect([file, line]).toEqual([file, expect.stringContaining(`@<commit> # v${version}`)]);
      }
    expect(uses.length).toBeGreaterThan(30);
  });

  it('say for Woodpecker what has to be checked out on its agents, or name an image by digest', () => {
    for (const file of files.filter((name) => /^plugins\/.*\/example.*\.yaml$/.test(name))) {
      const text = readFileSync(path.join(root, file), 'utf8');
      expect([file, text]).toEqual([
        file,
        expect.stringMatching(
          text.includes('/opt/forgecrew')
            ? new RegExp(`forgecrew v${version} \\(<commit>\\)`)
            : new RegExp(`@<digest> # v${version}`),
        ),
      ]);
    }
  });
});
