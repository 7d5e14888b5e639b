import type { Git } from '../../git.ts';
import type { Limits } from './limits.ts';
import { type Quarantine, type Refused, refusedFor } from './receive.ts';

/** One path that differs between the base and the tip. */
export interface Entry {
  /** As it is in the tree; bytes that are no UTF-8 are spelled `\xNN`, and `isText` is false. */
  path: string;
  isText: boolean;
  /** Modes as git has them; null: it is not there on that side. */
  before: Side | null;
  after: Side | null;
}

/** A file as one of the two trees has it; of a submodule the commit, without a size. */
export interface Side {
  mode: string;
  blob: string;
  size: number;
}

/** A symbolic link of a tree, and what it says. */
export interface Link {
  path: string;
  target: string;
}

/** What an agent's work comes to, whatever commits it took; plain data. */
export interface NetChange {
  kind: 'net-change';
  entries: Entry[];
  /** All links of both trees, where the change has a link in it; else none. */
  links: { before: Link[]; after: Link[] };
}

const linkMode = '120000';
const submoduleMode = '160000';
/** No link of a project needs more. */
const longestTarget = 4096;
const mostLinks = 10_000;

/** Reads what the work comes to: the difference of two trees, and never a file of a working folder. */
export async function readNetChange(
  git: Git,
  { folder, tip }: Quarantine,
  base: string,
  limits: Limits,
): Promise<NetChange | Refused> {
  const ended = await git.end(folder, {
    args: ['diff-tree', '-r', '--raw', '-z', '--no-abbrev', '--no-renames', '--end-of-options', base, tip],
    timeoutMs: limits.readMs,
    mostMemoryKiB: limits.memoryKiB,
    // Paths of some length for each file that is allowed, and some more, so that the sentence can say how many.
    mostBytes: 1024 * 1024 + limits.files * 2048,
  });
  if (ended.code !== 0 || ended.overran !== undefined)
    return refusedFor({
      rule: 'too-many',
      said: 'The work changes more than can be looked at: too many files, or folders too deep.',
    });
  const changed = parseRawDiff(ended.stdout);
  if (changed.length > limits.files)
    return refusedFor({
      rule: 'too-many',
      said: `The work changes ${changed.length} files; at most ${limits.files} are taken. A folder that should be in .gitignore may be the reason.`,
    });
  const blobs = changed
    .flatMap(({ before, after }) => [before, after])
    .flatMap((side) => (side === null || side.mode === submoduleMode ? [] : [side.blob]));
  const sizes = await sizesOf(git, folder, blobs, limits);
  const sized = (side: Omit<Side, 'size'> | null): Side | null =>
    side === null ? null : { ...side, size: sizes.get(side.blob) ?? 0 };
  const entries = changed.map(
    (entry): Entry => ({ ...entry, before: sized(entry.before), after: sized(entry.after) }),
  );
  const links = entries.some(({ after }) => after?.mode === linkMode)
    ? {
        before: await linksOf(git, folder, base, limits),
        after: await linksOf(git, folder, tip, limits),
      }
    : { before: [], after: [] };
  if (links.before === undefined || links.after === undefined)
    return refusedFor({ rule: 'link', said: 'There are more links than can be looked at.' });
  return { kind: 'net-change', entries, links: { before: links.before, after: links.after } };
}

type Changed = Omit<Entry, 'before' | 'after'> & {
  before: Omit<Side, 'size'> | null;
  after: Omit<Side, 'size'> | null;
};

/** `:mode mode blob blob status NUL path NUL`, over and over. Pure. */
export function parseRawDiff(output: Buffer): Changed[] {
  const fields = splitNul(output);
  const changed: Changed[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [before = '', after = '', oldBlob = '', newBlob = ''] = (fields[index] as Buffer)
      .toString('latin1')
      .slice(1)
      .split(' ');
    changed.push({
      ...pathOf(fields[index + 1] as Buffer),
      before: before === '000000' ? null : { mode: before, blob: oldBlob },
      after: after === '000000' ? null : { mode: after, blob: newBlob },
    });
  }
  return changed;
}

function splitNul(output: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let from = 0; from < output.length; ) {
    const end = output.indexOf(0, from);
    fields.push(output.subarray(from, end < 0 ? output.length : end));
    from = end < 0 ? output.length : end + 1;
  }
  return fields;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function pathOf(bytes: Buffer): { path: string; isText: boolean } {
  try {
    return { path: strict.decode(bytes), isText: true };
  } catch {
    const spelled = bytes
      .toString('latin1')
      .replace(/[^ -~]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
    return { path: spelled, isText: false };
  }
}

/** Sizes by blob, without reading one of them: what inflates to gigabytes is only known by its size. */
async function sizesOf(
  git: Git,
  folder: string,
  blobs: string[],
  limits: Limits,
): Promise<Map<string, number>> {
  const wanted = [...new Set(blobs)];
  if (wanted.length === 0) return new Map();
  const printed = await git.run(folder, {
    args: ['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'],
    input: `${wanted.join('\n')}\n`,
    mostMemoryKiB: limits.memoryKiB,
  });
  return new Map(
    printed
      .toString('latin1')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [name = '', type, size] = line.split(' ');
        if (type !== 'blob') throw new Error(`a file of the work is ${type ?? 'nothing'}`);
        return [name, Number(size)];
      }),
  );
}

/** Blobs by name, of which each was found small enough to be read. */
export async function readBlobs(
  git: Git,
  folder: string,
  blobs: string[],
  mostBytes: number,
  limits: Limits,
): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(blobs)];
  if (wanted.length === 0) return new Map();
  const printed = await git.run(folder, {
    args: ['cat-file', '--batch=%(objectname) %(objectsize)'],
    input: `${wanted.join('\n')}\n`,
    mostBytes: mostBytes + wanted.length * 100,
    mostMemoryKiB: limits.memoryKiB,
  });
  const found = new Map<string, Buffer>();
  for (let from = 0; from < printed.length; ) {
    const end = printed.indexOf(10, from);
    const [name = '', size = ''] = printed.toString('latin1', from, end).split(' ');
    const length = Number(size);
    if (end < 0 || !Number.isSafeInteger(length)) throw new Error('a file of the work is not there');
    found.set(name, printed.subarray(end + 1, end + 1 + length));
    from = end + 1 + length + 1;
  }
  return found;
}

/** All links of a tree; undefined where they are too many, or one of them is longer than any path. */
async function linksOf(
  git: Git,
  folder: string,
  commit: string,
  limits: Limits,
): Promise<Link[] | undefined> {
  const listed = await git.end(folder, {
    args: ['ls-tree', '-r', '-z', '--full-tree', '--long', '--end-of-options', commit],
    timeoutMs: limits.readMs,
    mostMemoryKiB: limits.memoryKiB,
    mostBytes: 256 * 1024 * 1024,
  });
  if (listed.code !== 0 || listed.overran !== undefined) return undefined;
  const links = splitNul(listed.stdout).flatMap((line) => {
    if (line.toString('latin1', 0, 6) !== linkMode) return [];
    const tab = line.indexOf(9);
    const [, , blob = '', size] = line.toString('latin1', 0, tab).split(/ +/);
    return [{ blob, size: Number(size), path: pathOf(line.subarray(tab + 1)).path }];
  });
  if (links.length > mostLinks || links.some(({ size }) => size > longestTarget)) return undefined;
  const texts = await readBlobs(
    git,
    folder,
    links.map(({ blob }) => blob),
    mostLinks * longestTarget,
    limits,
  );
  return links.map(({ blob, path }) => ({ path, target: pathOf(texts.get(blob) ?? Buffer.alloc(0)).path }));
}
