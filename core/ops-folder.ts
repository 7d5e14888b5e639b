import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { sameRepository } from './accounts.ts';
import { isApiError } from './api/errors.ts';
import type { Kept } from './api/once.ts';
import type { Send } from './api/send.ts';
import { checkedOutCommit } from './checkout.ts';
import { UserError } from './errors.ts';
import { readBlobs } from './forge/blobs.ts';
import { getBranch } from './forge/branches.ts';
import { defaultHead } from './forge/commits.ts';
import { getRepository } from './forge/repositories.ts';
import { isFile, listFolder, type TreeEntry } from './forge/trees.ts';
import type { HostFacts } from './host/host.ts';

type Place =
  | { kind: 'checkout'; folder: string; repository: string | undefined }
  /** `proposed`: the commit of a pull request, whose documents are looked at instead of what is merged. */
  | { kind: 'forge'; repository: string; proposed: string | undefined };

/**
 * Where the documents are: in the checkout, when CI runs for the ops repo itself or when no CI is involved;
 * otherwise in the forge, at the head of the ops repo's branch.
 */
function placeOf({ ops, facts, folder }: FolderRequest): Place {
  if (ops === undefined) return { kind: 'checkout', folder: facts.workspace, repository: undefined };
  const checkout: Place = { kind: 'checkout', folder: facts.workspace, repository: ops };
  const isOwn = facts.repository !== undefined && sameRepository(facts.repository, ops);
  const hasFolder = existsSync(path.resolve(facts.workspace, folder));
  const isCheckout = hasFolder || existsSync(path.join(facts.workspace, '.git'));
  // A pull request's copy is looked at where it lies: nothing is asked, so no secret is needed.
  if (facts.isPullRequest && hasFolder) return checkout;
  return isOwn && isCheckout
    ? checkout
    : {
        kind: 'forge',
        repository: ops,
        proposed: isOwn && facts.isPullRequest ? facts.commit : undefined,
      };
}

/** The documents of one folder of the ops repo, and how far they may be believed. */
export interface OpsFolder {
  files: RawDocument[];
  /** Why they are not what was merged, or undefined when they are. */
  unmerged: string | undefined;
  /** Why they may be older than the branch, or undefined when they are its head. */
  outdated: string | undefined;
}

export interface FolderRequest {
  send: Send;
  facts: HostFacts;
  /** The ops repo, as owner/name; absent for files that a person points at. */
  ops: string | undefined;
  /** The branch that counts; the repository's default branch, when absent. */
  branch: string | undefined;
  folder: string;
  /** The end of the names that are meant, such as `.md`. */
  extension: string;
  /** The commit of that branch, where it was asked for already. */
  head?: string;
  /** What this run has read already. */
  kept: Kept;
  /** Waiting, for a commit that the forge does not have yet. */
  pause?: (ms: number, why: string) => Promise<void>;
}

/**
 * Reads a folder of the ops repo: from the checkout when CI runs for that repository, otherwise through the API at the
 * head of its branch. Throws when the folder is not there: unread is never empty.
 */
export async function readOpsFolder(given: FolderRequest): Promise<OpsFolder> {
  const request = { ...given, folder: given.folder.replace(/(?<=[^/])\/+$/, '') };
  const { send, facts, folder, extension } = request;
  const place = placeOf(request);
  if (place.kind === 'forge') return throughForge(request, place);
  const files = fromCheckout(place.folder, folder, extension);
  if (facts.isPullRequest)
    return { files, unmerged: 'a pull request is not merged yet', outdated: undefined };
  if (place.repository === undefined) return { files, unmerged: undefined, outdated: undefined };
  const branch = request.branch ?? (await branchName(send, place.repository));
  if (branch !== undefined && facts.branch !== undefined && facts.branch !== branch) {
    return { files, unmerged: `the branch ${facts.branch} is not ${branch}`, outdated: undefined };
  }
  const behind = await outdated(request, place, branch);
  // Anybody who may push can put a tag on a commit that was never merged; only the head itself is beyond doubt.
  if (facts.branch === undefined && behind !== undefined)
    return {
      files,
      unmerged: `this pipeline is of no branch (of a tag or a release, perhaps), and ${behind}`,
      outdated: undefined,
    };
  return { files, unmerged: undefined, outdated: behind };
}

async function branchName(send: Send, repository: string): Promise<string | undefined> {
  try {
    return (await getRepository(send, repository)).default_branch;
  } catch (error) {
    if (isApiError(error, 'not-found', 'permission', 'scope')) return undefined;
    throw error;
  }
}

/** Whether the checkout is the head of the branch; that it could not be found out is an answer of its own. */
async function outdated(
  { send, facts, head: known }: FolderRequest,
  place: { folder: string; repository: string | undefined },
  branch: string | undefined,
): Promise<string | undefined> {
  const { folder, repository = '' } = place;
  const here = checkedOutCommit(folder) ?? facts.commit;
  if (branch === undefined)
    return `the token may not read ${repository}, so whether this checkout is current is unknown`;
  if (here === undefined) return 'the commit of this checkout is unknown';
  try {
    const head = known ?? (await getBranch(send, repository, branch)).commit.id;
    return head === here
      ? undefined
      : `this checkout is ${here.slice(0, 10)}, and ${branch} of ${repository} is at ${head.slice(0, 10)} by now`;
  } catch (error) {
    if (isApiError(error, 'not-found', 'permission', 'scope'))
      return `the token may not read ${repository}, so whether this checkout is current is unknown`;
    throw error;
  }
}

