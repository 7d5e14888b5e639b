import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { ApiError, ifThere } from '../api/errors.ts';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';
import { forgeError } from './errors.ts';

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

/**
 * A file's bytes and blob id at a commit, or on the default branch where no `ref` is given. Same route; the forge sends no
 * content for files above its limit.
 */
export async function getFile(
  send: Send,
  name: string,
  path: string,
  ref: string | undefined,
): Promise<{ bytes: Buffer; sha: string }> {
  const found = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/contents/{path}',
      params: { ...repositoryName(name), path, ...(ref === undefined ? {} : { ref }) },
    },
    file,
  );
  if (found.encoding !== 'base64' || typeof found.content !== 'string') {
    throw new ApiError(
      'shape',
      200,
      `${name}: ${path} came without its content.`,
      'It is too large for the API, or not a file.',
    );
  }
  return { bytes: Buffer.from(found.content, 'base64'), sha: found.sha };
}

/** A file, or undefined when it is not there. */
export function findFile(
  send: Send,
  name: string,
  path: string,
  ref: string | undefined,
): Promise<{ bytes: Buffer; sha: string } | undefined> {
  return ifThere(getFile(send, name, path, ref));
}

/** A file of a repository: its text and its blob, or `null` when it is not there. */
export type TextFile = { text: string; sha: string } | null;

/** A file's text at a commit or branch, for what is compared or parsed: bytes that are no UTF-8 come as U+FFFD. */
export async function findText(send: Send, name: string, path: string, ref: string): Promise<TextFile> {
  const found = await findFile(send, name, path, ref);
  return found === undefined ? null : { text: found.bytes.toString('utf8'), sha: found.sha };
}

/** Names in a directory; none when there is no such directory, which is not the same as one that could not be read. */
export async function namesIn(send: Send, name: string, path: string, ref: string): Promise<string[]> {
  return ((await ifThere(listDirectory(send, name, path, ref))) ?? []).map((item) => item.name);
}

/**
 * Commits files together: each created when its `sha` is `null`, otherwise in place of that blob, and taken away where its
 * content is `null`; on `branch`, or on
 * `newBranch` made from it. `stale` when somebody else was first: a file exists by now, has changed, or the branch
 * moved, for which forges answer 422, 409, 403 and 500 by version. `declined`, where the caller asks for it, when the
 * branch is protected and the paths are not exempt (`unprotected_file_patterns`).
 *
 * `POST` and `PUT /repos/{owner}/{repo}/contents/{path}`, and `POST /repos/{owner}/{repo}/contents` for several; scope
 * write:repository.
 */
export async function writeFiles(
  send: Send,
  name: string,
  given: {
    branch: string;
    newBranch?: string;
    message: string;
    files: { path: string; content: string | null; sha: string | null }[];
    mayDecline?: boolean;
  },
): Promise<'written' | 'stale' | 'declined'> {
  const { branch, newBranch, message, files } = given;
  const [only] = files;
  const shared = { branch, message, ...(newBranch === undefined ? {} : { new_branch: newBranch }) };
  const bodyOf = ({ content, sha }: { content: string | null; sha: string | null }): object => ({
    ...(content === null ? {} : { content: Buffer.from(content, 'utf8').toString('base64') }),
    ...(sha === null ? {} : { sha }),
  });
  const request: ApiRequest =
    files.length === 1 && only !== undefined && only.content !== null
      ? {
          method: only.sha === null ? 'POST' : 'PUT',
          route: '/repos/{owner}/{repo}/contents/{path}',
          params: { ...repositoryName(name), path: only.path },
          body: { ...shared, ...bodyOf(only) },
        }
      : {
          method: 'POST',
          route: '/repos/{owner}/{repo}/contents',
          params: { ...repositoryName(name) },
          body: {
            ...shared,
            files: files.map((file) => ({
              operation: file.sha === null ? 'create' : file.content === null ? 'delete' : 'update',
              path: file.path,
              ...bodyOf(file),
            })),
          },
        };
  const response = await send(request);
  if (response.status < 300) return 'written';
  const error = forgeError(request, response);
  if (given.mayDecline === true && error.kind === 'permission' && error.message.includes('cannot commit'))
    return 'declined';
  const isNew = files.some(({ sha }) => sha === null) || newBranch !== undefined;
  const exists = isNew && error.status === 422 && error.message.includes('already exists');
  const stale =
    (error.status === 422 && error.message.includes('sha does not match')) ||
    (files.some(({ content }) => content === null) && ['not-found', 'invalid'].includes(error.kind));
  if (exists || stale || ['race', 'conflict', 'server'].includes(error.kind)) return 'stale';
  throw error;
}
