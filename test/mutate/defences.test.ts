import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { defences } from './defences.ts';

// Whether each is noticed when it is broken takes minutes: `npm run mutate`. Here only that all of them can be broken.

const root = path.join(import.meta.dirname, '..', '..');

describe('each named defence', () => {
  it('has a name of its own, which is a sentence', () => {
    expect(new Set(defences.map(({ name }) => name)).size).toBe(defences.length);
    for (const { name } of defences) expect(name).toMatch(/^[A-Z].*\.$/);
  });

  it('stands in its file once, and is broken by something else', () => {
    for (const { file, from, to, name } of defences) {
      const text = readFileSync(path.join(root, file), 'utf8');
      expect([name, text.split(from).length - 1]).toEqual([name, 1]);
      expect(text.replace(from, () => to)).not.toBe(text);
    }
  });

  it('is held by tests that are there', () => {
    for (const { tests, only, name } of defences) {
      for (const file of tests) expect([name, existsSync(path.join(root, file))]).toEqual([name, true]);
      if (only !== undefined) {
        const text = tests.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');
        expect([name, text.includes(only)]).toEqual([name, true]);
      }
    }
  });
});
