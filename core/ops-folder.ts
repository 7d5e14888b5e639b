import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { sameRepository } from './accounts.ts';
import { isApiError } from './api/errors.ts';
import type { Send } from './api/send.ts';
import { checkedOutCommit } from './checkout.ts';
import { UserError } from './errors.ts';
import { getFile, listDirectory } from './forge/contents.ts';
import { getBranch, getRepository } from './forge/repositories.ts';
import type { HostFacts } from './host/host.ts';

type Place =
  | { kind: 'checkout'; folder: string; repository: string | undefined }
  | { kind: 'forge'; repository: string };

/**
 * Where the documents are: in the checkout, when CI runs for the ops repo itself or when no CI is involved;
 * otherwise in the forge, at the head of the ops repo's branch.
 */
function placeOf({ ops, facts, folder }: FolderRequest): Place {
  // A pull request's copy is looked at where it lies: nothing is asked, so no secret is needed.
  if (facts.isPullRequest) return { kind: 'checkout', folder: facts.workspace, repository: ops };
  if (ops === undefined) return { kind: 'checkout', folder: facts.workspace, repository: undefined };
  const isOwn = facts.repository !== undefined && sameRepository(facts.repository, ops);
  const isCheckout =
    existsSync(path.join(facts.workspace, '.git')) || existsSync(path.resolve(facts.workspace, folder));
  return isOwn && isCheckout
    ? { kind: 'checkout', folder: facts.workspace, repository: ops }
    : { kind: 'forge', repository: ops };
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
}

/**
 * Reads a folder of the ops repo: from the checkout when CI runs for that repository, otherwise through the API at the
 * head of its branch. Throws when the folder is not there: unread is never empty.
 */
export async function readOpsFolder(given: FolderRequest): Promise<OpsFolder> {
  const request = { ...given, folder: given.folder.replace(/(?<=[^/])\/+$/, '') };
  const { send, facts, folder, extension } = request;
  const place = placeOf(request);
  if (place.kind === 'forge') {
    const branch = request.branch ?? (await getRepository(send, place.repository)).default_branch;
    const { commit } = await getBranch(send, place.repository, branch);
    const files = await fromForge(send, place.repository, folder, extension, commit.id);
    return { files, unmerged: undefined, outdated: undefined };
  }
  const files = fromCheckout(place.folder, folder, extension);
  if (facts.isPullRequest)
    return { files, unmerged: 'a pull request is not merged yet', outdated: undefined };
  if (place.repository === undefined) return { files, unmerged: undefined, outdated: undefined };
  const branch = request.branch ?? (await branchName(send, place.repository));
  if (branch !== undefined && facts.branch !== undefined && facts.branch !== branch) {
    return { files, unmerged: `the branch ${facts.branch} is not ${branch}`, outdated: undefined };
  }
  return { files, unmerged: undefined, outdated: await outdated(send, place, branch, facts.commit) };
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
  send: Send,
  place: { folder: string; repository: string | undefined },
  branch: string | undefined,
  commit: string | undefined,
): Promise<string | undefined> {
  const { folder, repository = '' } = place;
  const here = checkedOutCommit(folder) ?? commit;
  if (branch === undefined)
    return `the token may not read ${repository}, so whether this checkout is current is unknown`;
  if (here === undefined) return 'the commit of this checkout is unknown';
  try {
    const head = (await getBranch(send, repository, branch)).commit.id;
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

async function fromForge(
  send: Send,
  repository: string,
  folder: string,
  extension: string,
  commit: string,
): Promise<RawDocument[]> {
  let items: Awaited<ReturnType<typeof listDirectory>>;
  try {
    items = await listDirectory(send, repository, folder, commit);
  } catch (error) {
    if (!isApiError(error, 'not-found')) throw error;
    throw new UserError(
      `There is no folder ${folder} in ${repository} at ${commit.slice(0, 10)}.`,
      'Check the setting that names it, ops-repo and ops-branch.',
      { cause: error },
    );
  }
  const files = items
    .filter(({ name, type }) => type === 'file' && name.endsWith(extension))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    files.map(async (item) => ({
      file: item.path,
      bytes: (await getFile(send, repository, item.path, commit)).bytes,
    })),
  );
}
