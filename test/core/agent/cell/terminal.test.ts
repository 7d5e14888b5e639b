import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../../core/agent/cell/find-program.ts';
import { allProcesses, processFile } from '../../../../core/agent/cell/processes.ts';
import {
  terminalEnvironment,
  terminalScript,
  terminalTrouble,
} from '../../../../core/agent/cell/terminal.ts';
import { hasTerminals, openTerminal, type Terminal } from '../../../terminal.ts';
import { makeFolder, works } from './machine.ts';

const root = new URL('../../../../', import.meta.url).pathname;
let place: ReturnType<typeof makeFolder>;
let terminal: Terminal | undefined;
beforeEach(() => {
  place = makeFolder();
});
afterEach(async () => {
  terminal?.close();
  await terminal?.ended;
  place.remove();
});

/** Shows a program of a cell on a terminal; `after` runs there when it is over. */
function show(isolation: 'bwrap' | 'user', command: string[], after = ''): Terminal {
  const given = JSON.stringify({ isolation, base: `${place.folder}/cells`, command });
  const quoted = `'${given.replaceAll("'", "'\\''")}'`;
  terminal = openTerminal(
    `${process.execPath} ${root}scripts/start.mjs ${root}test/core/agent/cell/shown.process.ts ${quoted}; ${after} echo OVER`,
  );
  return terminal;
}

const sh = (script: string): string[] => ['bash', '-c', script];
// A signal that comes just before bash begins to wait is only looked at when that is over, so it waits a second at a time. One that
// comes while a trap of the same signal runs is lost to bash (stty sets rows and columns one after the other), so the size is looked at as well.
const waits =
  'while read -r -t 1 line || [ $? -gt 128 ]; do if [ -n "$line" ]; then echo "READ $line"; fi; now=$(stty size); if [ "$now" != "$size" ]; then echo "NOW $now"; fi; size=$now; done';

/** The process that shows it. */
function shower(): number {
  const found = allProcesses().find(({ pid }) => {
    const line = processFile(pid, 'cmdline') ?? '';
    return line.startsWith(process.execPath) && line.includes(`${place.folder}/cells`);
  });
  return found?.pid ?? 0;
}

const isolations = (['bwrap', 'user'] as const).filter((name) => hasTerminals && works(name));

