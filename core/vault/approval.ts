import type { Rule } from './policy.ts';

/** A pull request that may have brought a file, with what has to be known of it; all of it asked of the forge, now. */
export interface PullFacts {
  number: number;
  /** `null` for an account that was deleted. */
  author: Account | null;
  merged: boolean;
  /** Whether its base is the branch that counts, of the repository that counts. */
  intoBase: boolean;
  headSha: string;
  /** The file's blob at the head: `null` when it is not there. */
  headBlob: string | null;
  /** The blob of the action's formula at the head, which is what people were shown: `null` when it is not there. */
  formulaBlob: string | null;
  /** Whether the file is among those it changed. */
  changesFile: boolean;
  /** When it was last pointed at another branch (ISO 8601), or `null`: reviews of before were of other changes. */
  retargetedAt: string | null;
  reviews: ReviewFacts[];
}

export interface ReviewFacts {
  id: number;
  /** `null` for a team, or an account that was deleted. */
  user: Account | null;
  state: string;
  /** What the reviewer said was reviewed; anybody may name any commit. */
  commit: string;
  /** ISO 8601. */
  submittedAt: string;
  stale: boolean;
  /** By somebody who could write when it was given. */
  official: boolean;
  dismissed: boolean;
}

export interface Account {
  id: number;
  login: string;
}

/** Who may do what at this moment; `unknown` where the forge did not tell. */
export interface Rights {
  /** Logins with write access. */
  writers: string[];
  /** Logins with admin rights, or why they could not be read. */
  admins: string[] | { unknown: string };
  /** Members of the teams that rules name, as `@org/team`. */
  teams: Record<string, string[] | { unknown: string }>;
  /** Accounts that never approve: bots, our own. */
  never: string[];
}

export interface Approval {
  login: string;
  review: number;
  commit: string;
}

/** What an approval is of: the action's bytes, and the formula that they name. */
export interface Approved {
  blob: string;
  formulaBlob: string;
  /** Where what would run was shown at some moment (ISO 8601), only what was said later is of it; `null` where it always was. */
  shownAt: string | null;
}

/**
 * What is known of an approval. *Denied* and *unknown* are different: the first is an answer, the second is asked again.
 */
export type Proof =
  | { verdict: 'approved'; approvals: Approval[] }
  | {
      verdict: 'denied';
      reasons: string[];
      /** Whether nobody's approval can count before the pull request is brought up to date. */
      isOutdated: boolean;
    }
  | { verdict: 'unknown'; reason: string };

const verdicts = ['APPROVED', 'REQUEST_CHANGES'];

/**
 * Whether these bytes were approved: the pull request that brought them to the branch that counts had at its head the very
 * blob that is about to run and the very formula that says what it does, and enough people who may approve *now* approved
 * that head. Never from text, titles or names of branches, and never because the forge merged it: a forge merges what an
 * older commit, or another base, was approved for, and site admins merge without any approval.
 */
export function proveApproval(about: Approved, pull: PullFacts, rule: Rule, rights: Rights): Proof {
  const name = `#${pull.number}`;
  const flaw = flawOf(pull, about);
  if (flaw !== undefined) return { verdict: 'denied', reasons: [`${name} ${flaw}`], isOutdated: false };
  if (pull.formulaBlob !== about.formulaBlob)
    return {
      verdict: 'denied',
      reasons: [`${name} was made with another version of its formula than the branch has now`],
      isOutdated: true,
    };
  const counted = countApprovals(pull, about, rule, rights);
  if ('unknown' in counted) return { verdict: 'unknown', reason: `${name}: ${counted.unknown}` };
  if (counted.reasons.length === 0) return { verdict: 'approved', approvals: counted.approvals };
  return {
    verdict: 'denied',
    reasons: counted.reasons.map((reason) => `${name} ${reason}`),
    isOutdated: false,
  };
}

/** Why a pull request says nothing about these bytes. */
function flawOf(pull: PullFacts, { blob }: Approved): string | undefined {
  if (!pull.merged) return 'is not merged';
  if (!pull.intoBase) return 'was merged into another branch';
  if (!pull.changesFile) return 'did not change the file';
  if (pull.headBlob !== blob) return 'had other bytes at its head than the branch has now';
  return undefined;
}

