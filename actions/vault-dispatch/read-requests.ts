import { namesLogin, sameAccount } from '../../core/accounts.ts';
import { alone } from '../../core/api/errors.ts';
import { documentName } from '../../core/document-name.ts';
import { listComments } from '../../core/forge/comments.ts';
import { commitsBetween } from '../../core/forge/commits.ts';
import { listReviews, openPulls, type Pull, pullFiles, type Review } from '../../core/forge/pulls.ts';
import type { Snapshot } from '../../core/forge/snapshot.ts';
import { findStatus } from '../../core/forge/statuses.ts';
import { retargetedAt } from '../../core/forge/timeline.ts';
import type { TreeEntry } from '../../core/forge/trees.ts';
import type { User } from '../../core/forge/users.ts';
import { ownComments } from '../../core/own-comment.ts';
import { parseVaultAction, vaultActions } from '../../core/vault/action.ts';
import { formulaFolder, parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy, policyFile } from '../../core/vault/policy.ts';
import {
  type Base,
  bytesOf,
  type OpenRequest,
  readCandidate,
  readWorkflowOf,
} from '../../core/vault/read-candidate.ts';
import { formerIds, isSpent, type Records } from '../../core/vault/read-records.ts';
import { startOf } from './low-tier.ts';
import { neverApproving, ownAccounts } from './settings.ts';
import type {
  Context,
  MergeFacts,
  RequestContent,
  RequestedAction,
  RequestedDocument,
  RequestState,
  ReviewState,
} from './state.ts';
import { reviewSign, statusContext } from './text.ts';

/** How many open pull requests are looked at of one person who may not write, and how many actions of each. */
const mostOfOne = 10;
const mostActions = 20;

/** How long a commit from a fork is waited for, and how often. */
const pauseMs = 1000;
const mostLooks = 6;

/** What open pull requests ask for; each is looked at as if it were merged now. */
export async function readRequests(
  context: Context,
  base: Base,
  account: User,
  records: Records,
): Promise<Pick<ReviewState, 'requests' | 'crowded'>> {
  const { send } = context;
  const requests: RequestState[] = [];
  const looked = new Map<string, number>();
  const left = new Map<string, number>();
  const open = (await openPulls(send, base.repository)).filter(({ base: { ref } }) => ref === base.branch);
  if (open.length === 0) return { requests, crowded: [] };
  const former = await formerIds(base.snapshot, base.commit);
  const spent = (id: string): boolean => isSpent(id, records, former);
  for (const pull of open.sort((a, b) => a.number - b.number)) {
    const author = pull.user?.login ?? '';
    const shared = { number: pull.number, headSha: pull.head.sha, author };
    const { value: asked, trouble } = await alone(() => readChanges(context, base, pull));
    if (asked === 'nothing') continue;
    const count = (looked.get(author) ?? 0) + 1;
    looked.set(author, count);
    // Anybody who reads may open any number of pull requests, and others' should still be looked at.
    if (
      count > mostOfOne &&
      !namesLogin(await base.people.writers(base.repository, { of: [author] }), author)
    ) {
      left.set(author, (left.get(author) ?? 0) + 1);
      continue;
    }
    if (asked === undefined) requests.push({ ...shared, content: { kind: 'troubled', trouble } });
    else if (asked === 'not-yet') requests.push({ ...shared, content: { kind: 'not-yet' } });
    else {
      const content = await alone(() => readContent(context, base, account, { pull, changes: asked, spent }));
      requests.push({ ...shared, content: content.value ?? { kind: 'troubled', trouble: content.trouble } });
    }
  }
  return { requests, crowded: [...left].map(([author, count]) => ({ author, left: count })) };
}

/** A file that a pull request changes: as it is at its head and on the branch it left. */
interface Changed {
  file: string;
  head: TreeEntry | undefined;
}

/**
 * What a pull request changes of the vault. Told by trees: the forge's list of files fails for ever once a fork is gone, and
 * tells one that became a symbolic link twice.
 */
