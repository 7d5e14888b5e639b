import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { call } from './call.ts';
import { ForgeError } from './errors.ts';
import { repositoryName, type Send } from './send.ts';

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
