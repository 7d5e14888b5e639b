import { namesLogin, sameAccount, sameRepository } from '../accounts.ts';
import { type Kept, once } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { getBranch } from '../forge/branches.ts';
import type { ChangingCommit } from '../forge/commits.ts';
import { headKept, listReviews, type Pull, type Review } from '../forge/pulls.ts';
import { getRepository } from '../forge/repositories.ts';
import { createSnapshot, type FileAt, type Snapshot } from '../forge/snapshot.ts';
import { statusesBy } from '../forge/statuses.ts';
import { readConversation } from '../forge/timeline.ts';
import { whyNotFollow } from '../forge/workflows.ts';
import { whyNotStart } from '../woodpecker/pipelines.ts';
import type { AskedAction } from './action.ts';
import type { PullFacts } from './approval.ts';
import type { Brought, Candidate, FormulaState } from './candidate.ts';
import { type Formula, formulaFolder, parseFormula } from './formula.ts';
import { decidingFiles, guardWithPolicy, type PolicyGuard } from './guard.ts';
import { type Policy, type PolicySource, parsePolicy, policyFile } from './policy.ts';
import type { Line } from './read-line.ts';
import { type People, readRights } from './read-rights.ts';
import { shownContext, shownIn } from './shown.ts';
import { ruleFor } from './verdict.ts';
import {
  type BesideWorkflow,
  type RunPlace,
  type WorkflowFacts,
  type WorkflowState,
  workflowFiles,
} from './workflow.ts';
import { readBesideWorkflow, readWorkflow } from './workflow-file.ts';

/** The servers that are asked, and what a run keeps of their answers. */
export interface Servers {
  send: Send;
  /** Where the role was told of a Woodpecker and given a token for it. */
  woodpecker?: Send;
  kept: Kept;
}

/** What an action is decided against, at one commit of the ops repo. */
export interface Base {
  repository: string;
  branch: string;
  commit: string;
  policy: Policy;
  policyBlob: string | null;
  policySource: PolicySource;
  people: People;
  /** What the ops repo holds. */
  snapshot: Snapshot;
  /** The branch's own line, which ends in `commit`. */
  line: Line;
  /** The account whose statuses name what people were shown: that of vault-dispatch. */
  account: { id: number };
  /** Whether a merge alone can change these files of the branch. */
  guardOf(files: string[]): Promise<PolicyGuard>;
  /** The merged pull request that made a commit of the branch. */
  pullOf(commit: string): Promise<Pull | undefined>;
}

/** An open pull request that is weighed as if it were merged. */
export interface OpenRequest {
  pull: Pull;
  reviews: Review[];
  retargetedAt: string | null;
  headBlob: string;
}

/** Everything that has to be known to decide about an action which names a formula. */
export async function readCandidate(
  servers: Servers,
  base: Base,
  given: {
    id: string;
    file: string;
    action: AskedAction;
    /** Accounts that never approve: bots, our own. */
    never: string[];
    /** Those of them that hold their tokens where the secrets are: what they could read is there already. */
    own: string[];
    /** Whether it has to be known who could still say yes, and not only whether those who did may. */
    namesGivers: boolean;
    /** Without it, what brought the file to the branch is looked for. */
    open?: OpenRequest;
  },
): Promise<Candidate> {
  const { repository, branch, policy, people } = base;
  const formulaFile = `${formulaFolder}/${given.action.formula}.toml`;
  const brought =
    given.open === undefined
      ? await readBrought(servers, base, { file: given.file, formulaFile })
      : await openFacts(base, given.open, formulaFile);
  const formula = await readFormula(servers, base, formulaFile, { id: given.id, brought });
  const runRepository = formula.kind === 'known' ? formula.place.repository : repository;
  const of =
    given.namesGivers || !sameRepository(runRepository, repository)
      ? undefined
      : decidingPeople(base, given, { formula, brought });
  const [pushers, rights, guard] = await Promise.all([
    people.writers(runRepository, of === undefined ? {} : { of }),
    readRights(people, repository, policy, given.never, of),
    // Elsewhere what runs is pinned by its commit, or said not to be.
    base.guardOf(
      decidingFiles(formula.kind === 'known' ? [formula.document] : [], { repository, branch }).patterns,
    ),
  ]);
  return { formula, brought, rights, pushers, guard: guardWithPolicy(guard, base.policyBlob) };
}

