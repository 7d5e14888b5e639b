import { UserError } from '../errors.ts';
import { plain } from '../text/log-line.ts';

/** What an SDK threw, as one sentence: its message may hold what the server says, so it is one plain, short line. */
export function failed(engine: string, error: unknown): UserError {
  const status =
    typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
      ? error.status
      : undefined;
  const message = plain(error instanceof Error ? error.message : String(error))
    .slice(0, 300)
    .replace(/\.+$/, '');
  const remedy =
    status === 401 || status === 403
      ? 'Check engine-key.'
      : status === 404
        ? 'Check model and engine-url.'
        : status === 429
          ? 'The service limits how much it answers: run the role less often, or later.'
          : 'Check engine-url, and that it can be reached from this step; raise engine-timeout if it is slow.';
  return new UserError(`${engine} gave no answer: ${message}.`, remedy, { cause: error });
}
