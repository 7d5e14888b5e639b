import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Where a program of the system is, or undefined. Only the system's own folders: PATH may begin with somebody else's. */
export function findProgram(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
      } catch {
        return false;
      }
    });
}
