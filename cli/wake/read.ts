import type { FoundEntry } from '../../core/agent/asking.ts';
import { declaredAt } from '../../core/agent/declared.ts';
import { entryPath, issueName, parseEntry, repositoryOf, usualStateRepo } from '../../core/agent/entry.ts';
import { ifThere } from '../../core/api/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { defaultHead } from '../../core/forge/commits.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { getPull } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot, type FileAt } from '../../core/forge/snapshot.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import type { ReadContext } from '../../core/role.ts';
import type { settings } from './settings.ts';
import type { WakeState } from './state.ts';

/** What the state repo says of the issue, and what became of its pull request. */
export async function read({
  settings: given,
  send,
  now,
  kept,
  previous,
}: ReadContext<typeof settings, WakeState>): Promise<WakeState> {
  if (previous?.done.some(({ kind }) => kind === 'write-files') === true)
    return { ...previous.state, now, hasAsked: true };
  const account = await getOwnUser(send);
  const ops = given['ops-repo'];
  const head = await defaultHead(send, ops);
  const seen: WakeState = {
    now,
    account,
    hasAsked: false,
    stateRepo: null,
    found: null,
    closedPull: null,
    issue: null,
    declared: head === undefined ? [] : await declaredAt(createSnapshot(send, ops, kept), head),
  };
  const repository = given['state-repo'] ?? usualStateRepo(account.login);
  const home = await ifThere(getRepository(send, repository));
  if (home === undefined) return seen;
  const branch = home.default_branch;
  const { commit } = await getBranch(send, repository, branch);
  const [project = '', number] = given.issue.split('#');
  const path = entryPath(issueName(project, Number(number)));
  const found = foundIn(await createSnapshot(send, repository, kept).fileAt(commit.id, path));
  const stated = { ...seen, stateRepo: { repository, branch }, found };
  if (found === null || !('entry' in found) || found.entry.status !== 'frozen') return stated;
  const { entry } = found;
  const [issue, pull] = await Promise.all([
    getIssue(send, repositoryOf(entry), entry.issue_number),
    entry.pr_number === null ? undefined : getPull(send, repositoryOf(entry), entry.pr_number),
  ]);
  return {
    ...stated,
    closedPull: pull === undefined || pull.state === 'open' ? null : pull.number,
    issue: { isOpen: issue.state === 'open', labels: issue.labels.map(({ name }) => name) },
  };
}

function foundIn(file: FileAt): (FoundEntry & { sha: string }) | null {
  if (file.kind === 'missing') return null;
  if (file.kind !== 'file') return { fault: 'it is no ordinary file', sha: '' };
  const parsed = parseEntry(file.bytes);
  return parsed.ok ? { entry: parsed.entry, sha: file.sha } : { fault: parsed.fault, sha: file.sha };
}
