import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// docs/a-new-role.md, done to the letter: its files and its commands, in a copy of the sources.

const root = path.join(import.meta.dirname, '..', '..');
const page = readFileSync(path.join(root, 'docs/a-new-role.md'), 'utf8');

/** The blocks of the page in their order: files, and what is typed into a shell. */
const steps = [...page.matchAll(/(?:^`([\w./-]+)`:\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, file, language, text = '']) => ({ file, language, text }),
);

/** What its tests and `npm run docs` do without: what is compiled, or git's own. */
const left = new Set(['.git', '.cache', 'node_modules', 'dist']);

describe('the walk that adds a role', () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(path.join(tmpdir(), 'forgecrew-walk-'));
    cpSync(root, copy, {
      recursive: true,
      filter: (file) => !left.has(path.relative(root, file).split(path.sep)[0] ?? ''),
    });
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('says of every block whether it is a file or a command', () => {
    for (const { file, language, text } of steps)
      expect([text.split('\n')[0], file !== undefined || language === 'sh']).toEqual([
        text.split('\n')[0],
        true,
      ]);
  });

  it('works as it stands there, and the role is then like every other', () => {
    const said: string[] = [];
    // The variables of the test around it would make the one inside report to it.
    const { VITEST: _, ...environment } = process.env;
    const shell = (command: string): void => {
      said.push(
        execFileSync('/bin/sh', ['-e', '-c', command], {
          cwd: copy,
          encoding: 'utf8',
          env: { ...environment, NO_COLOR: '1' },
        }),
      );
    };

    for (const { file, text } of steps)
      if (file === undefined) shell(text);
      else {
        mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
        writeFileSync(path.join(copy, file), text);
      }
    shell('npx biome check --error-on-warnings actions/greeter test/actions/greeter');
    // All but that it is compiled, which takes too long here.
    shell("npx vitest run test/roles.test.ts -t 'the role greeter (?:has|can|describes)|doors and tables'");

    expect(said.join('\n')).toMatch(/wrote actions\/greeter\/action\.yml/);
    expect(said.filter((text) => /^ +Tests +\d+ passed/m.test(text)).length).toBe(2);
  });
});
