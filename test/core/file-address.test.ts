import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileAddress } from '../../core/file-address.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'forgecrew-address-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it.each(['plain', 'with blanks', 'p%41q', '100%', '%2e%2e', 'a#b?c', 'größe'])(
  'the address of a folder is that folder for git, whatever it is called: %s',
  (name) => {
    const folder = path.join(root, name);
    mkdirSync(folder);
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' });
    git('init', '--quiet', '--bare', folder);
    const tree = git(`--git-dir=${folder}`, 'hash-object', '-t', 'tree', '-w', '/dev/null').trim();
    git(`--git-dir=${folder}`, 'update-ref', 'refs/trees/here', tree);

    expect(git('ls-remote', fileAddress(folder))).toContain('refs/trees/here');
  },
);
