import * as z from 'zod/mini';
import { ApiError } from '../api/errors.ts';
import { type Kept, once } from '../api/once.ts';
import { type ApiRequest, describeRequest, repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';

const entry = z.object({
  /** From the root of what was asked for, without a slash at its end. */
  path: z.string(),
  /** As git has it: `100644` a file, `100755` a program, `120000` a symbolic link, `040000` a folder, `160000` a submodule. */
  mode: z.string(),
  type: z.string(),
  /** In bytes; absent for what has none. */
  size: z.nullish(z.number()),
  sha: z.string(),
});
export type TreeEntry = z.infer<typeof entry>;

const tree = z.object({
  sha: z.string(),
  /** `null` on a page behind the last. */
  tree: z.nullish(z.array(entry)),
  /** Of all pages. The `truncated` beside it is true on the last page as well, so it tells nothing. */
  total_count: z.int(),
});

/** What a page may hold at most, by the forge's own setting; more is not given. */
const pageSize = 1000;
/** A tree with more entries is refused: somebody who may propose may also make a tree of millions. */
const mostEntries = 50_000;

/**
 * What stands in a tree, whole or not at all: of a commit's root, or of a folder by its own id. One call for each thousand
 * entries. Where there is no such commit or tree the error is `not-found`, so `ifThere` makes undefined of it.
 *
 * Name a commit or tree by its id: a branch may move between two pages. A commit that was just pushed to a fork is not in
 * the repository it was forked from yet, so a head's tree is read in the repository where the head is.
 *
 * `GET /repos/{owner}/{repo}/git/trees/{sha}`, scope read:repository.
 */
export async function listTree(
  send: Send,
  name: string,
  sha: string,
  { recursive = false, most = mostEntries }: { recursive?: boolean; most?: number } = {},
): Promise<TreeEntry[]> {
  const request = treeRequest(name, sha, recursive);
  const found = await readTree(send, request, most);
  if (found.kind === 'whole') return found.entries;
  throw new ApiError(
    'incomplete',
    200,
    `${describeRequest(request)} has ${found.total} entries; at most ${most} are read.`,
    'Take out of it what does not belong there.',
  );
}

/** Everything below a commit or a tree, or undefined where that is more than `most`: told by the first call. Same route. */
export async function listWhole(
  send: Send,
  name: string,
  sha: string,
  most: number,
): Promise<TreeEntry[] | undefined> {
  const found = await readTree(send, treeRequest(name, sha, true), most);
  return found.kind === 'whole' ? found.entries : undefined;
}

function treeRequest(name: string, sha: string, recursive: boolean): TreeRequest {
  return {
    method: 'GET',
    route: '/repos/{owner}/{repo}/git/trees/{sha}',
    params: { ...repositoryName(name), sha, ...(recursive ? { recursive: true } : {}), per_page: pageSize },
  };
}

type TreeRequest = ApiRequest & { params: Record<string, string | number | boolean> };

async function readTree(
  send: Send,
  request: TreeRequest,
  most: number,
): Promise<{ kind: 'whole'; entries: TreeEntry[] } | { kind: 'larger'; total: number }> {
  const first = await treePage(send, request);
  const size = first.tree?.length ?? 0;
  const total = first.total_count;
  const unread = (what: string, remedy: string): ApiError =>
    new ApiError('incomplete', 200, `${describeRequest(request)} ${what}`, remedy);
  if (total > most) return { kind: 'larger', total };
  if (size === 0 && total > 0) throw unread(`counts ${total} entries and gives none.`, 'Run the role again.');
  const pages = Math.ceil(total / Math.max(size, 1));
  const others = await Promise.all(
    Array.from({ length: Math.max(0, pages - 1) }, (_, index) =>
      treePage(send, {
        ...request,
        params: { ...request.params, per_page: size, page: index + 2 },
      }),
    ),
  );
  const entries = [first, ...others].flatMap((page) => page.tree ?? []);
  const isOne = others.every((page) => page.sha === first.sha);
  if (entries.length !== total || !isOne)
    throw unread(
      `gave ${entries.length} entries although the forge counts ${total}: the tree could not be read to its end.`,
      'Nothing is decided on half a tree. Run the role again.',
    );
  return { kind: 'whole', entries };
}

async function treePage(send: Send, request: ApiRequest): Promise<z.infer<typeof tree>> {
  try {
    return await call(send, request, tree);
  } catch (error) {
    // The forge answers 400 where there is no such tree; 404 is for a repository that cannot be seen.
    if (error instanceof ApiError && error.status === 400 && error.message.includes('sha not found'))
      throw new ApiError('not-found', error.status, error.message, error.remedy, { cause: error });
    throw error;
  }
}

/** By what a run keeps a tree. */
export function treeKey(name: string, sha: string): string {
  return `tree ${name} ${sha}`;
}

/** What stands directly in a tree, asked for once a run: a tree never changes. */
export function treeOnce(send: Send, name: string, sha: string, kept: Kept): Promise<TreeEntry[]> {
  return once(kept, treeKey(name, sha), () => listTree(send, name, sha));
}

/**
 * What stands directly in a folder at a commit, with paths as they are in the repository; undefined where there is no such
 * folder. A call for each folder on the way and one for the folder itself, however large the rest of the repository is.
 */
export async function listFolder(
  send: Send,
  name: string,
  commit: string,
  folder: string,
  kept: Kept,
): Promise<TreeEntry[] | undefined> {
  let entries = await treeOnce(send, name, commit, kept);
  let above = '';
  for (const part of folder.split('/').filter((item) => item !== '')) {
    const next = entries.find(({ path, type }) => path === part && type === 'tree');
    if (next === undefined) return undefined;
    entries = await treeOnce(send, name, next.sha, kept);
    above += `${part}/`;
  }
  return entries.map((item) => ({ ...item, path: above + item.path }));
}

/** Whether an entry is an ordinary file: no folder, no submodule, and no symbolic link, which would be read as its target's name. */
export function isFile({ type, mode }: TreeEntry): boolean {
  return type === 'blob' && mode !== '120000';
}