export interface RawDocument {
  file: string;
  bytes: Uint8Array;
}

/** The documents of a checkout, by name. Links are refused: a merged link could otherwise publish any file of the machine. */
function fromCheckout(workspace: string, folder: string, extension: string): RawDocument[] {
  const root = path.resolve(workspace, folder);
  if (!existsSync(root)) {
    throw new UserError(
      `There is no folder ${folder} in the checkout (${workspace}).`,
      'Check the setting that names it and ops-repo, and that the step runs where the ops repo was cloned.',
    );
  }
  if (
    !path.isAbsolute(folder) &&
    path.relative(realpathSync(workspace), realpathSync(root)).startsWith('..')
  ) {
    throw new UserError(
      `The folder ${folder} leads out of the checkout.`,
      'Name a folder inside the ops repo.',
    );
  }
  return readdirSync(root)
    .filter((name) => name.endsWith(extension))
    .sort()
    .flatMap((name) => {
      const full = path.join(root, name);
      const kind = lstatSync(full);
      if (kind.isSymbolicLink())
        throw new UserError(
          `${folder}/${name} is a symbolic link.`,
          'Put the document itself there: a link could publish any file of the machine.',
        );
      return kind.isFile() ? [{ file: `${folder}/${name}`, bytes: readFileSync(full) }] : [];
    });
}

/** Nobody reads a document of this size, but what a document is too large for is told by whoever parses it. */
const largest = 8 * 1024 * 1024;

async function throughForge(
  { send, facts, folder, extension, branch, head, kept, pause }: FolderRequest,
  { repository, proposed }: Place & { kind: 'forge' },
): Promise<OpsFolder> {
  if (proposed !== undefined) {
    const folderAt = (): Promise<TreeEntry[] | undefined> =>
      listFolder(send, repository, proposed, folder, kept);
    const entries = await whenThere(folderAt, facts, pause);
    return {
      files: await contentsOf(send, repository, filesIn(entries, { repository, folder, extension })),
      unmerged: 'a pull request is not merged yet',
      outdated: undefined,
    };
  }
  const commit =
    head ??
    (branch === undefined
      ? await defaultHead(send, repository)
      : (await getBranch(send, repository, branch)).commit.id);
  const entries = commit === undefined ? undefined : await listFolder(send, repository, commit, folder, kept);
  return {
    files: await contentsOf(send, repository, filesIn(entries, { repository, folder, extension })),
    unmerged: undefined,
    outdated: undefined,
  };
}

/** In milliseconds: a fork's commit comes into the repository up to two seconds after the pipeline may have been told of it. */
const lags = [500, 1000, 2000];

/** The head of a pull request, looked for again while it is not there yet. */
async function whenThere<T>(
  read: () => Promise<T>,
  facts: HostFacts,
  pause: FolderRequest['pause'],
): Promise<T> {
  for (const wait of lags) {
    try {
      return await read();
    } catch (error) {
      if (!isApiError(error, 'not-found') || pause === undefined) throw error;
      await pause(wait, "the forge does not have the pull request's commit yet");
    }
  }
  try {
    return await read();
  } catch (error) {
    if (!isApiError(error, 'not-found')) throw error;
    throw new UserError(
      `There is no checkout in ${facts.workspace}, and the forge does not show ${facts.repository} at ${facts.commit?.slice(0, 10)}.`,
      'Let this step run where the pull request was cloned: then nothing is asked. Without a checkout, a private repository needs a forge-token that may read it.',
      { cause: error },
    );
  }
}

function filesIn(
  entries: TreeEntry[] | undefined,
  { repository, folder, extension }: { repository: string; folder: string; extension: string },
): TreeEntry[] {
  if (entries === undefined)
    throw new UserError(
      `There is no folder ${folder} in ${repository}.`,
      'Check the setting that names it, ops-repo and ops-branch.',
    );
  return entries
    .filter((entry) => isFile(entry) && entry.path.endsWith(extension))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The files' bytes, many in one call. */
async function contentsOf(send: Send, repository: string, files: TreeEntry[]): Promise<RawDocument[]> {
  const blobs = await readBlobs(send, repository, files, { largest });
  return files.map(({ path: file, sha }) => {
    const blob = blobs.get(sha);
    if (blob?.kind === 'read') return { file, bytes: blob.bytes };
    throw new UserError(
      blob?.kind === 'too-large'
        ? `${file} in ${repository} has ${blob.size} bytes, which is more than the forge gives or this role reads.`
        : `${file} in ${repository} is listed, but the forge does not give its content.`,
      blob?.kind === 'too-large' ? 'Take it out of the folder.' : 'Run the role again.',
    );
  });
}
