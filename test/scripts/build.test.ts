import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestsOf, filesIn, isFresh, keepRecord } from '../../scripts/build/record.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'forgecrew-build-'));
  write('lock', '1');
  write('source.ts', '1');
  write('dist/index.js', '1');
  keepRecord(root, 'role', {
    tools: digestsOf(root, ['lock']),
    inputs: digestsOf(root, ['source.ts']),
    outputs: outputs(),
  });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

function outputs(): Record<string, string> {
  return digestsOf(path.join(root, 'dist'), filesIn(path.join(root, 'dist')));
}

const fresh = (name = 'role'): boolean => isFresh(root, name, digestsOf(root, ['lock']), outputs());

describe('a compiled target', () => {
  it('is not compiled again when nothing changed', () => {
    expect(fresh()).toBe(true);
  });

  it.each([
    ['a source changed', () => write('source.ts', '2')],
    ['a source is gone', () => rmSync(path.join(root, 'source.ts'))],
    ['what compiles changed', () => write('lock', '2')],
    ['its file was edited', () => write('dist/index.js', '2')],
    ['its file is gone', () => rmSync(path.join(root, 'dist/index.js'))],
    ['a file lies beside it that is not of it', () => write('dist/parts/other.js', '')],
  ])('is compiled again when %s', (_, change) => {
    change();

    expect(fresh()).toBe(false);
  });

  it('is compiled in a clean clone, where nothing was recorded', () => {
    expect(fresh('another')).toBe(false);
  });
});
