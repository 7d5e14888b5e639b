import { parseEntry, repositoryOf } from '../../core/agent/entry.ts';
import { changedSince } from '../../core/changed-files.ts';
import { documentName } from '../../core/document-name.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { isFile, listTree } from '../../core/forge/trees.ts';
import { agentRunPart, proposalPart, readPart } from '../../core/kept-records.ts';
import type { AgentRun, Context, Seen } from './state.ts';

const mostRead = 45;

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
    entries.filter(({ path }) => /^(?:decided|outcomes)\//.test(path)).map(({ path }) => documentName(path)),
  );
  const waiting = entries.filter(
    ({ path }) => /^escalation\/[^/]+\.json$/.test(path) && !decided.has(documentName(path)),
  );
  // Their names begin with the day: the newest are read.
  const read = waiting.sort((a, b) => (a.path < b.path ? 1 : -1)).slice(0, mostRead);
  const blobs = await createSnapshot(send, name, kept).contents(read);
  return {
    home,
    open: read.flatMap(({ sha }) => {
      const blob = blobs.get(sha);
      return blob?.kind === 'read' ? (readPart(proposalPart, blob.bytes) ?? []) : [];
    }),
    leftOut: waiting.length > mostRead ? [`${waiting.length - mostRead} older proposals`] : [],
  };
}

interface Agents {
  home: Repository | undefined;
  running: Seen['agents'];
  runs: AgentRun[];
  leftOut: string[];
}

/** Who works on what, and what came of the runs of the last days. */
export async function readAgents(context: Context, since: number): Promise<Agents> {
  const { settings, send, kept } = context;
  const name = settings['state-repo'];
  if (name === undefined) return { home: undefined, running: [], runs: [], leftOut: [] };
  const { home, commit } = await homeOf(context, name);
  if (commit === undefined) return { home, running: [], runs: [], leftOut: [] };
  const record = /^records\/([^/]+)\/([^/]+)\/(\d{1,9})\/[^/]+\.json$/;
  const changed = await changedSince(send, kept, {
    repository: name,
    commit,
    since,
    mostCommits: 500,
    isWanted: (path) => record.test(path),
  });
  const marks = (await runningMarks(context, name, commit)).slice(0, mostRead);
  const entries = await changed.more(marks.map((path) => path.replace(/^running\//, 'agents/')));
  return {
    home,
    running: [...entries.values()].flatMap((bytes) => {
      const parsed = parseEntry(bytes);
      if (!parsed.ok || parsed.entry.status !== 'running') return [];
      const { entry } = parsed;
      return [
        {
          agent: entry.agent_name,
          repository: repositoryOf(entry),
          issue: entry.issue_number,
          started: entry.started_at,
          url: entry.run_url,
        },
      ];
    }),
    runs: [...changed.files].flatMap(([path, bytes]) => {
      const [, owner = '', repo = '', issue = ''] = record.exec(path) ?? [];
      const run = readPart(agentRunPart, bytes);
      if (run === undefined || Date.parse(run.ended_at) < since) return [];
      return [
        {
          agent: run.agent,
          repository: `${owner}/${repo}`,
          issue: Number(issue),
          ended: run.ended_at,
          outcome: run.end.how === 'signalled' ? (run.signal?.status ?? run.end.how) : run.end.how,
          cost: run.models?.cost ?? null,
        },
      ];
    }),
    leftOut: changed.complete ? [] : ['older runs of agents'],
  };
}

/** Marks of issues that are worked on. */
async function runningMarks({ send, kept }: Context, name: string, commit: string): Promise<string[]> {
  const snapshot = createSnapshot(send, name, kept);
  await snapshot.whole(commit);
  const found: string[] = [];
  for (const owner of await snapshot.folderAt(commit, 'running'))
    for (const repo of await snapshot.folderAt(commit, `running/${owner.path}`))
      for (const mark of await snapshot.folderAt(commit, `running/${owner.path}/${repo.path}`))
        if (isFile(mark)) found.push(`running/${owner.path}/${repo.path}/${mark.path}`);
  return found;
}