async function readChanges(
  { pause }: Context,
  { repository, snapshot, commit }: Base,
  pull: Pull,
): Promise<Changed[] | 'nothing' | 'not-yet'> {
  const head = pull.head.sha;
  for (let look = 1; !(await snapshot.holds(head)); look += 1) {
    if (look === mostLooks) return 'not-yet';
    await pause(pauseMs, `#${pull.number} names a commit that has not come to ${repository} yet`);
  }
  const from = pull.merge_base ?? commit;
  const [theirs, ours] = await Promise.all([
    snapshot.entryAt(head, 'vault'),
    snapshot.entryAt(from, 'vault'),
  ]);
  if (theirs?.sha === ours?.sha) return 'nothing';
  const found: Changed[] = [];
  for (const folder of [vaultActions, formulaFolder]) {
    const [now, before] = await Promise.all([
      snapshot.folderAt(head, folder),
      snapshot.folderAt(from, folder),
    ]);
    const old = new Map(before.map((entry) => [entry.path, entry]));
    const own = new Map(now.map((entry) => [entry.path, entry]));
    for (const name of new Set([...own.keys(), ...old.keys()])) {
      if (!name.endsWith('.toml')) continue;
      const [is, was] = [own.get(name), old.get(name)];
      if (is?.sha !== was?.sha || is?.mode !== was?.mode) found.push({ file: `${folder}/${name}`, head: is });
    }
  }
  const [policy, before] = await Promise.all([
    snapshot.entryAt(head, policyFile),
    snapshot.entryAt(from, policyFile),
  ]);
  if (policy?.sha !== before?.sha || policy?.mode !== before?.mode)
    found.push({ file: policyFile, head: policy });
  return found.length === 0 ? 'nothing' : found;
}

/** What of a pull request is looked into. */
interface Asked {
  pull: Pull;
  changes: Changed[];
  spent: (id: string) => boolean;
}

async function readContent(
  context: Context,
  base: Base,
  account: User,
  asked: Asked,
): Promise<RequestContent> {
  const { send, settings } = context;
  const { repository } = base;
  const { pull, changes } = asked;
  const inActions = changes.filter(({ file }) => file.startsWith(`${vaultActions}/`));
  if (inActions.length > mostActions)
    return {
      kind: 'troubled',
      trouble: `it asks for ${inActions.length} actions at once; at most ${mostActions} are looked at in one pull request`,
    };
  const [status, comments, reviews, retargeted, files] = await Promise.all([
    findStatus(send, repository, pull.head.sha, statusContext),
    listComments(send, repository, pull.number),
    listReviews(send, repository, pull.number),
    retargetedAt(send, repository, pull.number),
    // It fails for ever once the fork is gone.
    alone(() => pullFiles(send, repository, pull.number)),
  ]);
  const [comment] = ownComments(comments, account, reviewSign);
  const names = changes.map(({ file }) => file);
  await base.snapshot.contents(changes.flatMap(({ head }) => (head === undefined ? [] : [head])));
  const actions: RequestedAction[] = [];
  for (const change of inActions)
    actions.push(await readAction(context, base, account, asked, { change, reviews, retargeted }));
  const documents: RequestedDocument[] = [];
  for (const change of changes.filter((item) => !inActions.includes(item)))
    documents.push(await readDocument(context, base, change, pull.head.sha));
  return {
    kind: 'read',
    isDraft: pull.draft === true,
    isApprovedByUs: reviews.some(
      ({ user, state, commit_id, dismissed }) =>
        sameAccount(user, account) && state === 'APPROVED' && commit_id === pull.head.sha && !dismissed,
    ),
    status: status ?? null,
    comment: comment === undefined ? null : { id: comment.id, body: comment.body },
    actions,
    documents,
    others:
      files.value === undefined
        ? null
        : [...new Set(files.value.map(({ filename }) => filename))].filter((name) => !names.includes(name)),
    merging: settings['low-tier'] === 'auto-merge' ? await readMerging(context, base, pull.head.sha) : null,
  };
}

