import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { thisMachine } from '../../../cli/dispatch/machine.ts';
import { standingOf } from '../../../cli/dispatch/registry.ts';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { type DispatchRig, startDispatching, workerHead } from '../../dispatching.ts';
import { hasTerminals, openTerminal, type Terminal } from '../../terminal.ts';

let own: DispatchRig;
let terminal: Terminal | undefined;
beforeEach(async () => {
  own = await startDispatching();
});
afterEach(async () => {
  terminal?.close();
  await terminal?.ended;
  terminal = undefined;
  await own.close();
});

const { best } = await possibleIsolation({ first: 70_000, count: 256 });
const root = new URL('../../../', import.meta.url).pathname;
const postures = [
  ...(best === 'none' ? [] : [{ posture: 'isolated', options: '' }]),
  { posture: 'trust-me', options: '--trust-me' },
];

/** A worker that shows what it has, and does what is typed. */
const sitting = `${workerHead}
console.log('TTY ' + process.stdin.isTTY + process.stdout.isTTY + ' ' + process.stdout.columns);
console.log('ENV ' + Object.keys(process.env).join(' ') + ' .');
process.on('SIGINT', () => console.log('HEARD IT'));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'half') { commit('half.txt', 'Half.\\n'); console.log('HALF'); }
  if (line === 'done') { commit('poem.txt', 'Roses.\\n'); forge('signal-done', 'success', '--summary', 'I wrote it.'); console.log('STILL HERE'); }
  if (line === 'bye') process.exit(0);
});
console.log('READY');
`;

async function watch(options: string): Promise<Terminal> {
  own.declare(sitting);
  const reference = `project#${await own.issue('A title \u001b[2J')}`;
  terminal = openTerminal(
    `${process.execPath} ${root}scripts/start.mjs ${root}cli/main.ts dispatch watch '${reference}' ${options}; echo "CODE $?"; stty -a`,
    { environment: own.environment, folder: own.folder },
  );
  await terminal.until('READY');
  return terminal;
}

describe.skipIf(!hasTerminals).each(postures)('a screen, $posture', ({ posture, options }) => {
  it('is the program on the terminal: Ctrl-C is for it, and it stays until it is closed', async () => {
    const screen = await watch(options);
    screen.type('\u0003');
    await screen.until('HEARD IT');
    screen.type('done\r');
    await screen.until('STILL HERE');
    screen.type('bye\r');
    await screen.until(/CODE \d/);

    const [entry] = own.entries();
    expect(entry).toMatchObject({ mode: 'watch', posture, outcome: 'success', why: 'I wrote it.' });
    expect(screen.shown()).toContain('TTY truetrue 100');
    expect(screen.shown()).toContain('A title \\u{1b}[2J');
    expect(screen.shown()).not.toMatch(/ENV .*FORGECREW_[A-Z_]*(?:TOKEN|KEY)/);
    expect(screen.shown()).toContain('CODE 0');
    expect(readFileSync(path.join(entry?.worktree ?? '', 'poem.txt'), 'utf8')).toBe('Roses.\n');
    expect(readFileSync(entry?.log_path ?? '', 'utf8')).toContain('operation {');
    await screen.until(/ echo /);
  });

  it('is ended by dispatch stop, and by nothing that is left of it', async () => {
    const screen = await watch(options);
    screen.type('half\r');
    await screen.until('HALF');
    const [entry] = own.entries();
    const stopped = await own.cli(['dispatch', 'stop', entry?.ref ?? '', '--yes']);
    await screen.until(/CODE \d/);

    expect(stopped.code).toBe(0);
    expect(own.entries()).toMatchObject([{ outcome: 'stopped' }]);
    expect(existsSync(path.join(entry?.worktree ?? '', 'half.txt'))).toBe(true);
  });

  it('ends with its terminal, and its record says so', async () => {
    await own.makeStateRepo();
    own.configure(`state-repo = "${own.rig.state}"\n`);
    const screen = await watch(options);
    screen.close();
    await own.until(() => own.entries()[0]?.ended_at !== null, 'its end');
    const [entry] = own.entries();
    if (entry === undefined) throw new Error('no entry');

    expect(entry).toMatchObject({ outcome: 'stopped', claim: null });
    expect(existsSync(entry.worktree ?? '')).toBe(true);
    expect(await own.rig.running()).toEqual([]);
    await own.until(() => thisMachine().startOf(entry.pid) !== entry.process_start, 'the end of its process');
    expect(standingOf(entry, thisMachine())).toBe('ended');
  });
});

describe('a screen', () => {
  it('needs a terminal', async () => {
    const { code, text } = await own.cli(['dispatch', 'watch', `project#${await own.issue()}`, '--trust-me']);

    expect(code).toBe(2);
    expect(text).toContain("watch shows the program's own screen, and there is no terminal here.");
    expect(own.entries()).toEqual([]);
  });

  it('is opened by open-command, which is given words and no line of shell', async () => {
    const recorder = path.join(own.folder, 'recorder');
    writeFileSync(
      recorder,
      `#!/bin/sh\nfor word in "$@"; do printf '%s\\0' "$word"; done > ${recorder}.part\nmv ${recorder}.part ${recorder}.words\n`,
    );
    chmodSync(recorder, 0o755);
    own.configure(`open-command = ["${recorder}", "--title", "a b"]\n`);
    const reference = `project#${await own.issue('$(touch /tmp/x)')}`;
    const prompt = `it's "$(id)" ; \n --agent=other`;

    const { code, text } = await own.cli([
      ...['dispatch', 'consult', reference, '--isolation', 'user', '--prompt', prompt],
    ]);
    await own.until(() => existsSync(`${recorder}.words`), 'the words');

    const words = readFileSync(`${recorder}.words`, 'utf8').split('\0');
    expect({ code, text }).toEqual({ code: 0, text: 'It is opened in a terminal of its own.\n' });
    expect(words.slice(0, 2)).toEqual(['--title', 'a b']);
    expect(words.slice(words.indexOf('dispatch'))).toEqual([
      ...['dispatch', 'consult', '--here', '--isolation=user', `--prompt=${prompt}`, '--', reference, ''],
    ]);
    expect(own.entries()).toEqual([]);
  });
});
