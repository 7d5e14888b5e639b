import { lchown, lstat, opendir } from 'node:fs/promises';
import path from 'node:path';

/** Gives a folder and everything in it to a user. Links are given themselves, never what they point to. */
export async function giveTo(folder: string, uid: number, gid: number): Promise<void> {
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for await (const entry of await opendir(next)) {
      const file = path.join(next, entry.name);
      if (entry.isDirectory()) waiting.push(file);
      // A second name of a file elsewhere: giving it away would give that one away as well.
      else if (entry.isFile() && (await lstat(file)).nlink > 1)
        throw new Error(
          `${file} has a second name, which may stand outside of the cell. Clone without hard links.`,
        );
      else await lchown(file, uid, gid);
    }
    // Last: from here on it is the other user's.
    await lchown(next, uid, gid);
  }
}
