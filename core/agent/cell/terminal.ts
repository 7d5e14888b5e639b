import { spawnSync } from 'node:child_process';
import type { Tools } from './launch.ts';

// A program of a cell that shows itself to a person gets a terminal of its own, made by script(1) of util-linux outside of the cell.
// Were it given the person's, it could put characters into it (TIOCSTI, TIOCLINUX), which their shell would read as typed once
// the program is over; and without any (`bwrap --new-session`) it would not hear of Ctrl-C, nor of another size of the window.

/** Why no program of a cell can show itself here; undefined where it can. A sentence that goes on. */
export function terminalTrouble(
  tools: Pick<Tools, 'script' | 'setpriv' | 'bash'>,
  version: (script: string) => string = versionOf,
): string | undefined {
  const { script, setpriv, bash } = tools;
  if (script === undefined)
    return 'the program script of util-linux is not installed, which makes it a terminal';
  // Others of this name neither give the exit code back nor take a size.
  if (!/util-linux/.test(version(script)))
    return `${script} is not the script of util-linux, which makes it a terminal`;
  if (setpriv === undefined) return 'setpriv is not installed; it comes with util-linux';
  return bash === undefined ? 'bash is not installed, which keeps its keys apart' : undefined;
}

function versionOf(script: string): string {
  const { stdout } = spawnSync(script, ['--version'], {
    encoding: 'utf8',
    env: { LC_ALL: 'C' },
    timeout: 10_000,
  });
  return stdout ?? '';
}

/**
 * The last shell before the program. With job control the program is in the foreground alone, so Ctrl-C does not end bwrap before
 * it, which is in the same session. What stops itself goes on at once: there is no shell of the person in the cell that could let
 * it go on. What the shell itself says of that is not shown, and it goes last. It is bash, because others give up where their first process group is outside of their namespace.
 */
export function enterWithTerminal({ bash = '' }: Tools): string[] {
  const script =
    'cd -- "$1" && shift && exec 4>&2 2>/dev/null && { "$@" 2>&4 4>&-; code=$?; while ((code >= 147 && code <= 150)) && [ -n "$(jobs -s)" ]; do fg >/dev/null 2>&1; code=$?; done; exit "$code"; }';
  return [bash, '--noprofile', '--norc', '-i', '-c', script, 'cell'];
}

/**
 * What is started in the new terminal, as a shell script: `script` takes a line of shell, and this one holds nothing but the
 * name of the file. `owner`: whose the terminal is, so that programs may open it anew.
 */
export function terminalScript(command: readonly string[], owner: number | undefined): string {
  return [
    // It was set for script(1) alone.
    'unset SHELL',
    ...(owner === undefined ? [] : [`chown ${owner} "$(tty)"`]),
    `exec ${command.map(shellQuoted).join(' ')}`,
    '',
  ].join('\n');
}

/**
 * What stands before the file of `terminalScript`. Killed with this process, it puts the person's terminal in order first. There is a
 * shell between: the system tells a child of the end of each thread of its parent, and a second SIGTERM ends script(1) at once.
 */
export function terminalChain({ script = '', setpriv = '' }: Tools, file: string): string[] {
  return [
    ...[setpriv, '--pdeathsig', 'KILL', '--', '/bin/sh', '-c', '"$@"; exit "$?"', 'sh'],
    ...[setpriv, '--pdeathsig', 'TERM', '--'],
    ...[script, '--quiet', '--return', '--command', `exec /bin/sh ${shellQuoted(file)}`, '/dev/null'],
  ];
}

/** What a program has to know of the terminal, of ours. */
export function terminalEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const known = ['TERM', 'COLORTERM'].flatMap((name) => {
    const value = ours[name] ?? '';
    return /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,60}$/.test(value) ? [[name, value] as const] : [];
  });
  return { TERM: 'xterm', ...Object.fromEntries(known) };
}

/** One word for a shell, whatever it holds. */
function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
