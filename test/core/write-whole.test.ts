import { execFileSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWhole } from '../../core/write-whole.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'forgecrew-write-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const makePipe = (place: string): unknown => execFileSync('mkfifo', [place]);

describe('a file that is written whole', () => {
  it('takes the place of the one before, with folders above it, and leaves nothing beside it', () => {
    const file = path.join(root, 'a/b/result.json');

    writeWhole(file, 'first', 'result-file');
    writeWhole(file, 'second', 'result-file');

    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(lstatSync(`${file}.part`, { throwIfNoEntry: false })).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32').each([
    ['a folder', (place: string): unknown => mkdirSync(place)],
    ['a pipe', makePipe],
  ])('takes the place of no %s, and says so', (_, plant) => {
    const file = path.join(root, 'here');
    plant(file);

    expect(() => writeWhole(file, 'x', 'result-file here')).toThrow(
      /^result-file here could not be written \(something stands there that is no file\)/,
    );
    expect(lstatSync(file).isFile()).toBe(false);
    expect(lstatSync(`${file}.part`, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('is not written through a link that stands where it is made', () => {
    const file = path.join(root, 'result.json');
    const other = path.join(root, 'other');
    writeFileSync(other, 'of somebody else');
    symlinkSync(other, `${file}.part`);

    writeWhole(file, 'x', 'result-file');

    expect(readFileSync(other, 'utf8')).toBe('of somebody else');
    expect(lstatSync(file).isFile()).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')('waits for no pipe that stands where it is made', () => {
    const file = path.join(root, 'result.json');
    makePipe(`${file}.part`);
    // With both ends open it would be written into, and not wait for ever.
    const held = openSync(`${file}.part`, 'r+');

    writeWhole(file, 'x', 'result-file');

    closeSync(held);
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('x');
  });

  it.skipIf(process.platform !== 'linux')('is refused where no file system takes one', () => {
    for (const file of ['/proc/forgecrew/result.json', '/proc/result.json', '/proc/self/fd/x/result.json'])
      expect(() => writeWhole(file, 'x', `result-file ${file}`)).toThrow(
        `result-file ${file} could not be written`,
      );
  });
});
