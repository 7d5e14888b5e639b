import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Send } from '../../core/api/send.ts';
import type { Change } from '../../core/change.ts';
import { UserError } from '../../core/errors.ts';
import { daysBefore, evidenceDay } from '../../core/evidence.ts';
import { findBranch, getBranch } from '../../core/forge/branches.ts';
import { findFile, namesIn } from '../../core/forge/contents.ts';
import { findPull, openPulls } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import type { ReadContext } from '../../core/role.ts';
import type { SettingsFault } from '../../core/settings.ts';
import { createBeaconTally } from './beacons.ts';
import { totalsOf } from './log/counts.ts';
import type { Rules } from './log/rules.ts';
import { broken } from './log/source.ts';
import { countLogs, findSources, linesOf, looksOfBad, type SourceSettings } from './log/sources.ts';
import {
  durationFormats,
  evidenceFileOf,
  forgeFaults,
  type settings,
  sourceFaults,
  timeFormats,
} from './settings.ts';
import type {
  BranchTarget,
  CollectState,
  DayRequest,
  EngagementState,
  Found,
  LocalFile,
  LogState,
  Page,
  PageFiles,
  Way,
} from './state.ts';
import {
  chartPath,
  evidenceBranch,
  evidenceFolder,
  evidencePath,
  isEvidenceBranch,
  pageDays,
  pagePath,
  parseEvidence,
} from './text.ts';

type Context = ReadContext<typeof settings, EngagementState>;

export async function read(context: Context): Promise<EngagementState> {
  const { settings } = context;
  // Checked before any run but that of a pull request's own pipeline; it has no secrets, so only this can be asked for there.
  refuse(sourceFaults(settings));
  return settings.mode === 'verify-observable' ? readObservable(context) : readDay(context);
}

async function readDay(context: Context): Promise<CollectState> {
  const { settings, facts, now, previous } = context;
  const before = previous?.state.kind === 'collect' ? previous.state : undefined;
  const date = before?.date ?? evidenceDay(settings.date, now);
  const usesForge = settings.commit !== 'none' && !facts.isPullRequest;
  const { account, target } = usesForge
    ? await readTarget(context, date, before)
    : { account: undefined, target: { kind: 'none' } as const };
  // A log is read once: what our own commit changed is only what stands in the forge.
  const log = before?.log ?? (await readLog(context, date));
  return {
    kind: 'collect',
    now,
    ...(account === undefined ? {} : { account }),
    date,
    log,
    local: localFile(context),
    target,
  };
}

function refuse(faults: SettingsFault[]): void {
  if (faults.length > 0) throw new UserError(faults.map(({ message }) => message).join('\n'));
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
    mostBad: settings['max-bad-share'],
  };
  const sources = await findSources('source', settings.source, facts.workspace);
  const clientSources = await findSources('client-source', settings['client-source'], facts.workspace);
  const written = evidenceFileOf(settings);
  const local = written === undefined ? undefined : path.resolve(facts.workspace, written);
  if ([...sources, ...clientSources].some((source) => 'file' in source && source.file === local))
    throw new UserError(
      `evidence-file: ${local} is a log that is read.`,
      'Name another file: it is written with the evidence.',
    );
  const { counts, names, faults, remarks } = await fitting(countLogs(sources, rules, from));
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
    remarks,
    badLook: looksOfBad(counts),
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

function localFile({ settings, facts }: Context): LocalFile {
  const file = evidenceFileOf(settings);
  if (file === undefined) return { kind: 'none' };
  const whole = path.resolve(facts.workspace, file);
  const found = statSync(whole, { throwIfNoEntry: false });
  if (found?.isDirectory() === true)
    throw new UserError(`evidence-file: ${whole} is a folder.`, 'Name a file in it.');
  return { kind: 'file', path: file, text: found === undefined ? null : readFileSync(whole, 'utf8') };
}

/** The ops repo and whose token it is. */
async function readRepository({
  settings,
  send,
}: Context): Promise<{ repository: string; branch: string; account: User }> {
  const repository = settings['ops-repo'] ?? '';
  // A pull request's own pipeline may get here without what `faults` would have asked for.
  refuse(forgeFaults(settings));
  const account = await getExpectedUser(send, settings['forge-login']);
  const branch = settings['ops-branch'] ?? (await getRepository(send, repository)).default_branch;
  return { repository, branch, account };
}

