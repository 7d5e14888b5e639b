import { sameLogin } from '../../core/accounts.ts';
import { ifThere } from '../../core/api/errors.ts';
import { UserError } from '../../core/errors.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { getIssue as getGithubIssue } from '../../core/github/issues.ts';
import { findRepository } from '../../core/github/repositories.ts';
import { type IssuePlace, refOf } from './entry.ts';
import type { IssueHosts } from './hosts.ts';
import { aPullRequest, type Reference } from './reference.ts';

/** An issue that may be dispatched, as its host says. */
export interface FoundIssue {
  place: IssuePlace;
  title: string;
  url: string;
  labels: string[];
  defaultBranch: string;
  /** Addresses of its repository, the one in a browser first. */
  addresses: [string, ...string[]];
}

/**
 * The issue that is meant. The forge is asked first; only when it says that there is no such repository, the next host is
 * asked, and that is in the list only for owners who are allowed there. Any other answer is no "not there": what is private or
 * down must not be taken for a stranger's repository of the same name. Throws for a closed issue and for a pull request.
 */
export async function resolveReference(places: Reference, hosts: IssueHosts): Promise<FoundIssue> {
  for (const place of places) {
    const found = await (place.platform === 'forgejo' ? onForge(place, hosts) : onGithub(place, hosts));
    if (found !== undefined) return found;
  }
  const [place] = places;
  throw new UserError(
    `There is no issue ${refOf(place)}${places.length > 1 ? ', neither on the forge nor on GitHub' : ` on ${place.host}`}, or the token may not see it.`,
    'Check its name, and that the account of the token may read its repository.',
  );
}

async function onForge(place: IssuePlace, { forge }: IssueHosts): Promise<FoundIssue | undefined> {
  const send = await forge.send();
  const name = `${place.owner}/${place.repo}`;
  const issue = await ifThere(getIssue(send, name, place.number));
  const repository = await ifThere(getRepository(send, name));
  if (repository === undefined) return undefined;
  if (issue === undefined)
    throw new UserError(`${name} on ${place.host} has no issue ${place.number}.`, 'Check its number.');
  return foundIn(place, issue, repository, forge.url);
}

/** An issue as either host answers it. Throws where it may not be dispatched. `url`: of the host. */
function foundIn(
  place: IssuePlace,
  issue: {
    title: string;
    state: string;
    html_url: string;
    labels: (string | { name: string })[];
    pull_request?: unknown;
  },
  repository: { full_name: string; default_branch: string; archived: boolean } & Parameters<
    typeof addressesIn
  >[0],
  url: string,
): FoundIssue {
  const [owner = '', repo = ''] = repository.full_name.split('/');
  const exact = { ...place, owner, repo };
  refuseUnfit(exact, { isPull: issue.pull_request != null, state: issue.state });
  if (repository.archived)
    throw new UserError(`${repository.full_name} is archived.`, 'Unarchive it, or leave its issues.');
  return {
    place: exact,
    title: issue.title,
    url: issue.html_url,
    labels: issue.labels.map((label) => (typeof label === 'string' ? label : label.name)),
    defaultBranch: repository.default_branch,
    addresses: [`${url}/${repository.full_name}`, ...addressesIn(repository)],
  };
}

/** Addresses for cloning, where the answer has any: the host may be reached by SSH under another name. */
function addressesIn({
  clone_url: clone,
  ssh_url: ssh,
}: {
  clone_url?: string | null | undefined;
  ssh_url?: string | null | undefined;
}): string[] {
  return [clone, ssh].filter((address) => address !== null && address !== undefined);
}

async function onGithub(place: IssuePlace, { github }: IssueHosts): Promise<FoundIssue | undefined> {
  const send = await github.send();
  const repository = await findRepository(send, place);
  if (repository === undefined) return undefined;
  const [owner = '', repo = ''] = repository.full_name.split('/');
  // Renamed, it is still its owner's; given away, it is that of somebody whom nobody has allowed.
  if (!sameLogin(owner, place.owner))
    throw new UserError(
      `${place.owner}/${place.repo} is ${repository.full_name} now, which is another owner's.`,
      'If you mean that one, name it so; its owner has to be among allowed-owners.',
    );
  // A moved or deleted issue is told as what it is: only a repository that is not there at all is none.
  const issue = await getGithubIssue(send, { owner, repo, index: place.number });
  return foundIn(place, issue, repository, `https://${place.host}`);
}

function refuseUnfit(place: IssuePlace, { isPull, state }: { isPull: boolean; state: string }): void {
  if (isPull) throw aPullRequest(refOf(place));
  if (state !== 'open')
    throw new UserError(`${refOf(place)} is closed, so it is not dispatched.`, 'Open it again first.');
}
