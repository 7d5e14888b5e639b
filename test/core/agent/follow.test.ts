import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cell, Ending, Program } from '../../../core/agent/cell/cell.ts';
import { claude } from '../../../core/agent/engines/claude.ts';
import { command } from '../../../core/agent/engines/command.ts';
import { type Following, followAgent } from '../../../core/agent/follow.ts';
import type { Signal } from '../../../core/agent/sidecar/calls.ts';
import { createMask } from '../../../core/mask.ts';

const program: Program = { command: 'agent', args: [], environment: {} };

/** An agent that does what a test says, in a time that passes when a test says so. */
function stage(over: Partial<Following> = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let end: (ending: Ending) => void = () => undefined;
  const ended = new Promise<Ending>((done) => {
    end = done;
  });
  let signal: (signal: Signal) => void = () => undefined;
  const signalled = new Promise<Signal>((done) => {
    signal = done;
  });
  let breakSidecar: () => void = () => undefined;
  const closed = new Promise<{ kind: 'failed'; error: Error }>((done) => {
    breakSidecar = () => done({ kind: 'failed', error: new Error('gone') });
  });
  const lines: string[] = [];
  const alive = { at: 0 };
  const will = { lost: undefined as string | undefined, calledOff: undefined as string | undefined };
  const mask = createMask();
  mask.add('s3cret-of-this-run');
  const following: Following = {
    engine: command,
    sidecar: { signalled, closed },
    alive,
    run: { timeoutMinutes: 60, watchdogMinutes: 30 },
    checkIn: { look: async () => undefined, lost: () => will.lost, calledOff: () => will.calledOff },
    deadline: Date.now() + 24 * 3_600_000,
    clock: () => new Date(),
    say: (line) => lines.push(line),
    mask,
    ...over,
  };
  const cell = {
    start: () => ({ pid: 1, stdout, stderr, ended }),
  } as unknown as Cell;
  return {
    lines,
    will,
    stdout,
    alive,
    signal,
    breakSidecar,
    exit(code: number | null, by: string | null = null) {
      stdout.end();
      stderr.end();
      end({ code, signal: by });
    },
    outcome: followAgent(cell, program, following),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const minutes = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 60_000);

describe('an agent is followed to its end', () => {
  it('by its signal, and may say a last word', async () => {
    const { outcome, signal, exit, stdout, lines } = stage();
    signal({ status: 'success', summary: 'Done.' });
    stdout.write('bye\n');
    exit(0);

    expect(await outcome).toMatchObject({
      end: 'signalled',
      signal: { status: 'success' },
      exitCode: 0,
      why: null,
    });
    expect(lines.join('\n')).toContain('| bye');
  });

  it('by its signal, although it never ends by itself', async () => {
    const { outcome, signal } = stage();
    signal({ status: 'failure', summary: 'No.' });
    await vi.advanceTimersByTimeAsync(11_000);

    expect(await outcome).toMatchObject({ end: 'signalled', exitCode: null });
  });

  it('by its exit, which is no success without a signal', async () => {
    const { outcome, exit } = stage();
    exit(0);
    await vi.advanceTimersByTimeAsync(2000);

    const { end, why, signal } = await outcome;
    expect({ end, signal }).toEqual({ end: 'exited', signal: null });
    expect(why).toContain('never called its work done');
  });

  it('by its signal, where that came in the moment of its exit', async () => {
    const { outcome, exit, signal } = stage();
    exit(0);
    signal({ status: 'success', summary: '' });
    await vi.advanceTimersByTimeAsync(2000);

    expect(await outcome).toMatchObject({ end: 'signalled' });
  });

  it('by its person where it has a screen, and not by its word, which counts all the same', async () => {
    const { outcome, signal, exit } = stage({
      hasScreen: true,
      run: { timeoutMinutes: 60, watchdogMinutes: 60 },
    });
    let isOver = false;
    void outcome.then(() => {
      isOver = true;
    });
    signal({ status: 'success', summary: 'Done.' });
    await minutes(20);
    expect(isOver).toBe(false);
    exit(0);
    await vi.advanceTimersByTimeAsync(2000);

    expect(await outcome).toMatchObject({ end: 'signalled', signal: { status: 'success' }, exitCode: 0 });
  });

  it('whose screen stayed open: its word that came before still counts', async () => {
    const { outcome, signal } = stage({ hasScreen: true, run: { timeoutMinutes: 60, watchdogMinutes: 60 } });
    signal({ status: 'needs_person', summary: 'Which one?' });
    await minutes(61);

    expect(await outcome).toMatchObject({ end: 'timeout', signal: { status: 'needs_person' } });
  });

  it('when nothing of it is seen for too long', async () => {
    const { outcome, stdout } = stage();
    await minutes(20);
    stdout.write('still here\n');
    await minutes(20);
    let isOver = false;
    void outcome.then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver).toBe(false);
    await minutes(11);

    expect(await outcome).toMatchObject({ end: 'watchdog', signal: null });
  });

  it('when its time is over, however busy it is', async () => {
    const { outcome, alive } = stage();
    for (let minute = 0; minute < 61; minute += 1) {
      await minutes(1);
      alive.at = Date.now();
    }

    expect(await outcome).toMatchObject({ end: 'timeout', why: 'its 60 minutes are over' });
  });

  it('before the deadline of the whole run, so that its work can still be looked at', async () => {
    const { outcome } = stage({ deadline: Date.now() + 20 * 60_000 });
    await minutes(16);

    expect(await outcome).toMatchObject({ end: 'timeout' });
  });

  it.each([
    ['claim-lost', 'lost'],
    ['called-off', 'calledOff'],
  ] as const)('when it is %s', async (end, what) => {
    const { outcome, will } = stage();
    will[what] = 'somebody said so';
    await minutes(2);

    expect(await outcome).toMatchObject({ end, why: 'somebody said so' });
  });

  it('when its way to the forge breaks', async () => {
    const { outcome, breakSidecar } = stage();
    breakSidecar();

    expect(await outcome).toMatchObject({ end: 'sidecar-gone' });
  });

  it('by an engine that calls its own end an error, in its words', async () => {
    const { outcome, exit, stdout } = stage({ engine: claude });
    stdout.write(
      `${JSON.stringify({ type: 'result', subtype: 'success', is_error: true, result: 'API Error: 402' })}\n`,
    );
    exit(1);
    await vi.advanceTimersByTimeAsync(2000);

    expect((await outcome).why).toContain('API Error: 402');
  });
});

describe('what it prints', () => {
  it('is plain lines of the log, without secrets, and not without end', async () => {
    const { outcome, exit, stdout, lines } = stage();
    stdout.write('::set-output name=x::y \u001b[31mred\u001b[0m s3cret-of-this-run\n');
    for (let count = 0; count < 5000; count += 1) stdout.write(`line ${count}\n`);
    stdout.write('x'.repeat(3_000_000));
    exit(0);
    await vi.advanceTimersByTimeAsync(2000);
    await outcome;

    expect(lines[0]).toBe('  | ::set-output name=x::y \\u{1b}[31mred\\u{1b}[0m ***');
    expect(lines.length).toBeLessThan(2100);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(3000);
  });
});
