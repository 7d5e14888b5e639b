import type { Send } from '../api/send.ts';
import { commitsOfPath } from '../forge/commits.ts';
import { findFile } from '../forge/contents.ts';
import {
  closedPullsSince,
  headKept,
  listReviews,
  type Pull,
  pullFiles,
  pullOfCommit,
  type Review,
} from '../forge/pulls.ts';
import { getRepository } from '../forge/repositories.ts';
import { whyNotStart } from '../woodpecker/pipelines.ts';
import type { PullFacts } from './approval.ts';
import type { Candidate, FormulaState, Requests } from './candidate.ts';
import { type Formula, formulaFolder, parseFormula } from './formula.ts';
import type { Policy } from './policy.ts';
import { type People, readRights } from './read-rights.ts';
import { type WorkflowFacts, type WorkflowState, workflowFiles } from './workflow.ts';
import { readWorkflow } from './workflow-file.ts';

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

/** The servers that are asked. */
export interface Servers {
  send: Send;
  /** Where the role was told of a Woodpecker and given a token for it. */
  woodpecker?: Send;
}

/** Everything that has to be known to decide about an action which names a formula. */
export async function readCandidate(
  servers: Servers,
  { repository, branch, commit, policy, people }: Base,
  given: {
    file: string;
    formula: string;
    /** Accounts that never approve: bots, our own. */
    never: string[];
    /** An open pull request that is weighed as if it were merged; otherwise the merged ones are looked for. */
    open?: { pull: Pull; reviews: Review[]; headBlob: string };
  },
): Promise<Candidate> {
  const { send } = servers;
  const { open } = given;
  const formula = await readFormula(servers, repository, commit, given.formula);
  const runRepository = formula.kind === 'known' ? (formula.document.run.repo ?? repository) : repository;
  const [requests, pushers, rights] = await Promise.all([
    open === undefined
      ? readPulls(send, { repository, branch, commit, file: given.file })
      : {
          pulls: [{ ...factsOf(open.pull, branch, open.reviews, open.headBlob), merged: true }],
          incomplete: undefined,
          mergedAt: null,
        },
    people.writers(runRepository),
    readRights(people, repository, policy, given.never),
  ]);
  return { formula, requests, rights, pushers };
}

async function readFormula(
  servers: Servers,
  repository: string,
  commit: string,
  name: string,
): Promise<FormulaState> {
  const file = `${formulaFolder}/${name}.toml`;
  const found = await findFile(servers.send, repository, file, commit);
  if (found === undefined) return { kind: 'missing' };
  const parsed = parseFormula(file, found.bytes);
  if (!parsed.ok) return { kind: 'faulty', faults: parsed.faults };
  return {
    kind: 'known',
    document: parsed.document,
    blob: found.sha,
    ...(await readWorkflowOf(servers, repository, parsed.document)),
  };
}

/** What a formula starts, and why nothing of it could be started, where that is so. */
export async function readWorkflowOf(
  { send, woodpecker }: Servers,
  opsRepository: string,
  formula: Formula,
): Promise<WorkflowState> {
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
  return { workflow, unreachable, beside: [] };
}

/** How far behind a clock is believed to be, at the most, before all pull requests are looked through. */
const clockSlack = 48 * 3_600_000;

/** The merged pull requests that may have brought a file, with everything that has to be known of them. */
async function readPulls(
  send: Send,
  place: { repository: string; branch: string; commit: string; file: string },
): Promise<Requests> {
  const { repository, branch, commit, file } = place;
  const [newest] = await commitsOfPath(send, repository, file, commit);
  if (newest === undefined)
    return { pulls: [], incomplete: 'the forge shows no commit that brought the file', mergedAt: null };
  const { date } = newest.commit.committer;
  const direct = await pullOfCommit(send, repository, newest.sha);
  if (direct?.base.ref === branch) {
    const found = await mergedWith(send, place, [direct]);
    if (found.pulls.length > 0) return { ...found, incomplete: undefined };
  }
  // When it was committed is what the committer's clock says. Nobody is denied because of that: where nothing is found
  // since then, all of them are looked through.
  const since = Date.parse(date) - clockSlack;
  for (const from of [since, 0]) {
    const { pulls, complete } = await closedPullsSince(
      send,
      repository,
      new Date(Number.isNaN(from) ? 0 : from).toISOString(),
      mostPulls,
    );
    const found = await mergedWith(
      send,
      place,
      pulls.filter(({ merged, base }) => merged && base.ref === branch),
    );
    const incomplete = complete
      ? undefined
      : `more than ${mostPulls} pull requests were closed since the file was written`;
    if (found.pulls.length > 0 || !complete || from === 0)
      return { ...found, incomplete, mergedAt: found.mergedAt ?? date };
  }
  throw new Error('the pull requests were not looked through');
}

/** Those of some merged pull requests that changed a file, at the heads that were merged. */
async function mergedWith(
  send: Send,
  { repository, branch, file }: { repository: string; branch: string; file: string },
  merged: Pull[],
): Promise<{ pulls: PullFacts[]; mergedAt: string | null }> {
  const facts: PullFacts[] = [];
  let mergedAt: string | null = null;
  for (const pull of merged) {
    const files = await pullFiles(send, repository, pull.number);
    if (!files.some(({ filename, status }) => filename === file && status !== 'deleted')) continue;
    const [kept, reviews] = await Promise.all([
      headKept(send, repository, pull.number),
      listReviews(send, repository, pull.number),
    ]);
    const sha = kept ?? pull.head.sha;
    const head = await findFile(send, repository, file, sha);
    facts.push(factsOf({ ...pull, head: { ...pull.head, sha } }, branch, reviews, head?.sha ?? null));
    if (pull.merged_at != null && (mergedAt === null || pull.merged_at > mergedAt)) mergedAt = pull.merged_at;
  }
  return { pulls: facts, mergedAt };
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
