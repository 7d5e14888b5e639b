import { chmodSync, writeFileSync } from 'node:fs';

/**
 * Writes a file that programs of a cell read or start. Its mode is set afterwards: of the one that a file is made with, the umask
 * of a step takes away what everybody else needs, and an agent that is another user would find nothing.
 */
export function placeFile(file: string, text: string, mode: 0o644 | 0o755): void {
  writeFileSync(file, text);
  chmodSync(file, mode);
}
