import { sameAccount } from '../../core/accounts.ts';
import { actionTypes } from '../../core/escalation/payload.ts';
import type { ClickFacts } from '../../core/escalation/proof.ts';
import {
  type DecidedRecord,
  decidedFolder,
  decidedRecord,
  escalationPath,
  outcomeFolder,
  outcomeRecord,
  type ProposalRecord,
  proposalFolder,
  proposalRecord,
  readEscalation,
} from '../../core/escalation/record.ts';
import { createdMark, createdSince, variablesOf } from '../../core/escalation/shown.ts';
import { findComment, listComments } from '../../core/forge/comments.ts';
import { issuesSince } from '../../core/forge/issues.ts';
import { listReactions } from '../../core/forge/reactions.ts';
import type { Snapshot } from '../../core/forge/snapshot.ts';
import type { TreeEntry } from '../../core/forge/trees.ts';
import type { User } from '../../core/forge/users.ts';
import { createRuns } from '../../core/forge/workflows.ts';
import { ownComments } from '../../core/own-comment.ts';
import { writesFile } from '../../core/plan.ts';
import { runNumber } from '../../core/run-number.ts';
import type { Rights } from '../../core/vault/approval.ts';
import type { People } from '../../core/vault/read-rights.ts';
import { findPipeline, getLogin, getPipeline, lookupRepository } from '../../core/woodpecker/pipelines.ts';
import { worldOf } from './read-actions.ts';
import type { Context, Found, KnownPolicy, Live, ProposalSeen } from './state.ts';
import { signs, toldKeys } from './text.ts';

interface Around {
  context: Context;
  policy: KnownPolicy;
  people: People;
}

const nobody: Rights = { writers: [], admins: [], teams: {}, never: [] };

/** Every proposal that is not over, and how many were claimed lately. */
export async function readProposals(
  around: Around,
  given: {
    snapshot: Snapshot;
    head: string | undefined;
    told: Set<string>;
    account: User;
    never: string[];
  },
): Promise<Pick<Live, 'proposals' | 'known' | 'claimed'>> {
  const { snapshot, head, told } = given;
  const { context } = around;
  const claimed = Object.fromEntries(actionTypes.map((type) => [type, 0])) as Live['claimed'];
  if (head === undefined) return { proposals: [], known: [], claimed };
  const filesIn = async (folder: string): Promise<Map<string, TreeEntry>> =>
    new Map((await snapshot.folderAt(head, folder)).map((entry) => [idOf(entry.path), entry]));
  const entries = await filesIn(proposalFolder);
  const [decidedFiles, outcomeFiles] = [await filesIn(decidedFolder), await filesIn(outcomeFolder)];
  const wanted = [...entries].filter(([id]) => !told.has(id) || isRecent(id, context.now));
  // As many at once as the forge gives, and not a call for each.
  await snapshot.contents(
    wanted.flatMap(([id, entry]) =>
      [entry, decidedFiles.get(id), outcomeFiles.get(id)].filter((item) => item !== undefined),
    ),
  );
  const proposals: ProposalSeen[] = [];
  for (const [id, entry] of wanted) {
    const recordFile = await snapshot.fileOf(entry);
    const isDecided = decidedFiles.has(id);
    const decidedFile = await snapshot.fileOf(decidedFiles.get(id));
    const record = recordFile.kind === 'file' ? readEscalation(proposalRecord, recordFile.bytes) : undefined;
    const decided =
      decidedFile.kind === 'file' ? readEscalation(decidedRecord, decidedFile.bytes) : undefined;
    if (
      record !== undefined &&
      decided?.kind === 'claimed' &&
      Date.parse(decided.at) > Date.parse(context.now) - 86_400_000
    )
      claimed[record.type] += 1;
    if (told.has(id)) continue;
    const outcomeFile = await snapshot.fileOf(outcomeFiles.get(id));
    const outcome =
      outcomeFile.kind === 'file' ? readEscalation(outcomeRecord, outcomeFile.bytes) : undefined;
    const isClaimedNow =
      context.previous?.done.some((change) => writesFile(change, escalationPath(decidedFolder, id))) === true;
    const base: ProposalSeen = {
      id,
      record,
      blob: recordFile.kind === 'file' ? recordFile.sha : '',
      decided,
      isClaimedNow,
      outcome,
      isDamaged:
        (isDecided && decided === undefined) || (outcomeFile.kind !== 'missing' && outcome === undefined),
      isWaitTold: told.has(toldKeys.waits(id)),
      facts: { comment: null, reactions: [], comments: [] },
      rights: nobody,
      world: undefined,
      found: undefined,
    };
    proposals.push(record === undefined ? base : await withFacts(around, given, base, record));
  }
  return { proposals, known: [...entries.keys()], claimed };
}

function idOf(path: string): string {
  return path.replace(/\.json$/, '');
}

