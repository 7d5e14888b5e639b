import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimPath, conflictsIn, overlapOf } from '../../../cli/dispatch/paths.ts';
import { anEntry } from './entries.ts';

const part = fc.constantFrom('a', 'b', 'ab', 'a.b', '.a', ' ');
const path = fc.oneof(
  fc.constant('.'),
  fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
);

/** Every file that a path could mean, in a small world in which each part may be a file or a folder. */
const world: string[][] = [[]];
const parts = ['a', 'b', 'ab', 'a.b', '.a', ' '];
for (let at = 0; at < world.length; at += 1) {
  const here = world[at] ?? [];
  if (here.length < 5) for (const name of parts) world.push([...here, name]);
}
const filesOf = (given: string): Set<string> => {
  const wanted = given === '.' ? [] : given.split('/');
  return new Set(
    world
      .filter((file) => file.length >= wanted.length && wanted.every((name, at) => file[at] === name))
      .map((file) => JSON.stringify(file)),
  );
};

describe('claims on paths', () => {
  it('overlap exactly where some file is meant by both', () => {
    fc.assert(
      fc.property(path, path, (claim, asked) => {
        const [one, other] = [filesOf(claim), filesOf(asked)];
        expect(overlapOf(claim, asked) !== undefined).toBe([...one].some((file) => other.has(file)));
      }),
      { numRuns: 60 },
    );
  });

  it('overlap both ways: above the path, and inside of it; a name that begins alike is another one', () => {
    expect(overlapOf('src', 'src/parser.ts')).toBe('claim-above');
    expect(overlapOf('src/parser.ts', 'src')).toBe('claim-inside');
    expect(overlapOf('src', 'src')).toBe('same');
    expect(overlapOf('.', 'src')).toBe('claim-above');
    expect(overlapOf('src', '.')).toBe('claim-inside');
    expect(overlapOf('src', 'src2/parser.ts')).toBeUndefined();
  });

  it.each(['/etc/passwd', '../other', 'a/../../b', 'a\\b', 'a\nb', '.git/config'])(
    'are refused for %j',
    (given) => {
      expect(() => claimPath(given)).toThrow(/no path of the repository/);
    },
  );

  it('are the same however they are spelt', () => {
    expect(['./src//parser/', 'src/parser', 'src/x/../parser', 'src/./parser'].map(claimPath)).toEqual(
      Array(4).fill('src/parser'),
    );
    expect(['', '.', './', 'a/..'].map(claimPath)).toEqual(Array(4).fill('.'));
  });

  it('are found in the same repository alone, of others than the one who asks, each with its reason', () => {
    const entries = [
      anEntry({ id: 'f+acme+widgets+1+1', paths_claimed: ['src', 'docs'] }),
      anEntry({ id: 'f+acme+widgets+2+1', paths_claimed: ['src/parser/lines.ts'] }),
      anEntry({ id: 'f+acme+gadgets+1+1', paths_claimed: ['src'] }),
      anEntry({ id: 'f+acme+widgets+3+1', paths_claimed: ['src/parser'] }),
    ];

    const found = conflictsIn(entries, {
      repository: 'f+acme+widgets',
      paths: ['src/parser'],
      except: 'f+acme+widgets+3+1',
    });

    expect(found.map(({ entry, claim, reason }) => [entry.id, claim, reason])).toEqual([
      ['f+acme+widgets+1+1', 'src', 'claim-above'],
      ['f+acme+widgets+2+1', 'src/parser/lines.ts', 'claim-inside'],
    ]);
  });
});
