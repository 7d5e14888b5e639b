import { resolveCommit } from '../git.ts';
import { type Call, failure, ok, paged, type Route, text } from '../route.ts';
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
      const found = latest(repository.statuses.filter((status) => status.commit === commit));
      return ok(
        {
          state: worst.find((state) => found.some((status) => status.state === state)) ?? '',
          sha: commit,
          total_count: found.length,
          statuses: found.map((status) => shapeOf(call, repository, status)),
          repository: repositoryShape(call, repository),
          commit_url: '',
          url: '',
        },
        { 'x-total-count': String(found.length) },
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
