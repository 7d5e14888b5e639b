import path from 'node:path';
import type { ChildEnd } from '../../child.ts';
import { UserError } from '../../errors.ts';
import { type Git, type Signature, whyOf } from '../../git.ts';
import { sessionLimits } from '../session.ts';
import { makeBare } from './clone.ts';
import type { Refusal } from './refusal.ts';

/**
 * Makes a commit that holds an agent's work as a file, beside why it was refused. It stands on nothing, so no history of a
 * project comes along, and nothing of the work is ever a file of a checkout.
 */
export function keepRefused(
  git: Git,
  { bundle, refusals, ...kept }: Kept & { bundle: Uint8Array; refusals: Refusal[] },
): Promise<string> {
  return keepFiles(git, kept, [
    ['why.txt', `${refusals.map(({ said }) => said).join('\n')}\n`],
    ['work.bundle', bundle],
  ]);
}

/** Makes a commit that holds an agent's session as a file, and stands on nothing. */
export function keepSession(git: Git, { bytes, ...kept }: Kept & { bytes: Uint8Array }): Promise<string> {
  return keepFile(git, kept, sessionFile, bytes);
}

/** Makes a commit that holds one file, and stands on nothing. */
export function keepFile(git: Git, kept: Kept, name: string, content: Uint8Array): Promise<string> {
  return keepFiles(git, kept, [[name, content]]);
}

/** The name of a session in its commit. */
export const sessionFile = 'session.tar.gz';

/**
 * A session that was kept at a ref, or undefined where there is none. What it is, is looked at where it is used. A forge that does
 * not answer is an error: an agent that began without its memory for that would have lost it for good.
 * `like`: a commit whose name looks like those of that repository.
 */
export async function fetchSession(
  git: Git,
  { repository, ref, like }: { repository: string; ref: string; like: string },
): Promise<Buffer | undefined> {
  const folder = path.join(git.folder, 'kept-session.git');
  await makeBare(git, folder, like);
  const listed = await git.end(folder, {
    args: ['ls-remote', '--exit-code', '--end-of-options', git.urlOf(repository), ref],
    reach: 'forge',
  });
  // 2: it answered, and there is no such ref.
  if (listed.code === 2) return undefined;
  if (listed.code !== 0) throw unanswered(listed);
  const fetched = await git.end(folder, {
    args: [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--depth=1',
      '--end-of-options',
      git.urlOf(repository),
      `${ref}:refs/forgecrew/kept`,
    ],
    reach: 'forge',
  });
  if (fetched.code !== 0) throw unanswered(fetched);
  const read = await git.end(folder, {
    args: ['cat-file', 'blob', `refs/forgecrew/kept:${sessionFile}`],
    mostBytes: 2 * sessionLimits.packedBytes,
  });
  return read.code === 0 && read.overran === undefined ? read.stdout : undefined;
}

function unanswered(ended: ChildEnd): UserError {
  return new UserError(
    `What the agent remembers could not be fetched: git ${whyOf(ended)}`,
    'The next run of this role tries it again.',
  );
}

export interface Kept {
  /** A repository of ours that is made for it. */
  folder: string;
  message: string;
  author: Signature;
}

async function keepFiles(
  git: Git,
  { folder, message, author }: Kept,
  files: [name: string, content: string | Uint8Array][],
): Promise<string> {
  await makeBare(git, folder, '0'.repeat(40));
  const lines: string[] = [];
  for (const [name, input] of files) {
    const blob = await git.run(folder, { args: ['hash-object', '-w', '--stdin'], input });
    lines.push(`100644 blob ${blob.toString('utf8').trim()}\t${name}\n`);
  }
  const tree = await git.run(folder, { args: ['mktree'], input: lines.join('') });
  const commit = await git.run(folder, {
    args: ['commit-tree', '-F', '-', tree.toString('utf8').trim()],
    input: message,
    author,
    committer: author,
  });
  const made = commit.toString('utf8').trim();
  await git.run(folder, { args: ['update-ref', 'refs/forgecrew/kept', made] });
  return made;
}
