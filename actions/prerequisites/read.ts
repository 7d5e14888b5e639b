import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { commitsOfPath } from '../../core/forge/commits.ts';
import { findFile, namesIn } from '../../core/forge/contents.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { readTracked, type Tracked } from '../../core/forge/tracked.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { numbersIn, parsePrerequisites, requestsIn } from '../../core/prerequisites/document.ts';
import type { IssueFact } from '../../core/prerequisites/revise.ts';
import { readWay } from '../../core/read-ground.ts';
import { exactText } from '../../core/text/exact-text.ts';
import { together } from '../../core/together.ts';
import type { Context, PrerequisitesState, TreeState } from './state.ts';
import { treeBranch } from './text.ts';

export async function read(context: Context): Promise<PrerequisitesState> {
  const { settings, send, facts, now, previous } = context;
  if (facts.isPullRequest) return readLocal(context);
  const before = previous?.state.kind === 'tree' ? previous.state : undefined;
  const account = await getExpectedUser(send, settings['forge-login']);
  const repository = await getRepository(send, settings['ops-repo']);
  const branchName = settings['ops-branch'] ?? repository.default_branch;
  const branch = context.opsBranch ?? (await getBranch(send, repository.full_name, branchName));
  const commit = branch.commit.id;
  const found = await findFile(send, repository.full_name, settings.file, commit);
  if (found === undefined)
    return { kind: 'missing', now, account, where: `${branchName} of ${repository.full_name}` };
  const text = exactText(found.bytes);
  if (text === undefined) return { kind: 'unreadable', now, account };

  const [compared, way] = await together(
    readFacts(context, text, repository.full_name, commit),
    readWay(context, {
      account,
      repository,
      branch,
      before: before?.way,
      path: settings.file,
      from: treeBranch,
      // Of what was turned down before the document last changed, another text was asked for.
      since: async () =>
        (await commitsOfPath(send, repository.full_name, settings.file, commit))[0]?.commit.committer.date,
    }),
  );
  return {
    kind: 'tree',
    now,
    account,
    repository: repository.full_name,
    branch: branchName,
    text,
    sha: found.sha,
    facts: compared,
    way,
  };
}

function readLocal({ settings, facts, now }: Context): PrerequisitesState {
  const whole = path.resolve(facts.workspace, settings.file);
  const found = lstatSync(whole, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'missing', now, where: 'the checkout' };
  // A link could lead to any file of the machine, and what stands in it would be in the log.
  if (!found.isFile())
    throw new UserError(`${settings.file} is no ordinary file.`, 'Name the document itself.');
  const text = exactText(readFileSync(whole));
  return text === undefined ? { kind: 'unreadable', now } : { kind: 'local', now, text };
}

/** What the forge says of everything that the document names. */
async function readFacts(
  { settings, send, now }: Context,
  text: string,
  ops: string,
  commit: string,
): Promise<TreeState['facts']> {
  const document = parsePrerequisites(text);
  const project = await getRepository(send, settings['project-repo']);
  // With issues switched off the forge says of every number that it is not there.
  if (!project.has_issues)
    throw new UserError(
      `${project.full_name} has its issues switched off, so nothing is known of them.`,
      'Switch issues on in its settings, or correct project-repo.',
    );
  const wanted = requestsIn(document);
  const [tracked, requests] = await together(
    readTracked(send, project.full_name, numbersIn(document)),
    wanted.length === 0 ? Promise.resolve([]) : namesIn(send, ops, 'vault/pending', commit),
  );
  return {
    issues: [...tracked].map(([number, item]) => [number, factOf(item, settings['rejected-labels'])]),
    requests: requests.map((name) => `vault/pending/${name}`),
    noteLabels: settings['note-labels'],
    blockingLabels: settings['blocking-labels'],
    workingLabels: settings['working-labels'],
    visionLabel: settings['vision-label'],
    today: now.slice(0, 10),
  };
}

function factOf(item: Tracked, rejected: readonly string[]): IssueFact {
  const pull = item.pull_request ?? undefined;
  const isDone =
    pull === undefined ? !item.labels.some((label) => rejected.includes(label)) : pull.merged === true;
  return {
    kind: pull === undefined ? 'issue' : 'pull',
    outcome: item.state === 'open' ? 'open' : isDone ? 'done' : 'turned-down',
    labels: item.labels,
  };
}