/** An action of one pull request, as it is at its head. */
async function readAction(
  context: Context,
  base: Base,
  account: User,
  { pull, spent }: Asked,
  given: { change: Changed; reviews: Review[]; retargeted: string | null },
): Promise<RequestedAction> {
  const { file, head } = given.change;
  const id = documentName(file);
  if (head === undefined) return { id, file, kind: spent(id) ? 'spent' : 'withdrawn' };
  const found = bytesOf(await base.snapshot.fileOf(head), file);
  if (!found.ok) return { id, file, kind: 'faulty', faults: found.faults };
  const parsed = parseVaultAction(file, found.bytes);
  if (!parsed.ok) return { id, file, kind: 'faulty', faults: parsed.faults };
  const action = parsed.document;
  if (action.kind === 'human') return { id, file, kind: 'human', action };
  if (spent(id)) return { id, file, kind: 'spent' };
  const open: OpenRequest = {
    pull,
    reviews: given.reviews,
    retargetedAt: given.retargeted,
    headBlob: found.sha,
  };
  const candidate = await readCandidate(context, base, {
    id,
    file,
    action,
    never: neverApproving(context.settings, account.login),
    own: ownAccounts(context.settings, account.login),
    namesGivers: true,
    open,
  });
  return { id, file, kind: 'open', action, blob: found.sha, candidate };
}

/**
 * A formula or the policy at the head of a pull request. Its workflow is the one that comes with it, or, where none does, the one that
 * is there now.
 */
async function readDocument(
  context: Context,
  base: Base,
  { file, head }: Changed,
  headSha: string,
): Promise<RequestedDocument> {
  if (head === undefined) return { file, kind: 'removed' };
  const found = bytesOf(await base.snapshot.fileOf(head), file);
  if (!found.ok) return { file, kind: 'faulty', faults: found.faults };
  const parsed = file === policyFile ? parsePolicy(file, found.bytes) : parseFormula(file, found.bytes);
  if (!parsed.ok) return { file, kind: 'faulty', faults: parsed.faults };
  if (!('run' in parsed.document)) return { file, kind: 'policy' };
  const { document } = parsed;
  const elsewhere = document.run.repo;
  // Anybody may name a repository in a pull request; what our account sees of it is not theirs to read.
  if (
    elsewhere !== undefined &&
    elsewhere !== base.repository &&
    elsewhere !== (await repositoryNow(base, file))
  )
    return { file, kind: 'formula-elsewhere' };
  const brought = await readWorkflowOf(context, { ...base, commit: headSha }, document, undefined);
  const state =
    brought.workflow === null ? await readWorkflowOf(context, base, document, undefined) : brought;
  return { file, kind: 'formula', document, ...state };
}

/** Where the formula of that file runs as long as nothing is merged. */
async function repositoryNow({ snapshot, commit }: Base, file: string): Promise<string | undefined> {
  const found = await snapshot.fileAt(commit, file);
  const parsed = found.kind === 'file' ? parseFormula(file, found.bytes) : undefined;
  return parsed?.ok === true ? parsed.document.run.repo : undefined;
}

/** What merging a commit would bring, by commits and trees. */
async function readMerging({ send }: Context, base: Base, head: string): Promise<MergeFacts> {
  const { repository, snapshot, commit } = base;
  const commits = (await commitsBetween(send, repository, commit, head)).map(({ sha, parents }) => ({
    sha,
    parents,
  }));
  const from = startOf(commits, head);
  const changes = from === undefined ? null : await differences(snapshot, from, head, '');
  const taken: string[] = [];
  for (const { path, kind } of changes ?? [])
    if (kind === 'added' && (await snapshot.entryAt(commit, path)) !== undefined) taken.push(path);
  return { commits, changes, taken };
}

/** How many differences are looked at before it is more than anybody would merge unseen. */
const mostChanges = 100;

/** What differs between the trees of two commits below a path: only folders that differ are looked into. */
async function differences(
  snapshot: Snapshot,
  from: string,
  to: string,
  folder: string,
): Promise<NonNullable<MergeFacts['changes']>> {
  const inside = async (commit: string): Promise<Map<string, TreeEntry>> => {
    const entries = folder === '' ? await snapshot.root(commit) : await snapshot.folderAt(commit, folder);
    return new Map(entries.map((entry) => [entry.path, entry]));
  };
  const [before, after] = await Promise.all([inside(from), inside(to)]);
  const found: NonNullable<MergeFacts['changes']> = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was?.sha === is?.sha && was?.mode === is?.mode) continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    const isFolder = [was, is].some((entry) => entry?.type === 'tree');
    const isLeaf = [was, is].some((entry) => entry !== undefined && entry.type !== 'tree');
    if (isLeaf)
      found.push({
        path,
        kind: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
        mode: is?.mode ?? '',
      });
    if (isFolder) found.push(...(await differences(snapshot, from, to, path)));
    if (found.length > mostChanges) return found;
  }
  return found;
}
