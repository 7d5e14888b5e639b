import { sameAccount, sameRepository } from '../../core/accounts.ts';
import { nameOf, repositoryOf } from '../../core/agent/entry.ts';
import { agentOf } from '../../core/agent/manifest.ts';
import { ifThere } from '../../core/api/errors.ts';
import { UserError } from '../../core/errors.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { listComments } from '../../core/forge/comments.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { getPull } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { comesFrom, headBranch } from '../../core/pull-source.ts';
import { candidateOf } from './candidate.ts';
import {
  findPrevious,
  findRecord,
  type Ground,
  isForkOf,
  pullOfRecord,
  readCandidate,
} from './read-candidates.ts';
import type { Handed } from './read-steps.ts';
import type { Context, Mine, RunningIssue, SeenState } from './state.ts';
import { branchOf, homeOf, runKey, signsIn } from './text.ts';

/** The issue that this run holds, as it is now, and what stands of what is to come of it. */
export async function readMine(
  context: Context,
  base: SeenState,
  { entry, sha, markSha }: RunningIssue,
  ground: Ground,
  handed?: Handed,
): Promise<Mine> {
  const { send, previous } = context;
  const repository = repositoryOf(entry);
  const declared = base.declared.find(
    (item) => item.kind === 'agent' && item.manifest.name === entry.agent_name,
  );
  const agent = declared?.kind === 'agent' ? agentOf(declared.manifest, entry.profile) : undefined;
  if (declared?.kind !== 'agent' || agent === undefined)
    throw new UserError(
      `The agent ${entry.agent_name} of ${repository}#${entry.issue_number} is no longer declared.`,
      'Declare it again, or take its label off the issue.',
    );
  const place = await ground.places.of(repository);
  const issue = await getIssue(send, repository, entry.issue_number);
  const before = previous?.state.kind === 'looking' ? previous.state : undefined;
  // What decided that it is taken was read before, and is not asked again.
  const known =
    before?.mine?.candidate ??
    before?.candidates.find(
      (item) => sameRepository(item.repository, repository) && item.number === entry.issue_number,
    ) ??
    (handed?.run === undefined
      ? undefined
      : {
          ...candidateOf(place, issue, { agents: [], profiles: [], isUrgent: false }),
          base: handed.run.run.base,
          ...handed.run.known,
        });
  const candidate =
    known === undefined
      ? await readCandidate(context, base, ground, place, issue)
      : { ...known, labels: issue.labels, known: place.known, updatedAt: issue.updated_at ?? null };
  const name = nameOf(entry);
  const record = await findRecord(ground, name, entry.rounds);
  const branch = branchOf(entry.issue_number, entry.slug);
  const home = homeOf(context.settings, base.account, place.repository);
  const fork = home === place.repository ? undefined : await ifThere(getRepository(send, home));
  const isFork = fork !== undefined && isForkOf(fork, place.repository);
  if (fork !== undefined && !isFork)
    throw new UserError(
      `${home} is no fork of ${place.repository}, so nothing can be proposed from there.`,
      'Rename or delete that repository; the role makes its own fork.',
    );
  const at = home === place.repository || isFork ? await findBranch(send, home, branch) : undefined;
  const made = previous?.made[`pull ${branch}`] ?? entry.pr_number ?? undefined;
  const open = place.pulls.find(
    (item) => sameAccount(item.user, base.account) && headBranch(item) === branch && comesFrom(item, home),
  );
  // One that a run before this one made may be merged or closed by now, and is not made again.
  const pull =
    open ??
    (made !== undefined
      ? await ifThere(getPull(send, repository, made))
      : record !== null && record.lease !== entry.lease.id
        ? await pullOfRecord(context, base, place, branch, record)
        : undefined);
  const comments = await listComments(send, repository, entry.issue_number);
  // What a later round comes to is said where it is reviewed.
  if (pull !== undefined && entry.rounds > 1)
    comments.push(...(await listComments(send, repository, pull.number)));
  return {
    candidate,
    entry,
    sha,
    markSha,
    declared,
    agent,
    outcome: previous?.outcomes[runKey] ?? before?.mine?.outcome ?? handed?.outcome?.outcome ?? null,
    record,
    previous: await findPrevious(ground, name, entry.rounds),
    home,
    fork: home === place.repository ? 'not-needed' : isFork ? 'ready' : 'missing',
    branch,
    branchAt: at?.commit.id ?? null,
    pull: pull === undefined ? null : { number: pull.number, isOpen: pull.state === 'open' },
    said: signsIn(comments, base.account),
    declined: [...(before?.mine?.declined ?? []), ...(previous?.declined.map(({ kind }) => kind) ?? [])],
    stale: [...(before?.mine?.stale ?? []), ...(previous?.stale.map(({ kind }) => kind) ?? [])],
    done: [
      ...(before?.mine?.done ?? []),
      ...(previous?.done.flatMap(({ kind, key }) => (key === undefined ? [kind] : [kind, key])) ?? []),
    ],
    handed:
      handed === undefined
        ? null
        : {
            files: handed.files,
            kept: handed.outcome?.kept ?? [],
            base: handed.run?.run.base ?? '',
            merges: handed.run?.run.merges ?? null,
          },
  };
}
