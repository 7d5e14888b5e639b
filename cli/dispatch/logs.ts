import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { codeOf, UserError } from '../../core/errors.ts';
import { plain } from '../../core/text/log-line.ts';

/** What following a log needs beside the file: a seam. */
export interface Following {
  print(text: string): void;
  /** Whether more may come: its dispatch runs. */
  isRunning(): boolean;
  pause(ms: number): Promise<void>;
}

const chunkBytes = 64 * 1024;
const pauseMs = 200;

/** Prints a log; with `follow` also what comes, until its dispatch is over. */
export async function printLog(
  file: string,
  { follow }: { follow: boolean },
  { print, isRunning, pause }: Following,
): Promise<void> {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new UserError(`The log ${file} cannot be read (${codeOf(error)}).`);
  }
  try {
    const chunk = Buffer.alloc(chunkBytes);
    const decoder = new StringDecoder('utf8');
    for (let at = 0; ; ) {
      // Asked before it is read: what is written last of all is read then.
      const mayGrow = follow && isRunning();
      for (;;) {
        // Somebody has emptied it: what is there now is new.
        if (fstatSync(descriptor).size < at) at = 0;
        const count = readSync(descriptor, chunk, 0, chunk.length, at);
        if (count === 0) break;
        at += count;
        print(shown(decoder.write(chunk.subarray(0, count))));
      }
      if (!mayGrow) return;
      await pause(pauseMs);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Lines as they may stand on a terminal: a worker that is trusted can write into the file itself. */
function shown(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
