import { describe, expect, it } from 'vitest';
import { compareVersions, movePins, pinIn } from '../../cli/factory/pins.ts';

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
    ['a tag', `uses: ${source}/actions/ops-filer@v0.1.0`, `uses: ${source}/actions/ops-filer@v0.2.0`],
    ['a commit', `uses: ${source}/actions/ops-filer@${old}`, `uses: ${source}/actions/ops-filer@${next}`],
    [
      'a commit with its version beside it',
      `      - uses: ${source}/actions/ops-filer@${old} # v0.1.0`,
      `      - uses: ${source}/actions/ops-filer@${next} # v0.2.0`,
    ],
    [
      'a tag in quotes',
      `- uses: "${source}/actions/dashboard@v0.0.9"`,
      `- uses: "${source}/actions/dashboard@v0.2.0"`,
    ],
    [
      'a short name',
      'uses: acme/forgecrew/actions/ops-filer@v0.1.0',
      'uses: acme/forgecrew/actions/ops-filer@v0.2.0',
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
  ])('moves %s', (_, before, after) => {
    const { text, moved, left } = move(`steps:\n${before}\n`);

    expect([text, moved.length, left]).toEqual([`steps:\n${after}\n`, 1, []]);
    expect(move(text)).toMatchObject({ text, moved: [] });
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
    ['a folder without a version', 'image: /opt/forgecrew/plugins/ops-filer/ops-filer'],
  ])('leaves %s alone', (_, line) => {
    expect(move(`x:\n  ${line}\n`)).toEqual({ text: `x:\n  ${line}\n`, moved: [], left: [] });
  });

  it.each([
    ['a branch', `uses: ${source}/actions/ops-filer@main`],
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

  it('keeps the ends of lines as they are', () => {
    expect(move(`a:\r\n  uses: ${source}/actions/ops-filer@v0.1.0\r\nb: 1\r\n`).text).toBe(
      `a:\r\n  uses: ${source}/actions/ops-filer@v0.2.0\r\nb: 1\r\n`,
    );
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

  it('knows which version is the older one', () => {
    expect(['0.10.0', '0.2.0', '1.0.0', '0.9.9'].sort(compareVersions)).toEqual([
      '0.2.0',
      '0.9.9',
      '0.10.0',
      '1.0.0',
    ]);
  });
});
