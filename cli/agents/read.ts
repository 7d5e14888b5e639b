import type { AgentSettings } from '../../actions/forge-agent/settings.ts';
import type { LookingState } from '../../actions/forge-agent/state.ts';
import { roundsOf } from '../../actions/forge-agent/wake.ts';
import { sameRepository } from '../../core/accounts.ts';
import { type Declared, declaredAt } from '../../core/agent/declared.ts';
import { type Entry, parseEntry, repositoryOf, usualStateRepo } from '../../core/agent/entry.ts';
import { agentOf } from '../../core/agent/manifest.ts';
import { readSpent } from '../../core/agent/spent.ts';
import { stateFiles } from '../../core/agent/state-files.ts';
import { ifThere } from '../../core/api/errors.ts';
import type { Kept } from '../../core/api/once.ts';
import type { Send } from '../../core/api/send.ts';
import { formatFault } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot, type Snapshot } from '../../core/forge/snapshot.ts';
import type { TreeEntry } from '../../core/forge/trees.ts';
import { getOwnUser } from '../../core/forge/users.ts';
import type { DeclaredAgent, Listing, Work } from './listing.ts';
import { needOf } from './need.ts';
import { readNext, unknownNext } from './next.ts';

/** So many ended ones are shown with `--all`, and so many are read to find the newest. */
export const mostEnded = 50;
const mostRead = 1000;

export interface ListingRequest {
  forgeUrl: string;
  opsRepo: string;
  /** `forgecrew-state` of the token's account where absent. */
  stateRepo: string | undefined;
  /** Ended ones too. */
  all: boolean;
  now: string;
  /** Of forge-agent, by their names. */
  settings: Record<string, string | undefined>;
}

/** Costs are shown of so many days, and of so many agents on each. */
const mostDays = 7;
const mostSpenders = 20;

/** Who works on what, and which agents are declared. What is over costs nothing, unless it is asked for. */
export async function readListing(send: Send, request: ListingRequest): Promise<Listing> {
  const kept: Kept = new Map();
  const { opsRepo } = request;
  const ops = await getRepository(send, opsRepo);
  const { commit } = await getBranch(send, opsRepo, ops.default_branch);
  const declared = await declaredAt(createSnapshot(send, opsRepo, kept), commit.id);
  const stateRepo = request.stateRepo ?? usualStateRepo((await getOwnUser(send)).login);
  const state = await readState(send, kept, stateRepo, { ...request, declared });
  return {
    version: 1,
    ops_repo: opsRepo,
    state_repo: { name: stateRepo, found: state !== undefined },
    ...(state ?? {
      work: [],
      left_out: 0,
      unreadable: [],
      next: unknownNext('There is no state repo.'),
      spent: [],
    }),
    agents: declared.map(declaredOf),
  };
}

async function readState(
  send: Send,
  kept: Kept,
  repository: string,
  { all, forgeUrl, now, settings: given, declared }: ListingRequest & { declared: Declared[] },
): Promise<Pick<Listing, 'work' | 'left_out' | 'unreadable' | 'next' | 'spent'> | undefined> {
  const home = await ifThere(getRepository(send, repository));
  if (home === undefined) return undefined;
  const { commit } = await getBranch(send, repository, home.default_branch);
  const snapshot = createSnapshot(send, repository, kept);
  const marked = [
    ...(await stateFiles(snapshot, commit.id, 'running')),
    ...(await stateFiles(snapshot, commit.id, 'frozen')),
  ];
  const begun = await stateFiles(snapshot, commit.id, 'agents', all ? undefined : marked);
  const isMarked = (file: string): boolean => marked.some(({ path }) => path === file);
  const working = begun.filter(({ path }) => isMarked(path));
  // Numbers of issues grow, so among many the newest are likely those with the highest.
  const rest = begun
    .filter(({ path }) => !isMarked(path))
    .sort((a, b) => numberOf(b.path) - numberOf(a.path));
  const read = await parsedIn(snapshot, [...working, ...rest.slice(0, mostRead)]);
  const { next, state, settings } = await readNext(send, kept, {
    settings: given,
    declared,
    repository,
    home,
    now,
  });
  const works = read.entries.map((entry) => ({
    ...workOf(entry, forgeUrl, now),
    max_rounds: mostRounds(declared, entry),
    needs_person: needOf(entry, blockedBy(entry, state, settings)),
  }));
  const ended = works.filter(({ status }) => status === 'destroyed').sort(newestFirst);
  return {
    work: [
      ...works.filter(({ status }) => status !== 'destroyed').sort(newestFirst),
      ...(all ? ended.slice(0, mostEnded) : []),
    ],
    left_out: all ? Math.max(0, ended.length - mostEnded) + Math.max(0, rest.length - mostRead) : 0,
    unreadable: read.faults,
    next,
    spent: await readDays(snapshot, commit.id),
  };
}