/** Whether a proposal is of a day from which something may still have been claimed in the last 24 hours. */
function isRecent(id: string, now: string): boolean {
  const day = Date.parse(`${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}`);
  return !(day < Date.parse(now) - 9 * 86_400_000);
}

/** What has to be known of one that is not over: only of what is still to be decided, or to be carried out. */
async function withFacts(
  around: Around,
  { account, never }: { account: User; never: string[] },
  base: ProposalSeen,
  record: ProposalRecord,
): Promise<ProposalSeen> {
  const { decided, outcome, isClaimedNow } = base;
  if (outcome !== undefined) return base;
  if (decided?.kind === 'claimed' && !isClaimedNow)
    return { ...base, found: await findDone(around.context, account, record, decided) };
  if (decided !== undefined && decided.kind !== 'claimed') return base;
  const facts = await readClicks(around.context, account, record);
  const clicked =
    facts.reactions.some(({ user }) => user !== null && user.id !== account.id) || facts.comments.length > 0;
  return {
    ...base,
    facts,
    rights: clicked ? await readRights(around.people, record, facts, never) : nobody,
    // Where nobody clicked nothing of it is about to be done.
    world: clicked ? await worldOf(around, record.payload, record.run) : undefined,
  };
}

async function readClicks(
  { send }: Context,
  account: User,
  { thread, comment, id, rule }: ProposalRecord,
): Promise<ClickFacts> {
  const all =
    comment === null || rule.comments ? await listComments(send, thread.repository, thread.number) : [];
  const found =
    comment === null
      ? ownComments(all, account, signs.proposal(id))[0]
      : await findComment(send, thread.repository, comment.id);
  const reactions =
    found === undefined || comment === null ? [] : await listReactions(send, thread.repository, found.id);
  return {
    comment: found === undefined ? null : { ...found, user: found.user ?? null },
    reactions: reactions.map((item) => ({ ...item, user: item.user ?? null })),
    comments: rule.comments
      ? all
          .filter((item) => !sameAccount(item.user, account))
          .map((item) => ({ ...item, user: item.user ?? null }))
      : [],
  };
}

/** What the rule of a proposal asks about people, now; only of those who said something. */
async function readRights(
  people: People,
  { payload, rule }: ProposalRecord,
  facts: ClickFacts,
  never: string[],
): Promise<Rights> {
  const who = [...facts.reactions, ...facts.comments].flatMap(({ user }) =>
    user === null ? [] : [user.login],
  );
  const teams = Array.isArray(rule.approvers) ? rule.approvers.filter((entry) => entry.startsWith('@')) : [];
  return {
    writers: await people.writers(payload.repo, { of: who }),
    admins: rule.approvers === 'admin' ? await people.admins(payload.repo) : { unknown: 'nobody asked' },
    teams: Object.fromEntries(
      await Promise.all(teams.map(async (entry) => [entry, await people.team(entry)] as const)),
    ),
    never,
  };
}

/** Looks for what an action made whose answer was lost. */
async function findDone(
  { send, woodpecker, settings }: Context,
  account: User,
  record: ProposalRecord,
  claim: Extract<DecidedRecord, { kind: 'claimed' }>,
): Promise<Found | undefined> {
  const { payload, run } = record;
  const since = createdSince(claim);
  if (payload.type !== 'ci-run') {
    const mark = createdMark(record);
    const made = (await issuesSince(send, payload.repo, account.login, since)).find(
      ({ body, user, pull_request }) =>
        sameAccount(user, account) &&
        body.trimEnd().endsWith(mark) &&
        (pull_request != null) === (payload.type === 'pr-create'),
    );
    return made === undefined
      ? { kind: 'nothing' }
      : { kind: 'made', number: made.number, url: made.html_url };
  }
  if (run?.backend === 'woodpecker-pipeline') {
    if (woodpecker === undefined) return undefined;
    const repositoryId = await lookupRepository(woodpecker, payload.repo);
    const number = await findPipeline(woodpecker, repositoryId, {
      author: await getLogin(woodpecker),
      variables: variablesOf(payload.inputs, claim.nonce),
      since,
    });
    if (number === undefined) return { kind: 'nothing' };
    const { commit } = await getPipeline(woodpecker, repositoryId, number);
    return commit === run.commit
      ? {
          kind: 'made',
          number,
          url: `${settings['woodpecker-url']}/repos/${repositoryId}/pipeline/${number}`,
        }
      : { kind: 'stray', number, commit: commit ?? 'an unknown commit' };
  }
  // Without a nonce in it, one run cannot be told from another.
  if (run?.takesNonce !== true) return { kind: 'nothing' };
  const found = await createRuns(send).find(payload.repo, {
    by: account.id,
    inputs: { nonce: claim.nonce },
    since,
  });
  return found === undefined
    ? { kind: 'nothing' }
    : { kind: 'made', number: runNumber({ id: found.id, url: found.html_url }), url: found.html_url };
}
