import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Change } from '../../core/change.ts';
import { UserError } from '../../core/errors.ts';
import { daysBefore, evidenceDay, passedBy } from '../../core/evidence.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { findText } from '../../core/forge/contents.ts';
import { openPulls } from '../../core/forge/pulls.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import { headBranch } from '../../core/pull-source.ts';
import { readDays, readEvidence, readPage, readProposed } from '../../core/read-evidence.ts';
import { ownInto, readWay } from '../../core/read-ground.ts';
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
  EngagementState,
  LocalFile,
  LogState,
  Page,
  PageAt,
  Target,
} from './state.ts';
import { parseEvidence, places } from './text.ts';

type Context = ReadContext<typeof settings, EngagementState>;

const kind = { places, parse: parseEvidence };

export async function read(context: Context): Promise<EngagementState> {
  const { settings } = context;
  // Checked before any run but that of a pull request's own pipeline; it has no secrets, so only this can be asked for there.
  refuse(sourceFaults(settings));
  return settings.mode === 'verify-observable' ? readObservable(context) : readDay(context);
}

async function readDay(context: Context): Promise<CollectState> {
  const { settings, facts, now, previous } = context;
  const before = previous?.state.kind === 'collect' ? previous.state : undefined;
  const usesForge = settings.commit !== 'none' && !facts.isPullRequest;
  const asked = usesForge ? await readRepository(context) : undefined;
  const clocks = { now, forgeNow: asked === undefined ? now : context.forgeNow() };
  const date = before?.date ?? evidenceDay(settings.date, passedBy(clocks));
  const target: Target =
    asked === undefined ? { kind: 'none' } : await readTarget(context, asked, date, before);
  // A log is read once: what our own commit changed is only what stands in the forge.
  const log = before?.log ?? (await readLog(context, date));
  return {
    kind: 'collect',
    ...clocks,
    ...(asked === undefined ? {} : { account: asked.account }),
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

/** The ops repo, its branch, and whose token it is. */
interface Asked {
  repository: Repository;
  branch: string;
  account: User;
}

async function readRepository({ settings, send }: Context): Promise<Asked> {
  // A pull request's own pipeline may get here without what `faults` would have asked for.
  refuse(forgeFaults(settings));
  const account = await getExpectedUser(send, settings['forge-login']);
  const repository = await getRepository(send, settings['ops-repo'] ?? '');
  return { repository, branch: settings['ops-branch'] ?? repository.default_branch, account };
}

/** Where the evidence goes in the forge. `before` is what the round before saw. */
async function readTarget(
  context: Context,
  { repository, branch, account }: Asked,
  date: string,
  before: CollectState | undefined,
): Promise<BranchTarget> {
  const { send, previous, settings } = context;
  const name = repository.full_name;
  const head = await getBranch(send, name, branch);
  const at = head.commit.id;
  const evidence = await findText(send, name, places.file(date), at);
  const known = before?.target.kind === 'branch' ? before.target : undefined;
  const way = await readWay(
    {
      send,
      settings: { ...settings, commit: settings.commit === 'none' ? 'auto' : settings.commit },
      previous,
    },
    {
      account,
      repository,
      // Exempt paths are not counted, because nobody but admins sees them.
      branch: head,
      before: known?.way,
      path: places.file(date),
      beside: [places.page, places.chart],
      from: places.branch(date),
      joins: places.isBranch,
      since: () => date,
      // A branch takes or declines a commit as a whole, and the page may be what it declined.
      isFinal: (change) => !writesPage(change),
    },
  );
  const isDeclined = known?.page.kind === 'declined' || previous?.declined.some(writesPage) === true;
  const page: Page =
    way.kind === 'pull'
      ? { kind: 'left' }
      : {
          kind: isDeclined ? 'declined' : 'kept',
          ...(knownPage(known?.page, at) ?? {
            at,
            ...(await readPage(send, kind, { repository: name, ref: at }, date)),
          }),
        };
  const proposed = way.kind === 'pull' ? await readProposed(send, kind, way, date) : [];
  return { kind: 'branch', repository: name, branch, evidence, page, way, proposed };
}

function writesPage(change: Change): boolean {
  return writesFile(change, places.page) || writesFile(change, places.chart);
}

/** The page at a commit, where the round before read it. */
function knownPage(page: Page | undefined, at: string): PageAt | undefined {
  if (page === undefined || page.kind === 'left' || page.at !== at) return undefined;
  const { readme, chart, others } = page;
  return { at, readme, chart, others };
}

async function readObservable(context: Context): Promise<EngagementState> {
  const { settings, now, send } = context;
  const { repository, branch, account } = await readRepository(context);
  const passed = passedBy({ now, forgeNow: context.forgeNow() });
  const date = evidenceDay(settings.date, passed);
  const name = repository.full_name;
  const { commit } = await getBranch(send, name, branch);
  const dates = Array.from({ length: settings.days }, (_, index) => daysBefore(passed, index + 1));
  const days = await readDays(send, kind, { repository: name, ref: commit.id }, dates);
  // What waits for a merge was observed as well.
  const missing = days.filter(({ evidence }) => evidence === null);
  const waiting = missing.length === 0 ? [] : ownInto(branch, account, await openPulls(send, name));
  for (const pull of waiting) {
    const { head } = pull;
    if (head.repo == null || !places.isBranch(headBranch(pull))) continue;
    const at = { repository: head.repo.full_name, ref: head.sha };
    for (const day of missing) day.evidence ??= await readEvidence(send, kind, at, day.date);
  }
  const log = settings.source.length === 0 ? {} : { log: await readLog(context, date) };
  return { kind: 'verify', now, account, days, ...log };
}
