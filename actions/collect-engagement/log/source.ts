import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../../core/errors.ts';
import { startBytes } from './format.ts';
import type { SshSource } from './ssh-address.ts';

/** A log that has a name: a file, or another machine's. */
export type Source = FileSource | RemoteSource;

export interface FileSource {
  name: string;
  file: string;
}

export interface RemoteSource {
  name: string;
  ssh: SshSource;
}

/** Why a source is not a log that was read to its end, or what else is to be said of it. */
export interface LogFault {
  file: string;
  message: string;
}

/** Whether a log has to be unpacked, as far as its name tells; what another machine sends may be packed. */
export function isPacked(source: Source): boolean {
  return 'ssh' in source || /\.(?:gz|zst)$/.test(source.file);
}

/** The first bytes of a file, as they are. */
export function startOf(file: string): Buffer {
  const start = Buffer.alloc(startBytes);
  const fd = openSync(file, 'r');
  try {
    return start.subarray(0, readSync(fd, start, 0, startBytes, 0));
  } finally {
    closeSync(fd);
  }
}

/** What is said of a log that could not be read to its end. */
export function brokenOff(why: string): string {
  return `could not be read to its end (${why}): what is missing is unknown, so nothing is written`;
}

/** An error of reading, in words: one that says what to do keeps its own. */
export function broken(error: unknown): string {
  if (error instanceof UserError) return `${error.message} ${error.remedy}`.trim();
  return brokenOff(error instanceof Error ? error.message : String(error));
}
