import { namesLogin, sameLogin } from '../accounts.ts';
import type { Fault } from '../errors.ts';
import type { AskedAction, HumanAction, Tier, VaultAction } from './action.ts';
import { type Approval, type Approved, type Proof, proveApproval, type Rights } from './approval.ts';
import type { Brought, Candidate, FormulaState } from './candidate.ts';
import { disagreements, type Formula, formulaFolder } from './formula.ts';
import { frozenAt, higherTier, type Policy, type PolicySource, type Rule, ruleOf, tierOf } from './policy.ts';
import { type RunPlace, type WorkflowFacts, workflowFaults } from './workflow.ts';

// May this action run, and if not, what is missing and who can give it? Decided here and nowhere else: vault-dispatch acts
// on it, its review and `forgecrew explain` put it into words, vault-request asks for the part that needs no approval.

/** What of a role's settings bears on the decision. */
export interface VerdictSettings {
  policySource: PolicySource;
  /** Whether an action of low tier may stand on the branch without any pull request. */
  acceptsDirectCommits: boolean;
  acceptsExposedSecrets: boolean;
  /** Whether high tier may run although policy, formula or workflow can be changed by a merge alone. */
  acceptsOpenPolicy: boolean;
  /** How long after its merge an approval holds, in milliseconds. */
  maxAgeMs: number;
  /** Accounts that hold their tokens in the same place as the secrets: what they could read is there already. */
  ownAccounts: string[];
}

/** How far an action reaches, and what that asks for. */
export interface Tiered {
  tier: Tier;
  /** Why that tier, in words. */
  tierReason: string;
  rule: Rule;
}

/** What the documents alone say of an action: its formula, the policy, and itself. */
export type Standing<F extends KnownFormula> =
  | { kind: 'human'; action: HumanAction }
  /** Somebody has to mend a document first. */
  | { kind: 'faulty'; faults: Fault[] }
  | ({ kind: 'askable'; action: AskedAction; formula: F } & Tiered);

/** A formula that is there and can be read, with whatever else is known of it. */
interface KnownFormula {
  kind: 'known';
  document: Formula;
}

/** Why something that is approved does not run at this moment. */
export type Hold = { kind: 'frozen'; reason: string } | { kind: 'delayed'; minutes: number };

/** Who could still give what is missing. */
export type Givers = { kind: 'known'; logins: string[] } | { kind: 'unknown' };

/** What is not as it should be around an action, whoever approves it; `isFatal`: in this tier it then does not run. */
export type Obstacle = {
  isFatal: boolean;
} /** These could read its secrets although they may not approve their use. */ & (
  | { kind: 'exposed'; logins: string[] }
  /** A merge alone can change policy, formula or workflow, or nobody can tell. */
  | { kind: 'open-policy'; why: string }
  /** Workflows that start with it, and that no gate covers. */
  | { kind: 'beside'; files: string[]; withSecrets: boolean }
);

/** What is known of every action that could run if it were approved. */
interface Weighed extends Tiered {
  action: AskedAction;
  formula: Formula;
  formulaBlob: string;
  workflow: WorkflowFacts;
  place: RunPlace;
  obstacles: Obstacle[];
}

export type Verdict =
  | { kind: 'human'; action: HumanAction }
  | { kind: 'faulty'; faults: Fault[] }
  /** Whether it was approved could not be found out: asked again, and never taken for a no. */
  | (Weighed & { kind: 'unknown'; reason: string })
  /** `isOutdated`: nobody's approval can count before the pull request is brought up to date. */
  | (Weighed & { kind: 'denied'; reasons: string[]; givers: Givers; isOutdated: boolean })
  | (Weighed & { kind: 'held'; hold: Hold; approvals: Approval[] })
  /** Approved, but for this tier something around it is not as it has to be. */
  | (Weighed & { kind: 'obstructed'; approvals: Approval[] })
  | (Weighed & { kind: 'allowed'; pull: number | null; approvals: Approval[] });

/** Whether an action could be asked for at all, and how far it reaches; pure. */
export function standingOf<F extends KnownFormula>(
  action: VaultAction,
  formula: Exclude<FormulaState, { kind: 'known' }> | F,
  policy: Policy,
  source: PolicySource,
): Standing<F> {
  if (action.kind === 'human') return { kind: 'human', action };
  if (formula.kind === 'missing')
    return faulty(action.file, [`there is no formula ${formulaFolder}/${action.formula}.toml`]);
  if (formula.kind === 'faulty') return { kind: 'faulty', faults: formula.faults };
  const wrong = disagreements(action, formula.document);
  if (wrong.length > 0) return faulty(action.file, wrong);
  const { tier, why } = tierOf(action, policy, formula.document, source);
  return { kind: 'askable', action, formula, tier, tierReason: why, rule: ruleOf(policy, tier) };
}

