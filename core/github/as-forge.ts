import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import { type ApiRequest, type ApiResponse, describeRequest, type Send } from '../api/send.ts';
import { call, callAll } from './call.ts';
import { account, createComment, editIssue, type GithubIssue, getIssue, listComments } from './issues.ts';
import { type GithubPull, getPull } from './pulls.ts';
import { getRepository } from './repositories.ts';

// GitHub in the words of the forge's API, which was made after GitHub's and differs in small things: a `Send` like any other, so
// that reading an issue, the scope of an agent, the sign of its comments, its section of a description and the claim before each
// write are what they are on the forge. It knows the calls that an agent's work on one issue takes, and refuses all others.

type Answer = (send: Send, request: ApiRequest) => Promise<unknown>;

/** By the forge's route. Where GitHub has the same one under other names of its parameters, ours are kept. */
const answers: Readonly<Record<string, Answer>> = {
  'GET /user': (send, request) => call(send, request, account),
  'GET /repos/{owner}/{repo}': (send, request) => getRepository(send, placeOf(request)),
  'GET /repos/{owner}/{repo}/assignees': async (send, request) => writers(send, request),
  'GET /repos/{owner}/{repo}/collaborators/{collaborator}/permission': (send, request) =>
    call(send, request, z.object({ permission: z.string() })),
  'GET /repos/{owner}/{repo}/branches/{path}': async (send, request) => {
    const { name, commit, protected: isProtected } = await call(send, request, branch);
    return { name, commit: { id: commit.sha }, protected: isProtected };
  },
  'GET /repos/{owner}/{repo}/issues/{index}': async (send, request) =>
    issueOf(await getIssue(send, placeOf(request))),
  'PATCH /repos/{owner}/{repo}/issues/{index}': async (send, request) =>
    issueOf(await editIssue(send, placeOf(request), request.body)),
  'GET /repos/{owner}/{repo}/issues/{index}/comments': (send, request) =>
    listComments(send, placeOf(request)),
  'POST /repos/{owner}/{repo}/issues/{index}/comments': (send, request) =>
    createComment(send, placeOf(request), request.body),
  'DELETE /repos/{owner}/{repo}/issues/comments/{id}': (send, request) => call(send, request, z.unknown()),
  'GET /repos/{owner}/{repo}/pulls/{index}': async (send, request) =>
    pullOf(await getPull(send, placeOf(request))),
};

/** Its answers are those that the forge would give; what is no success is thrown as GitHub means it. */
export function githubAsForge(send: Send): Send {
  return async (request): Promise<ApiResponse> => {
    const route = `${request.method} ${request.route}`;
    // By its status alone, as the forge answers it too: 204, 404, or 302 to whoever is no member.
    if (route === 'GET /orgs/{org}/members/{username}') return send(request);
    const answer = Object.hasOwn(answers, route) ? answers[route] : undefined;
    if (answer === undefined) throw new Error(`${describeRequest(request)} is not asked of GitHub`);
    return { status: 200, headers: {}, body: await answer(send, request) };
  };
}

function placeOf({ params = {} }: ApiRequest): { owner: string; repo: string; index: number } {
  const { owner, repo, index } = params;
  return { owner: String(owner), repo: String(repo), index: Number(index) };
}

const branch = z.object({ name: z.string(), commit: z.object({ sha: z.string() }), protected: z.boolean() });

const collaborator = z.extend(account, { permissions: z.nullish(z.object({ push: z.boolean() })) });

/**
 * Who may write. GitHub's own `assignees` are more than that: everybody who has commented, and members who may only read. Its list
 * of collaborators says who may push, and is shown to those who may push themselves ("Must have push access to view repository
 * collaborators"). To anybody else it is not known; then the owner counts where that is a person, and nobody beside.
 */
async function writers(send: Send, request: ApiRequest): Promise<unknown[]> {
  const { owner, repo } = placeOf(request);
  try {
    const route = '/repos/{owner}/{repo}/collaborators';
    const found = await callAll(send, { method: 'GET', route, params: { owner, repo } }, collaborator);
    return found.filter(({ permissions }) => permissions?.push === true);
  } catch (error) {
    if (!isApiError(error, 'permission')) throw error;
    const { owner: own } = await getRepository(send, { owner, repo });
    return own.type === 'User' ? [own] : [];
  }
}

function issueOf(issue: GithubIssue): unknown {
  const labels = issue.labels.map((label) => (typeof label === 'string' ? { id: 0, name: label } : label));
  return { ...issue, labels };
}

function pullOf(pull: GithubPull): unknown {
  const { head, base } = pull;
  return {
    ...pull,
    head: { ...head, label: head.ref, repo_id: head.repo?.id ?? 0 },
    base: { ...base, repo_id: base.repo?.id ?? 0 },
  };
}
