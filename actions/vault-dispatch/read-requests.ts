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
import { commentSign } from '../../core/own-comment.ts';
import { parseVaultAction } from '../../core/vault/action.ts';
import { parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy, policyFile } from '../../core/vault/policy.ts';
import { type Base, readCandidate, readWorkflowOf } from '../../core/vault/read-candidate.ts';
import type { Context, RequestState } from './state.ts';
import { reviewSign, statusContext } from './text.ts';

const aFormula = /^vault\/formulas\/[^/]+\.toml$/;
const anAction = /^vault\/actions\/[^/]+\.toml$/;

interface Place {
  repository: string;
  branch: string;
  commit: string;
  account: User;
}

/** What open pull requests ask for; each is looked at as if it were merged now. */
export async function readRequests(
  context: Context,
  /** `null` where the policy cannot be read: then nothing is looked into. */
  base: Base | null,
  place: Place,
  spent: string[],
): Promise<RequestState[]> {
  const { send, settings } = context;
  const { repository, branch, account } = place;
  const requests: RequestState[] = [];
  for (const pull of await openPulls(send, repository)) {
    if (pull.base.ref !== branch) continue;
    const files = await pullFiles(send, repository, pull.number);
    const asked = files.filter(({ filename, status }) => anAction.test(filename) && status !== 'deleted');
    const changed = files.filter(
      ({ filename, status }) => (aFormula.test(filename) || filename === policyFile) && status !== 'deleted',
    );
    if (asked.length === 0 && changed.length === 0) continue;
    const { headSha, ...rest } = {
      number: pull.number,
      headSha: pull.head.sha,
      author: pull.user?.login ?? '',
      isDraft: pull.draft === true,
      others: files
        .map(({ filename }) => filename)
        .filter((name) => ![...asked, ...changed].some(({ filename }) => filename === name)),
    };
    const [status, comments, reviews] = await Promise.all([
      findStatus(send, repository, headSha, statusContext),
      listComments(send, repository, pull.number),
      listReviews(send, repository, pull.number),
    ]);
    const comment = comments.find(
      ({ user, body }) => user?.id === account.id && body.includes(commentSign(reviewSign)),
    );
    const { value, trouble } = await alone(async () => {
      const actions = await readActions(context, base, place, pull, reviews, asked, spent);
      return {
        actions,
        documents: await readDocuments(context, place, headSha, changed),
        onlyAddsActions:
          settings['low-tier'] === 'auto-merge' && (await addsOnly(context, place, headSha, actions)),
      };
    });
    requests.push({
      ...rest,
      headSha,
      isApprovedByUs: reviews.some(
        ({ user, state, commit_id, dismissed }) =>
          user?.id === account.id && state === 'APPROVED' && commit_id === headSha && !dismissed,
      ),
      actions: value?.actions ?? [],
      documents: value?.documents ?? [],
      onlyAddsActions: value?.onlyAddsActions ?? false,
      trouble,
      status: status ?? null,
      comment: comment === undefined ? null : { id: comment.id, body: comment.body },
    });
  }
  return requests;
}

/** The actions of one pull request, as they are at its head. */
async function readActions(
  context: Context,
  base: Base | null,
  { repository, account }: Place,
  pull: Pull,
  reviews: Review[],
  asked: { filename: string }[],
  spent: string[],
): Promise<RequestState['actions']> {
  const actions: RequestState['actions'] = [];
  for (const { filename: file } of asked) {
    const raw = await findFile(context.send, repository, file, pull.head.sha);
    if (raw === undefined) continue;
    const parsed = parseVaultAction(file, raw.bytes);
    const id = documentName(file);
    actions.push({
      id,
      file,
      blob: raw.sha,
      parsed,
      isSpent: spent.includes(id),
      candidate:
        parsed.ok && parsed.document.kind === 'formula' && base !== null
          ? await readCandidate(
              context,
              base,
              account.login,
              { file, formula: parsed.document.formula },
              { pull, reviews, headBlob: raw.sha },
            )
          : null,
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
  actions: RequestState['actions'],
): Promise<boolean> {
  const files = await filesBetween(send, repository, commit, head);
  return (
    files !== undefined &&
    files.length > 0 &&
    files.every((name) => actions.some(({ file, isSpent }) => file === name && !isSpent))
  );
}

/** Formulas and policy at the head of a pull request. A workflow is compared as it is now, where it would run. */
async function readDocuments(
  { send, woodpecker }: Context,
  { repository, commit }: Place,
  head: string,
  changed: { filename: string }[],
): Promise<RequestState['documents']> {
  const documents: RequestState['documents'] = [];
  for (const { filename: file } of changed) {
    const raw = await findFile(send, repository, file, head);
    if (raw === undefined) continue;
    if (file === policyFile) {
      documents.push({ kind: 'policy', file, parsed: parsePolicy(file, raw.bytes) });
      continue;
    }
    const parsed = parseFormula(file, raw.bytes);
    const elsewhere = parsed.ok ? parsed.document.run.repo : undefined;
    // Anybody may name a repository in a pull request; what our account sees of it is not theirs to read.
    const isElsewhere =
      elsewhere !== undefined &&
      elsewhere !== repository &&
      elsewhere !== (await repositoryNow(send, repository, file, commit));
    documents.push({
      kind: 'formula',
      file,
      parsed,
      isElsewhere,
      ...(parsed.ok && !isElsewhere
        ? await readWorkflowOf({ send, woodpecker }, repository, parsed.document)
        : { workflow: null, unreachable: undefined }),
    });
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
