import { ifThere } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { getCommit } from '../../core/forge/commits.ts';
import { findTag, getRepository } from '../../core/forge/repositories.ts';
import { version } from '../../core/version.ts';

/**
 * Whether the repository that runners take forgecrew from is there, public, and has this version. `hidden`: it is public, and its
 * owner is private, so that runners are refused all the same.
 */
export type Source = 'ready' | 'missing' | 'private' | 'hidden' | 'no-version';

export async function readSource(send: Send, name: string): Promise<Source> {
  const found = await ifThere(getRepository(send, name));
  if (found === undefined) return 'missing';
  if (found.private === true) return 'private';
  if (found.owner.visibility === 'private') return 'hidden';
  return (await findTag(send, name, `v${version}`)) ? 'ready' : 'no-version';
}

/** The commit that the tag of this version names there; undefined where there is no such tag. */
export async function readRelease(send: Send, name: string, source: Source): Promise<string | undefined> {
  return source === 'ready' ? (await getCommit(send, name, `v${version}`)).sha : undefined;
}
