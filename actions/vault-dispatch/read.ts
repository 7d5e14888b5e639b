import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { PullFacts, Rights } from '../../core/approval.ts';
import { writesFile } from '../../core/change.ts';
import { commentSign } from '../../core/changes/comment.ts';
import { listComments } from '../../core/forge/comments.ts';
import { commitsOfPath } from '../../core/forge/commits.ts';
import { findFile, getFile, namesIn } from '../../core/forge/contents.ts';
import { isAdmin, listWriters, teamMembers } from '../../core/forge/people.ts';
import {
  closedPullsSince,
  listReviews,
  openPulls,
  type Pull,
  pullFiles,
  pullOfCommit,
} from '../../core/forge/pulls.ts';
import { getBranch, getRepository } from '../../core/forge/repositories.ts';
import type { Send } from '../../core/forge/send.ts';
import { findStatus } from '../../core/forge/statuses.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { findRun, getRun, type WorkflowRun } from '../../core/forge/workflows.ts';
import { readOpsFolder } from '../../core/ops/folder.ts';
import { type Formula, formulaFolder, parseFormula } from '../../core/ops/formula.ts';
import { type Policy, parsePolicy, policyFile, ruleOf } from '../../core/ops/policy.ts';
import type { Parsed } from '../../core/ops/toml.ts';
import { parseVaultAction, type VaultAction, vaultActions } from '../../core/ops/vault-action.ts';
import {
  type FiredRecord,
  finalOutcomes,
  firedFolder,
  firedRecord,
  recordPath,
  rejectedFolder,
} from '../../core/ops/vault-record.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { settings } from './settings.ts';
import { dispatchKey, reviewSign, statusContext } from './text.ts';

export type VaultSettings = ValuesOf<typeof settings>;
type Context = ReadContext<typeof settings, VaultState>;

/** How many pull requests are looked through for the one that brought an action. */
const mostPulls = 200;

export interface VaultState extends State {
  account: User;
  repository: string;
  branch: string;
  /** The commit of the branch that all of this was read at. */
  commit: string;
  policy: Parsed<Policy>;
  policyBlob: string | null;
  actions: ActionState[];
  /** With `mode: review`: the open pull requests that ask for something. */
  requests: RequestState[];
  /** On a pull request's own pipeline: what the checkout holds, read without any token. */
  local: LocalState | null;
  /** Where this very run can be looked at. */
  runUrl: string | null;
}

/** The documents of a checkout. */
export interface LocalState {
  actions: { file: string; parsed: Parsed<VaultAction> }[];
  formulas: { file: string; parsed: Parsed<Formula> }[];
  policy: Parsed<Policy>;
}

export interface ActionState {
  id: string;
  file: string;
  blob: string;
  /** Of the bytes: `sha256:` and 64 hexadecimal digits. */
  digest: string;
  parsed: Parsed<VaultAction>;
  rejected: boolean;
  fired: FiredState | null;
  /** What is needed to decide about an action that has no record; `null` for any other. */
  candidate: Candidate | null;
  /** For the intent, should one be written. */
  nonce: string;
}

/** A record that is there: what it says, unless it is none, and whether our account wrote it. */
export interface FiredState {
  record: FiredRecord | null;
  blob: string;
  isOurs: boolean;
  /** The run that the record is of: by its id, or found by its nonce. */
  run: WorkflowRun | null;
  /** Whether it was written in this very run. */
  isFresh: boolean;
  /** Whether it was started in this very run. */
  isStarted: boolean;
}

export interface Candidate {
  formula: Parsed<Formula> | null;
  formulaBlob: string | null;
  workflow: WorkflowFacts | null;
  pulls: PullFacts[];
  /** Why not every pull request could be looked at. */
  incomplete: string | undefined;
  /** When the newest of them was merged. */
  mergedAt: string | null;
  rights: Rights;
  /** Who can push to the repository whose CI holds the secrets. */
  pushers: string[];
}

/** An open pull request into the branch that brings actions. */
export interface RequestState {
  number: number;
  headSha: string;
  author: string;
  actions: {
    id: string;
    file: string;
    blob: string;
    parsed: Parsed<VaultAction>;
    /** Whether the id is used already. */
    isSpent: boolean;
    candidate: Candidate | null;
  }[];
  /** Other files it changes. */
  others: string[];
  status: { state: string; description: string } | null;
  comment: { id: number; body: string } | null;
}

