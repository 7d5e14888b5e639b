import { execFileSync, spawn } from 'node:child_process';

/** A terminal with somebody who types and reads: what runs in it has it as a person's program has theirs. */
export interface Terminal {
  type(text: string): void;
  /** All that was drawn on it, as it came. */
  shown(): string;
  /** Comes once this is on it. */
  until(text: string | RegExp): Promise<void>;
  resize(columns: number, rows: number): void;
  /** Closes it as a window is closed. */
  close(): void;
  ended: Promise<number | null>;
}

/** Whether there is what makes one: script(1) of util-linux, or none of these tests run. */
export const hasTerminals = (() => {
  try {
    return /util-linux/.test(execFileSync('script', ['--version'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
})();

/** Runs a line of shell on a terminal of its own. The shell itself goes on after Ctrl-C, as one at a prompt does. */
export function openTerminal(
  line: string,
  { environment = process.env, folder }: { environment?: NodeJS.ProcessEnv; folder?: string } = {},
): Terminal {
  const child = spawn(
    'script',
    ['-qec', `trap : INT; echo "AT $(tty)"; stty rows 40 cols 100; ${line}`, '/dev/null'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...environment, SHELL: '/bin/sh', TERM: 'xterm-256color' },
      ...(folder === undefined ? {} : { cwd: folder }),
    },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)));
  return {
    type: (typed) => void child.stdin.write(typed),
    shown: () => text,
    async until(wanted) {
      const until = Date.now() + 90_000;
      while (typeof wanted === 'string' ? !text.includes(wanted) : !wanted.test(text)) {
        if (Date.now() > until) throw new Error(`it never showed ${wanted}, but:\n${text}`);
        await new Promise((done) => setTimeout(done, 20));
      }
    },
    resize(columns, rows) {
      const [, tty = ''] = /AT (\/dev\/\S+)/.exec(text) ?? [];
      execFileSync('stty', ['-F', tty, 'rows', String(rows), 'cols', String(columns)]);
    },
    close: () => void child.kill('SIGKILL'),
    ended,
  };
}
