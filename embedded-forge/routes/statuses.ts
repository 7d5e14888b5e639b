import { resolveCommit } from '../git.ts';
import { type Call, failure, ok, paged, type Route, text, whole } from '../route.ts';
import { fullName, repositoryShape, userShape } from '../shapes.ts';
import {
  accessOf,
  accountById,
  type CommitStatus,
  mayWrite,
  nextId,
  type Repository,
  timestamp,
} from '../state.ts';

const states = ['pending', 'success', 'error', 'failure', 'warning'];
/** From bad to good: a commit is as its worst status. */
const worst = ['error', 'failure', 'warning', 'pending', 'success'];

function shapeOf(call: Call, repository: Repository, status: CommitStatus): unknown {
  return {
    id: status.id,
    status: status.state,
    target_url: status.targetUrl,
    description: status.description,
    url: `${call.url}/api/v1/repos/${fullName(call, repository)}/statuses/${status.commit}`,
    context: status.context,
    creator: userShape(call, accountById(call.state, status.author)),
    created_at: status.created,
    updated_at: status.created,
  };
}

/** Of each context the newest. */
function latest(statuses: CommitStatus[]): CommitStatus[] {
  return [...new Map(statuses.map((status) => [status.context, status])).values()];
}

const byCommit: Route['handle'] = async (call, repository) => {
  const commit = await resolveCommit(repository.folder, call.params.sha ?? '');
  if (commit === undefined) return failure(call, 404, call.params.sha ?? '');
  const state = call.query.get('state') ?? '';
  const all = repository.statuses.filter(
    (status) => status.commit === commit && (state === '' || status.state === state),
  );
  // The newest first; of those of one second the order is not said.
  const age = call.query.get('sort') === 'oldest' ? 1 : -1;
  all.sort((one, other) => age * (Date.parse(one.created) - Date.parse(other.created)));
  return paged(
    call,
    all,
    (status) => shapeOf(call, repository, status),
    `/repos/${fullName(call, repository)}/commits/${commit}/statuses`,
    { link: true },
  );
};

export const statusRoutes: Route[] = [
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/statuses/{sha}',
    scope: 'repository',
    handle: async (call, repository) => {
      const { account } = call;
      if (account === null || !mayWrite(accessOf(call.state, repository, account)))
        return failure(call, 403, 'user should have a permission to write to a repo');
      const commit = await resolveCommit(repository.folder, call.params.sha ?? '');
      if (commit === undefined) return failure(call, 404, call.params.sha ?? '');
      const state = text(call.body.state);
      if (!states.includes(state)) return failure(call, 422, '[State]: In');
      const status: CommitStatus = {
        id: nextId(call.state, 'status'),
        commit,
        state,
        context: text(call.body.context) || 'default',
        description: text(call.body.description),
        targetUrl: text(call.body.target_url),
        author: account.id,
        created: timestamp(call.state),
      };
      repository.statuses.push(status);
      return { status: 201, body: shapeOf(call, repository, status) };
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/commits/{sha}/status',
    scope: 'repository',
    handle: async (call, repository) => {
      const commit = await resolveCommit(repository.folder, call.params.sha ?? '');
      if (commit === undefined) return failure(call, 404, call.params.sha ?? '');
      const all = latest(repository.statuses.filter((status) => status.commit === commit));
      // The newest are on the first page, and a page has its oldest first.
      const limit = Math.min(whole(call.query.get('limit')) || call.paging.default, call.paging.max);
      const from = (Math.max(whole(call.query.get('page')), 1) - 1) * limit;
      const found = all
        .sort((a, b) => b.id - a.id)
        .slice(from, from + limit)
        .reverse();
      // As if there were no such commit, behind the last page too.
      if (found.length === 0)
        return ok({
          state: '',
          sha: '',
          total_count: 0,
          statuses: null,
          repository: null,
          commit_url: '',
          url: '',
        });
      return ok(
        {
          // Of what is on the page: only the header counts all.
          state: worst.find((state) => found.some((status) => status.state === state)) ?? '',
          sha: commit,
          total_count: found.length,
          statuses: found.map((status) => shapeOf(call, repository, status)),
          repository: repositoryShape(call, repository),
          commit_url: '',
          url: '',
        },
        { 'x-total-count': String(all.length) },
      );
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/commits/{sha}/statuses',
    scope: 'repository',
    handle: byCommit,
  },
  { method: 'GET', route: '/repos/{owner}/{repo}/statuses/{sha}', scope: 'repository', handle: byCommit },
];