/** What a workflow's file says of itself. */
export interface WorkflowFacts {
  blob: string;
  inputs: string[];
  secrets: string[];
}

export async function read(context: Context): Promise<VaultState> {
  const { settings, send, facts, now } = context;
  if (facts.isPullRequest) return readLocal(context);
  const repository = settings['ops-repo'];
  const account = await getExpectedUser(send, settings['forge-login']);
  const branch = settings['ops-branch'] ?? (await getRepository(send, repository)).default_branch;
  const commit = (await getBranch(send, repository, branch)).commit.id;
  const [files, fired, rejected, policy] = await Promise.all([
    namesIn(send, repository, vaultActions, commit),
    namesIn(send, repository, firedFolder, commit),
    namesIn(send, repository, rejectedFolder, commit),
    findFile(send, repository, policyFile, commit),
  ]);
  const parsedPolicy = parsePolicy(policyFile, policy?.bytes ?? new Uint8Array());
  const actions: ActionState[] = [];
  const base = {
    now,
    account,
    repository,
    branch,
    commit,
    policy: parsedPolicy,
    policyBlob: policy?.sha ?? null,
    local: null,
    runUrl: facts.runUrl ?? null,
  };
  if (settings.mode === 'review') {
    const spent = [...fired, ...rejected, ...files].map((name) => name.replace(/\.(?:json|toml)$/, ''));
    return { ...base, actions, requests: await readRequests(context, base, spent) };
  }
  for (const name of files.filter((item) => item.endsWith('.toml')).sort()) {
    const id = name.replace(/\.toml$/, '');
    const file = `${vaultActions}/${name}`;
    const { bytes, sha } = await getFile(send, repository, file, commit);
    const parsed = parseVaultAction(file, bytes);
    const isRejected = rejected.includes(`${id}.json`);
    const record = fired.includes(`${id}.json`)
      ? await readFired(context, account, repository, commit, id)
      : null;
    const isOpen = !isRejected && record === null;
    actions.push({
      id,
      file,
      blob: sha,
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      parsed,
      rejected: isRejected,
      fired: record,
      candidate:
        isOpen && parsed.ok && parsed.document.kind === 'formula' && parsedPolicy.ok
          ? await readCandidate(
              context,
              { repository, branch, commit, account, file },
              parsed.document.formula,
              parsedPolicy.document,
            )
          : null,
      nonce: randomBytes(16).toString('hex'),
    });
  }
  return { ...base, actions, requests: [] };
}

/** What a pull request's own pipeline can look at: its files, and nothing that needs a token. */
async function readLocal({ facts, send, now, settings }: Context): Promise<VaultState> {
  const documents = async (folder: string): Promise<{ file: string; bytes: Uint8Array }[]> =>
    existsSync(path.resolve(facts.workspace, folder))
      ? (await readOpsFolder({ send, facts, ops: undefined, branch: undefined, folder, extension: '.toml' }))
          .files
      : [];
  const [policy] = (await documents('vault')).filter(({ file }) => file === policyFile);
  const parsedPolicy = parsePolicy(policyFile, policy?.bytes ?? new Uint8Array());
  return {
    now,
    account: { id: 0, login: settings['forge-login'] ?? '' },
    repository: '',
    branch: '',
    commit: '',
    policy: parsedPolicy,
    policyBlob: null,
    actions: [],
    requests: [],
    local: {
      actions: (await documents(vaultActions)).map(({ file, bytes }) => ({
        file,
        parsed: parseVaultAction(file, bytes),
      })),
      formulas: (await documents(formulaFolder)).map(({ file, bytes }) => ({
        file,
        parsed: parseFormula(file, bytes),
      })),
      policy: parsedPolicy,
    },
    runUrl: facts.runUrl ?? null,
  };
}

