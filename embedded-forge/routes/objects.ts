import { listRefs, listTree, log, objectBytes, resolveCommit, resolveTree, setRef } from '../git.ts';
import { type Answer, type Call, failure, flag, notFound, ok, type Route, whole } from '../route.ts';
import { blobContent, fullName } from '../shapes.ts';
import type { Repository } from '../state.ts';
import { wantedCommit } from './commits.ts';
import { headOf } from './reviews.ts';

function at(call: Call, repository: Repository): string {
  return `${call.url}/api/v1/repos/${fullName(call, repository)}/git`;
}

/** An object by its whole name, whatever it is: the forge gives a tree's or a commit's bytes as well. */
function blob(call: Call, repository: Repository, sha: string): { shape: unknown } | Answer {
  if (sha.length !== 40)
    return failure(call, 400, `length ${sha.length} has no matched object format: ${sha}`);
  const bytes = objectBytes(repository.folder, sha);
  if (bytes === undefined) return failure(call, 400, `object does not exist [id: ${sha}, rel_path: ]`);
  const shape = {
    content: blobContent(call, bytes),
    encoding: 'base64',
    url: `${at(call, repository)}/blobs/${sha}`,
    sha,
    size: bytes.length,
  };
  return { shape };
}

/** One page of everything below a commit or a tree. `truncated` is true on every page where one does not hold all. */
async function tree(call: Call, repository: Repository): Promise<Answer> {
  const name = call.params.sha ?? '';
  const sha = await resolveTree(repository.folder, name);
  if (sha === undefined) return failure(call, 400, `sha not found [${name}]`);
  const items = listTree(repository.folder, sha, flag(call, 'recursive'));
  const size = Math.min(whole(call.query.get('per_page')) || call.paging.trees, call.paging.trees);
  const page = Math.max(whole(call.query.get('page')), 1);
  const shown = items.slice((page - 1) * size, page * size);
  const home = at(call, repository);
  return ok(
    {
      sha,
      url: `${home}/trees/${sha}`,
      tree:
        shown.length === 0
          ? null
          : shown.map((item) => ({
              path: item.path,
              mode: item.mode,
              type: item.type,
              size: item.size,
              sha: item.sha,
              url:
                item.type === 'commit'
                  ? ''
                  : `${home}/${item.type === 'tree' ? 'trees' : 'blobs'}/${item.sha}`,
            })),
      truncated: shown.length > 0 && items.length > size,
      page,
      total_count: items.length,
    },
    { 'x-total-count': String(items.length) },
  );
}

/** All refs that begin so, always as a list: also those that are no branches, such as the heads of pull requests. */
async function refs(call: Call, repository: Repository): Promise<Answer> {
  for (const { number, pull } of repository.issues)
    if (pull !== null) setRef(repository.folder, `refs/pull/${number}/head`, await headOf(repository, pull));
  const found = listRefs(repository.folder, `refs/${call.params.path ?? ''}`);
  if (found.length === 0) return notFound(call);
  const home = at(call, repository);
  return ok(
    found.map(({ ref, sha }) => ({
      ref,
      url: `${home}/${ref}`,
      object: { type: 'commit', sha, url: `${home}/commits/${sha}` },
    })),
  );
}

export const objectRoutes: Route[] = [
  { method: 'GET', route: '/repos/{owner}/{repo}/git/trees/{sha}', scope: 'repository', handle: tree },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/git/blobs/{sha}',
    scope: 'repository',
    handle: (call, repository) => {
      const found = blob(call, repository, call.params.sha ?? '');
      return 'shape' in found ? ok(found.shape) : found;
    },
  },
  {
    // As many as a page of anything holds; what is asked beyond that is left out without a word.
    method: 'GET',
    route: '/repos/{owner}/{repo}/git/blobs',
    scope: 'repository',
    handle: (call, repository) => {
      const asked = call.query.get('shas') ?? '';
      if (asked === '') return failure(call, 400, 'shas not provided');
      const shapes: unknown[] = [];
      for (const sha of asked.split(',').slice(0, call.paging.max)) {
        const found = blob(call, repository, sha);
        if (!('shape' in found)) return found;
        shapes.push(found.shape);
      }
      return ok(shapes);
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/git/commits/{sha}',
    scope: 'repository',
    handle: async (call, repository) => {
      const sha = await resolveCommit(repository.folder, call.params.sha ?? '');
      const [commit] = sha === undefined ? [] : log(repository.folder, sha, { limit: 1 });
      return commit === undefined
        ? failure(call, 404, call.params.sha ?? '')
        : ok(await wantedCommit(call, repository, commit));
    },
  },
  { method: 'GET', route: '/repos/{owner}/{repo}/git/refs', scope: 'repository', handle: refs },
  { method: 'GET', route: '/repos/{owner}/{repo}/git/refs/{path}', scope: 'repository', handle: refs },
];