/** The rule that decides about an action, or undefined where its documents alone say that nothing of it can run; pure. */
export function ruleFor(
  action: VaultAction,
  { formula, brought }: Pick<Candidate, 'formula' | 'brought'>,
  policy: Policy,
  source: PolicySource,
): Rule | undefined {
  const standing = standingOf(action, formula, policy, source);
  return standing.kind === 'askable' ? withEarlierTier(standing, brought, policy, source).rule : undefined;
}

/**
 * May this action run now? Pure: everything it weighs was read before. An open pull request is weighed as if it were
 * merged now: then the answer says what is still missing.
 */
export function verdictOn(given: {
  action: VaultAction;
  /** The blob of the action's file that would run. */
  blob: string;
  candidate: Candidate;
  policy: Policy;
  settings: VerdictSettings;
  /** ISO 8601. */
  now: string;
}): Verdict {
  const { blob, candidate, policy, settings, now } = given;
  const { brought, rights } = candidate;
  const standing = standingOf(given.action, candidate.formula, policy, settings.policySource);
  if (standing.kind !== 'askable') return standing;
  const { action, formula } = standing;
  const { workflow, place } = formula;
  const wrong = workflowFaults(formula.document, formula, action);
  if (workflow === null || wrong.length > 0) return faulty(action.file, wrong);
  const tiered = withEarlierTier(standing, brought, policy, settings.policySource);
  const weighed: Weighed = {
    action,
    formula: formula.document,
    formulaBlob: formula.blob,
    workflow,
    place,
    ...tiered,
    obstacles: obstaclesTo(tiered, candidate, formula.beside, settings),
  };
  const denied = (reasons: string[], isOutdated = false): Verdict => ({
    ...weighed,
    kind: 'denied',
    reasons,
    givers: giversOf(tiered.rule, rights, brought),
    isOutdated,
  });
  if (brought.kind === 'unclear') return { ...weighed, kind: 'unknown', reason: brought.why };
  const about = { blob, formulaBlob: formula.blob, shownAt: shownSince(tiered, place, now) };
  const proof = proofOf(about, brought, tiered, rights, settings);
  if (proof.verdict === 'unknown') return { ...weighed, kind: 'unknown', reason: proof.reason };
  if (proof.verdict === 'denied') return denied(proof.reasons, proof.isOutdated);
  const late = whyTooLate(tiered, brought, place, settings, now);
  if (late !== undefined) return denied([late]);
  const { approvals } = proof;
  const hold = holdOn(tiered.rule, arrivedAt(brought), now);
  if (hold !== undefined) return { ...weighed, kind: 'held', hold, approvals };
  if (weighed.obstacles.some(({ isFatal }) => isFatal)) return { ...weighed, kind: 'obstructed', approvals };
  return {
    ...weighed,
    kind: 'allowed',
    pull: brought.kind === 'direct' ? null : brought.pull.number,
    approvals,
  };
}

function faulty(file: string, messages: string[]): { kind: 'faulty'; faults: Fault[] } {
  return { kind: 'faulty', faults: messages.map((message) => ({ file, line: 0, column: 0, message })) };
}

/** The tier by today's policy, or by the one that stood where the action was approved, whichever is higher. */
function withEarlierTier(
  { action, formula, tier, tierReason, rule }: Extract<Standing<KnownFormula>, { kind: 'askable' }>,
  brought: Brought,
  policy: Policy,
  source: PolicySource,
): Tiered {
  const now = { tier, tierReason, rule };
  if (brought.kind !== 'pull' && brought.kind !== 'open') return now;
  const { policyThen } = brought;
  const before: { tier: Tier; why: string } =
    policyThen === 'unreadable'
      ? { tier: 'high', why: 'the policy of the approved commit cannot be read, so it is high' }
      : tierOf(action, policyThen, formula.document, source);
  if (higherTier(tier, before.tier) === tier) return now;
  return {
    tier: before.tier,
    tierReason: `at the approved commit ${before.why}, and the higher tier counts`,
    rule: ruleOf(policy, before.tier),
  };
}

function proofOf(
  about: Approved,
  brought: Exclude<Brought, { kind: 'unclear' }>,
  { tier, rule }: Tiered,
  rights: Rights,
  { acceptsDirectCommits }: VerdictSettings,
): Proof {
  if (brought.kind !== 'direct') return proveApproval(about, brought.pull, rule, rights);
  // Where the team lets low tier be committed straight to main, there is no pull request to look for.
  if (acceptsDirectCommits && tier === 'low' && rule.approvals === 0)
    return { verdict: 'approved', approvals: [] };
  return { verdict: 'denied', reasons: ['no merged pull request brought this file'], isOutdated: false };
}

/**
 * Since when people could know which commit would run, where that has to be approved too: in high tier, where it is one of
 * another branch. `null` where it is the commit of the merge itself, or no commit can be promised.
 */
function shownSince({ tier }: Tiered, { pin }: RunPlace, now: string): string | null {
  if (tier !== 'high' || pin.kind === 'own' || pin.kind === 'head') return null;
  return pin.kind === 'shown' ? pin.at : now;
}

