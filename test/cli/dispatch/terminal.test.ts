import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { listLines } from '../../../cli/dispatch/list.ts';
import { list } from '../../../cli/dispatch/list-command.ts';
import { stopQuestion } from '../../../cli/dispatch/local.ts';
import { printLog } from '../../../cli/dispatch/logs.ts';
import { thisMachine } from '../../../cli/dispatch/machine.ts';
import { orderly, personsTerminal } from '../../../cli/dispatch/terminal.ts';
import { anEntry } from './entries.ts';

/** The clipboard, the title, a link, a line that hides another one, and text that is read backwards. */
const hostile =
  '\u001b]52;c;cm0gLXJmIC8=\u0007\u001b]0;yours\u0007\u001b]8;;http://x\u001b\\\r\u001b[2K\u009b2J\u202e';
const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe('what commands print', () => {
  it('of a log is plain, whatever a worker wrote into it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-log-'));
    const file = path.join(folder, 'a.log');
    writeFileSync(file, `one ${hostile}\ntwo — ünï\n`);
    let text = '';
    await printLog(
      file,
      { follow: false },
      {
        print: (more) => {
          text += more;
        },
        isRunning: () => false,
        pause: async () => undefined,
      },
    );
    rmSync(folder, { recursive: true });

    expect(text).not.toMatch(raw);
    expect(text).toContain('one \\u{1b}]52;c;');
    expect(text).toContain('\ntwo — ünï\n');
  });

  it('before a dispatch is ended is plain, whatever its title', () => {
    expect(stopQuestion({ ref: 'a/b#1', mode: 'watch', pid: 7, title: hostile })).not.toMatch(raw);
  });

  it('of what is dispatched is plain, in lines and as JSON', async () => {
    const entry = anEntry({
      title: hostile,
      why: hostile,
      agent: 'x',
      ended_at: '2026-11-26T10:00:00Z',
      outcome: 'failure',
    });
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-list-'));
    writeFileSync(path.join(folder, `${entry.id}.json`), JSON.stringify(entry));
    const config = path.join(folder, 'forgecrew');
    mkdirSync(config);
    writeFileSync(
      path.join(config, 'config.toml'),
      `forge = "https://forge.example"\nallowed-owners = ["forge:acme"]\nrepo-path = "/src/{repo}"\nlog-root = "${folder}"\n`,
    );
    let text = '';
    for (const json of [false, true])
      await list(
        { all: true, offline: true, json },
        {
          environment: { XDG_CONFIG_HOME: folder, HOME: folder },
          print: (more) => {
            text += more;
          },
        },
      );
    rmSync(folder, { recursive: true });

    expect(
      listLines({ version: 1, dispatches: [], elsewhere: [], faulty: [] }, thisMachine(), new Date()),
    ).toEqual(['Nothing is dispatched.']);
    expect(text).toContain('acme/widgets#12');
    expect(text).not.toMatch(raw);
  });
});

describe('the terminal of a person', () => {
  it('is put in order behind a screen, and what it answers to that is thrown away', async () => {
    const modes: boolean[] = [];
    const input = Object.assign(new PassThrough(), {
      setRawMode: (mode: boolean) => modes.push(mode),
      unref: () => undefined,
    }) as unknown as ReadStream & PassThrough;
    let written = '';
    const output = {
      write(text: string) {
        written += text;
        // What asked for it is over.
        input.write('\u001b]l; touch /tmp/x\r');
        return true;
      },
    } as unknown as WriteStream;
    const terminal = personsTerminal({ input, output });

    terminal.opens();
    expect(terminal.isOpen()).toBe(true);
    await terminal.closed();

    expect(terminal.isOpen()).toBe(false);
    expect(modes).toEqual([true, false]);
    expect(written).toBe(orderly);
    for (const over of [
      '\u0018',
      '\u001b[?1049l',
      '\u001b[?25h',
      '\u001b[?1003l',
      '\u001b[?2004l',
      '\u001b[<u',
    ])
      expect(orderly).toContain(over);
    expect(input.read()).toBeNull();
  });

  it('that is gone stops nobody', async () => {
    const input = Object.assign(new PassThrough(), {
      setRawMode: () => {
        throw new Error('EIO');
      },
      unref: () => undefined,
    }) as unknown as ReadStream;
    const terminal = personsTerminal({ input, output: { write: () => true } as unknown as WriteStream });

    terminal.opens();

    await expect(terminal.closed()).resolves.toBeUndefined();
  });
});
