import { createHash } from 'node:crypto';
import { createReadStream, lstatSync } from 'node:fs';
import path from 'node:path';
import type { Reading } from './reading.ts';

// Git LFS keeps large files beside git: a commit holds a pointer, and the file's bytes stand in a folder of the checkout. Its
// filter is not started here, so to git such a file looks changed.

/** Whether a file of the disk is what the pointer in git names, and the checkout keeps its bytes. */
export async function isKeptLargeFile(
  { ask, common }: Reading,
  { blob, isRunnable, file }: { blob: string; isRunnable: boolean; file: Buffer },
): Promise<boolean> {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || ((stat.mode & 0o100) !== 0) !== isRunnable) return false;
  if (Number(await ask(['cat-file', '-s', blob])) > 1024) return false;
  const pointer = await ask(['cat-file', 'blob', blob]);
  const [, digest, size] =
    /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)$/.exec(
      pointer,
    ) ?? [];
  if (digest === undefined || Number(size) !== stat.size) return false;
  const kept = path.join(common, 'lfs', 'objects', digest.slice(0, 2), digest.slice(2, 4), digest);
  if (lstatSync(kept, { throwIfNoEntry: false })?.size !== stat.size) return false;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex') === digest;
}
