import type * as z from 'zod/mini';
import { parseRunRecord } from '../../core/agent/run-record.ts';
import { ifThere } from '../../core/api/errors.ts';
import { type ChangedFiles, changedSince } from '../../core/changed-files.ts';
import { proposalTier } from '../../core/escalation/policy.ts';
import {
  decidedFolder,
  decidedRecord,
  outcomeFolder,
  outcomeRecord,
  proposalFolder,
  proposalRecord,
  readEscalation,
} from '../../core/escalation/record.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { listReviews } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { readTracked } from '../../core/forge/tracked.ts';
import {
  endedFolder,
  endedRecord,
  firedFolder,
  firedRecord,
  readRecord,
  recordPath,
  recordsBranch,
  rejectedFolder,
  rejectedRecord,
} from '../../core/vault/record.ts';
import type { ActionHistory } from './history.ts';
import type { Period } from './measure.ts';
import type { PartRead } from './read-work.ts';
import type { Context } from './state.ts';

function changedIn(
  { settings, send, kept }: Context,
  repository: string,
  commit: string,
  window: Period,
  isWanted: (path: string) => boolean,
): Promise<ChangedFiles> {
  return changedSince(send, kept, {
    repository,
    commit,
    since: window.from,
    mostCommits: settings['max-commits'],
    isWanted,
  });
}

const none: PartRead = { history: {}, sources: [], leftOut: [] };

function leftOut(changed: ChangedFiles, what: string): string[] {
  return changed.complete ? [] : [`older records of ${what} (max-commits)`];
}

function isIn(folder: string, path: string): boolean {
  return path.startsWith(`${folder}/`) && path.endsWith('.json');
}

/** What vault-dispatch has on record. */
export async function readVault(context: Context, window: Period): Promise<PartRead> {
  const { settings, send } = context;
  const ops = settings['ops-repo'];
  const repository = settings['record-repo'] ?? ops;
  const branch = await findBranch(send, repository, recordsBranch);
  if (branch === undefined) return { ...none, history: { actions: [], rejections: [] } };
  const folders = [firedFolder, endedFolder, rejectedFolder];
  const changed = await changedIn(context, repository, branch.commit.id, window, (path) =>
    folders.some((folder) => isIn(folder, path)),
  );
  const inFolder = (folder: string): [string, Uint8Array][] =>
    [...changed.files].filter(([path]) => isIn(folder, path));
  const ended = new Map(
    inFolder(endedFolder).flatMap(([, bytes]) => {
      const record = readRecord(endedRecord, bytes);
      return record === undefined ? [] : [[record.id, record] as const];
    }),
  );
  // What ended in the window may have been started before it.
  const fired = new Map([
    ...inFolder(firedFolder),
    ...(await changed.more([...ended.keys()].map((id) => recordPath(firedFolder, id)))),
  ]);
  const records = [...fired.values()].flatMap((bytes) => readRecord(firedRecord, bytes) ?? []);
  const pulls = records.flatMap(({ pull }) => pull ?? []);
  const asked = await readTracked(send, ops, pulls);
  const actions = await Promise.all(
    records.map(async (record): Promise<ActionHistory> => {
      const reviews = new Set(record.approvals.map(({ review }) => review));
      const approvals =
        record.pull === null || reviews.size === 0
          ? []
          : ((await ifThere(listReviews(send, ops, record.pull))) ?? []).filter(({ id }) => reviews.has(id));
      const end = ended.get(record.id);
      return {
        id: record.id,
        tier: record.tier,
        asked: record.pull === null ? null : (asked.get(record.pull)?.created_at ?? null),
        approved:
          approvals
            .map(({ submitted_at }) => submitted_at)
            .sort((a, b) => Date.parse(a) - Date.parse(b))
            .at(-1) ?? null,
        started: record.intent.at,
        ended: end === undefined ? null : { at: end.at, outcome: end.outcome },
      };
    }),
  );
  return {
    history: {
      actions,
      rejections: inFolder(rejectedFolder).flatMap(
        ([, bytes]) => readRecord(rejectedRecord, bytes)?.at ?? [],
      ),
    },
    sources: ['vault'],
    leftOut: leftOut(changed, 'the vault'),
  };
}

/** Records of another role, on the default branch of a repository of its own. */
async function recordsOf(
  context: Context,
  repository: string,
  window: Period,
  isWanted: (path: string) => boolean,
): Promise<ChangedFiles> {
  const { default_branch: name } = await getRepository(context.send, repository);
  const branch = await findBranch(context.send, repository, name);
  // A repository without a commit has no records yet.
  if (branch === undefined) return { files: new Map(), more: async () => new Map(), complete: true };
  return changedIn(context, repository, branch.commit.id, window, isWanted);
}

/** What escalation has on record. */
export async function readProposals(context: Context, window: Period): Promise<PartRead> {
  const repository = context.settings['proposal-repo'];
  if (repository === undefined) return { ...none, history: { proposals: [] } };
  const folders = [proposalFolder, decidedFolder, outcomeFolder];
  const changed = await recordsOf(context, repository, window, (path) =>
    folders.some((folder) => isIn(folder, path)),
  );
  const ids = new Set([...changed.files.keys()].map((path) => path.slice(path.indexOf('/') + 1)));
  // What was decided in the window may have been proposed before it.
  const all = new Map([
    ...changed.files,
    ...(await changed.more(folders.flatMap((folder) => [...ids].map((id) => `${folder}/${id}`)))),
  ]);
  const part = <T>(schema: z.ZodMiniType<T>, folder: string, id: string): T | undefined => {
    const bytes = all.get(`${folder}/${id}`);
    return bytes === undefined ? undefined : readEscalation(schema, bytes);
  };
  return {
    history: {
      proposals: [...ids].sort().flatMap((id) => {
        const proposal = part(proposalRecord, proposalFolder, id);
        if (proposal === undefined) return [];
        const decided = part(decidedRecord, decidedFolder, id);
        const outcome = part(outcomeRecord, outcomeFolder, id);
        return [
          {
            type: proposal.type,
            tier: proposalTier(proposal.rule),
            proposed: proposal.at,
            decided:
              decided === undefined
                ? null
                : { at: decided.at, how: decided.kind === 'claimed' ? 'approved' : decided.kind },
            outcome: outcome === undefined ? null : { at: outcome.at, how: outcome.kind },
          },
        ];
      }),
    },
    sources: ['proposals'],
    leftOut: leftOut(changed, 'escalation'),
  };
}

/** What forge-agent has on record. */
export async function readAgentRuns(context: Context, window: Period): Promise<PartRead> {
  const repository = context.settings['state-repo'];
  if (repository === undefined) return { ...none, history: { agentRuns: [] } };
  const changed = await recordsOf(context, repository, window, (path) => isIn('records', path));
  return {
    history: {
      agentRuns: [...changed.files].flatMap(([, bytes]) => {
        const run = parseRunRecord(bytes);
        if (run === undefined) return [];
        return [
          {
            agent: run.agent,
            ended: run.ended_at,
            outcome: run.end.how === 'signalled' ? (run.signal?.status ?? run.end.how) : run.end.how,
            cost: run.models?.cost ?? null,
          },
        ];
      }),
    },
    sources: ['agents'],
    leftOut: leftOut(changed, 'agents'),
  };
}