/**
 * Whose rights decide about an action, where that is few: where everybody who may write may approve, those who said yes or no, and
 * those who never approve, who are named when they could read its secrets. Undefined where everybody's rights do.
 */
function decidingPeople(
  { policy, policySource }: Base,
  { action, never, own }: { action: AskedAction; never: string[]; own: string[] },
  found: Pick<Candidate, 'formula' | 'brought'>,
): string[] | undefined {
  const rule = ruleFor(action, found, policy, policySource);
  if (rule !== undefined && rule.approvers !== 'write') return undefined;
  const { brought } = found;
  const reviews = brought.kind === 'pull' || brought.kind === 'open' ? brought.pull.reviews : [];
  const bots = never.filter((login) => !namesLogin(own, login));
  return [...bots, ...reviews.flatMap(({ user }) => (user === null ? [] : [user.login]))];
}

async function readFormula(
  servers: Servers,
  base: Base,
  file: string,
  asked: { id: string; brought: Brought },
): Promise<FormulaState> {
  const found = await base.snapshot.fileAt(base.commit, file);
  if (found.kind === 'missing') return { kind: 'missing' };
  const bytes = bytesOf(found, file);
  if (!bytes.ok) return { kind: 'faulty', faults: bytes.faults };
  const parsed = parseFormula(file, bytes.bytes);
  if (!parsed.ok) return { kind: 'faulty', faults: parsed.faults };
  return {
    kind: 'known',
    document: parsed.document,
    blob: bytes.sha,
    ...(await readWorkflowOf(servers, base, parsed.document, asked)),
  };
}

/** A file's bytes, or what is wrong with it as a document. */
export function bytesOf(
  found: FileAt,
  file: string,
):
  | { ok: true; bytes: Uint8Array; sha: string }
  | { ok: false; faults: { file: string; line: 0; column: 0; message: string }[] } {
  if (found.kind === 'file') return { ok: true, bytes: found.bytes, sha: found.sha };
  const message =
    found.kind === 'missing'
      ? 'is not there'
      : found.kind === 'no-file'
        ? 'is no ordinary file: a symbolic link, a folder or a submodule is not read'
        : `is too large to be read (${found.size} bytes)`;
  return { ok: false, faults: [{ file, line: 0, column: 0, message }] };
}

/** What a formula starts and where, and why nothing of it could be started, where that is so. */
export async function readWorkflowOf(
  servers: Servers,
  base: Base,
  formula: Formula,
  asked: { id: string; brought: Brought } | undefined,
): Promise<WorkflowState> {
  const { woodpecker, kept } = servers;
  const isWoodpecker = formula.run.backend === 'woodpecker-pipeline';
  const place = await readPlace(servers, base, formula, asked);
  const snapshot = createSnapshot(servers.send, place.repository, kept);
  const [workflow, unreachable, beside] = await Promise.all([
    findWorkflow(snapshot, place.commit, formula),
    !isWoodpecker
      ? once(kept, `may follow ${place.repository}`, () => whyNotFollow(servers.send, place.repository))
      : woodpecker === undefined
        ? 'its formula runs on Woodpecker: set woodpecker-url and woodpecker-token'
        : once(kept, `may start ${place.repository}`, () => whyNotStart(woodpecker, place.repository)),
    isWoodpecker ? readBeside(snapshot, place.commit) : [],
  ]);
  return {
    workflow,
    unreachable,
    place,
    beside: beside.filter(({ file }) => file !== workflow?.file),
  };
}

