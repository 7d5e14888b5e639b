import { UserError } from '../errors.ts';
import { plain } from '../plain.ts';
import { describeRequest, type ForgeRequest, type ForgeResponse } from './send.ts';

/**
 * Why a call to the forge did not give what was asked.
 *
 * `unknown-outcome` is a write whose answer never came: it may have happened. `unreachable` is a call that surely
 * did not arrive. `race` is a 403 or 409 that means "somebody else wrote first", not a missing right.
 */
export type ForgeErrorKind =
  | 'token'
  | 'scope'
  | 'permission'
  | 'not-found'
  | 'conflict'
  | 'race'
  | 'precondition'
  | 'invalid'
  | 'archived'
  | 'rate'
  | 'server'
  | 'shape'
  | 'incomplete'
  | 'unreachable'
  | 'unknown-outcome'
  | 'deadline';

/** Kinds after which every further call would end the same way, so that going on only adds noise. */
const hopeless: ReadonlySet<ForgeErrorKind> = new Set([
  'token',
  'scope',
  'archived',
  'unreachable',
  'unknown-outcome',
  'deadline',
  'rate',
]);

export class ForgeError extends UserError {
  override name = 'ForgeError';
  readonly kind: ForgeErrorKind;
  /** The HTTP status, or 0 when there was no answer. */
  readonly status: number;

  constructor(kind: ForgeErrorKind, status: number, message: string, remedy: string, options?: ErrorOptions) {
    super(message, remedy, options);
    this.kind = kind;
    this.status = status;
  }

  /** Whether the rest of a plan is better left undone. */
  get endsTheRun(): boolean {
    return hopeless.has(this.kind);
  }
}

export function isForgeError(error: unknown, ...kinds: ForgeErrorKind[]): error is ForgeError {
  return error instanceof ForgeError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** What a read gives, or undefined where the forge says that there is no such thing; any other failure stays one. */
export async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isForgeError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** What a read gives; where the forge says that there is no such thing, its failure with this remedy. */
export async function orElse<T>(read: Promise<T>, remedy: string): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (!isForgeError(error, 'not-found')) throw error;
    throw new ForgeError(error.kind, error.status, error.message, remedy);
  }
}

/**
 * What a read gives, or in words what is wrong with the one thing that it is about: it is not there, may not be seen, or
 * is something else. Whatever concerns everything that is read still ends the run.
 */
export async function alone<T>(
  read: () => Promise<T>,
): Promise<{ value: T; trouble: undefined } | { value: undefined; trouble: string }> {
  try {
    return { value: await read(), trouble: undefined };
  } catch (error) {
    if (!isForgeError(error, 'not-found', 'permission', 'shape')) throw error;
    return { value: undefined, trouble: `${error.message} ${error.remedy}`.trim() };
  }
}

/**
 * What the server said, fit for a log: one line, short, and without what its messages are known to give away
 * (its own file paths; a 401 repeats the token, so its message is never shown).
 */
function serverSaid(response: ForgeResponse): string {
  if (response.status === 401) return '';
  const { body } = response;
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : body;
  if (typeof message !== 'string' || message.trim() === '' || message.trimStart().startsWith('<')) return '';
  const text = plain(message.slice(0, 300).replace(/(^|[\s'"(:])\/[^\s'")]+/g, '$1…')).replace(/[.\s]+$/, '');
  return ` The forge said: ${text}.`;
}

function kindOf(request: ForgeRequest, response: ForgeResponse, message: string): ForgeErrorKind {
  // A proxy that gave up on a write does not know whether the forge behind it went on.
  if (request.method !== 'GET' && [502, 503, 504].includes(response.status)) return 'unknown-outcome';
  switch (response.status) {
    case 401:
      return 'token';
    case 403:
      if (message.includes('required scope')) return 'scope';
      return /PushRejected|cannot lock ref/.test(message) ? 'race' : 'permission';
    case 404:
      return 'not-found';
    case 409:
      return 'conflict';
    case 412:
      return 'precondition';
    case 423:
      return 'archived';
    case 429:
      return 'rate';
    default:
      return response.status >= 500 ? 'server' : 'invalid';
  }
}

/**
 * The remedy by kind. The forge names a missing scope itself (`required scope(s): [write:issue]`); a missing right
 * it does not name, so the repository and the level that the call needs are said here.
 */
function remedyFor(kind: ForgeErrorKind, request: ForgeRequest, message: string): string {
  const repository =
    request.params?.owner === undefined ? '' : `${request.params.owner}/${request.params.repo ?? ''}`;
  switch (kind) {
    case 'token':
      return 'The forge does not know forge-token: create a new access token for the account in forge-login and store it in the CI secret.';
    case 'scope': {
      const scopes = /required scope\(s\): \[([^\]]*)\]/.exec(message)?.[1] ?? '';
      return `Create a token that also has the scope ${plain(scopes).replaceAll(' ', ', ')} and store it in the CI secret.`;
    }
    case 'permission':
      if (message.includes('cannot commit to repo'))
        return `The branch is protected. Exempt the path in its protection (unprotected file patterns), let the account push to it, or have the role open a pull request instead.`;
      return `Give the token's account ${request.method === 'GET' ? 'read' : 'write'} access to ${repository} (Settings, Collaborators).`;
    case 'not-found':
      return repository === ''
        ? 'Check the name; the forge answers the same when the account may not see it.'
        : `Check that ${repository} is right and that the token's account may see it: the forge answers the same for both.`;
    case 'archived':
      return `${repository} is archived: unarchive it, or stop the role for it.`;
    case 'unknown-outcome':
      return 'Whether it happened is unknown. Run the role again: it finds out by reading, and does only what is missing.';
    case 'server':
      return 'The forge failed; its own log says why. Run the role again when it answers.';
    default:
      return '';
  }
}

/** The typed error for an answer that is not a success. */
export function forgeError(request: ForgeRequest, response: ForgeResponse): ForgeError {
  const { body } = response;
  const raw =
    typeof body === 'object' && body !== null && 'message' in body
      ? String(body.message)
      : String(body ?? '');
  const kind = kindOf(request, response, raw);
  return new ForgeError(
    kind,
    response.status,
    `${describeRequest(request)} answered ${response.status}.${serverSaid(response)}`,
    remedyFor(kind, request, raw),
  );
}
