import type { PullFacts } from '../../core/approval.ts';
import { commitsOfPath } from '../../core/forge/commits.ts';
import { findFile } from '../../core/forge/contents.ts';
import {
  closedPullsSince,
  listReviews,
  type Pull,
  pullFiles,
  pullOfCommit,
  type Review,
} from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import type { Send } from '../../core/forge/send.ts';
import { type Formula, formulaFolder, parseFormula } from '../../core/ops/formula.ts';
import type { Policy } from '../../core/ops/policy.ts';
import { type People, readRights } from '../../core/rights.ts';
import { whyNotStart } from '../../core/woodpecker/pipelines.ts';
import type { Candidate, Context } from './state.ts';
import { readWorkflow, type WorkflowFacts, workflowFiles } from './workflow-file.ts';

/** How many pull requests are looked through for the one that brought an action. */
const mostPulls = 200;

/** What an action is decided against, at one commit of the ops repo. */
export interface Base {
  repository: string;
  branch: string;
  commit: string;
  policy: Policy;
  people: People;
}

/** Everything that has to be known to decide about an action which names a formula. */
export async function readCandidate(
  { settings, send, woodpecker }: Pick<Context, 'settings' | 'send' | 'woodpecker'>,
  { repository, branch, commit, policy, people }: Base,
  /** Our own account: it never approves. */
  own: string,
  action: { file: string; formula: string },
  /** An open pull request that is looked at as if it were merged; otherwise the merged ones are looked for. */
  open?: { pull: Pull; reviews: Review[]; headBlob: string },
): Promise<Candidate> {
  const file = `${formulaFolder}/${action.formula}.toml`;
  const raw = await findFile(send, repository, file, commit);
  const formula = raw === undefined ? null : parseFormula(file, raw.bytes);
  const run = formula?.ok === true ? formula.document.run : undefined;
  const runRepository = run?.repo ?? repository;
  const [{ workflow, unreachable }, requests, pushers] = await Promise.all([
    formula?.ok === true
      ? readWorkflowOf({ send, woodpecker }, repository, formula.document)
      : { workflow: null, unreachable: undefined },
    open === undefined
      ? readPulls(send, { repository, branch, commit, file: action.file })
      : {
          pulls: [{ ...factsOf(open.pull, branch, open.reviews, open.headBlob), merged: true }],
          incomplete: undefined,
          mergedAt: null,
        },
    people.writers(runRepository),
  ]);
  return {
    formula,
    formulaBlob: raw?.sha ?? null,
    workflow,
    unreachable,
    pulls: requests.pulls,
    incomplete: requests.incomplete,
    mergedAt: requests.mergedAt,
    rights: await readRights(people, repository, policy, [...settings.bots, own]),
    pushers,
  };
}

/** What a formula starts, and why nothing of it could be started, where that is so. */
export async function readWorkflowOf(
  { send, woodpecker }: { send: Send; woodpecker: Send | undefined },
  opsRepository: string,
  formula: Formula,
): Promise<Pick<Candidate, 'workflow' | 'unreachable'>> {
  const { run } = formula;
  const repository = run.repo ?? opsRepository;
  const [workflow, unreachable] = await Promise.all([
    findWorkflow(send, repository, formula),
    run.backend !== 'woodpecker-pipeline'
      ? undefined
      : woodpecker === undefined
        ? 'its formula runs on Woodpecker: set woodpecker-url and woodpecker-token'
        : whyNotStart(woodpecker, repository),
  ]);
  return { workflow, unreachable };
}

/** The merged pull requests that may have brought a file, with everything that has to be known of them. */
async function readPulls(
  send: Send,
  { repository, branch, commit, file }: { repository: string; branch: string; commit: string; file: string },
): Promise<{ pulls: PullFacts[]; incomplete: string | undefined; mergedAt: string | null }> {
  const [newest] = await commitsOfPath(send, repository, file, commit);
  if (newest === undefined) return { pulls: [], incomplete: undefined, mergedAt: null };
  const direct = await pullOfCommit(send, repository, newest.sha);
  const since = newest.commit.committer.date;
  const { pulls, complete } =
    direct === undefined
      ? await closedPullsSince(send, repository, since, mostPulls)
      : { pulls: [direct], complete: true };
  const merged = pulls.filter(({ merged: isMerged, base }) => isMerged && base.ref === branch);
  const facts: PullFacts[] = [];
  let mergedAt: string | null = null;
  for (const pull of merged) {
    const files = await pullFiles(send, repository, pull.number);
    if (!files.some(({ filename, status }) => filename === file && status !== 'deleted')) continue;
    const [head, reviews] = await Promise.all([
      findFile(send, repository, file, pull.head.sha),
      listReviews(send, repository, pull.number),
    ]);
    facts.push(factsOf(pull, branch, reviews, head?.sha ?? null));
    if (pull.merged_at != null && (mergedAt === null || pull.merged_at > mergedAt)) mergedAt = pull.merged_at;
  }
  return {
    pulls: facts,
    incomplete:
      complete || facts.length > 0
        ? undefined
        : `more than ${mostPulls} pull requests were closed since the file was written`,
    mergedAt,
  };
}

function factsOf(pull: Pull, branch: string, reviews: Review[], headBlob: string | null): PullFacts {
  return {
    number: pull.number,
    author: pull.user ?? null,
    merged: pull.merged,
    intoBase: pull.base.ref === branch,
    headSha: pull.head.sha,
    headBlob,
    changesFile: true,
    reviews: reviews.map(({ id, user, state, commit_id, stale, official, dismissed }) => ({
      id,
      user: user ?? null,
      state,
      commit: commit_id,
      stale,
      official,
      dismissed,
    })),
  };
}

/** The file of a formula's workflow on the branch that it runs on. */
async function findWorkflow(send: Send, repository: string, formula: Formula): Promise<WorkflowFacts | null> {
  const ref = formula.run.ref ?? (await getRepository(send, repository)).default_branch;
  for (const file of workflowFiles(formula)) {
    const raw = await findFile(send, repository, file, ref);
    if (raw !== undefined) return readWorkflow(file, raw.sha, raw.bytes);
  }
  return null;
}
