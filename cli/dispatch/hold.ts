import { endOf, settle } from '../../actions/forge-agent/ending.ts';
import type { Candidate, LookingState, RunningIssue } from '../../actions/forge-agent/state.ts';
import { type Entry, entryPath, issueName, parseEntry, runningPath } from '../../core/agent/entry.ts';
import { readOver } from '../../core/agent/over.ts';
import { stateTrouble } from '../../core/agent/state-files.ts';
import { ifThere } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import type { Change } from '../../core/change.ts';
import { UserError } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import type { Platform } from './entry.ts';

/** What the state repo says of one issue. */
export interface Hold {
  stateRepo: LookingState['stateRepo'];
  entry: Candidate['entry'];
  /** Where somebody works on it, or worked on it until that was cut off. */
  running: RunningIssue | null;
}

/** Reads what the state repo says of an issue. `isDead`: whether a lease is of a dispatch of this machine that is gone. */
export async function readHold(
  send: Send,
  given: { stateRepo: string; platform: Platform; repository: string; number: number; now: string },
  isDead: (lease: string) => boolean,
): Promise<Hold> {
  const { stateRepo: name, platform, repository, number, now } = given;
  const home = await ifThere(getRepository(send, name));
  if (home === undefined)
    throw new UserError(
      `The state-repo ${name} is not there, or this token may not see it.`,
      'forge-agent makes it in its first run; or correct state-repo in the configuration.',
    );
  const trouble = stateTrouble(name, home);
  if (trouble !== undefined) throw new UserError(trouble.said);
  const { commit } = await getBranch(send, name, home.default_branch);
  const stateRepo = {
    repository: name,
    branch: home.default_branch,
    commit: commit.id,
    hasCi: home.has_actions === true,
  };
  const snapshot = createSnapshot(send, name, new Map());
  const issue = issueName(repository, number, platform === 'github' ? platform : undefined);
  const file = await snapshot.fileAt(commit.id, entryPath(issue));
  if (file.kind === 'missing') return { stateRepo, entry: null, running: null };
  if (file.kind !== 'file') return { stateRepo, entry: { fault: 'it is no ordinary file' }, running: null };
  const parsed = parseEntry(file.bytes);
  if (!parsed.ok) return { stateRepo, entry: { fault: parsed.fault }, running: null };
  const { entry } = parsed;
  const found = { entry, sha: file.sha };
  if (entry.status !== 'running') return { stateRepo, entry: found, running: null };
  const mark = await snapshot.entryAt(commit.id, runningPath(issue));
  const over = isDead(entry.lease.id)
    ? 'it was a dispatch of this machine, and its process is gone'
    : await readOver({ send, now }, entry);
  return { stateRepo, entry: found, running: { ...found, markSha: mark?.sha ?? '', over } };
}

/** Who has an issue, for whoever wanted it. */
export function holderText({ agent_name: agent, backend, started_at: at, run_url: url, why }: Entry): string {
  const where =
    backend.host === 'terminal' ? why.replace(/^claimed/, 'it was claimed') : `on ${backend.host}`;
  return `${agent} has worked on it since ${at} (${where})${url === null ? '' : `: ${url}`}`;
}

/** The end of a claim: the entry says how, and its mark goes. `counted`: what models cost; absent where nobody saw the end. */
export function releaseOf(
  { stateRepo, running }: { stateRepo: Hold['stateRepo']; running: RunningIssue },
  { why, at, counted }: { why: string; at: string; counted?: number | null },
): Change<'write-files'> {
  const { entry } = running;
  const { over, beside } = settle(entry, at, counted);
  return endOf(
    stateRepo,
    running,
    { ...over, why: why.slice(0, 500), ended_at: at },
    `${entry.owner}/${entry.repo}#${entry.issue_number} is no longer worked on`,
    beside,
  );
}