async function readFired(
  { send, previous }: Context,
  account: User,
  repository: string,
  commit: string,
  id: string,
): Promise<FiredState> {
  const place = recordPath(firedFolder, id);
  const { bytes, sha } = await getFile(send, repository, place, commit);
  let record: FiredRecord | null = null;
  try {
    const parsed = firedRecord.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    record = parsed.success && parsed.data.id === id ? parsed.data : null;
  } catch {
    // What is no JSON is no record of ours, and is said to be none.
  }
  const history = await commitsOfPath(send, repository, place, commit);
  const wrote = previous?.done.some((change) => writesFile(change, place));
  const started = previous?.done.some(
    (change) => change.kind === 'dispatch' && change.key === dispatchKey(id),
  );
  const isOpen = record !== null && !(finalOutcomes as readonly string[]).includes(record.outcome);
  return {
    record,
    blob: sha,
    isOurs: history.length > 0 && history.every(({ author }) => author?.id === account.id),
    run: record !== null && isOpen ? await runOf(send, record) : null,
    isFresh: wrote === true,
    isStarted: started === true,
  };
}

async function runOf(send: Send, record: FiredRecord): Promise<WorkflowRun | null> {
  const { repository, id } = record.run;
  if (id !== null) return getRun(send, repository, id);
  return (await findRun(send, repository, record.intent.nonce, record.intent.at)) ?? null;
}

interface Place {
  repository: string;
  branch: string;
  commit: string;
  account: User;
  file: string;
}

/** What open pull requests ask for; each is judged as if it were merged now. */
async function readRequests(
  context: Context,
  base: { repository: string; branch: string; commit: string; account: User; policy: Parsed<Policy> },
  spent: string[],
): Promise<RequestState[]> {
  const { send } = context;
  const { repository, branch, account, policy } = base;
  const requests: RequestState[] = [];
  for (const pull of await openPulls(send, repository)) {
    if (pull.base.ref !== branch) continue;
    const files = await pullFiles(send, repository, pull.number);
    const asked = files.filter(
      ({ filename, status }) => /^vault\/actions\/[^/]+\.toml$/.test(filename) && status !== 'deleted',
    );
    if (asked.length === 0) continue;
    const actions: RequestState['actions'] = [];
    for (const { filename } of asked) {
      const raw = await findFile(send, repository, filename, pull.head.sha);
      if (raw === undefined) continue;
      const parsed = parseVaultAction(filename, raw.bytes);
      const id = (filename.split('/').at(-1) ?? '').replace(/\.toml$/, '');
      const place = { ...base, file: filename };
      actions.push({
        id,
        file: filename,
        blob: raw.sha,
        parsed,
        isSpent: spent.includes(id),
        candidate:
          parsed.ok && parsed.document.kind === 'formula' && policy.ok
            ? await readCandidate(context, place, parsed.document.formula, policy.document, pull)
            : null,
      });
    }
    const [status, comments] = await Promise.all([
      findStatus(send, repository, pull.head.sha, statusContext),
      listComments(send, repository, pull.number),
    ]);
    const comment = comments.find(
      ({ user, body }) => user?.id === account.id && body.includes(commentSign(reviewSign)),
    );
    requests.push({
      number: pull.number,
      headSha: pull.head.sha,
      author: pull.user?.login ?? '',
      actions,
      others: files
        .map(({ filename }) => filename)
        .filter((name) => !asked.some(({ filename }) => filename === name)),
      status: status ?? null,
      comment: comment === undefined ? null : { id: comment.id, body: comment.body },
    });
  }
  return requests;
}

async function readCandidate(
  { settings, send }: Context,
  place: Place,
  formulaName: string,
  policy: Policy,
  /** An open pull request that is looked at as if it were merged; otherwise the merged ones are looked for. */
  open?: Pull,
): Promise<Candidate> {
  const { repository, commit, account } = place;
  const file = `${formulaFolder}/${formulaName}.toml`;
  const raw = await findFile(send, repository, file, commit);
  const formula = raw === undefined ? null : parseFormula(file, raw.bytes);
  const runRepository = (formula?.ok === true ? formula.document.run.repo : undefined) ?? repository;
  const writing = listWriters(send, repository);
  const [workflow, requests, writers, pushers] = await Promise.all([
    formula?.ok === true ? readWorkflow(send, runRepository, formula.document) : null,
    open === undefined
      ? readPulls(send, place)
      : factsOf(send, repository, place.branch, place.file, open).then((facts) => ({
          pulls: [{ ...facts, merged: true }],
          incomplete: undefined,
          mergedAt: null,
        })),
    writing,
    runRepository === repository ? writing : listWriters(send, runRepository),
  ]);
  const rules = (['low', 'medium', 'high'] as const).map((tier) => ruleOf(policy, tier));
  const reviewers = [
    ...new Set(requests.pulls.flatMap(({ reviews }) => reviews.flatMap(({ user }) => user?.login ?? []))),
  ];
  const needsAdmins = rules.some(({ approvers }) => approvers === 'admin');
  // In a review everybody who could approve is named as well.
  const asked =
    open === undefined ? reviewers : [...new Set([...reviewers, ...writers.map(({ login }) => login)])];
  return {
    formula,
    formulaBlob: raw?.sha ?? null,
    workflow,
    pulls: requests.pulls,
    incomplete: requests.incomplete,
    mergedAt: requests.mergedAt,
    rights: {
      writers: writers.map(({ login }) => login),
      admins: needsAdmins ? await adminsAmong(send, repository, asked) : { unknown: 'nobody asked' },
      teams: await readTeams(
        send,
        rules.flatMap(({ approvers }) => (Array.isArray(approvers) ? approvers : [])),
      ),
      never: [...settings.bots, account.login],
    },
    pushers: pushers.map(({ login }) => login),
  };
}

