import { UserError } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { findFile, namesIn } from '../../core/forge/contents.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import { readGround, readStanding } from '../../core/read-ground.ts';
import { together } from '../../core/together.ts';
import type { History } from './history.ts';
import { readAgentRuns, readProposals, readVault } from './read-records.ts';
import { readRuns } from './read-runs.ts';
import { readWork } from './read-work.ts';
import type { Context, DayState, Found, HistoryRead, PageFiles, ProcessState, Way } from './state.ts';
import {
  chartPath,
  evidenceBranch,
  evidenceFolder,
  evidencePath,
  pageDays,
  pagePath,
  parseEvidence,
  windowOf,
} from './text.ts';

export async function read(context: Context): Promise<ProcessState> {
  const { settings, send, facts, now, previous } = context;
  if (facts.isPullRequest) return { kind: 'local', now };
  const before = previous?.state.kind === 'day' ? previous.state : undefined;
  const date = before?.date ?? dateOf(settings.date, now);
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
      repository: repository.full_name,
      branch: branchName,
      commit,
      date,
      mayWrite: repository.permissions?.push === true,
      mayPush: !branch.protected || branch.user_can_push === true,
    }),
    // What happened is read once a run: our own commit is no part of it.
    before === undefined ? readHistory(context, date) : Promise.resolve(before.read),
  );
  return {
    kind: 'day',
    now,
    account,
    date,
    read: history,
    repository: repository.full_name,
    branch: branchName,
    evidence,
    page,
    way,
  };
}

function dateOf(given: string | undefined, now: string): string {
  const date = given ?? new Date(Date.parse(now) - 86_400_000).toISOString().slice(0, 10);
  const isDay =
    /^\d{4}-\d{2}-\d{2}$/.test(date) &&
    !Number.isNaN(Date.parse(date)) &&
    new Date(date).toISOString().startsWith(date);
  if (!isDay) throw new UserError(`date: ${JSON.stringify(date)} is no day.`, 'Write it as YYYY-MM-DD.');
  if (Date.parse(date) > Date.parse(now)) throw new UserError(`date: ${date} has not begun yet.`);
  return date;
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

async function readWay(
  { settings, send, previous }: Context,
  given: {
    account: DayState['account'];
    repository: string;
    branch: string;
    commit: string;
    date: string;
    mayWrite: boolean;
    mayPush: boolean;
  },
): Promise<Way> {
  const { account, repository, branch, commit, date } = given;
  const path = evidencePath(date);
  const wasPull = previous?.state.kind === 'day' && previous.state.way.kind === 'pull';
  const isDeclined = previous?.declined.some((change) => writesFile(change, path)) === true;
  const isPull =
    settings.commit === 'pull' || (settings.commit === 'auto' && (!given.mayWrite || wasPull || isDeclined));
  if (!isPull)
    return settings.commit === 'direct' || given.mayPush ? { kind: 'commit' } : { kind: 'commit-or-pull' };
  const ground = await readGround(send, {
    repository,
    branch,
    account,
    from: settings['propose-from'],
    head: commit,
  });
  return { kind: 'pull', ground, standing: await readStanding(send, ground, evidenceBranch(date), [path]) };
}
