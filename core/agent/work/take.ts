import path from 'node:path';
import type { Git, Signature } from '../../git.ts';
import type { Mask } from '../../mask.ts';
import { inert } from '../../text/inert.ts';
import { commitWork } from './commit.ts';
import { examine, firstOf, shown } from './examine.ts';
import type { Limits } from './limits.ts';
import { type MergedIn, marksIn } from './merge-in.ts';
import { type NetChange, readBlobs, readNetChange } from './net-change.ts';
import { quarantine, type Refused, receive, refusedFor, type WorkCell } from './receive.ts';
import type { Refusal } from './refusal.ts';
import { ownSecretIn, type SecretSearch, searchSecrets } from './secrets.ts';

/** What came of an agent's work; plain data. */
export type Taken =
  | { kind: 'nothing' }
  | {
      kind: 'refused';
      refusals: Refusal[];
      /** The file of ours that holds it; absent where it was never received, or holds a secret of this run. */
      bundle?: string;
      search?: SecretSearch;
    }
  | {
      kind: 'taken';
      /** Of ours, in our clone. */
      commit: string;
      /** What the agent's own history ended with; it is nowhere but in the bundle. */
      tip: string;
      files: { path: string; change: 'added' | 'changed' | 'deleted'; size: number }[];
      search: SecretSearch;
    };

type MergedWith = Pick<MergedIn, 'parents' | 'conflicts'>;

export interface TakeOptions {
  cell: WorkCell;
  /** The PATH inside the cell. */
  programs: string;
  /** The commit that the agent's clone was made at; ours has it. */
  base: string;
  /** What the commit stands on, where that is not the base alone; see `mergeIn`. */
  merge?: MergedWith | undefined;
  /** Whether the agent says that it is done: then what has no marks of a conflict may stay as it stands. */
  isDone: boolean;
  ours: string;
  /** A folder of ours for this round, which is there and empty. */
  folder: string;
  /** What the commit says: from an issue or an agent, so it is made inert here. */
  message: string;
  author: Signature;
  committer?: Signature;
  protectedPaths: readonly string[];
  limits: Limits;
  mask: Mask;
  clock: () => number;
}

/**
 * Takes what an agent made: receives it, checks its objects, looks at what it comes to, and makes one commit of ours of it.
 * Nothing goes out from here; a commit that is pushed afterwards holds the files of the work, and nothing else of it.
 */
export async function takeWork(git: Git, options: TakeOptions): Promise<Taken> {
  const { cell, programs, base, ours, folder, author, committer, limits, mask } = options;
  const received = await receive(cell, { base, programs, into: path.join(folder, 'work.bundle'), limits });
  if (received.kind === 'nothing' && options.merge !== undefined && options.isDone)
    return leaveAsMerged(git, options, options.merge);
  if (received.kind !== 'bundle') return received;
  const refuse = ({ refusals }: Refused): Taken => ({ kind: 'refused', refusals, bundle: received.file });
  const held = await quarantine(git, {
    bytes: received.bytes,
    base,
    ours,
    folder: path.join(folder, 'quarantine.git'),
    limits,
  });
  if (held.kind === 'refused') return refuse(held);
  const change = await readNetChange(git, held, base, limits);
  if (change.kind === 'refused') return refuse(change);
  const unsolved = await unsolvedIn(git, held, change, options);
  if (unsolved.length > 0)
    return refuse(
      refusedFor(
        ...firstOf(
          unsolved.map((file) => ({
            rule: 'conflict' as const,
            said: `${shown(file)}: the conflict with the base is left there as it was.`,
            path: file,
          })),
        ),
      ),
    );
  // Commits that take back what they did come to nothing.
  if (change.entries.length === 0)
    return options.merge !== undefined && options.isDone
      ? leaveAsMerged(git, options, options.merge)
      : { kind: 'nothing' };
  const refusals = examine(change, options);
  if (refusals.length > 0) return refuse(refusedFor(...refusals));
  const message = inert(options.message);
  const search = await searchChange(git, held.folder, change, options);
  const secrets = secretRefusals(search, ownSecretIn(message, mask) !== undefined);
  if (secrets.length > 0) {
    const isOwn = search.findings.some(({ rule }) => rule === 'known');
    // A secret of this run is written nowhere, and that includes what is kept.
    return { kind: 'refused', refusals: secrets, search, ...(isOwn ? {} : { bundle: received.file }) };
  }
  const commit = await commitWork(git, held, {
    ours,
    parents: options.merge?.parents ?? [base],
    message,
    author,
    ...(committer === undefined ? {} : { committer }),
  });
  return {
    kind: 'taken',
    commit,
    tip: held.tip,
    search,
    files: change.entries.map(({ path: file, before, after }) => ({
      path: file,
      change: before === null ? 'added' : after === null ? 'deleted' : 'changed',
      size: after?.size ?? 0,
    })),
  };
}

