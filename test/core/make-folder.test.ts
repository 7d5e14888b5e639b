import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from '../../core/make-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'forgecrew-make-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a folder', () => {
  it('is made with all above it, each with its rights, and made again changes nothing', () => {
    const folder = path.join(root, 'a/b/c');

    makeFolder(folder, 0o700);
    makeFolder(folder, 0o711);

    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(root, 'a')).mode & 0o777).toBe(0o700);
  });

  it.skipIf(process.platform !== 'linux')(
    'that no file system would take is refused, and not tried for ever',
    () => {
      expect(() => makeFolder('/proc/forgecrew/logs')).toThrow(/ENOENT/);
    },
  );

  it.each([
    ['a file stands', (place: string) => writeFileSync(place, ''), /EEXIST/],
    ['a link leads nowhere', (place: string) => symlinkSync('gone', place), /EEXIST/],
  ])('is refused where %s in its place', (_, plant, said) => {
    const place = path.join(root, 'here');
    plant(place);

    expect(() => makeFolder(place)).toThrow(said);
    expect(() => makeFolder(path.join(place, 'below'))).toThrow();
  });
});