/** Which commit a formula's workflow runs at. */
async function readPlace(
  { send, kept }: Servers,
  base: Base,
  { run }: Formula,
  asked: { id: string; brought: Brought } | undefined,
): Promise<RunPlace> {
  const repository = run.repo ?? base.repository;
  const isOps = sameRepository(repository, base.repository);
  const ref =
    run.ref ??
    (isOps
      ? base.branch
      : (await once(kept, `repository ${repository}`, () => getRepository(send, repository))).default_branch);
  const brought = asked?.brought;
  const isOwn = isOps && ref === base.branch;
  const isPinned = run.backend === 'forgejo-workflow';
  if (isOwn && isPinned) {
    const commit = brought?.kind === 'pull' || brought?.kind === 'direct' ? brought.commit : base.commit;
    return { repository, ref, commit, pin: { kind: 'own' } };
  }
  const head = isOwn ? base.commit : (await getBranch(send, repository, ref)).commit.id;
  if (!isPinned) return { repository, ref, commit: head, pin: { kind: 'head' } };
  const pull = brought?.kind === 'pull' || brought?.kind === 'open' ? brought.pull : undefined;
  if (asked === undefined || pull === undefined)
    return { repository, ref, commit: head, pin: { kind: 'unshown' } };
  const shown = (
    await statusesBy(send, base.repository, pull.headSha, {
      account: base.account,
      context: shownContext(asked.id),
    })
  ).at(-1);
  const commit = shown === undefined ? undefined : shownIn(shown.description);
  return shown === undefined || commit === undefined
    ? { repository, ref, commit: head, pin: { kind: 'unshown' } }
    : { repository, ref, commit, pin: { kind: 'shown', at: shown.createdAt, head } };
}

/** The file of a formula's workflow at the commit that runs. */
async function findWorkflow(
  snapshot: Snapshot,
  commit: string,
  formula: Formula,
): Promise<WorkflowFacts | null> {
  for (const file of workflowFiles(formula)) {
    const found = await snapshot.fileAt(commit, file);
    if (found.kind === 'missing') continue;
    const bytes = bytesOf(found, file);
    if (bytes.ok) return readWorkflow(file, bytes.sha, bytes.bytes);
  }
  return null;
}

/** How many workflows of one repository are looked at. */
const mostWorkflows = 50;

/** Every workflow that Woodpecker would look at there. */
export async function readBeside(snapshot: Snapshot, commit: string): Promise<BesideWorkflow[]> {
  const inFolder = (await snapshot.folderAt(commit, '.woodpecker'))
    .filter(({ path }) => /\.ya?ml$/.test(path))
    .map((entry) => ({ file: `.woodpecker/${entry.path}`, entry }));
  const alone = await Promise.all(
    ['.woodpecker.yaml', '.woodpecker.yml'].map(async (file) => ({
      file,
      entry: await snapshot.entryAt(commit, file),
    })),
  );
  const all = [...inFolder, ...alone].flatMap(({ file, entry }) =>
    entry === undefined ? [] : [{ file, entry }],
  );
  await snapshot.contents(all.slice(0, mostWorkflows).map(({ entry }) => entry));
  return Promise.all(
    all.map(async ({ file, entry }, index) => {
      const found: FileAt = index < mostWorkflows ? await snapshot.fileOf(entry) : { kind: 'no-file' };
      // What is not read could be anything.
      return readBesideWorkflow(file, found.kind === 'file' ? found.bytes : undefined);
    }),
  );
}

