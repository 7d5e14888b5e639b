import { UserError } from '../../core/errors.ts';
import { evidenceDay } from '../../core/evidence.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { findFile, namesIn } from '../../core/forge/contents.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { readWay, type Way } from '../../core/read-ground.ts';
import { together } from '../../core/together.ts';
import type { History } from './history.ts';
import { readAgentRuns, readProposals, readVault } from './read-records.ts';
import { readRuns } from './read-runs.ts';
import { readWork } from './read-work.ts';
import type { Context, Found, HistoryRead, PageDay, PageFiles, ProcessState } from './state.ts';
import {
  chartPath,
  evidenceBranch,
  evidenceFolder,
  evidencePath,
  isEvidenceBranch,
  pageDays,
  pagePath,
  parseEvidence,
  windowOf,
} from './text.ts';

export async function read(context: Context): Promise<ProcessState> {
  const { settings, send, facts, now, previous } = context;
  if (facts.isPullRequest) return { kind: 'local', now };
  const before = previous?.state.kind === 'day' ? previous.state : undefined;
  const date = before?.date ?? evidenceDay(settings.date, now);
  const account = await getExpectedUser(send, settings['forge-login']);
  const repository = await getRepository(send, settings['ops-repo']);
  const branchName = settings['ops-branch'] ?? repository.default_branch;
  const branch = context.opsBranch ?? (await getBranch(send, repository.full_name, branchName));
  const commit = branch.commit.id;
  const [evidence, page, way, history] = await together(
    fileAt(context, repository.full_name, evidencePath(date), commit),
    readPage(context, repository.full_name, date, commit),
    readWay(context, {
      account,
      repository,
      branch,
      before: before?.way,
      path: evidencePath(date),
      beside: [pagePath, chartPath],
      from: evidenceBranch(date),
      joins: isEvidenceBranch,
      since: date,
    }),
    // What happened is read once a run: our own commit is no part of it.
    before === undefined ? readHistory(context, date) : Promise.resolve(before.read),
  );
  const proposed = way.kind === 'pull' ? await readProposed(context, way, date) : [];
  return {
    kind: 'day',
    now,
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

async function fileAt({ send }: Context, repository: string, file: string, ref: string): Promise<Found> {
  const found = await findFile(send, repository, file, ref);
  return found === undefined ? null : { text: found.bytes.toString('utf8'), sha: found.sha };
}

/** The days that the page of a pull request shows beside the one that is collected. */
async function readProposed(
  context: Context,
  { ground, standing }: Extract<Way, { kind: 'pull' }>,
  date: string,
): Promise<PageDay[]> {
  const [where, ref] = standing.exists ? [ground.home, standing.branch] : [ground.repository, ground.commit];
  return (await readPage(context, where, date, ref)).others;
}

async function readPage(context: Context, repository: string, date: string, ref: string): Promise<PageFiles> {
  const names = await namesIn(context.send, repository, evidenceFolder, ref);
  const dates = names
    .flatMap((name) => /^(\d{4}-\d{2}-\d{2})\.json$/.exec(name)?.[1] ?? [])
    .filter((item) => item !== date)
    .sort()
    .reverse()
    .slice(0, pageDays);
  const at = (file: string, name: string): Promise<Found> =>
    names.includes(name) ? fileAt(context, repository, file, ref) : Promise.resolve(null);
  const [readme, chart, ...others] = await Promise.all([
    at(pagePath, 'README.md'),
    at(chartPath, 'days.svg'),
    ...dates.map((item) => fileAt(context, repository, evidencePath(item), ref)),
  ]);
  return {
    readme: readme ?? null,
    chart: chart ?? null,
    others: dates.map((item, index) => ({ date: item, evidence: parseEvidence(others[index]?.text) })),
  };
}
