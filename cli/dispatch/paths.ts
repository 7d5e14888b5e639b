import { UserError } from '../../core/errors.ts';
import { quoted } from '../../core/text/log-line.ts';
import { type DispatchEntry, repositoryKeyOf } from './entry.ts';

// Claims on paths: pure. A path of the repository stands as git names it, with `/` between its parts; `.` is all of it.

/** A claim that overlaps a path, and how. */
export interface Conflict {
  entry: DispatchEntry;
  claim: string;
  path: string;
  reason: 'same' | 'claim-above' | 'claim-inside';
}

/** A path from the root of the repository, as claims have it. Throws where it leads out of it. */
export function claimPath(given: string): string {
  const parts: string[] = [];
  if (given.startsWith('/') || /[\p{Cc}\\]/u.test(given)) throw noPath(given);
  for (const part of given.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw noPath(given);
  }
  if (parts[0] === '.git') throw noPath(given);
  const found = parts.length === 0 ? '.' : parts.join('/');
  if (found.length > 4000) throw noPath(given);
  return found;
}

function noPath(given: string): UserError {
  return new UserError(
    `${quoted(given, 200)} is no path of the repository.`,
    'Name files and folders from its root, such as src/parser.',
  );
}

/** How a claim overlaps a path: it is the same, a folder above it, or something inside it. Undefined where they are apart. */
export function overlapOf(claim: string, path: string): Conflict['reason'] | undefined {
  if (claim === path) return 'same';
  if (claim === '.' || path.startsWith(`${claim}/`)) return 'claim-above';
  if (path === '.' || claim.startsWith(`${path}/`)) return 'claim-inside';
  return undefined;
}

/**
 * Every claim of these dispatches on one repository that overlaps one of the paths, in their order. `except`: a dispatch that
 * is asked for itself. Which dispatches count says the caller.
 */
export function conflictsIn(
  entries: readonly DispatchEntry[],
  {
    repository,
    paths,
    except,
  }: { repository: string; paths: readonly string[]; except?: string | undefined },
): Conflict[] {
  return entries
    .filter((entry) => entry.id !== except && repositoryKeyOf(entry) === repository)
    .flatMap((entry) =>
      paths.flatMap((path) =>
        entry.paths_claimed.flatMap((claim): Conflict[] => {
          const reason = overlapOf(claim, path);
          return reason === undefined ? [] : [{ entry, claim, path, reason }];
        }),
      ),
    );
}

/** What an overlap means, for people. */
export function reasonText({ claim, path, reason }: Conflict): string {
  switch (reason) {
    case 'same':
      return 'the same path';
    case 'claim-above':
      return claim === '.' ? 'all of the repository is claimed' : `${path} is inside of the claimed ${claim}`;
    case 'claim-inside':
      return `the claimed ${claim} is inside of ${path}`;
  }
}
