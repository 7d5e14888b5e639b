import { chmodSync, chownSync } from 'node:fs';
import path from 'node:path';
import type { LocalCell } from './cell.ts';

/**
 * Lets the cell connect to a socket of ours in its door, once we listen on it. A socket is made with the rights that the umask
 * leaves, and connecting needs the right to write.
 */
export function admit(cell: Pick<LocalCell, 'uid' | 'gid' | 'outside'>, name: string): void {
  const socket = path.join(cell.outside.door, name);
  const us = process.getuid?.() ?? 0;
  if (us === 0 && cell.uid !== 0) chownSync(socket, us, cell.gid);
  chmodSync(socket, 0o660);
}
