import { commentSign } from '../../core/changes/comment.ts';
import { listComments } from '../../core/forge/comments.ts';
import { findFile } from '../../core/forge/contents.ts';
import { listReviews, openPulls, pullFiles } from '../../core/forge/pulls.ts';
import { findStatus } from '../../core/forge/statuses.ts';
import type { User } from '../../core/forge/users.ts';
import { parseFormula } from '../../core/ops/formula.ts';
import { parsePolicy, policyFile } from '../../core/ops/policy.ts';
import { parseVaultAction } from '../../core/ops/vault-action.ts';
import { type Base, readCandidate, readWorkflowOf } from './read-candidate.ts';
import type { Context, RequestState } from './state.ts';
import { reviewSign, statusContext } from './text.ts';

const aFormula = /^vault\/formulas\/[^/]+\.toml$/;
const anAction = /^vault\/actions\/[^/]+\.toml$/;

/** What open pull requests ask for; each is looked at as if it were merged now. */
export async function readRequests(
  context: Context,
  /** `null` where the policy cannot be read: then nothing is looked into. */
  base: Base | null,
  place: { repository: string; branch: string; account: User },
  spent: string[],
): Promise<RequestState[]> {
  const { send } = context;
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
    const [reviews, status, comments] = await Promise.all([
      listReviews(send, repository, pull.number),
      findStatus(send, repository, pull.head.sha, statusContext),
      listComments(send, repository, pull.number),
    ]);
    const actions: RequestState['actions'] = [];
    for (const { filename: file } of asked) {
      const raw = await findFile(send, repository, file, pull.head.sha);
      if (raw === undefined) continue;
      const parsed = parseVaultAction(file, raw.bytes);
      const id = (file.split('/').at(-1) ?? '').replace(/\.toml$/, '');
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
    const comment = comments.find(
      ({ user, body }) => user?.id === account.id && body.includes(commentSign(reviewSign)),
    );
    requests.push({
      number: pull.number,
      headSha: pull.head.sha,
      author: pull.user?.login ?? '',
      isDraft: pull.draft === true,
      onlyAddsActions: files.every(({ filename, status: how }) => anAction.test(filename) && how === 'added'),
      isApprovedByUs: reviews.some(
        ({ user, state, commit_id, dismissed }) =>
          user?.id === account.id && state === 'APPROVED' && commit_id === pull.head.sha && !dismissed,
      ),
      actions,
      documents: await readDocuments(context, repository, pull.head.sha, changed),
      others: files
        .map(({ filename }) => filename)
        .filter((name) => ![...asked, ...changed].some(({ filename }) => filename === name)),
      status: status ?? null,
      comment: comment === undefined ? null : { id: comment.id, body: comment.body },
    });
  }
  return requests;
}

/** Formulas and policy at the head of a pull request. A workflow is compared as it is now, where it would run. */
async function readDocuments(
  { send, woodpecker }: Context,
  repository: string,
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
    documents.push({
      kind: 'formula',
      file,
      parsed,
      ...(parsed.ok
        ? await readWorkflowOf({ send, woodpecker }, repository, parsed.document)
        : { workflow: null, unreachable: undefined }),
    });
  }
  return documents;
}
