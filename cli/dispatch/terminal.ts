import type { ReadStream, WriteStream } from 'node:tty';

/**
 * What puts a terminal in order that a program has left as it was: the main screen, the cursor, no mouse and no marked pastes, keys as
 * usual, no colours, no link.
 */
export const orderly = [
  // What it was in the middle of ends here.
  '\u0018',
  ...['\u001b[?1049l', '\u001b[?25h', '\u001b[?7h', '\u001b[?1l', '\u001b>'],
  ...['\u001b[?9l', '\u001b[?1000l', '\u001b[?1002l', '\u001b[?1003l', '\u001b[?1005l', '\u001b[?1006l'],
  ...['\u001b[?1015l', '\u001b[?1004l', '\u001b[?2004l', '\u001b[?2026l', '\u001b[?2031l'],
  ...[
    '\u001b[<u',
    '\u001b[>4;0m',
    '\u001b(B',
    '\u000f',
    '\u001b]8;;\u001b\\',
    '\u001b7\u001b[r\u001b8',
    '\u001b[0m',
    '\r\n',
  ],
].join('');

/** How long answers of the terminal may take that a program has asked it for. */
const answersMs = 150;

/** The terminal that the dispatch was typed in, while it is the screen of a worker. */
export function personsTerminal(
  { input, output }: { input: ReadStream; output: WriteStream } = {
    input: process.stdin,
    output: process.stdout,
  },
): { opens(): void; closed(): Promise<void>; isOpen(): boolean } {
  let isOpen = false;
  return {
    isOpen: () => isOpen,
    opens() {
      isOpen = true;
    },
    async closed() {
      if (!isOpen) return;
      isOpen = false;
      await dropAnswers(input, () => output.write(orderly));
    },
  };
}

/**
 * Throws away what nobody has read yet. A terminal answers what a program asks it (its name, its title, where the cursor is) as if the
 * answer were typed; what comes when the program is over would be a line for the person's shell, in words that the program may have
 * chosen.
 */
async function dropAnswers(input: ReadStream, begin: () => void): Promise<void> {
  try {
    input.setRawMode(true);
    input.on('error', () => undefined);
    // With nobody who listens, what comes is gone.
    input.resume();
    begin();
    await new Promise((done) => setTimeout(done, answersMs));
    input.setRawMode(false);
  } catch {
    // The terminal is gone.
  } finally {
    input.pause();
    input.unref();
  }
}
