import { type Answer, type Call, failure, type Handle, notFound } from './route.ts';
import { type Account, accessOf, accountById, mayAdmin, mayWrite, type Repository } from './state.ts';

/** What the forge asks before it hands a request to its route, one function per question, to be put around handlers. */

/** Reading that only somebody with an account may do. Every write asks this anyway. */
export function signedIn(handle: (call: Call, repository: Repository, account: Account) => Answer | Promise<Answer>): Handle {
  return (call, repository) =>
    call.account === null
      ? tokenRequired(call)
      : handle(call, repository, call.account);
}

export function tokenRequired(call: Call): Answer {
  return failure(call, 401, 'token is required');
}

export function siteAdmin(handle: Handle): Handle {
  return (call, repository) =>
    call.account?.isAdmin === true
      ? handle(call, repository)
      : failure(call, 403, 'user should be the site admin');
}

export function writer(handle: Handle): Handle {
  return (call, repository) =>
    canWrite(call, repository)
      ? handle(call, repository)
      : failure(call, 403, 'user should have a permission to write to a repo');
}

export function repositoryAdmin(handle: Handle): Handle {
  return (call, repository) =>
    mayAdmin(accessOf(call.state, repository, call.account))
      ? handle(call, repository)
      : failure(call, 403, 'user should be an owner or a collaborator with admin write of a repository');
}

/** 423 for writes to a repository that is archived. Not every write asks this: labels and edits do not. */
export function unarchived(handle: Handle): Handle {
  return (call, repository) => {
    if (!repository.archived) return handle(call, repository);
    const owner = accountById(call.state, repository.owner)?.login;
    return failure(call, 423, `<Repository ${repository.id}:${owner}/${repository.name}> is archived`);
  };
}

/** Pull requests stay reachable under issue routes where issues are switched off; issues do not. */
export function localIssue(handle: Handle): Handle {
  return (call, repository) => {
    if (repository.hasIssues) return handle(call, repository);
    const issue = repository.issues.find(({ number }) => String(number) === call.params.index);
    return issue?.pull == null ? notFound(call) : handle(call, repository);
  };
}

export function canWrite(call: Call, repository: Repository): boolean {
  return mayWrite(accessOf(call.state, repository, call.account));
}
