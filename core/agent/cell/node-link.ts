import { chmodSync, constants, copyFileSync, linkSync, realpathSync, statSync, symlinkSync } from 'node:fs';

/**
 * Puts a Node at `file`. A link where the cell may execute ours. Else a second name, where everybody may execute the file and
 * only the folders above it are closed, or a copy.
 */
export function placeNode(file: string, mayExecute: (node: string) => boolean): void {
  const node = realpathSync(process.execPath);
  if (mayExecute(node)) {
    symlinkSync(node, file);
    return;
  }
  if ((statSync(node).mode & 0o005) === 0o005) {
    try {
      linkSync(node, file);
      return;
    } catch {
      // Another file system, or a kernel that lets only the owner do so.
    }
  }
  copyFileSync(node, file, constants.COPYFILE_FICLONE);
  chmodSync(file, 0o755);
}
