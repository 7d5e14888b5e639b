import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DispatchEntry, stemOf } from '../../../cli/dispatch/entry.ts';
import { type Machine, nameOfProcess, thisMachine } from '../../../cli/dispatch/machine.ts';
import {
  changeEntry,
  enterDispatch,
  entryFile,
  readRegistry,
  standingOf,
} from '../../../cli/dispatch/registry.ts';
import { anEntry, aPlace } from './entries.ts';

const here = thisMachine();

describe('the registry of dispatches', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'forgecrew-registry-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const enter = (over: Partial<DispatchEntry> = {}, machine: Machine = here) =>
    enterDispatch(root, { place: aPlace, machine }, (given) =>
      anEntry({ ...nameOfProcess(process.pid, here), ...given, ...over }),
    );

  it('enters a dispatch as one whole file beside its log, and reads it back', () => {
    const begun = enter();

    expect(begun.kind).toBe('begun');
    expect(readdirSync(root)).toEqual(['forge.example+acme+widgets+12+1.json']);
    expect(readRegistry(root)).toMatchObject({
      entries: [
        {
          id: 'forge.example+acme+widgets+12+1',
          log_path: path.join(root, 'forge.example+acme+widgets+12+1.log'),
        },
      ],
      faulty: [],
    });
  });

  it('says of a folder in which nothing can be written that it is none, and which setting names it', () => {
    const file = path.join(root, 'file');
    writeFileSync(file, '');

    for (const folder of [file, path.join(file, 'below'), '/proc/version/x'])
      expect(() =>
        enterDispatch(folder, { place: aPlace, machine: here }, (given) => anEntry(given)),
      ).toThrowError(
        expect.objectContaining({
          message: expect.stringMatching(/cannot be written to \(E[A-Z]+\)/),
          remedy: expect.stringContaining('the log-root of the configuration'),
        }),
      );
  });

  it('says who has an issue instead of entering it twice', () => {
    enter({ mode: 'watch' });

    expect(enter()).toMatchObject({
      kind: 'held',
      standing: 'active',
      by: { mode: 'watch', pid: process.pid },
    });
    expect(readdirSync(root)).toHaveLength(1);
  });

  it('enters an issue again once the process of its dispatch is gone, or its pid is another process now', () => {
    enter({ process_start: '1' });

    expect(enter()).toMatchObject({ kind: 'begun', entry: { id: 'forge.example+acme+widgets+12+2' } });
    expect(readRegistry(root).entries.map((entry) => standingOf(entry, here))).toEqual(['dead', 'active']);
  });

  it('never judges a dispatch of another host dead, however it looks from here', () => {
    enter({ host: 'laptop', boot_id: 'another' });

    expect(enter()).toMatchObject({ kind: 'held', standing: 'elsewhere', by: { host: 'laptop' } });
  });

  it('nor one of another container that has the name of this host', () => {
    enter({ pid_namespace: 'pid:[1]', process_start: '1' });

    expect(enter()).toMatchObject({ kind: 'held', standing: 'elsewhere' });
  });

  it('takes what ran before the last start of this host for dead', () => {
    enter({ boot_id: 'an earlier one' });

    expect(enter()).toMatchObject({ kind: 'begun' });
  });

  it('takes the issue of an ended dispatch of another host, because it wrote its end', () => {
    enter({ host: 'laptop', ended_at: '2026-11-01T10:00:00.000Z', outcome: 'success' });

    expect(enter()).toMatchObject({ kind: 'begun' });
  });

  it('refuses to guess where the last dispatch of an issue cannot be read', () => {
    writeFileSync(path.join(root, `${stemOf(aPlace)}+1.json`), '{"half":');

    expect(() => enter()).toThrow(/cannot be read: it is no JSON/);
    expect(readRegistry(root).faulty).toMatchObject([{ fault: 'it is no JSON' }]);
  });

  it('does not take a copy of an entry under another name for a dispatch', () => {
    const begun = enter();
    if (begun.kind !== 'begun') throw new Error('not entered');
    writeFileSync(path.join(root, `${stemOf(aPlace)}+9.json`), JSON.stringify(begun.entry));

    expect(readRegistry(root)).toMatchObject({
      entries: [{ id: begun.entry.id }],
      faulty: [{ fault: 'its id is not the name of its file' }],
    });
  });

  it('changes an entry as it stands, and leaves nothing beside it', () => {
    const begun = enter();
    if (begun.kind !== 'begun') throw new Error('not entered');
    const { id } = begun.entry;

    changeEntry(root, id, here, (entry) => ({ ...entry, paths_claimed: [...entry.paths_claimed, 'a'] }));
    changeEntry(root, id, here, (entry) => ({ ...entry, paths_claimed: [...entry.paths_claimed, 'b'] }));

    expect(readRegistry(root).entries[0]?.paths_claimed).toEqual(['a', 'b']);
    expect(readdirSync(root)).toEqual([`${id}.json`]);
  });

  it('is not stopped by the lock of a process that was killed while it wrote', () => {
    const begun = enter();
    if (begun.kind !== 'begun') throw new Error('not entered');
    writeFileSync(
      path.join(root, 'registry.lock'),
      JSON.stringify({ ...nameOfProcess(process.pid, here), process_start: '1' }),
    );

    const changed = changeEntry(root, begun.entry.id, here, (entry) => ({ ...entry, why: 'changed' }));

    expect(changed.why).toBe('changed');
    expect(readdirSync(root)).toEqual([`${begun.entry.id}.json`]);
  });

  it('keeps entries from other accounts of the machine', () => {
    const begun = enter();
    if (begun.kind !== 'begun') throw new Error('not entered');

    expect(statSync(entryFile(root, begun.entry)).mode & 0o077).toBe(0);
  });
});
