import { namesLogin, sameAccount } from '../accounts.ts';
import { sha256 } from '../canonical.ts';
import { commandLines } from '../text/commands.ts';
import { type Account, isAmong, type Rights } from '../vault/approval.ts';
import { type ProposalRecord, shortDigest } from './record.ts';

// Was this proposal approved? Of the same shape as the vault's proof: an answer, or that it could not be found out. Pure.

/** A comment as the forge shows it now. */
export interface CommentFacts {
  id: number;
  user: Account | null;
  body: string;
  created_at: string;
  updated_at: string;
}

export interface ReactionFacts {
  user: Account | null;
  content: string;
  created_at: string;
}

/** What stands on the forge at this moment. */
export interface ClickFacts {
  /** The proposal's own comment; `null` where it is gone. */
  comment: CommentFacts | null;
  reactions: ReactionFacts[];
  /** Comments of the thread, where the rule lets a comment approve. */
  comments: CommentFacts[];
}

export interface Click {
  login: string;
  by: '+1' | 'rocket' | 'comment';
  at: string;
}

/**
 * `denied` says no for now, and what is missing; `isFinal`: somebody who may approve turned it down. `void`: what people clicked
 * on was changed, so no click on it ever counts.
 */
export type ClickProof =
  | { verdict: 'approved'; approvals: Click[] }
  | { verdict: 'denied'; reasons: string[]; isFinal: boolean }
  | { verdict: 'void'; why: string }
  | { verdict: 'unknown'; reason: string };

const yes: readonly string[] = ['+1', 'rocket'];

/** Why a comment is no longer what the record says that people were shown, or undefined. */
export function whyVoid(
  record: Pick<ProposalRecord, 'digests' | 'comment'>,
  comment: CommentFacts | null,
  account: { id: number },
): string | undefined {
  if (comment === null) return 'its comment was deleted';
  if (!sameAccount(comment.user, account)) return 'its comment is not by this account';
  if (`sha256:${sha256(comment.body)}` !== record.digests.rendering) return 'its comment was edited';
  if (record.comment === null) return undefined;
  if (record.comment.id !== comment.id) return 'another comment took its place';
  return record.comment.updated_at === comment.updated_at
    ? undefined
    : 'its comment was edited, and edited back';
}

/**
 * Whether a proposal is approved at this moment: its comment is the very one that was shown, byte for byte and not edited since,
 * and enough people who may approve *now* clicked after its last second. Never from what a text says: only a reaction is
 * somebody's own word, which nobody can write in their name.
 */
export function proveClick(
  record: ProposalRecord,
  facts: ClickFacts,
  rights: Rights,
  account: { id: number },
): ClickProof {
  const wrong = whyVoid(record, facts.comment, account);
  if (wrong !== undefined) return { verdict: 'void', why: wrong };
  const { comment: shown, rule } = record;
  if (shown === null) return { verdict: 'denied', reasons: ['nobody was shown it yet'], isFinal: false };
  const reasons: string[] = [];
  let doubt: string | undefined;
  let veto: string | undefined;
  const found = new Map<number, Click>();
  for (const { user, content, at } of clicksIn(facts, record)) {
    const isNo = content === '-1';
    if (user === null || (!isNo && content !== 'comment' && !yes.includes(content))) continue;
    const allowed = mayClick(user, record, rights);
    // A stranger's click is nothing that anybody has to hear of.
    if (typeof allowed === 'string') continue;
    if (typeof allowed === 'object') {
      if (isNo) veto ??= allowed.unknown;
      else doubt ??= allowed.unknown;
      continue;
    }
    if (isNo) return { verdict: 'denied', reasons: [`${user.login} turned it down`], isFinal: true };
    // Times have whole seconds: an edit within the second of the last one leaves no trace, so no click of it counts.
    if (!(Date.parse(at) > Date.parse(shown.updated_at))) {
      reasons.push(
        `the click of ${user.login} is of the second in which the comment was written: click again`,
      );
      continue;
    }
    if (!found.has(user.id)) found.set(user.id, { login: user.login, by: content as Click['by'], at });
  }
  // A "no" that may count, for all that is known, keeps every "yes" from counting.
  if (veto !== undefined) return { verdict: 'unknown', reason: veto };
  const approvals = [...found.values()];
  if (approvals.length >= rule.approvals) return { verdict: 'approved', approvals };
  if (doubt !== undefined) return { verdict: 'unknown', reason: doubt };
  return {
    verdict: 'denied',
    reasons: [`${approvals.length} of ${rule.approvals} approvals`, ...reasons],
    isFinal: false,
  };
}

/** Whether somebody may approve this at this moment. */
function mayClick(
  user: Account,
  { request, rule }: Pick<ProposalRecord, 'request' | 'rule'>,
  rights: Rights,
): true | string | { unknown: string } {
  const is = (other: Account | null): boolean =>
    other !== null && (other.id === user.id || namesLogin([other.login], user.login));
  if (is(request.proposer)) return 'they wrote the proposal';
  if (!rule.selfApprove && is(request.asker)) return 'they asked for it';
  return isAmong(user, rule, rights);
}

function clicksIn(
  { reactions, comments }: ClickFacts,
  record: ProposalRecord,
): { user: Account | null; content: string; at: string }[] {
  return [
    ...reactions.map(({ user, content, created_at: at }) => ({ user, content, at })),
    ...(record.rule.comments ? comments : []).flatMap((item) =>
      saysYes(item, record) ? [{ user: item.user, content: 'comment', at: item.created_at }] : [],
    ),
  ];
}

/** Whether a comment says `/approve` with this very digest on a line of its own, and was not edited. */
function saysYes({ body, created_at, updated_at }: CommentFacts, { digests }: ProposalRecord): boolean {
  const wanted = `/approve ${shortDigest(digests.payload)}`;
  return created_at === updated_at && commandLines(body).some((line) => line.trimEnd() === wanted);
}
