import { isApiError } from '../api/errors.ts';
import type { Applied } from './kind.ts';

/**
 * Writes into a conversation. Where that is closed to our account, because who began it blocks us, because it is locked or its
 * repository archived, or where somebody made it larger than is read, the change is declined if it may be: it is no fault of the run, and another way
 * is planned in the next round.
 */
export async function unlessClosed(
  { issue, mayDecline }: { issue: number; mayDecline?: boolean | undefined },
  write: () => Promise<Applied>,
): Promise<Applied> {
  try {
    return await write();
  } catch (error) {
    if (mayDecline !== true || !isApiError(error, 'permission', 'too-large', 'archived')) throw error;
    return { status: 'declined', said: `comment on #${issue}: ${error.message}` };
  }
}

/** What a write gives, or, for a change that may decline, that our account is not allowed to do it there. */
export async function unlessForbidden<T>(
  { mayDecline, repository }: { mayDecline?: boolean | undefined; repository: string },
  write: () => Promise<T>,
): Promise<T | Applied> {
  try {
    return await write();
  } catch (error) {
    if (mayDecline !== true || !isApiError(error, 'permission', 'scope')) throw error;
    return {
      status: 'declined',
      said: `${repository} does not let our account do that, and the run goes on without it. ${error.message}`,
    };
  }
}
