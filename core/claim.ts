import { findFile } from './forge/contents.ts';
import { forgeError, isForgeError } from './forge/errors.ts';
import { type ForgeResponse, repositoryName, type Send } from './forge/send.ts';

/** How often a lost race for the branch is tried again; every try that loses means that somebody else got on. */
const attempts = 8;

export interface Claim {
  repository: string;
  branch: string;
  path: string;
  /** Has to be like no other's: whoever finds these bytes at the path afterwards is the one who holds the claim. */
  content: string;
  message: string;
}

/**
 * A file that is created once is a lock: of any number of claims for one path, one is `ours` and the others `theirs`.
 * Who is told that the file exists, that the branch moved, or nothing at all, reads it to find out.
 *
 * `POST /repos/{owner}/{repo}/contents/{path}`, scope write:repository. Throws `unknown-outcome` when the answer was
 * lost and the file is not there (it may still come), and any other `ForgeError` as it is.
 */
export async function claimFile(
  send: Send,
  claim: Claim,
  pause: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
): Promise<'ours' | 'theirs'> {
  const request = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/contents/{path}',
    params: { ...repositoryName(claim.repository), path: claim.path },
    body: {
      branch: claim.branch,
      message: claim.message,
      content: Buffer.from(claim.content, 'utf8').toString('base64'),
    },
  } as const;
  for (let attempt = 1; ; attempt += 1) {
    let response: ForgeResponse | undefined;
    let lost: unknown;
    try {
      response = await send(request);
    } catch (error) {
      if (!isForgeError(error, 'unknown-outcome')) throw error;
      lost = error;
    }
    if (response?.status === 201) return 'ours';
    const holder = await holderOf(send, claim);
    if (holder !== undefined) return holder;
    if (response === undefined) throw lost;
    const error = forgeError(request, response);
    // "Somebody else wrote first" is a 403, a 409 or a 500 by version and database; without a file it was another file.
    if (!['race', 'conflict', 'server'].includes(error.kind) || attempt === attempts) throw error;
    await pause(20 * attempt * (0.5 + Math.random()));
  }
}

async function holderOf(send: Send, claim: Claim): Promise<'ours' | 'theirs' | undefined> {
  const found = await findFile(send, claim.repository, claim.path, claim.branch);
  if (found === undefined) return undefined;
  return found.bytes.toString('utf8') === claim.content ? 'ours' : 'theirs';
}