async function adminsAmong(send: Send, repository: string, logins: string[]): Promise<Rights['admins']> {
  const admins: string[] = [];
  for (const login of logins) {
    const is = await isAdmin(send, repository, login);
    if (is === undefined)
      return {
        unknown: `who administers ${repository} only its admins may ask: give our account admin rights there, or let the rule name logins`,
      };
    if (is) admins.push(login);
  }
  return admins;
}

async function readTeams(send: Send, approvers: string[]): Promise<Rights['teams']> {
  const teams: Rights['teams'] = {};
  for (const entry of new Set(approvers.filter((item) => item.startsWith('@')))) {
    const [organisation = '', team = ''] = entry.slice(1).split('/');
    const members = await teamMembers(send, organisation, team);
    teams[entry] = members?.map(({ login }) => login) ?? {
      unknown: `the members of ${entry} could not be read: the token needs read:organization, and our account a place in ${organisation}`,
    };
  }
  return teams;
}

/** The merged pull requests that may have brought a file, with everything that has to be known of them. */
async function readPulls(
  send: Send,
  { repository, branch, commit, file }: Place,
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
    facts.push(await factsOf(send, repository, branch, file, pull));
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

async function factsOf(
  send: Send,
  repository: string,
  branch: string,
  file: string,
  pull: Pull,
): Promise<PullFacts> {
  const [head, reviews] = await Promise.all([
    findFile(send, repository, file, pull.head.sha),
    listReviews(send, repository, pull.number),
  ]);
  return {
    number: pull.number,
    author: pull.user ?? null,
    merged: pull.merged,
    intoBase: pull.base.ref === branch,
    headSha: pull.head.sha,
    headBlob: head?.sha ?? null,
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

async function readWorkflow(send: Send, repository: string, formula: Formula): Promise<WorkflowFacts | null> {
  const ref = formula.run.ref ?? (await getRepository(send, repository)).default_branch;
  for (const folder of ['.forgejo/workflows', '.gitea/workflows', '.github/workflows']) {
    const raw = await findFile(send, repository, `${folder}/${formula.run.workflow}`, ref);
    if (raw === undefined) continue;
    const text = new TextDecoder().decode(raw.bytes);
    return { blob: raw.sha, inputs: declaredInputs(text), secrets: boundSecrets(text) };
  }
  return null;
}

function declaredInputs(text: string): string[] {
  try {
    const inputs: unknown = parse(text, { maxAliasCount: 50 })?.on?.workflow_dispatch?.inputs;
    return typeof inputs === 'object' && inputs !== null ? Object.keys(inputs) : [];
  } catch {
    return [];
  }
}

/** Secrets that a workflow names anywhere; those that a runner makes itself are no secrets of anybody's. */
function boundSecrets(text: string): string[] {
  const names = [
    ...text.matchAll(/\bsecrets\s*(?:\.\s*([A-Za-z_]\w{0,127})|\[\s*'([A-Za-z_]\w{0,127})'\s*\])/g),
  ].map(([, dotted, bracketed]) => (dotted ?? bracketed ?? '').toUpperCase());
  return [...new Set(names)].filter((name) => !/^(?:FORGEJO|GITEA|GITHUB)_TOKEN$/.test(name)).sort();
}
