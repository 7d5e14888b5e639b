import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SecretSearch, searchSecrets } from '../../../../core/agent/work/secrets.ts';
import { createMask } from '../../../../core/mask.ts';

// Put together here, so that nobody who searches this repository finds them.
const github = `gh${'p_'}wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx`;
const npm = `np${'m_'}a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8`;
const key = `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${`${'MIIEowIBAAKCAQEA0Z3VS5JJcds3xfn'.repeat(2)}\n`.repeat(20)}-----END RSA PRIVATE KEY-----\n`;

function search(files: Record<string, string | Buffer>, before: string[] = []): Promise<SecretSearch> {
  return searchSecrets(
    Object.entries(files).map(([name, content]) => ({ path: name, bytes: Buffer.from(content) })),
    {
      before: before.map((text) => Buffer.from(text)),
      mask: createMask(),
      deadline: performance.now() + 60_000,
      clock: () => performance.now(),
    },
  );
}

describe('what looks like a secret', () => {
  it.each([
    ['a token', { 'a.txt': `x\ny = ${github}\n` }, 2],
    ['a token of npm', { 'a/.npmrc': `//registry.npmjs.org/:_authToken=${npm}\n` }, 1],
    ['a private key', { 'a.pem': key }, 1],
    ['a name and a password in an address', { 'a.md': `https://user:${'passw0rd1'}@example.com/x\n` }, 1],
    ['a token far down', { 'a.txt': `${'some words\n'.repeat(20_000)}${github}\n` }, 20_001],
    ['a token where two pieces meet', { 'a.txt': `${'x'.repeat(65_520)} ${github}\n` }, 1],
    [
      'a token in a comment that says to look away',
      { 'a.ts': `x = '${github}' // secretlint-disable-line\n` },
      1,
    ],
    ['a token below one that says so for all', { 'a.ts': `/* secretlint-disable */\nx = '${github}'\n` }, 2],
    ['a token below one in other letters', { 'a.ts': `/* SecretLint-Disable */\nx = '${github}'\n` }, 2],
  ] as [string, Record<string, string>, number][])('is found: %s', async (_, files, line) => {
    const { findings } = await search(files);

    expect(findings.map((finding) => finding.line)).toContain(line);
    expect(JSON.stringify(findings)).not.toContain(github);
  });

  it('is not found in a project as it usually is', async () => {
    const { findings, searched } = await search({
      'README.md': '# Project\n\nSet `FORGE_TOKEN` to your token, see https://example.com/docs.\n',
      'package.json': '{ "name": "x", "version": "1.0.0", "scripts": { "test": "vitest" } }\n',
      'src/a.ts': "const token = process.env['TOKEN'] ?? '';\n",
    });

    expect({ findings, searched }).toEqual({ findings: [], searched: 3 });
  });

  it('is no news when it stood in the repository before, wherever it is now', async () => {
    const old = `token of an example: ${github}\n`;

    expect((await search({ 'moved.txt': `more\n${old}` }, [old])).findings).toEqual([]);
    expect((await search({ 'moved.txt': `${old}${npm}\n` }, [old])).findings).toHaveLength(1);
  });
});

it('a path of an agent is opened on no machine of ours', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-p12-'));
  const file = path.join(folder, 'a.p12');
  writeFileSync(file, 'x');

  // A rule of secretlint would read a `.p12` by its path; all that it may be told is a name of ours.
  const { findings, searched } = await search({ [file]: 'y', '/etc/passwd.p12': 'z' });

  expect({ findings, searched }).toEqual({ findings: [], searched: 2 });
  rmSync(folder, { recursive: true });
});

it('a file that is no text is looked through, and named as one that holds more', async () => {
  const { findings, opaque } = await search({
    'a.bin': Buffer.from(`\0\0${github}\0`),
    'b.png': Buffer.from([0x89, 0x50, 0xff, 0xfe]),
  });

  expect(findings).toHaveLength(1);
  expect(opaque).toEqual(['a.bin', 'b.png']);
});
