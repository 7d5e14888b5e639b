import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Send } from '../../core/api/send.ts';
import { UserError } from '../../core/errors.ts';
import { findFile, namesIn } from '../../core/forge/contents.ts';
import { findPull, type Pull } from '../../core/forge/pulls.ts';
import { findBranch, getBranch, getRepository } from '../../core/forge/repositories.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import { createBeaconTally } from './beacons.ts';
import type { EngagementEvidence } from './evidence.ts';
import { type Totals, totalsOf } from './log/counts.ts';
import type { Rules } from './log/rules.ts';
import { broken, countLogs, findSources, linesOf, type SourceSettings } from './log/sources.ts';
import { durationFormats, type settings, timeFormats } from './settings.ts';
import {
  chartPath,
  evidenceBranch,
  evidenceFolder,
  evidencePath,
  type PageDay,
  pagePath,
  parseEvidence,
} from './text.ts';

export type EngagementSettings = ValuesOf<typeof settings>;
type Context = ReadContext<typeof settings, EngagementState>;

/** How many days the page shows. */
const pageDays = 30;

/** A file of the repository: its text and its blob, or `null` when it is not there. */
export type Found = { text: string; sha: string } | null;

export interface EngagementState extends State {
  date: string;
  log: LogState | null;
  /** What stands in evidence-file now. */
  local: string | null;
  target: Target | null;
  /** With `verify-observable`: the evidence of each day asked for; `null` where there is none that can be read. */
  days: PageDay[];
}

export interface LogState {
  totals: Totals;
  clientSide: EngagementEvidence['client_side'];
  /** Lines that were no beacon. */
  badBeacons: number;
  /** Names of what was read. */
  names: string[];
  /** Why a source is not a log that was read to its end. */
  faults: { file: string; message: string }[];
  /** The newest record that is not in the future, in ISO 8601; `null` when there is none. */
  newest: string | null;
  /** Whether all records are in the future: they are read in another unit than they were written. */
  isAhead: boolean;
}

/** Where the evidence is to be committed, and what stands there. */
export interface Target {
  repository: string;
  branch: string;
  /** Whether our account may commit to the branch; exempt paths are not counted, because nobody but admins sees them. */
  mayPush: boolean;
  /** Whether the branch turned our commit away in this run. */
  declined: boolean;
  evidence: Found;
  /** The page, where it is kept: its two files, and the other days it shows. */
  page: { readme: Found; chart: Found; others: PageDay[]; declined: boolean } | null;
  /** The day's pull request, where one may be needed: its branch with what stands there, and the newest request. */
  request: { branch: string; exists: boolean; evidence: Found; pull: Pull | null } | null;
}

export async function read(context: Context): Promise<EngagementState> {
  const { settings, now, previous } = context;
  const date = previous?.state.date ?? dateOf(settings.date, now);
  if (settings.mode === 'verify-observable') return readObservable(context, date);
  if (settings.source.length === 0)
    throw new UserError('source: missing.', 'Name the access log: a path, a pattern, or ssh://user@host.');
  const { target, account } = await readTarget(context, date);
  // A log is read once: what our own commit changed is only what stands in the forge.
  const log = previous === undefined ? await readLog(context, date) : previous.state.log;
  return {
    now,
    ...(account === null ? {} : { account }),
    date,
    log,
    local: localText(context),
    target,
    days: [],
  };
}

function dateOf(given: string | undefined, now: string): string {
  const date = given ?? daysBefore(now, 1);
  const isDay =
    /^\d{4}-\d{2}-\d{2}$/.test(date) &&
    !Number.isNaN(Date.parse(date)) &&
    new Date(date).toISOString().startsWith(date);
  if (!isDay) throw new UserError(`date: ${JSON.stringify(date)} is no day.`, 'Write it as YYYY-MM-DD.');
  if (Date.parse(date) > Date.parse(now)) throw new UserError(`date: ${date} has not begun yet.`);
  return date;
}

function daysBefore(now: string, days: number): string {
  return new Date(Date.parse(now) - days * 86_400_000).toISOString().slice(0, 10);
}

async function readLog(context: Context, date: string): Promise<LogState> {
  const { settings, facts, now } = context;
  const rules: Rules = {
    date,
    now: Date.parse(now) / 1000,
    units: {
      time: timeFormats[settings['time-format']],
      duration: durationFormats[settings['duration-format']],
    },
    ownHosts: settings['own-hosts'],
  };
  const from: SourceSettings = {
    workspace: facts.workspace,
    key: settings['ssh-key'],
    knownHosts: settings['ssh-known-hosts'],
    deadlineMs: settings.deadline,
  };
  const sources = await findSources('source', settings.source, facts.workspace);
  const clientSources = await findSources('client-source', settings['client-source'], facts.workspace);
  const local = localFile(context);
  if ([...sources, ...clientSources].some((source) => 'file' in source && source.file === local))
    throw new UserError(
      `evidence-file: ${local} is a log that is read.`,
      'Name another file: it is written with the evidence.',
    );
  const { counts, names, faults } = await fitting(countLogs(sources, rules, from));
  const beacons = createBeaconTally(date);
  for (const source of clientSources) {
    try {
      for await (const line of linesOf(source, from)) beacons.add(line);
    } catch (error) {
      faults.push({ file: source.name, message: broken(error) });
    }
  }
  return {
    totals: totalsOf(counts, settings.top),
    clientSide: beacons.totals(settings.top),
    badBeacons: beacons.bad(),
    names,
    faults,
    newest: counts.newest === 0 ? null : new Date(counts.newest * 1000).toISOString(),
    isAhead: counts.newest === 0 && counts.latest > 0,
  };
}