describe.skipIf(isolations.length === 0).each(isolations)('a program on a terminal, in %s', (isolation) => {
  it('has one of its own, as large as ours and larger with it, and nothing of ours', async () => {
    const shown = show(
      isolation,
      sh(
        `trap 'echo HEARD' WINCH; size=$(stty size); echo "SIZE $size $TERM"; ls -l /proc/$$/fd; echo READY; ${waits}`,
      ),
    );
    await shown.until('READY');
    const [, ours] = /AT (\S+)/.exec(shown.shown()) ?? [];
    shown.resize(90, 30);
    await shown.until('HEARD');
    await shown.until('NOW 30 90');
    shown.type('hello\r');
    await shown.until('READ hello');
    shown.type('\u0004');
    await shown.until('OVER');

    expect(shown.shown()).toContain('SIZE 40 100 xterm-256color');
    expect(shown.shown()).toContain('-> /dev/');
    expect(shown.shown().split('READY')[0]?.split('SIZE')[1]).not.toContain(`${ours}\r`);
  });

  it('hears Ctrl-C, and nobody else does', async () => {
    const shown = show(isolation, sh(`trap 'echo INT; exit 5' INT; echo READY; ${waits}`));
    await shown.until('READY');
    shown.type('\u0003');
    await shown.until('OVER');

    expect(shown.shown()).toContain('INT\r\n');
    expect(shown.shown()).not.toContain('OURS');
    expect(shown.shown()).toContain('CAME {"code":5,"signal":null}');
  });

  it('goes on where it stops itself, because nobody could let it go on', async () => {
    const shown = show(isolation, sh(`echo READY; kill -STOP $$; echo GOES ON; exit 7`));
    await shown.until('OVER');

    expect(shown.shown()).toContain('GOES ON');
    expect(shown.shown()).toContain('CAME {"code":7,"signal":null}');
  });

  it('is ended with all of it, and the terminal is given back as it was', async () => {
    const shown = show(isolation, sh(`stty raw -echo; echo READY; exec cat`), 'stty -a;');
    await shown.until('READY');
    process.kill(shower(), 'SIGTERM');
    await shown.until('OVER');

    expect(shown.shown()).toContain('CAME "asked"');
    expect(shown.shown()).toMatch(/ icanon .*echo /s);
  });

  it('ends with whoever shows it, and the terminal is given back all the same', async () => {
    const shown = show(
      isolation,
      sh(`stty raw -echo; echo READY; exec cat`),
      'until stty -a | grep -q " icanon"; do sleep 0.1; done;',
    );
    await shown.until('READY');
    process.kill(shower(), 'SIGKILL');

    await shown.until('OVER');
    await gone();
  });

  it('ends with the terminal', async () => {
    const shown = show(isolation, sh(`echo READY; ${waits}; sleep 100000`));
    await shown.until('READY');
    shown.close();
    await gone();

    expect(existsSync(`${place.folder}/cells`) ? readdirSync(`${place.folder}/cells`) : []).toEqual([]);
  });

  it.skipIf(findProgram('perl') === undefined)(
    'types nothing into ours: what it pushes into its own is gone with it',
    async () => {
      const push = `for (split //, "touch PUSHED\\n") { ioctl(STDIN, 0x5412, $_) or print "REFUSED\\n"; }`;
      const shown = show(
        isolation,
        ['perl', '-e', `$| = 1; ${push} print "PUSHED ALL\\n";`],
        // As a shell at a prompt does, it takes the terminal back before it reads.
        `perl -MPOSIX -e '$SIG{TTOU} = "IGNORE"; POSIX::tcsetpgrp(0, getpgrp)'; bash -c 'read -r -t 2 x; echo "TYPED ($x)"';`,
      );
      await shown.until('OVER');

      expect(shown.shown()).toContain('PUSHED ALL');
      expect(shown.shown()).toContain('TYPED ()');
    },
  );

  /** No process of the cell is left. */
  async function gone(): Promise<void> {
    const until = Date.now() + 20_000;
    const left = (): number[] =>
      allProcesses()
        .map(({ pid }) => pid)
        .filter((pid) => (processFile(pid, 'cmdline') ?? '').includes(place.folder));
    while (left().length > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 50));
    expect(left()).toEqual([]);
  }
});

describe('what a terminal is made with', () => {
  it('is refused in words where it is not there, or is another program of that name', () => {
    const all = { script: '/usr/bin/script', setpriv: '/usr/bin/setpriv', bash: '/bin/bash' };
    const linux = (): string => 'script from util-linux 2.38.1';

    expect(terminalTrouble(all, linux)).toBeUndefined();
    expect(terminalTrouble({ ...all, script: undefined }, linux)).toContain(
      'script of util-linux is not installed',
    );
    expect(terminalTrouble(all, () => 'BusyBox v1.37')).toContain('is not the script of util-linux');
    expect(terminalTrouble({ ...all, setpriv: undefined }, linux)).toContain('setpriv');
    expect(terminalTrouble({ ...all, bash: undefined }, linux)).toContain('bash');
  });

  it('never reads a word of a command as shell', () => {
    const text = terminalScript(['/bin/echo', `it's $(touch x) \`y\`\n"`], 70_001);

    expect(text).toBe(`unset SHELL\nchown 70001 "$(tty)"\nexec '/bin/echo' 'it'\\''s $(touch x) \`y\`\n"'\n`);
  });

  it('tells the program what kind of terminal it is, and nothing else of ours', () => {
    expect(terminalEnvironment({ TERM: 'screen', COLORTERM: 'truecolor', SECRET: 'x' })).toEqual({
      TERM: 'screen',
      COLORTERM: 'truecolor',
    });
    expect(terminalEnvironment({ TERM: '../../x\n' })).toEqual({ TERM: 'xterm' });
  });
});
