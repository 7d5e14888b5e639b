import { namesLogin, sameLogin } from '../accounts.ts';
import type { Fault } from '../errors.ts';
import type { AskedAction, HumanAction, Tier, VaultAction } from './action.ts';
import { type Approval, proveApproval, type Rights } from './approval.ts';
import type { Candidate, FormulaState, Requests } from './candidate.ts';
import { disagreements, type Formula, formulaFolder } from './formula.ts';
import { frozenAt, type Policy, type PolicySource, type Rule, ruleOf, tierOf } from './policy.ts';
import { type WorkflowFacts, workflowFaults } from './workflow.ts';

// May this action run, and if not, what is missing and who can give it? Decided here and nowhere else: vault-dispatch acts
// on it, its review and `forgecrew explain` put it into words, vault-request asks for the part that needs no approval.

/** What of a role's settings bears on the decision. */
export interface VerdictSettings {
  policySource: PolicySource;
  /** Whether an action of low tier may stand on the branch without any pull request. */
  acceptsDirectCommits: boolean;
  acceptsExposedSecrets: boolean;
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

/** What is known of every action that could run if it were approved. */
interface Weighed extends Tiered {
  action: AskedAction;
  formula: Formula;
  formulaBlob: string;
  workflow: WorkflowFacts;
  /** Who could read its secrets although they may not approve their use. */
  exposedTo: string[];
  /** Whether that alone forbids it to run. */
  isTooExposed: boolean;
}

export type Verdict =
  | { kind: 'human'; action: HumanAction }
  | { kind: 'faulty'; faults: Fault[] }
  /** Whether it was approved could not be found out: asked again, and never taken for a no. */
  | (Weighed & { kind: 'unknown'; reason: string })
  | (Weighed & { kind: 'denied'; reasons: string[]; givers: Givers })
  | (Weighed & { kind: 'held'; hold: Hold; approvals: Approval[] })
  /** Approved, but somebody who may not approve it could read its secrets, which this tier does not allow. */
  | (Weighed & { kind: 'exposed'; approvals: Approval[] })
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
  return {
    kind: 'askable',
    action,
    formula,
    tier,
    tierReason: why,
    rule: ruleOf(policy, tier),
  };
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
  const { requests, rights } = candidate;
  const standing = standingOf(given.action, candidate.formula, policy, settings.policySource);
  if (standing.kind !== 'askable') return standing;
  const { action, formula, tier, rule } = standing;
  const { workflow } = formula;
  const wrong = workflowFaults(formula.document, formula, action);
  if (workflow === null || wrong.length > 0) return faulty(action.file, wrong);
  const exposed = exposedTo(rule, candidate, settings.ownAccounts);
  const weighed: Weighed = {
    action,
    formula: formula.document,
    formulaBlob: formula.blob,
    workflow,
    tier,
    tierReason: standing.tierReason,
    rule,
    exposedTo: exposed,
    isTooExposed: exposed.length > 0 && tier === 'high' && !settings.acceptsExposedSecrets,
  };
  const proof = isDirect(standing, requests, settings)
    ? { verdict: 'approved' as const, pull: null, approvals: [] }
    : proveApproval(blob, requests.pulls, rule, rights);
  if (proof.verdict === 'unknown') return { ...weighed, kind: 'unknown', reason: proof.reason };
  if (proof.verdict === 'denied')
    return requests.incomplete === undefined
      ? { ...weighed, kind: 'denied', reasons: proof.reasons, givers: giversOf(rule, rights, requests) }
      : { ...weighed, kind: 'unknown', reason: requests.incomplete };
  const hold = holdOn(rule, requests.mergedAt, now);
  if (hold !== undefined) return { ...weighed, kind: 'held', hold, approvals: proof.approvals };
  if (weighed.isTooExposed) return { ...weighed, kind: 'exposed', approvals: proof.approvals };
  return { ...weighed, kind: 'allowed', pull: proof.pull, approvals: proof.approvals };
}

function faulty(file: string, messages: string[]): { kind: 'faulty'; faults: Fault[] } {
  return { kind: 'faulty', faults: messages.map((message) => ({ file, line: 0, column: 0, message })) };
}

/** Where the team lets low tier be committed straight to main, there is no pull request to look for. */
function isDirect(
  { tier, rule }: Tiered,
  { pulls, incomplete }: Requests,
  { acceptsDirectCommits }: VerdictSettings,
): boolean {
  return (
    acceptsDirectCommits &&
    tier === 'low' &&
    rule.approvals === 0 &&
    pulls.length === 0 &&
    incomplete === undefined
  );
}

/** What keeps an approved action of this rule from starting at a moment, or undefined. */
export function holdOn(rule: Rule, mergedAt: string | null, now: string): Hold | undefined {
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
function giversOf(rule: Rule, rights: Rights, { pulls }: Requests): Givers {
  if (rule.approvers === 'admin' && !Array.isArray(rights.admins)) return { kind: 'unknown' };
  const author = pulls[0]?.author?.login;
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
