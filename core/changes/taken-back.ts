import * as z from 'zod/mini';
import { ApiError, isSurelyNotDone } from '../api/errors.ts';
import { UserError } from '../errors.ts';
import { blobId } from '../forge/blobs.ts';
import { writeFiles } from '../forge/contents.ts';
import { repository } from './fields.ts';
import type { ApplyContext } from './kind.ts';

// A record is written before something is started, so that a crash can never start it twice. Where the server itself said that
// it starts nothing, the record would only stand in the way of the next try.

/** The file that was written for a start, just as it was written; `like`: any id of the same repository. */
export const takenBack = () =>
  z.strictObject({
    repository: repository(),
    branch: z.string(),
    path: z.string(),
    content: z.string(),
    like: z.string(),
  });

/**
 * Starts something, and takes its record away where it is sure that nothing was started; then the error says so. `ready` is all
 * that is only read before: when that fails, nothing was asked to start. The record stays wherever it is not sure, and where it
 * is no longer what was written. Throws whatever either of the two throws.
 */
export async function orTakeBack<R, T>(
  record: z.infer<ReturnType<typeof takenBack>> | undefined,
  { send }: Pick<ApplyContext, 'send'>,
  { ready, start }: { ready: () => Promise<R>; start: (given: R) => Promise<T> },
): Promise<T> {
  let isAsked = false;
  try {
    const given = await ready();
    isAsked = true;
    return await start(given);
  } catch (error) {
    if (record === undefined || !(error instanceof UserError) || (isAsked && !isSurelyNotDone(error)))
      throw error;
    const { repository: name, branch, path, content, like } = record;
    let isGone = false;
    try {
      const sha = blobId(content, like);
      isGone =
        (await writeFiles(send, name, {
          branch,
          message: `take back ${path}: nothing was started`,
          files: [{ path, content: null, sha }],
        })) === 'written';
    } catch (failure) {
      // What is told is why nothing was started; that the record stands is told by every later run.
      if (!(failure instanceof UserError)) throw failure;
    }
    const message = isGone
      ? `${error.message} Nothing was started, so ${path} is taken back and the next run tries again.`
      : `${error.message} Nothing was started, but ${path} could not be taken back.`;
    throw error instanceof ApiError
      ? new ApiError(error.kind, error.status, message, error.remedy, {
          cause: error,
          scopes: [...error.scopes],
        })
      : new UserError(message, error.remedy, { cause: error });
  }
}