/** How an action's file came to the branch. */
export async function readBrought(
  { send }: Servers,
  base: Base,
  { file, formulaFile }: { file: string; formulaFile: string },
): Promise<Brought> {
  const { repository, line } = base;
  const change = await line.lastChange(file);
  if (change.kind === 'beyond')
    return {
      kind: 'unclear',
      why: `more than ${change.commits} commits came to ${base.branch} since it was written: ask again under another id`,
    };
  if (change.kind === 'never')
    return { kind: 'unclear', why: 'the forge shows no commit that brought the file' };
  const { commit } = change;
  const found = await findPull(base, commit, change.later);
  if (found === undefined || found.pull.base.ref !== base.branch)
    return { kind: 'direct', commit: commit.sha, at: commit.date };
  const { pull, merge } = found;
  const [conversation, reviews, head] = await Promise.all([
    readConversation(send, repository, pull.number),
    listReviews(send, repository, pull.number),
    // A merge names the very commit that it merged; of the others the forge keeps the head.
    merge.parents[1] ?? headKept(send, repository, pull.number),
  ]);
  const headSha = head ?? pull.head.sha;
  await base.snapshot.whole(headSha);
  const [action, before] = await Promise.all([
    base.snapshot.entryAt(headSha, file),
    // The commit that brought it is the merge itself, but where the pull request's commits were rebased.
    merge === commit || pull.merge_base == null ? undefined : base.snapshot.entryAt(pull.merge_base, file),
  ]);
  return {
    kind: 'pull',
    commit: merge.sha,
    mergedAt: pull.merged_at ?? '',
    mergedBy: pull.merged_by?.id ?? null,
    said: conversation.comments.filter(({ user }) => sameAccount(user, base.account)),
    changes: merge.files,
    policyThen: await policyAt(base, headSha),
    pull: {
      ...factsOf(pull, reviews, conversation.retargetedAt),
      intoBase: true,
      headSha,
      headBlob: action?.sha ?? null,
      formulaBlob: (await base.snapshot.entryAt(headSha, formulaFile))?.sha ?? null,
      changesFile: before === undefined || before.sha !== action?.sha,
    },
  };
}

/** How many commits after the one that brought a file are asked whether they end a pull request that was rebased. */
const mostRebased = 10;

/**
 * The merged pull request that put a commit on the branch, and the commit that the forge made of it last. A merge or a squash
 * is that commit itself. Where commits were rebased or only moved forward, it is the last of them, with one parent each.
 */
export async function findPull(
  { pullOf }: Pick<Base, 'pullOf'>,
  commit: ChangingCommit,
  later: ChangingCommit[],
): Promise<{ pull: Pull; merge: ChangingCommit } | undefined> {
  for (const merge of [commit, ...later].slice(0, mostRebased)) {
    if (merge !== commit && merge.parents.length > 1) return undefined;
    const pull = await pullOf(merge.sha);
    if (pull !== undefined) return { pull, merge };
    if (merge.parents.length > 1) return undefined;
  }
  return undefined;
}

/** An open pull request, as if it were merged now. */
async function openFacts(
  base: Base,
  { pull, reviews, retargetedAt: retargeted, headBlob }: OpenRequest,
  formulaFile: string,
): Promise<Brought> {
  const headSha = pull.head.sha;
  return {
    kind: 'open',
    policyThen: await policyAt(base, headSha),
    pull: {
      ...factsOf(pull, reviews, retargeted),
      merged: true,
      intoBase: pull.base.ref === base.branch,
      headSha,
      headBlob,
      formulaBlob: (await base.snapshot.entryAt(headSha, formulaFile))?.sha ?? null,
      changesFile: true,
    },
  };
}

/** The policy as it stands at a commit. Tiers of a project repo have no such commit: there today's count. */
async function policyAt(base: Base, commit: string): Promise<Policy | 'unreadable'> {
  if (base.policySource === 'project') return base.policy;
  const entry = await base.snapshot.entryAt(commit, policyFile);
  if ((entry?.sha ?? null) === base.policyBlob) return base.policy;
  const found = await base.snapshot.fileOf(entry);
  if (found.kind === 'missing' && entry === undefined) return parsedPolicy(new Uint8Array());
  return found.kind === 'file' ? parsedPolicy(found.bytes) : 'unreadable';
}

function parsedPolicy(bytes: Uint8Array): Policy | 'unreadable' {
  const parsed = parsePolicy(policyFile, bytes);
  return parsed.ok ? parsed.document : 'unreadable';
}

function factsOf(
  { number, user, merged }: Pull,
  reviews: Review[],
  retargeted: string | null,
): Pick<PullFacts, 'number' | 'author' | 'merged' | 'retargetedAt' | 'reviews'> {
  return {
    number,
    author: user ?? null,
    merged,
    retargetedAt: retargeted,
    reviews: reviews.map((review) => ({
      id: review.id,
      user: review.user ?? null,
      state: review.state,
      commit: review.commit_id,
      submittedAt: review.submitted_at,
      stale: review.stale,
      official: review.official,
      dismissed: review.dismissed,
    })),
  };
}