function countApprovals(
  pull: PullFacts,
  about: Approved,
  rule: Rule,
  rights: Rights,
): { approvals: Approval[]; reasons: string[] } | { unknown: string } {
  const latest = new Map<number, ReviewFacts>();
  for (const review of [...pull.reviews].sort((a, b) => a.id - b.id))
    if (review.user !== null && verdicts.includes(review.state)) latest.set(review.user.id, review);
  const approvals: Approval[] = [];
  const reasons: string[] = [];
  let undecided: string | undefined;
  let veto: string | undefined;
  for (const review of latest.values()) {
    const { user } = review;
    if (user === null) continue;
    const allowed = mayApprove(user, pull, rule, rights);
    if (review.state === 'REQUEST_CHANGES') {
      // A standing "no" of somebody whose "yes" would count, or may count for all that is known.
      if (!review.dismissed && allowed === true) reasons.push(`was rejected by ${user.login}`);
      if (!review.dismissed && typeof allowed === 'object') veto ??= allowed.unknown;
      continue;
    }
    const flaw = flawOfReview(review, pull, about);
    if (flaw !== undefined) reasons.push(`approval of ${user.login} ${flaw}`);
    else if (allowed === true)
      approvals.push({ login: user.login, review: review.id, commit: review.commit });
    else if (typeof allowed === 'string')
      reasons.push(`approval of ${user.login} does not count: ${allowed}`);
    else undecided ??= allowed.unknown;
  }
  const rejected = reasons.some((reason) => reason.startsWith('was rejected'));
  if (!rejected && veto !== undefined) return { unknown: veto };
  if (!rejected && approvals.length >= rule.approvals) return { approvals, reasons: [] };
  if (!rejected && undecided !== undefined) return { unknown: undecided };
  const who =
    rule.approvers === 'write'
      ? 'somebody with write access'
      : rule.approvers === 'admin'
        ? 'an admin'
        : rule.approvers.join(' or ');
  if (approvals.length < rule.approvals)
    reasons.unshift(`has ${approvals.length} of ${rule.approvals} approvals by ${who}`);
  return { approvals, reasons };
}

/** Why an approval says nothing about the head of a pull request, whoever gave it. */
function flawOfReview(
  { dismissed, stale, commit, official, submittedAt }: ReviewFacts,
  { headSha, retargetedAt }: PullFacts,
  { shownAt }: Approved,
): string | undefined {
  if (dismissed) return 'is dismissed';
  // The flag alone would not do: a forge sets it up to a second after the push.
  if (stale || commit !== headSha) return 'is for an older commit';
  if (!official) return 'was given without write access';
  // Times have whole seconds, so one of the same second may be of before.
  const isAfter = (moment: string | null): boolean =>
    moment === null || Date.parse(submittedAt) > Date.parse(moment);
  if (!isAfter(retargetedAt)) return 'was given before the pull request was pointed at this branch';
  return isAfter(shownAt) ? undefined : 'was given before it was shown which commit would run';
}

/** Whether somebody may approve this pull request at this moment, or why not, or that it could not be found out. */
export function mayApprove(
  user: Account,
  pull: Pick<PullFacts, 'author'>,
  rule: Rule,
  rights: Rights,
): true | string | { unknown: string } {
  const login = user.login.toLowerCase();
  if (pull.author === null || pull.author.id === user.id || pull.author.login.toLowerCase() === login)
    return 'it is their own pull request';
  return isAmong(user, rule, rights);
}

/** Whether somebody is one of those who may approve at this moment, whatever it is they approve. */
export function isAmong(
  user: Account,
  rule: Pick<Rule, 'approvers'>,
  rights: Rights,
): true | string | { unknown: string } {
  const login = user.login.toLowerCase();
  const has = (list: string[]): boolean => list.some((item) => item.toLowerCase() === login);
  if (has(rights.never)) return 'it is a bot';
  if (!has(rights.writers)) return 'they have no write access now';
  if (rule.approvers === 'write') return true;
  if (rule.approvers === 'admin') {
    if (!Array.isArray(rights.admins)) return rights.admins;
    return has(rights.admins) ? true : 'they are no admin now';
  }
  let unknown: { unknown: string } | undefined;
  for (const entry of rule.approvers) {
    if (!entry.startsWith('@')) {
      if (entry.toLowerCase() === login) return true;
      continue;
    }
    const members = Object.hasOwn(rights.teams, entry) ? rights.teams[entry] : undefined;
    if (Array.isArray(members)) {
      if (has(members)) return true;
    } else unknown = members ?? { unknown: `the members of ${entry} were not read` };
  }
  return unknown ?? 'the policy does not name them';
}
