import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DispatchEntry } from '../../../cli/dispatch/entry.ts';
import { type Machine, thisMachine } from '../../../cli/dispatch/machine.ts';
import { enterDispatch, readRegistry } from '../../../cli/dispatch/registry.ts';
import { stopDispatch } from '../../../cli/dispatch/stop.ts';
import { anEntry, aPlace } from './entries.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'forgecrew-stop-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Process 42 of this machine, started at 7, which ends as it is told; and this process, which writes. */
function rig({ group = 42, heeds = ['SIGTERM'] }: { group?: number; heeds?: string[] } = {}) {
  const here = thisMachine();
  let start: string | undefined = '7';
  const killed: [number, string][] = [];
  let onLook: () => void = () => undefined;
  const machine: Machine = {
    ...here,
    startOf: (pid) => (pid === 42 ? start : here.startOf(pid)),
    groupOf: () => {
      onLook();
      return group;
    },
  };
  const begun = enterDispatch(root, { place: aPlace, machine }, (given) =>
    anEntry({
      pid: 42,
      process_start: '7',
      host: here.host,
      pid_namespace: here.namespace,
      boot_id: here.boot,
      worktree: '/trees/12',
      ...given,
    }),
  );
  if (begun.kind !== 'begun') throw new Error('not entered');
  return {
    entry: begun.entry,
    killed,
    becomes: (other: string | undefined) => {
      start = other;
    },
    look: (work: () => void) => {
      onLook = work;
    },
    stop: (entry: DispatchEntry = begun.entry) =>
      stopDispatch(root, entry, {
        machine,
        kill: (pid, signal) => {
          killed.push([pid, signal]);
          if (heeds.includes(signal)) start = undefined;
        },
        pause: async () => undefined,
        now: () => new Date('2026-11-26T12:00:00.000Z'),
      }),
  };
}

describe('stopping a dispatch', () => {
  it('asks its whole process group, waits, and writes the end where it wrote none', async () => {
    const { stop, killed } = rig();

    expect(await stop()).toBe('acme/widgets#12 is stopped. Its worktree stays: /trees/12');

    expect(killed).toEqual([[-42, 'SIGTERM']]);
    expect(readRegistry(root).entries).toMatchObject([
      { outcome: 'stopped', ended_at: '2026-11-26T12:00:00.000Z' },
    ]);
  });

  it('kills what does not end when it is asked to', async () => {
    const { stop, killed } = rig({ heeds: ['SIGKILL'] });

    expect(await stop()).toMatch(/was killed/);
    expect(killed).toEqual([
      [-42, 'SIGTERM'],
      [-42, 'SIGKILL'],
    ]);
  });

  it('ends no group that its process does not lead: that one is of the shell it was typed in', async () => {
    const { stop, killed } = rig({ group: 17 });

    await stop();

    expect(killed).toEqual([[42, 'SIGTERM']]);
  });

  it('never hits a process that has its pid by now', async () => {
    const gone = rig();
    gone.becomes('8');
    expect(await gone.stop()).toMatch(/did not run any more/);
    expect(gone.killed).toEqual([]);
  });

  it('nor one that gets it at the last moment', async () => {
    const { stop, killed, becomes, look } = rig();
    look(() => becomes('8'));

    await stop();

    expect(killed).toEqual([]);
  });

  it('is refused for another host', async () => {
    const { entry, stop } = rig();

    await expect(stop({ ...entry, host: 'laptop' })).rejects.toThrow(/is dispatched on laptop/);
  });
});