/** Where the evidence goes in the forge. `before` is what the round before saw. */
async function readTarget(
  context: Context,
  date: string,
  before: CollectState | undefined,
): Promise<{ target: BranchTarget; account: User }> {
  const { settings, send, previous } = context;
  const { repository, branch, account } = await readRepository(context);
  const head = await getBranch(send, repository, branch);
  const at = head.commit.id;
  const evidence = await fileAt(send, repository, evidencePath(date), at);
  // Exempt paths are not counted, because nobody but admins sees them.
  const mayPush = !head.protected || head.user_can_push === true;
  const known = before?.target.kind === 'branch' ? before.target : undefined;
  const declined = previous?.declined ?? [];
  // A branch takes or declines a commit as a whole, and the page may be what it declined.
  const isDeclined = declined.some((change) => writesFile(change, evidencePath(date)) && !writesPage(change));
  const pullOnly = settings.commit === 'pull' || known?.way.kind === 'pull' || isDeclined;
  const pageAt = pagesOf(send, repository, date, known);
  const page: Page = pullOnly
    ? { kind: 'left' }
    : {
        kind: known?.page.kind === 'declined' || declined.some(writesPage) ? 'declined' : 'kept',
        ...(await pageAt(at)),
      };
  const way: Way =
    settings.commit === 'direct' || (mayPush && !pullOnly)
      ? { kind: 'commit' }
      : {
          kind: pullOnly ? 'pull' : 'commit-or-pull',
          request: await readRequest({
            send,
            repository,
            base: branch,
            date,
            at,
            pageAt,
            isSure: pullOnly,
            isMissing: evidence === null,
          }),
        };
  return { account, target: { kind: 'branch', repository, branch, evidence, page, way } };
}

function writesPage(change: Change): boolean {
  return writesFile(change, pagePath) || writesFile(change, chartPath);
}

async function fileAt(send: Send, repository: string, file: string, ref: string): Promise<Found> {
  const found = await findFile(send, repository, file, ref);
  return found === undefined ? null : { text: found.bytes.toString('utf8'), sha: found.sha };
}

type PageAt = (ref: string) => Promise<PageFiles>;

/** The page at a commit, read once, be it by the round before. */
function pagesOf(send: Send, repository: string, date: string, known: BranchTarget | undefined): PageAt {
  const pages = new Map<string, Promise<PageFiles>>();
  const before = known === undefined ? [] : [known.page, ...requestsOf(known.way).map(({ page }) => page)];
  for (const page of before)
    if ('at' in page) {
      const { at, readme, chart, others } = page;
      pages.set(at, Promise.resolve({ at, readme, chart, others }));
    }
  return (ref) => {
    const page = pages.get(ref) ?? readPage(send, repository, ref, date);
    pages.set(ref, page);
    return page;
  };
}

async function readPage(send: Send, repository: string, ref: string, date: string): Promise<PageFiles> {
  const names = await namesIn(send, repository, evidenceFolder, ref);
  if (names.length === 0) return { at: ref, readme: null, chart: null, others: [] };
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
    at: ref,
    readme: readme ?? null,
    chart: chart ?? null,
    others: dates.map((item, index) => ({ date: item, evidence: parseEvidence(others[index]?.text) })),
  };
}

function requestsOf(way: Way): DayRequest[] {
  return way.kind === 'commit' ? [] : [way.request];
}

interface RequestContext {
  send: Send;
  repository: string;
  /** The branch it goes into, and the commit there. */
  base: string;
  at: string;
  date: string;
  pageAt: PageAt;
  /** A pull request is the only way. */
  isSure: boolean;
  /** The branch has no evidence of the day. */
  isMissing: boolean;
}

async function readRequest(context: RequestContext): Promise<DayRequest> {
  const { send, repository, base, date } = context;
  const branch = evidenceBranch(date);
  const [head, pull] = await Promise.all([
    findBranch(send, repository, branch),
    findPull(send, repository, base, branch),
  ]);
  const evidence =
    head === undefined ? null : await fileAt(send, repository, evidencePath(date), head.commit.id);
  const isUsed = context.isSure || (context.isMissing && pull?.state === 'open');
  return {
    branch,
    exists: head !== undefined,
    evidence,
    page: isUsed ? await readRequestPage(context, branch, head?.commit.id) : { kind: 'left' },
    pull: pull ?? null,
  };
}

/** The page as the day's request shows it, unless another open request is to bring it. */
async function readRequestPage(
  { send, repository, base, at, pageAt }: RequestContext,
  branch: string,
  head: string | undefined,
): Promise<Page> {
  const shown = await pageAt(head ?? at);
  const isOurs =
    head !== undefined && shown.readme?.sha !== (await fileAt(send, repository, pagePath, at))?.sha;
  if (isOurs) return { kind: 'kept', ...shown };
  const other = (await openPulls(send, repository)).find(
    (pull) =>
      pull.base.ref === base &&
      pull.head.repo_id === pull.base.repo_id &&
      pull.head.ref !== branch &&
      isEvidenceBranch(pull.head.ref),
  );
  return other === undefined ? { kind: 'kept', ...shown } : { kind: 'waits', pull: other.number };
}

async function readObservable(context: Context): Promise<EngagementState> {
  const { settings, now, send } = context;
  const date = evidenceDay(settings.date, now);
  const { repository, branch, account } = await readRepository(context);
  const { commit } = await getBranch(send, repository, branch);
  const dates = Array.from({ length: settings.days }, (_, index) => daysBefore(now, index + 1));
  const days = await Promise.all(
    dates.map(async (day) => ({
      date: day,
      evidence: parseEvidence((await fileAt(send, repository, evidencePath(day), commit.id))?.text),
    })),
  );
  const log = settings.source.length === 0 ? {} : { log: await readLog(context, date) };
  return { kind: 'verify', now, account, days, ...log };
}