/**
 * What conflicted and is not solved: marks stand there, or it was left as it was by an agent that does not say that it is done.
 * Otherwise one side of a binary file would be gone without anybody having decided that.
 */
async function unsolvedIn(
  git: Git,
  { folder, tip }: { folder: string; tip: string },
  change: NetChange,
  { merge, isDone, limits }: TakeOptions,
): Promise<string[]> {
  if (merge === undefined) return [];
  const marked = await marksIn(
    git,
    { folder, commit: tip, merge },
    { timeoutMs: limits.readMs, mostMemoryKiB: limits.memoryKiB },
  );
  const left = isDone
    ? []
    : merge.conflicts.filter((file) => !change.entries.some((entry) => entry.path === file));
  return [...new Set([...marked, ...left])];
}

/** What the base brought, where nothing of it has marks and the agent has nothing to change: binary files, and what one side deleted. */
async function leaveAsMerged(
  git: Git,
  { ours, base, author, committer, message }: TakeOptions,
  merge: MergedWith,
): Promise<Taken> {
  if ((await marksIn(git, { folder: ours, commit: base, merge })).length > 0) return { kind: 'nothing' };
  const commit = await commitWork(
    git,
    { folder: ours, tip: base },
    {
      ours,
      parents: merge.parents,
      message: inert(message),
      author,
      ...(committer === undefined ? {} : { committer }),
    },
  );
  const search: SecretSearch = { findings: [], searched: 0, opaque: [], unsearched: [] };
  return { kind: 'taken', commit, tip: base, search, files: [] };
}

/** Looks through every file that the change adds or alters, of which each was found small enough. */
async function searchChange(
  git: Git,
  folder: string,
  { entries }: NetChange,
  { limits, mask, clock }: TakeOptions,
): Promise<SecretSearch> {
  const now = entries.flatMap(({ path: file, after }) =>
    after === null ? [] : [{ path: file, blob: after.blob }],
  );
  const read = (blobs: string[]): Promise<Map<string, Buffer>> =>
    readBlobs(git, folder, blobs, limits.allBytes, limits);
  const texts = await read(now.map(({ blob }) => blob));
  let left = limits.allBytes;
  const old = await read(
    entries.flatMap(({ before }) => {
      // What is left out here only lets more be found.
      if (before === null || !isFile(before) || before.size > Math.min(left, limits.fileBytes)) return [];
      left -= before.size;
      return [before.blob];
    }),
  );
  return searchSecrets(
    now.map(({ path: file, blob }) => ({ path: file, bytes: texts.get(blob) ?? Buffer.alloc(0) })),
    { before: [...old.values()], mask, deadline: clock() + limits.searchMs, clock },
  );
}

function isFile({ mode }: { mode: string }): boolean {
  return mode.startsWith('100');
}

/** What the search comes to: a secret is refused, and so is what was not looked through. */
function secretRefusals({ findings, unsearched }: SecretSearch, isInMessage: boolean): Refusal[] {
  return firstOf([
    ...(isInMessage
      ? [{ rule: 'secret' as const, said: 'The text of the commit holds a secret of this run.' }]
      : []),
    ...findings.map(({ rule, path: file, line }): Refusal => {
      const where = `${shown(file)}${line === 0 ? '' : `, line ${line}`}`;
      return rule === 'known'
        ? { rule: 'secret', said: `${where}: a secret of this run stands there.`, path: file }
        : { rule: 'secret', said: `${where}: this looks like a secret (${rule}).`, path: file };
    }),
    ...unsearched.map(
      (file): Refusal => ({
        rule: 'not-searched',
        said: `${shown(file)} could not be looked through for secrets in the time there is.`,
        path: file,
      }),
    ),
  ]);
}
