import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimPaths } from '../../../cli/dispatch/claims.ts';
import type { DispatchEntry } from '../../../cli/dispatch/entry.ts';
import { findDispatch } from '../../../cli/dispatch/find.ts';
import { printLog } from '../../../cli/dispatch/logs.ts';
import { nameOfProcess, thisMachine } from '../../../cli/dispatch/machine.ts';
import { pathWithin, repositoryHere } from '../../../cli/dispatch/place.ts';
import { activeDispatches, conflictsWith } from '../../../cli/dispatch/reader.ts';
import { enterDispatch, readRegistry } from '../../../cli/dispatch/registry.ts';
import { anEntry, aPlace } from './entries.ts';

const machine = thisMachine();
let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'forgecrew-claims-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function enter(number: number, over: Partial<DispatchEntry> = {}): DispatchEntry {
  const begun = enterDispatch(root, { place: { ...aPlace, number }, machine }, (given) =>
    anEntry({ ...nameOfProcess(process.pid, machine), ref: `acme/widgets#${number}`, ...given, ...over }),
  );
  if (begun.kind !== 'begun') throw new Error('not entered');
  return begun.entry;
}

const claim = (entry: DispatchEntry, ...paths: string[]): string =>
  claimPaths(root, { id: entry.id, machine, paths });

describe('a claim', () => {
  it('is refused whole where another running dispatch has something that overlaps, inside or above', () => {
    const [one, other] = [enter(1), enter(2)];
    expect(claim(one, 'src/parser/')).toBe('Claimed: src/parser.');

    expect(() => claim(other, 'docs', 'src/parser/lines.ts')).toThrow(
      `src/parser/lines.ts is taken: acme/widgets#1 (pid ${process.pid}) claims src/parser: src/parser/lines.ts is inside of the claimed src/parser.`,
    );
    expect(() => claim(other, 'src')).toThrow(/src is taken/);
    expect(readRegistry(root).entries.map(({ paths_claimed: paths }) => paths)).toEqual([['src/parser'], []]);
  });

  it('grows, and is its own no conflict', () => {
    const one = enter(1);

    claim(one, 'src');

    expect(claim(one, 'src/parser', 'docs', 'src')).toBe('Claimed: src, src/parser, docs.');
  });

  it('counts no longer once its dispatch is over or its process is gone, and counts on another host', () => {
    enter(1, { paths_claimed: ['src'], process_start: '1' });
    enter(2, { paths_claimed: ['src'], ended_at: '2026-11-26T11:00:00.000Z', outcome: 'success' });
    const own = enter(3);
    expect(claim(own, 'src')).toBe('Claimed: src.');

    enter(4, { paths_claimed: ['docs'], host: 'laptop' });
    expect(() => claim(own, 'docs')).toThrow(/acme\/widgets#4 \(pid \d+ on laptop\) claims docs/);
  });
});

describe('the reader for other programs', () => {
  it('gives what runs, and what is claimed, from a log-root alone', () => {
    const one = enter(1, { paths_claimed: ['src'] });
    enter(2, { process_start: '1', paths_claimed: ['src'] });

    expect(activeDispatches(root).map(({ id }) => id)).toEqual([one.id]);
    expect(conflictsWith(root, 'forge.example+acme+widgets', 'src/a.ts')).toMatchObject([
      { claim: 'src', path: 'src/a.ts', reason: 'claim-above', entry: { id: one.id } },
    ]);
    expect(activeDispatches(path.join(root, 'nothing'))).toEqual([]);
  });
});

describe('where a person stands', () => {
  it('is a repository that dispatches are of: in its checkout, in a worktree, in a folder below', () => {
    const checkout = path.join(root, 'widgets');
    const worktree = path.join(root, 'trees/12');
    const git = (args: string[], folder: string): void =>
      void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
        cwd: folder,
        stdio: 'pipe',
      });
    mkdirSync(path.join(checkout, 'src'), { recursive: true });
    git(['init', '--quiet'], checkout);
    git(['commit', '--quiet', '--allow-empty', '-m', 'x'], checkout);
    git(['worktree', 'add', '--quiet', worktree], checkout);
    const own = anEntry({ checkout, worktree });
    const other = anEntry({ id: 'forge.example+acme+widgets+13+1', checkout });

    const repository = 'forge.example+acme+widgets';
    expect(repositoryHere(path.join(checkout, 'src'), [own, other])).toEqual({
      repository,
      root: checkout,
      own: undefined,
    });
    expect(repositoryHere(worktree, [own, other])).toEqual({ repository, root: worktree, own });
    // A worktree that the person made for themselves.
    expect(repositoryHere(worktree, [other])).toEqual({ repository, root: worktree, own: undefined });
    expect(repositoryHere(root, [own])).toBeUndefined();
    expect(pathWithin(checkout, path.join(checkout, 'src'), '../docs/a.md')).toBe('docs/a.md');
    expect(() => pathWithin(checkout, checkout, '../other')).toThrow(/outside of/);
  });
});

describe('a dispatch that somebody names', () => {
  it('is the one of the issue that runs, or the newest one, and never one of two issues', () => {
    const old = anEntry({ id: 'f+acme+widgets+12+1', ended_at: '2026-11-26T11:00:00.000Z' });
    const newer = anEntry({ id: 'f+acme+widgets+12+2' });
    const elsewhere = anEntry({
      id: 'g+acme+widgets+12+1',
      url: 'https://github.com/acme/widgets/issues/12',
    });
    const among = (...entries: DispatchEntry[]) => ({ entries, faulty: [] });

    expect(findDispatch('widgets#12', among(old, newer), machine)).toBe(newer);
    expect(findDispatch('ACME/widgets#12', among(old), machine)).toBe(old);
    expect(() => findDispatch('acme/widgets#12', among(old, elsewhere), machine)).toThrow(/may be https/);
    expect(findDispatch(elsewhere.url, among(old, elsewhere), machine)).toBe(elsewhere);
    expect(() => findDispatch('dgets#12', among(old), machine)).toThrow(/No dispatch/);
  });
});

describe('a log that is followed', () => {
  it('is printed with all that comes, to the end of its dispatch', async () => {
    const file = path.join(root, 'a.log');
    writeFileSync(file, 'one\n');
    let printed = '';
    let rounds = 0;

    await printLog(
      file,
      { follow: true },
      {
        print: (text) => {
          printed += text;
        },
        isRunning: () => {
          rounds += 1;
          // It writes its last words, and is gone when it is asked for again.
          if (rounds === 3) writeFileSync(file, 'two: \u00fc\n', { flag: 'a' });
          return rounds < 3;
        },
        pause: async () => undefined,
      },
    );

    expect(printed).toBe('one\ntwo: \u00fc\n');
  });
});
