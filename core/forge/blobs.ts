import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { ApiError } from '../api/errors.ts';
import { type ApiRequest, describeRequest, repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';

const blob = z.object({
  sha: z.string(),
  size: z.int(),
  encoding: z.nullish(z.string()),
  content: z.nullish(z.string()),
});

/** A blob as it was asked for: its bytes, or why there are none. */
export type Blob =
  | { kind: 'read'; bytes: Buffer }
  /** The repository holds no such object (yet). */
  | { kind: 'missing' }
  /** Larger than is read, or than the forge gives. */
  | { kind: 'too-large'; size: number };

/** The id of a blob and its size, as a tree lists both. */
export interface BlobWanted {
  sha: string;
  size?: number | null | undefined;
}

/** The id that git gives to a content; `like` is any id of the same repository, which tells by its length how ids are made there. */
export function blobId(content: string, like: string): string {
  const bytes = Buffer.from(content, 'utf8');
  return createHash(like.length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}

/** Of an address, which has to stay below 2,000 characters because servers and proxies refuse longer ones: 45 ids of SHA-1. */
const mostOfAddress = 45 * 41;
/** Of one answer: one that is larger would be refused, and with it everything that came beside it. */
const mostBytesAtOnce = 4 * 1024 * 1024;
/** A larger blob is no document of ours, and is not read unless the caller wants it. */
const largest = 1024 * 1024;

/**
 * The bytes of many blobs, by their ids: one call for each 45, or for each four megabytes. Whatever is asked for has an entry
 * in the answer, and a blob that cannot be read is said to be missing or too large without harm to the others. The forge
 * refuses a whole request where one blob of it is not there, so the rest is asked for once more without it.
 *
 * `largest`: blobs above this size are not read. Without `size` the forge's own limit holds.
 *
 * `GET /repos/{owner}/{repo}/git/blobs?shas=`, and on forges that do not have it `GET
 * /repos/{owner}/{repo}/git/blobs/{sha}` for each; scope read:repository.
 */
export async function readBlobs(
  send: Send,
  name: string,
  wanted: readonly BlobWanted[],
  options: { largest?: number } = {},
): Promise<Map<string, Blob>> {
  const limit = options.largest ?? largest;
  const found = new Map<string, Blob>();
  const small = new Map<string, number>();
  for (const { sha, size } of wanted)
    if (size != null && size > limit) found.set(sha, { kind: 'too-large', size });
    else small.set(sha, size ?? 0);
  const answers = await Promise.all(batchesOf([...small]).map((shas) => readBatch(send, name, shas)));
  for (const [sha, item] of answers.flat())
    found.set(
      sha,
      item.kind === 'read' && item.bytes.length > limit
        ? { kind: 'too-large', size: item.bytes.length }
        : item,
    );
  return found;
}

/** Ids for one request each: not too many, and not too large together. */
function batchesOf(items: [sha: string, size: number][]): string[][] {
  const batches: string[][] = [];
  let [length, bytes] = [0, 0];
  for (const [sha, size] of items) {
    const last = batches.at(-1);
    length += sha.length + 1;
    bytes += size;
    if (last === undefined || length > mostOfAddress || bytes > mostBytesAtOnce) {
      batches.push([sha]);
      [length, bytes] = [sha.length + 1, size];
    } else last.push(sha);
  }
  return batches;
}

async function readBatch(send: Send, name: string, shas: string[]): Promise<[string, Blob][]> {
  const found: [string, Blob][] = [];
  let left = shas;
  while (left.length > 0) {
    const request: ApiRequest = {
      method: 'GET',
      route: '/repos/{owner}/{repo}/git/blobs',
      params: { ...repositoryName(name), shas: left.join(',') },
    };
    const answer = await attempt(call(send, request, z.nullish(z.array(blob))));
    if (answer.kind === 'no-route') return [...found, ...(await readEach(send, name, left))];
    const given = new Map<string, Blob>(
      answer.kind === 'read'
        ? (answer.value ?? []).map((item) => [item.sha, blobOf(item)])
        : left.filter((sha) => answer.message.includes(sha)).map((sha) => [sha, { kind: 'missing' }]),
    );
    const rest = left.filter((sha) => !given.has(sha));
    // A server may give fewer than were asked for (MAX_RESPONSE_ITEMS), but one that gives none would be asked for ever.
    if (rest.length === left.length)
      throw new ApiError(
        'incomplete',
        200,
        `${describeRequest(request)} answered with none of the blobs that were asked for.`,
        'Run the role again; if it stays so, look at what stands between this step and the forge.',
      );
    found.push(...[...given].filter(([sha]) => left.includes(sha)));
    left = rest;
  }
  return found;
}

/** One call for each: the way of forges that do not give many at once. */
function readEach(send: Send, name: string, shas: string[]): Promise<[string, Blob][]> {
  return Promise.all(
    shas.map(async (sha): Promise<[string, Blob]> => {
      const answer = await attempt(
        call(
          send,
          {
            method: 'GET',
            route: '/repos/{owner}/{repo}/git/blobs/{sha}',
            params: { ...repositoryName(name), sha },
          },
          blob,
        ),
      );
      if (answer.kind === 'no-route') throw answer.error;
      return [sha, answer.kind === 'read' ? blobOf(answer.value) : { kind: 'missing' }];
    }),
  );
}

type Attempt<T> =
  | { kind: 'read'; value: T }
  /** An object is not there; the message names it. */
  | { kind: 'absent'; message: string }
  /** Either the forge has no such call, or the repository cannot be seen: its answers are the same for both. */
  | { kind: 'no-route'; error: ApiError };

async function attempt<T>(read: Promise<T>): Promise<Attempt<T>> {
  try {
    return { kind: 'read', value: await read };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 400 && error.message.includes('does not exist'))
      return { kind: 'absent', message: error.message };
    if (error.status === 404 || error.status === 405) return { kind: 'no-route', error };
    throw error;
  }
}

function blobOf({ size, encoding, content }: z.infer<typeof blob>): Blob {
  // Above its limit the forge tells a blob's size and leaves its content out.
  if (encoding !== 'base64' || content == null || (content === '' && size > 0))
    return { kind: 'too-large', size };
  return { kind: 'read', bytes: Buffer.from(content, 'base64') };
}
