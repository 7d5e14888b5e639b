/** A call that came later than Forgejo 7, and what the roles do on a forge without it. */
export interface LaterCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  route: string;
  /** The Forgejo that brought it. */
  since: number;
  without: string;
}

export const laterCalls: readonly LaterCall[] = [
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/compare/{basehead}',
    since: 8,
    without:
      'merges nothing by itself, and says which Forgejo it takes; the list of files in it came with 11',
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/actions/workflows/{name}/dispatches',
    since: 8,
    without: 'starts no workflow of the forge, and says which Forgejo it takes; Woodpecker pipelines work',
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/actions/runs',
    since: 12,
    without:
      'starts no workflow of the forge, because it could not follow it, and says which Forgejo it takes (forge-agent: fan-out is refused); Woodpecker pipelines work',
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/actions/runs/{id}',
    since: 12,
    without: 'the same: it came together with the list of runs',
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/actions/runs/{id}/jobs',
    since: 16,
    without: 'counts red runs, and not which of their jobs was red',
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/sync_fork/{branch}',
    since: 12,
    without: 'says so, with the way out: delete the fork, and a fresh one is made',
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/git/blobs',
    since: 12,
    without: 'reads files one by one, which takes a call for each',
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/actions/runs/{id}/cancel',
    since: 16,
    without: 'leaves a run that takes too long to the forge and to people',
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/actions/runs/{id}/jobs',
    since: 16,
    without: 'wakes an agent on a red commit without the log of the job that failed, and tells it so',
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/actions/jobs/{id}/logs',
    since: 16,
    without: 'the same: it came together with the list of jobs',
  },
];

/** Calls that were there in Forgejo 7, by route. */
export const firstCalls: readonly string[] = [
  '/user',
  '/user/repos',
  '/orgs/{org}/labels',
  '/orgs/{org}/members/{username}',
  '/orgs/{org}/teams',
  '/teams/{id}/members',
  '/repos/{owner}/{repo}',
  '/repos/{owner}/{repo}/assignees',
  '/repos/{owner}/{repo}/branch_protections',
  '/repos/{owner}/{repo}/branch_protections/{path}',
  '/repos/{owner}/{repo}/branches',
  '/repos/{owner}/{repo}/branches/{path}',
  '/repos/{owner}/{repo}/collaborators/{collaborator}/permission',
  '/repos/{owner}/{repo}/commits',
  '/repos/{owner}/{repo}/commits/{sha}/pull',
  '/repos/{owner}/{repo}/commits/{sha}/status',
  '/repos/{owner}/{repo}/commits/{sha}/statuses',
  '/repos/{owner}/{repo}/contents',
  '/repos/{owner}/{repo}/contents/{path}',
  '/repos/{owner}/{repo}/forks',
  '/repos/{owner}/{repo}/hooks',
  '/repos/{owner}/{repo}/git/blobs/{sha}',
  '/repos/{owner}/{repo}/git/commits/{sha}',
  '/repos/{owner}/{repo}/git/refs/{path}',
  '/repos/{owner}/{repo}/git/trees/{sha}',
  '/repos/{owner}/{repo}/issues',
  '/repos/{owner}/{repo}/issues/comments',
  '/repos/{owner}/{repo}/issues/comments/{id}',
  '/repos/{owner}/{repo}/issues/comments/{id}/reactions',
  '/repos/{owner}/{repo}/issues/{index}',
  '/repos/{owner}/{repo}/issues/{index}/comments',
  '/repos/{owner}/{repo}/issues/{index}/dependencies',
  '/repos/{owner}/{repo}/issues/{index}/labels',
  '/repos/{owner}/{repo}/issues/{index}/labels/{id}',
  '/repos/{owner}/{repo}/issues/{index}/timeline',
  '/repos/{owner}/{repo}/labels',
  '/repos/{owner}/{repo}/labels/{id}',
  '/repos/{owner}/{repo}/pulls',
  '/repos/{owner}/{repo}/pulls/{base}/{head}',
  '/repos/{owner}/{repo}/pulls/{index}',
  '/repos/{owner}/{repo}/pulls/{index}/files',
  '/repos/{owner}/{repo}/pulls/{index}/merge',
  '/repos/{owner}/{repo}/pulls/{index}/requested_reviewers',
  '/repos/{owner}/{repo}/pulls/{index}/reviews',
  '/repos/{owner}/{repo}/pulls/{index}/reviews/{id}/comments',
  '/repos/{owner}/{repo}/statuses/{sha}',
];

/** The Forgejo that brought a call, where that is later than 7. */
export function sinceForgejo(request: { method: string; route: string }): number | undefined {
  return laterCalls.find(({ method, route }) => method === request.method && route === request.route)?.since;
}
