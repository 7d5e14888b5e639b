import { type Entry, parseEntry, repositoryOf, runRecordPath } from '../../core/agent/entry.ts';
import { parseRunRecord } from '../../core/agent/run-record.ts';
import { stateFiles } from '../../core/agent/state-files.ts';
import { changedSince } from '../../core/changed-files.ts';
import { documentName } from '../../core/document-name.ts';
import {
  decidedFolder,
  outcomeFolder,
  proposalFolder,
  proposalRecord,
  readEscalation,
} from '../../core/escalation/record.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { isFile, listTree } from '../../core/forge/trees.ts';
import type { AgentRun, Context, KnownAgent, Seen } from './state.ts';

const isProposal = new RegExp(`^${proposalFolder}/[^/]+\\.json$`);
const mostRead = 45;
/** An agent that waits takes two reads: its entry and its newest record. */
const mostFrozen = 180;

/** The default branch of a repository with records; `commit` is undefined where it has none yet. */
async function homeOf(
  { send }: Context,
  name: string,
): Promise<{ home: Repository; commit: string | undefined }> {
  const home = await getRepository(send, name);
  const branch = await findBranch(send, name, home.default_branch);
  return { home, commit: branch?.commit.id };
}

interface Proposals {
  home: Repository | undefined;
  open: Seen['proposals'];
  leftOut: string[];
}

/** Proposals of escalation that nobody has decided. */
export async function readProposals(context: Context): Promise<Proposals> {
  const { settings, send, kept } = context;
  const name = settings['proposal-repo'];
  if (name === undefined) return { home: undefined, open: [], leftOut: [] };
  const { home, commit } = await homeOf(context, name);
  if (commit === undefined) return { home, open: [], leftOut: [] };
  const entries = (await listTree(send, name, commit, { recursive: true })).filter(isFile);
  const decided = new Set(
    entries
      .filter(({ path }) => [decidedFolder, outcomeFolder].some((folder) => path.startsWith(`${folder}/`)))
      .map(({ path }) => documentName(path)),
  );
  const waiting = entries.filter(({ path }) => isProposal.test(path) && !decided.has(documentName(path)));
  // Their names begin with the day: the newest are read.
  const read = waiting.sort((a, b) => (a.path < b.path ? 1 : -1)).slice(0, mostRead);
  const blobs = await createSnapshot(send, name, kept).contents(read);
  return {
    home,
    open: read.flatMap(({ sha }) => {
      const blob = blobs.get(sha);
      const proposal = blob?.kind === 'read' ? readEscalation(proposalRecord, blob.bytes) : undefined;
      if (proposal === undefined) return [];
      const { id, type, at, thread, comment } = proposal;
      return [{ id, type, at, thread: { ...thread, comment: comment?.id ?? null } }];
    }),
    leftOut: waiting.length > mostRead ? [`${waiting.length - mostRead} older proposals`] : [],
  };
}

interface Agents extends Pick<Seen, 'agents' | 'frozen' | 'runs' | 'leftOut'> {
  home: Repository | undefined;
}

const recordPath = /^records\/([^/]+)\/([^/]+)\/(\d{1,9})\/[^/]+\.json$/;

/** Who works on what, who waits, and what came of the runs of the last days. */
export async function readAgents(context: Context, since: number): Promise<Agents> {
  const { settings, send, kept } = context;
  const name = settings['state-repo'];
  const none: Agents = { home: undefined, agents: [], frozen: [], runs: [], leftOut: [] };
  if (name === undefined) return none;
  const { home, commit } = await homeOf(context, name);
  if (commit === undefined) return { ...none, home };
  const changed = await changedSince(send, kept, {
    repository: name,
    commit,
    since,
    mostCommits: 500,
    isWanted: (path) => recordPath.test(path),
  });
  const [running, frozen] = [
    await marksIn(context, name, commit, 'running'),
    await marksIn(context, name, commit, 'frozen'),
  ];
  const files = await changed.more([...running.slice(0, mostRead), ...frozen.slice(0, mostFrozen)]);
  const entries = [...files.values()].flatMap((bytes) => {
    const parsed = parseEntry(bytes);
    return parsed.ok ? [parsed.entry] : [];
  });
  const asleep = entries.filter(({ status }) => status === 'frozen');
  // However long ago it was: who waits longest is not to be forgotten.
  const newest = await changed.more(asleep.map(newestRecord));
  return {
    home,
    agents: entries.flatMap((entry) =>
      entry.status === 'running'
        ? [{ ...knownAgent(entry), started: entry.started_at, url: entry.run_url }]
        : [],
    ),
    frozen: asleep.map((entry) => {
      const path = newestRecord(entry);
      const bytes = newest.get(path);
      return {
        ...knownAgent(entry),
        newest: (bytes === undefined ? undefined : runIn(path, bytes)) ?? null,
        exhausted: entry.exhausted ?? null,
      };
    }),
    runs: [...changed.files].flatMap(([path, bytes]) => {
      const run = runIn(path, bytes);
      return run === undefined || Date.parse(run.ended) < since ? [] : [run];
    }),
    leftOut: [
      ...(changed.complete ? [] : ['older runs of agents']),
      ...(running.length > mostRead ? [`${running.length - mostRead} agents at work`] : []),
      ...(frozen.length > mostFrozen ? [`${frozen.length - mostFrozen} agents that wait`] : []),
    ],
  };
}

function knownAgent(entry: Entry): KnownAgent {
  return {
    agent: entry.agent_name,
    repository: repositoryOf(entry),
    issue: entry.issue_number,
    pull: entry.pr_number,
  };
}

/** Where the record of its last run stands. */
function newestRecord({ owner, repo, issue_number: number, rounds, lease }: Entry): string {
  return runRecordPath({ owner, repo, number }, rounds, lease.id);
}

/** The run that a record tells of. */
function runIn(path: string, bytes: Uint8Array): AgentRun | undefined {
  const [, owner = '', repo = '', issue = ''] = recordPath.exec(path) ?? [];
  const run = parseRunRecord(bytes);
  if (run === undefined) return undefined;
  const said = run.end.how === 'signalled' ? (run.signal?.status ?? run.end.how) : run.end.how;
  return {
    agent: run.agent,
    repository: `${owner}/${repo}`,
    issue: Number(issue),
    ended: run.ended_at,
    // Whatever the agent says of it, work that was refused is with nobody.
    outcome: run.work.kind === 'refused' ? 'its work was refused' : said,
    cost: run.models?.cost ?? null,
  };
}

/** Paths of the entries that have a mark of a kind. */
async function marksIn(
  { send, kept }: Context,
  name: string,
  commit: string,
  kind: 'running' | 'frozen',
): Promise<string[]> {
  const snapshot = createSnapshot(send, name, kept);
  await snapshot.whole(commit);
  return (await stateFiles(snapshot, commit, kind)).map(({ path }) => `agents/${path}`);
}