/** Visitors choose what they ask for; when that no longer fits into memory it is said in words. */
async function fitting<T>(counting: Promise<T>): Promise<T> {
  try {
    return await counting;
  } catch (error) {
    if (!(error instanceof Error) || !['RangeError', 'RuntimeError'].includes(error.name)) throw error;
    throw new UserError(
      'The log has more distinct visitors, paths and referrers than fit into memory; nothing is written.',
      'Collect it host by host, and look at what asks for so many paths.',
      { cause: error },
    );
  }
}

function localFile({ settings, facts }: Pick<Context, 'settings' | 'facts'>): string {
  return path.resolve(facts.workspace, settings['evidence-file'] ?? 'engagement.json');
}

function localText(context: Context): string | null {
  const file = localFile(context);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory() === true)
    throw new UserError(`evidence-file: ${file} is a folder.`, 'Name a file in it.');
  return found === undefined ? null : readFileSync(file, 'utf8');
}

/** The ops repo and whose token it is, or a refusal that names every setting that is missing. */
async function readRepository(
  { settings, send }: Context,
  what: string,
  remedy: string,
): Promise<{ repository: string; branch: string; account: User }> {
  const repository = settings['ops-repo'];
  const missing = Object.entries({
    'forge-url': settings['forge-url'],
    'forge-token': settings['forge-token'],
    'ops-repo': repository,
  }).filter(([, value]) => value === undefined);
  if (repository === undefined || missing.length > 0)
    throw new UserError(`${what} needs ${missing.map(([name]) => name).join(', ')}.`, remedy);
  const account = await getExpectedUser(send, settings['forge-login']);
  const branch = settings['ops-branch'] ?? (await getRepository(send, repository)).default_branch;
  return { repository, branch, account };
}

async function readTarget(
  context: Context,
  date: string,
): Promise<{ target: Target | null; account: User | null }> {
  const { settings, facts, send, previous } = context;
  if (settings.commit === 'none' || facts.isPullRequest) return { target: null, account: null };
  const { repository, branch, account } = await readRepository(
    context,
    `commit: ${settings.commit}`,
    'Set what is missing, or use commit: none.',
  );
  const head = await getBranch(send, repository, branch);
  const at = head.commit.id;
  const evidence = await fileAt(send, repository, evidencePath(date), at);
  const mayPush = !head.protected || head.user_can_push === true;
  const before = previous?.state.target;
  const wasDeclined = (file: string): boolean =>
    previous?.declined.some((change) => writesFile(change, file)) === true;
  const declined = before?.declined === true || wasDeclined(evidencePath(date));
  // The page is kept by commits to the branch only; where that may be declined, once the evidence itself is there.
  const keepsPage =
    settings.commit !== 'pull' &&
    !declined &&
    (mayPush ||
      previous?.done.some((change) => writesFile(change, evidencePath(date))) === true ||
      evidence !== null);
  const pageDeclined = before?.page?.declined === true || wasDeclined(pagePath);
  const page = keepsPage ? { ...(await readPage(send, repository, at, date)), declined: pageDeclined } : null;
  const mayNeedPull = settings.commit === 'pull' || (settings.commit === 'auto' && !mayPush);
  const request = mayNeedPull ? await readRequest(send, repository, branch, date) : null;
  return {
    account,
    target: { repository, branch, mayPush, declined, evidence, page, request },
  };
}

async function fileAt(send: Send, repository: string, file: string, ref: string): Promise<Found> {
  const found = await findFile(send, repository, file, ref);
  return found === undefined ? null : { text: found.bytes.toString('utf8'), sha: found.sha };
}

async function readPage(
  send: Send,
  repository: string,
  ref: string,
  date: string,
): Promise<{ readme: Found; chart: Found; others: PageDay[] }> {
  const names = await namesIn(send, repository, evidenceFolder, ref);
  if (names.length === 0) return { readme: null, chart: null, others: [] };
  const dates = names
    .flatMap((name) => /^(\d{4}-\d{2}-\d{2})\.json$/.exec(name)?.[1] ?? [])
    .filter((item) => item !== date)
    .sort()
    .reverse()
    .slice(0, pageDays);
  const [readme, chart, ...others] = await Promise.all([
    fileAt(send, repository, pagePath, ref),
    fileAt(send, repository, chartPath, ref),
    ...dates.map((item) => fileAt(send, repository, evidencePath(item), ref)),
  ]);
  return {
    readme: readme ?? null,
    chart: chart ?? null,
    others: dates.map((item, index) => ({ date: item, evidence: parseEvidence(others[index]?.text) })),
  };
}

async function readRequest(
  send: Send,
  repository: string,
  base: string,
  date: string,
): Promise<Target['request']> {
  const branch = evidenceBranch(date);
  const [head, pull] = await Promise.all([
    findBranch(send, repository, branch),
    findPull(send, repository, base, branch),
  ]);
  const evidence =
    head === undefined ? null : await fileAt(send, repository, evidencePath(date), head.commit.id);
  return { branch, exists: head !== undefined, evidence, pull: pull ?? null };
}

async function readObservable(context: Context, date: string): Promise<EngagementState> {
  const { settings, now, send } = context;
  const { repository, branch, account } = await readRepository(
    context,
    'mode: verify-observable',
    'Set what is missing: the evidence is read from the forge.',
  );
  const { commit } = await getBranch(send, repository, branch);
  const dates = Array.from({ length: settings.days }, (_, index) => daysBefore(now, index + 1));
  const days = await Promise.all(
    dates.map(async (day) => ({
      date: day,
      evidence: parseEvidence((await fileAt(send, repository, evidencePath(day), commit.id))?.text),
    })),
  );
  const log = settings.source.length === 0 ? null : await readLog(context, date);
  return { now, account, date, log, local: null, target: null, days };
}
