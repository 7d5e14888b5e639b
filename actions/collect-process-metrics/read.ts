import { UserError } from '../../core/errors.ts';
import { evidenceDay, passedBy } from '../../core/evidence.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { findText } from '../../core/forge/contents.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { readPage, readProposed } from '../../core/read-evidence.ts';
import { readWay } from '../../core/read-ground.ts';
import { together } from '../../core/together.ts';
import type { History } from './history.ts';
import { readAgentRuns, readProposals, readVault } from './read-records.ts';
import { readRuns } from './read-runs.ts';
import { readWork } from './read-work.ts';
import type { Context, HistoryRead, ProcessState } from './state.ts';
import { parseEvidence, places, windowOf } from './text.ts';

const kind = { places, parse: parseEvidence };

export async function read(context: Context): Promise<ProcessState> {
  const { settings, send, facts, now, previous } = context;
  if (facts.isPullRequest) return { kind: 'local', now };
  const before = previous?.state.kind === 'day' ? previous.state : undefined;
  // The forge's clock is known once the forge was asked for something.
  const account = await getExpectedUser(send, settings['forge-login']);
  const clocks = { now, forgeNow: context.forgeNow() };
  const date = before?.date ?? evidenceDay(settings.date, passedBy(clocks));
  const repository = await getRepository(send, settings['ops-repo']);
  const branchName = settings['ops-branch'] ?? repository.default_branch;
  const branch = context.opsBranch ?? (await getBranch(send, repository.full_name, branchName));
  const commit = branch.commit.id;
  const [evidence, page, way, history] = await together(
    findText(send, repository.full_name, places.file(date), commit),
    readPage(send, kind, { repository: repository.full_name, ref: commit }, date),
    readWay(context, {
      account,
      repository,
      branch,
      before: before?.way,
      path: places.file(date),
      beside: [places.page, places.chart],
      from: places.branch(date),
      joins: places.isBranch,
      since: () => date,
    }),
    // What happened is read once a run: our own commit is no part of it.
    before === undefined ? readHistory(context, date) : Promise.resolve(before.read),
  );
  const proposed = way.kind === 'pull' ? await readProposed(send, kind, way, date) : [];
  return {
    kind: 'day',
    ...clocks,
    account,
    date,
    proposed,
    read: history,
    repository: repository.full_name,
    branch: branchName,
    evidence,
    page,
    way,
  };
}

async function readHistory(context: Context, date: string): Promise<HistoryRead> {
  const { settings, send } = context;
  const project = await getRepository(send, settings['project-repo']);
  // With issues switched off the forge says that there is none.
  if (!project.has_issues)
    throw new UserError(
      `${project.full_name} has its issues switched off, so nothing is known of them.`,
      'Switch issues on in its settings, or correct project-repo.',
    );
  const window = windowOf(date);
  const parts = await together(
    readWork(context, project.full_name, window),
    readRuns(context, project.full_name, window),
    readVault(context, window),
    readProposals(context, window),
    readAgentRuns(context, window),
  );
  const history: History = Object.assign({}, ...parts.map((part) => part.history));
  return {
    history,
    sources: parts.flatMap(({ sources }) => sources),
    leftOut: parts.flatMap(({ leftOut }) => leftOut),
  };
}