/** Why an approval no longer holds, or undefined. */
function whyTooLate(
  { tier }: Tiered,
  brought: Exclude<Brought, { kind: 'unclear' }>,
  { repository, ref, commit, pin }: RunPlace,
  { maxAgeMs }: VerdictSettings,
  now: string,
): string | undefined {
  if (brought.kind === 'pull' && !(Date.parse(now) - Date.parse(brought.mergedAt) <= maxAgeMs))
    return `it was merged at ${brought.mergedAt}, and an approval holds for ${daysText(maxAgeMs)} (max-age)`;
  if (brought.kind !== 'pull' || tier !== 'high') return undefined;
  return pin.kind === 'shown' && pin.head !== commit
    ? `${ref} of ${repository}, where it runs, has moved since people were shown its commit`
    : undefined;
}

function daysText(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  return hours % 24 === 0 ? `${hours / 24} ${hours === 24 ? 'day' : 'days'}` : `${hours} hours`;
}

/** When it came to the branch; `null` while it is not there. */
function arrivedAt(brought: Exclude<Brought, { kind: 'unclear' }>): string | null {
  if (brought.kind === 'open') return null;
  return brought.kind === 'pull' ? brought.mergedAt : brought.at;
}

function obstaclesTo(
  { tier, rule }: Tiered,
  candidate: Candidate,
  beside: { file: string; takesManual: boolean; hasSecrets: boolean; gate: { kind: string } }[],
  settings: VerdictSettings,
): Obstacle[] {
  const isHigh = tier === 'high';
  const exposed = exposedTo(rule, candidate, settings.ownAccounts);
  const { guard } = candidate;
  const ungated = beside.filter(({ takesManual, gate }) => takesManual && gate.kind !== 'gated');
  return [
    ...(exposed.length === 0
      ? []
      : [
          {
            kind: 'exposed' as const,
            logins: exposed,
            isFatal: isHigh && !settings.acceptsExposedSecrets,
          },
        ]),
    ...(guard.kind === 'closed'
      ? []
      : [
          {
            kind: 'open-policy' as const,
            why:
              guard.kind === 'unknown'
                ? `whether a merge alone can change what decides about it could not be found out: ${guard.why}`
                : guard.why,
            isFatal: isHigh && !settings.acceptsOpenPolicy,
          },
        ]),
    ...(ungated.length === 0
      ? []
      : [
          {
            kind: 'beside' as const,
            files: ungated.map(({ file }) => file),
            withSecrets: ungated.some(({ hasSecrets }) => hasSecrets),
            isFatal: isHigh && ungated.some(({ hasSecrets }) => hasSecrets),
          },
        ]),
  ];
}

/** What keeps an approved action of this rule from starting at a moment, or undefined. */
function holdOn(rule: Rule, mergedAt: string | null, now: string): Hold | undefined {
  const reason = frozenAt(rule, new Date(now));
  if (reason !== undefined) return { kind: 'frozen', reason };
  if (rule.delayMinutes === 0) return undefined;
  // Without a time of the merge nothing has been waited for yet: an unknown time is never long ago.
  const since = mergedAt === null ? Number.NaN : Date.parse(mergedAt);
  const left = rule.delayMinutes * 60_000 - (Date.parse(now) - since);
  return left <= 0 ? undefined : { kind: 'delayed', minutes: rule.delayMinutes };
}

function known(list: Rights['admins'] | undefined): string[] {
  return Array.isArray(list) ? list : [];
}

/** Whom a rule lets approve, as far as it is known. */
function approversOf({ approvers }: Rule, rights: Rights): string[] {
  if (approvers === 'write') return rights.writers;
  if (approvers === 'admin') return known(rights.admins);
  return approvers.flatMap((entry) =>
    entry.startsWith('@')
      ? known(Object.hasOwn(rights.teams, entry) ? rights.teams[entry] : undefined)
      : [entry],
  );
}

/** Who could read the secrets without being somebody who may say yes to their use: bots never may. */
export function exposedTo(
  rule: Rule,
  { pushers, rights }: Pick<Candidate, 'pushers' | 'rights'>,
  ownAccounts: string[],
): string[] {
  const able = approversOf(rule, rights).filter((login) => !namesLogin(rights.never, login));
  return pushers.filter((login) => !namesLogin(ownAccounts, login) && !namesLogin(able, login));
}

/** Who may approve what somebody else asks for: people with write access now whom the rule names, and no bots. */
function giversOf(rule: Rule, rights: Rights, brought: Brought): Givers {
  if (rule.approvers === 'admin' && !Array.isArray(rights.admins)) return { kind: 'unknown' };
  const author = brought.kind === 'pull' || brought.kind === 'open' ? brought.pull.author?.login : undefined;
  return {
    kind: 'known',
    logins: approversOf(rule, rights).filter(
      (login) =>
        !namesLogin(rights.never, login) &&
        (author === undefined || !sameLogin(author, login)) &&
        namesLogin(rights.writers, login),
    ),
  };
}
