import type { Send } from '../api/send.ts';
import { findFile } from '../forge/contents.ts';
import type { Claim } from './fields.ts';

/**
 * Whether a run still holds its work: the file has to be there and name its lease. Whoever lost it writes nothing more, so what
 * cannot be read throws, and is never taken for held.
 */
export async function isHeld(send: Send, { repository, branch, path, lease }: Claim): Promise<boolean> {
  const found = await findFile(send, repository, path, branch);
  return found !== undefined && leaseIn(found.bytes) === lease;
}

function leaseIn(bytes: Uint8Array): unknown {
  try {
    return (JSON.parse(new TextDecoder().decode(bytes)) as { lease?: { id?: unknown } } | null)?.lease?.id;
  } catch {
    return undefined;
  }
}