/** What agents cost on the last days on which any of their runs ended. */
async function readDays(snapshot: Snapshot, commit: string): Promise<Listing['spent']> {
  const days = (await snapshot.folderAt(commit, 'spent'))
    .filter(({ type, path }) => type === 'tree' && /^\d{4}-\d{2}-\d{2}$/.test(path))
    .map(({ path }) => path)
    .sort()
    .reverse()
    .slice(0, mostDays);
  const spent: Listing['spent'] = [];
  for (const day of days)
    for (const { path: agent, type } of (await snapshot.folderAt(commit, `spent/${day}`)).slice(
      0,
      mostSpenders,
    ))
      if (type === 'tree') spent.push({ day, agent, ...(await readSpent({ snapshot, commit }, day, agent)) });
  return spent;
}

function mostRounds(declared: readonly Declared[], { agent_name: name, profile }: Entry): number | null {
  const found = declared.find((item) => item.kind === 'agent' && item.manifest.name === name);
  return found?.kind === 'agent' ? (agentOf(found.manifest, profile)?.maxRounds ?? null) : null;
}

/** The label that says that a person is needed, if an issue has it that was looked at. */
function blockedBy(
  entry: Entry,
  state: LookingState | undefined,
  settings: AgentSettings | undefined,
): string | null {
  const candidate = state?.candidates.find(
    ({ repository, number }) =>
      sameRepository(repository, repositoryOf(entry)) && number === entry.issue_number,
  );
  const label = settings?.['blocked-label'];
  return label !== undefined && candidate?.labels.some(({ name }) => name === label) === true ? label : null;
}

async function parsedIn(
  snapshot: Snapshot,
  files: readonly TreeEntry[],
): Promise<{ entries: Entry[]; faults: Listing['unreadable'] }> {
  const blobs = await snapshot.contents(files);
  const entries: Entry[] = [];
  const faults: Listing['unreadable'] = [];
  for (const { path, sha } of files) {
    const blob = blobs.get(sha);
    const parsed =
      blob?.kind === 'read' ? parseEntry(blob.bytes) : { ok: false as const, fault: 'it cannot be read' };
    if (parsed.ok) entries.push(parsed.entry);
    else faults.push({ file: `agents/${path}`, fault: parsed.fault });
  }
  return { entries, faults };
}

function numberOf(path: string): number {
  return Number(/(\d+)\.json$/.exec(path)?.[1] ?? 0);
}

function newestFirst(a: Work, b: Work): number {
  const [one, other] = [a, b].map(({ ended_at: ended, started_at: started }) => ended ?? started) as [
    string,
    string,
  ];
  return one < other ? 1 : one > other ? -1 : b.issue - a.issue;
}

function workOf(entry: Entry, forgeUrl: string, now: string): Omit<Work, 'max_rounds' | 'needs_person'> {
  const repository = repositoryOf(entry);
  const page = `${forgeUrl.replace(/\/+$/, '')}/${repository}`;
  return {
    repository,
    issue: entry.issue_number,
    issue_url: `${page}/issues/${entry.issue_number}`,
    pull: entry.pr_number,
    pull_url: entry.pr_number === null ? null : `${page}/pulls/${entry.pr_number}`,
    agent: entry.agent_name,
    profile: entry.profile,
    status: entry.status,
    why: entry.why,
    is_overdue: entry.status === 'running' && Date.parse(entry.lease.until) < Date.parse(now),
    host: entry.backend.host,
    isolation: entry.backend.isolation,
    started_at: entry.started_at,
    last_checkin_at: entry.last_checkin_at,
    ended_at: entry.ended_at,
    rounds: entry.rounds,
    rounds_counted: roundsOf(entry),
    cost: entry.cost,
    run_url: entry.run_url,
  };
}

function declaredOf(item: Declared): DeclaredAgent {
  if (item.kind === 'faulty')
    return { name: item.name, file: item.file, faults: item.faults.map(formatFault) };
  const { manifest, file } = item;
  const usual = agentOf(manifest, null);
  return {
    name: manifest.name,
    file,
    faults: [],
    enabled: manifest.enabled,
    engine: usual?.engine ?? '',
    model: usual?.model ?? null,
    isolation: usual?.isolation ?? '',
    network: usual?.network ?? '',
    repositories: manifest.repositories,
    profiles: Object.keys(manifest.profiles ?? {}).map((name) => {
      const own = agentOf(manifest, name);
      return { name, engine: own?.engine ?? '', model: own?.model ?? null };
    }),
  };
}
