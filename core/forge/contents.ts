import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { call } from './call.ts';
import { ForgeError, forgeError } from './errors.ts';
import { type ForgeRequest, repositoryName, type Send } from './send.ts';

const directory = z.array(
  z.object({ name: z.string(), path: z.string(), type: z.string(), sha: z.string() }),
);
const file = z.object({
  type: z.string(),
  sha: z.string(),
  encoding: z.nullish(z.string()),
  content: z.nullish(z.string()),
});

/** A directory's entries at a commit. `GET /repos/{owner}/{repo}/contents/{path}?ref=`, scope read:repository. */
export function listDirectory(
  send: Send,
  name: string,
  path: string,
  ref: string,
): Promise<z.infer<typeof directory>> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/contents/{path}',
      params: { ...repositoryName(name), path, ref },
    },
    directory,
  );
}

/** A file's bytes and blob id at a commit. Same route; the forge sends no content for files above its limit. */
export async function getFile(
  send: Send,
  name: string,
  path: string,
  ref: string,
): Promise<{ bytes: Buffer; sha: string }> {
  const found = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/contents/{path}',
      params: { ...repositoryName(name), path, ref },
    },
    file,
  );
  if (found.encoding !== 'base64' || typeof found.content !== 'string') {
    throw new ForgeError(
      'shape',
      200,
      `${name}: ${path} came without its content.`,
      'It is too large for the API, or not a file.',
    );
  }
  return { bytes: Buffer.from(found.content, 'base64'), sha: found.sha };
}

/**
 * Commits one file: created when `sha` is `null`, otherwise in place of that blob. False when somebody else was first:
 * the file exists by now, has changed, or the branch moved, for which forges answer 422, 409, 403 and 500 by version.
 * `POST` and `PUT /repos/{owner}/{repo}/contents/{path}`, scope write:repository.
 */
export async function writeFile(
  send: Send,
  name: string,
  file: { branch: string; path: string; content: string; message: string; sha: string | null },
): Promise<boolean> {
  const { branch, path, content, message, sha } = file;
  const request: ForgeRequest = {
    method: sha === null ? 'POST' : 'PUT',
    route: '/repos/{owner}/{repo}/contents/{path}',
    params: { ...repositoryName(name), path },
    body: {
      branch,
      message,
      content: Buffer.from(content, 'utf8').toString('base64'),
      ...(sha === null ? {} : { sha }),
    },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  const error = forgeError(request, response);
  const exists = sha === null && response.status === 422 && error.message.includes('already exists');
  const stale = response.status === 422 && error.message.includes('sha does not match');
  if (exists || stale || ['race', 'conflict', 'server'].includes(error.kind)) return false;
  throw error;
}
