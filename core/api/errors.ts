import { UserError } from '../errors.ts';

/**
 * Why a call to a server's API did not give what was asked.
 *
 * `unknown-outcome` is a write whose answer never came, or cannot be read: it may have happened. `unreachable` is a call that surely
 * did not arrive. `race` is a 403 or 409 that means "somebody else wrote first", not a missing right.
 */
export type ApiErrorKind =
  | 'token'
  | 'scope'
  | 'permission'
  | 'not-found'
  /** The server does not know the call at all: it is older than the call, or another server than it is taken for. */
  | 'no-such-call'
  | 'conflict'
  | 'race'
  | 'precondition'
  | 'invalid'
  | 'archived'
  | 'rate'
  | 'server'
  | 'shape'
  | 'incomplete'
  | 'too-large'
  | 'unreachable'
  | 'unknown-outcome'
  | 'deadline';

/** Kinds after which every further call would end the same way, so that going on only adds noise. */
const hopeless: ReadonlySet<ApiErrorKind> = new Set([
  'token',
  'scope',
  'archived',
  'unreachable',
  'unknown-outcome',
  'deadline',
  'rate',
]);

/**
 * A call that a server, or something before it, did not answer as asked. `kind` says what that means to the caller; `message` and
 * `remedy` are for people.
 */
export class ApiError extends UserError {
  override name = 'ApiError';
  readonly kind: ApiErrorKind;
  /** The HTTP status, or 0 when there was no answer. */
  readonly status: number;
  /** For `scope`: what the server says that the token lacks, as far as it says so. */
  readonly scopes: readonly string[];
  /** Whether the answer came from something in front of the server, which says nothing of what the server did. */
  readonly isOfIntermediary: boolean;
  /** What the server said, where it lets the whole account do nothing, whatever is asked: the token itself is good. */
  readonly ofAccount: string | undefined;
  /** What a repository or an account that was asked for by an old name is called now. */
  readonly renamedTo: string | undefined;

  constructor(
    kind: ApiErrorKind,
    status: number,
    message: string,
    remedy: string,
    options?: ErrorOptions & {
      scopes?: string[];
      isOfIntermediary?: boolean;
      ofAccount?: string | undefined;
      renamedTo?: string | undefined;
    },
  ) {
    super(message, remedy, options);
    this.kind = kind;
    this.status = status;
    this.scopes = options?.scopes ?? [];
    this.isOfIntermediary = options?.isOfIntermediary === true;
    this.ofAccount = options?.ofAccount;
    this.renamedTo = options?.renamedTo;
  }

  /** Whether the rest of a plan is better left undone. */
  get endsTheRun(): boolean {
    return hopeless.has(this.kind);
  }
}

/** What to do about a token without the scopes that a call asks for. */
export function scopeRemedy(scopes: readonly string[]): string {
  return `Create a token that also has the scope ${scopes.join(', ')}, and put it where this one comes from (in CI: its secret).`;
}

/** Whether something thrown is the failure of a call, and of one of these kinds where any are named. */
export function isApiError(error: unknown, ...kinds: ApiErrorKind[]): error is ApiError {
  return error instanceof ApiError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** Kinds of failure of a write that say that nothing of it happened: it never arrived, or the server itself turned it away. */
const notDone: ReadonlySet<ApiErrorKind> = new Set([
  'token',
  'scope',
  'permission',
  'not-found',
  'no-such-call',
  'precondition',
  'invalid',
  'archived',
  'rate',
  'unreachable',
  'deadline',
]);

/**
 * Whether a failed write surely did nothing: it was not sent, or the server itself refused it. A firewall in front of it
 * may have looked at the answer only, and "somebody else was first" may mean an earlier try of ours.
 */
export function isSurelyNotDone(error: unknown): error is ApiError {
  return error instanceof ApiError && notDone.has(error.kind) && !error.isOfIntermediary;
}

/** What a read gives, or undefined where the forge says that there is no such thing; any other failure stays one. */
export async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isApiError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** What a read gives; where the forge says that there is no such thing, its failure with this remedy. */
export async function orElse<T>(read: Promise<T>, remedy: string): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (!isApiError(error, 'not-found')) throw error;
    throw new ApiError(error.kind, error.status, error.message, remedy);
  }
}

/** Kinds that may be about the one thing that was asked for, and say nothing of the forge as a whole. */
const aboutOne: ApiErrorKind[] = [
  'not-found',
  'permission',
  'shape',
  'incomplete',
  'invalid',
  'server',
  'too-large',
];

function isAboutOne(error: unknown): error is ApiError {
  return isApiError(error, ...aboutOne);
}

/** What a read gave, or in words why not. */
export type Told<T> = { value: T; trouble: undefined } | { value: undefined; trouble: string };

/**
 * What a read gives, or in words what is wrong with the one thing that it is about: it is not there, may not be seen, is
 * something else, or makes the forge fail. Whatever concerns everything that is read still ends the run; `isItsOwn` says what does
 * not, where that is more.
 */
export async function alone<T>(
  read: () => Promise<T>,
  isItsOwn: (error: unknown) => error is UserError = isAboutOne,
): Promise<Told<T>> {
  try {
    return { value: await read(), trouble: undefined };
  } catch (error) {
    if (!isItsOwn(error)) throw error;
    return { value: undefined, trouble: `${error.message} ${error.remedy}`.trim() };
  }
}
