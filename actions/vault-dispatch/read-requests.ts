import { sameAccount } from '../../core/accounts.ts';
import { alone } from '../../core/api/errors.ts';
import { documentName } from '../../core/document-name.ts';
import { listComments } from '../../core/forge/comments.ts';
import { findFile } from '../../core/forge/contents.ts';
import {
  filesBetween,
  listReviews,
  openPulls,
  type Pull,
  pullFiles,
  type Review,
} from '../../core/forge/pulls.ts';
import { findStatus } from '../../core/forge/statuses.ts';
import type { User } from '../../core/forge/users.ts';
import { ownComments } from '../../core/own-comment.ts';
import { parseVaultAction } from '../../core/vault/action.ts';
import { parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy, policyFile } from '../../core/vault/policy.ts';
import { type Base, readCandidate, readWorkflowOf } from '../../core/vault/read-candidate.ts';
import { neverApproving } from './settings.ts';
import type { Context, RequestContent, RequestedAction, RequestedDocument, RequestState } from './state.ts';
import { reviewSign, statusContext } from './text.ts';

const aFormula = /^vault\/formulas\/[^/]+\.toml$/;
const anAction = /^vault\/actions\/[^/]+\.toml$/;

/** What open pull requests ask for; each is looked at as if it were merged now. `spent`: ids that are used already. */
export async function readRequests(
  context: Context,
  base: Base,
  account: User,
  spent: string[],
): Promise<RequestState[]> {
  const { send } = context;
  const { repository, branch } = base;
  const requests: RequestState[] = [];
  for (const pull of await openPulls(send, repository)) {
    if (pull.base.ref !== branch) continue;
    const files = await pullFiles(send, repository, pull.number);
    const there = files.filter(({ status }) => status !== 'deleted').map(({ filename }) => filename);
    const actions = there.filter((name) => anAction.test(name));
    const documents = there.filter((name) => aFormula.test(name) || name === policyFile);
    if (actions.length === 0 && documents.length === 0) continue;
    const headSha = pull.head.sha;
    const [status, comments, reviews] = await Promise.all([
      findStatus(send, repository, headSha, statusContext),
      listComments(send, repository, pull.number),
      listReviews(send, repository, pull.number),
    ]);
    const [comment] = ownComments(comments, account, reviewSign);
    const { value, trouble } = await alone(() =>
      readContent(context, base, account, { pull, reviews, actions, documents, spent }),
    );
    requests.push({
      number: pull.number,
      headSha,
      author: pull.user?.login ?? '',
      isDraft: pull.draft === true,
      isApprovedByUs: reviews.some(
        ({ user, state, commit_id, dismissed }) =>
          sameAccount(user, account) && state === 'APPROVED' && commit_id === headSha && !dismissed,
      ),
      others: files
        .map(({ filename }) => filename)
        .filter((name) => !actions.includes(name) && !documents.includes(name)),
      status: status ?? null,
      comment: comment === undefined ? null : { id: comment.id, body: comment.body },
      content: value ?? { kind: 'troubled', trouble },
    });
  }
  return requests;
}

/** What of a pull request is looked into, by the names of its files. */
interface Asked {
  pull: Pull;
  reviews: Review[];
  actions: string[];
  documents: string[];
  spent: string[];
}

async function readContent(
  context: Context,
  base: Base,
  account: User,
  asked: Asked,
): Promise<Extract<RequestContent, { kind: 'read' }>> {
  const actions = await readActions(context, base, account, asked);
  return {
    kind: 'read',
    actions,
    documents: await readDocuments(context, base, asked),
    onlyAddsActions:
      context.settings['low-tier'] === 'auto-merge' &&
      (await addsOnly(context, base, asked.pull.head.sha, actions)),
  };
}

/** The actions of one pull request, as they are at its head. */
async function readActions(
  context: Context,
  base: Base,
  account: User,
  { pull, reviews, actions: files, spent }: Asked,
): Promise<RequestedAction[]> {
  const actions: RequestedAction[] = [];
  for (const file of files) {
    const found = await findFile(context.send, base.repository, file, pull.head.sha);
    if (found === undefined) continue;
    const id = documentName(file);
    const parsed = parseVaultAction(file, found.bytes);
    if (!parsed.ok) actions.push({ id, file, kind: 'faulty', faults: parsed.faults });
    else if (parsed.document.kind === 'human')
      actions.push({ id, file, kind: 'human', action: parsed.document });
    else if (spent.includes(id)) actions.push({ id, file, kind: 'spent' });
    else
      actions.push({
        id,
        file,
        kind: 'open',
        action: parsed.document,
        blob: found.sha,
        candidate: await readCandidate(context, base, {
          file,
          formula: parsed.document.formula,
          never: neverApproving(context.settings, account.login),
          open: { pull, reviews, headBlob: found.sha },
        }),
      });
  }
  return actions;
}

/**
 * Whether the very commit that would be merged brings these new actions and nothing else. Asked by commits: a list of the
 * pull request's files is of its head at that moment, and a branch can move there and back between two calls.
 */
async function addsOnly(
  { send }: Context,
  { repository, commit }: { repository: string; commit: string },
  head: string,
  actions: RequestedAction[],
): Promise<boolean> {
  const files = await filesBetween(send, repository, commit, head);
  return (
    files !== undefined &&
    files.length > 0 &&
    files.every((name) => actions.some(({ file, kind }) => file === name && kind !== 'spent'))
  );
}

/** Formulas and policy at the head of a pull request. A workflow is compared as it is now, where it would run. */
async function readDocuments(
  context: Context,
  { repository, commit }: Base,
  { pull, documents: files }: Asked,
): Promise<RequestedDocument[]> {
  const documents: RequestedDocument[] = [];
  for (const file of files) {
    const found = await findFile(context.send, repository, file, pull.head.sha);
    if (found === undefined) continue;
    const parsed = file === policyFile ? parsePolicy(file, found.bytes) : parseFormula(file, found.bytes);
    if (!parsed.ok) documents.push({ file, kind: 'faulty', faults: parsed.faults });
    else if (!('run' in parsed.document)) documents.push({ file, kind: 'policy' });
    else {
      const { document } = parsed;
      const elsewhere = document.run.repo;
      // Anybody may name a repository in a pull request; what our account sees of it is not theirs to read.
      const isElsewhere =
        elsewhere !== undefined &&
        elsewhere !== repository &&
        elsewhere !== (await repositoryNow(context.send, repository, file, commit));
      documents.push(
        isElsewhere
          ? { file, kind: 'formula-elsewhere' }
          : { file, kind: 'formula', document, ...(await readWorkflowOf(context, repository, document)) },
      );
    }
  }
  return documents;
}

/** Where the formula of that file runs as long as nothing is merged. */
async function repositoryNow(
  send: Context['send'],
  repository: string,
  file: string,
  commit: string,
): Promise<string | undefined> {
  const raw = await findFile(send, repository, file, commit);
  const parsed = raw === undefined ? undefined : parseFormula(file, raw.bytes);
  return parsed?.ok === true ? parsed.document.run.repo : undefined;
}
