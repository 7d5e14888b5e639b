import * as z from 'zod/mini';
import { repositoryShape, repositoryWords, sameRepository } from '../accounts.ts';
import { backends } from '../host/backends.ts';
import { type Parsed, parseToml } from '../toml.ts';
import type { Tier } from '../vault/action.ts';
import { approver, freeze } from '../vault/policy.ts';
import { type ActionType, actionTypes, type Payload } from './payload.ts';

/** Who decides what may be proposed, and by whom it is approved: read at the ops repo's branch only. */
export const escalationPolicyFile = 'escalation/policy.toml';

const names = (pattern: RegExp, what: string) =>
  z.array(z.string().check(z.maxLength(200), z.regex(pattern, what))).check(z.maxLength(100));
const repositories = names(repositoryShape, repositoryWords);
const branches = names(/^[A-Za-z0-9_][A-Za-z0-9_./-]*$/, 'a branch');

const shared = {
  repositories: repositories.check(z.minLength(1)),
  approvers: z.optional(z.union([z.enum(['write', 'admin']), z.array(approver).check(z.minLength(1))])),
  approvals: z.optional(z.int().check(z.gte(1), z.lte(20))),
  /** Whether whoever asked may click as well. */
  self_approve: z.optional(z.boolean()),
  /** How long a proposal may be approved. */
  expiry: z.optional(
    z.string().check(z.regex(/^(?:[1-9]\d{0,2}[mh]|[1-7]d)$/, 'a time such as 30m, 24h or 3d')),
  ),
  /** How many may be carried out in 24 hours. */
  max_per_day: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  /** Whether `/approve <digest>` in a comment counts as well. */
  comments: z.optional(z.boolean()),
  freeze: z.optional(z.array(freeze)),
};

export const escalationPolicySchema = z.strictObject({
  'issue-create': z.optional(
    z.strictObject({
      ...shared,
      /** The labels that it may set. One that starts machines has to stand here by its whole name. */
      labels: z.optional(z.array(z.string().check(z.minLength(1), z.maxLength(50))).check(z.maxLength(100))),
    }),
  ),
  'pr-create': z.optional(
    z.strictObject({
      ...shared,
      /** The branches that a pull request may be made into. */
      branches: branches.check(z.minLength(1)),
    }),
  ),
  'ci-run': z.optional(
    z.strictObject({
      ...shared,
      backend: z.optional(z.enum(backends)),
      /** File names on Forgejo; names without an extension on Woodpecker. */
      workflows: names(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'a workflow').check(z.minLength(1)),
      branches: branches.check(z.minLength(1)),
    }),
  ),
});
export type EscalationPolicy = z.infer<typeof escalationPolicySchema>;

/** What a type of action asks for, with nothing left open; it is part of the record, and a changed one voids a proposal. */
export const escalationRule = z.strictObject({
  approvers: z.union([z.enum(['write', 'admin']), z.array(z.string())]),
  approvals: z.int(),
  selfApprove: z.boolean(),
  expiryMs: z.int(),
  maxPerDay: z.int(),
  comments: z.boolean(),
  freeze: z.array(freeze),
  backend: z.enum(backends),
});
export type EscalationRule = z.infer<typeof escalationRule>;

/** What may be proposed and who may click, by type of action, or the faults of the file with their places. */
export function parseEscalationPolicy(file: string, bytes: Uint8Array): Parsed<EscalationPolicy> {
  return parseToml(file, bytes, escalationPolicySchema, (policy, fault) => {
    for (const type of actionTypes) {
      const ms = spanOf(policy[type]?.expiry ?? '24h');
      if (ms > mostExpiryMs) fault([type, 'expiry'], `"${type}.expiry": 7d is the longest`);
    }
  });
}

/** Longer than this nobody remembers what was asked. */
const mostExpiryMs = 7 * 86_400_000;

function spanOf(text: string): number {
  return (
    Number(text.slice(0, -1)) * (text.endsWith('d') ? 86_400_000 : text.endsWith('h') ? 3_600_000 : 60_000)
  );
}

/** The rule for a type of action, or undefined where nothing of it is allowed. */
export function escalationRuleOf(policy: EscalationPolicy, type: ActionType): EscalationRule | undefined {
  const given = policy[type];
  if (given === undefined) return undefined;
  return {
    approvers: given.approvers ?? 'write',
    approvals: given.approvals ?? 1,
    selfApprove: given.self_approve ?? true,
    expiryMs: spanOf(given.expiry ?? '24h'),
    maxPerDay: given.max_per_day ?? 20,
    comments: given.comments ?? false,
    freeze: given.freeze ?? [],
    backend: ('backend' in given ? given.backend : undefined) ?? 'forgejo-workflow',
  };
}

/**
 * The tier of a proposal, in the words of the vault, by who has to click: admins alone is high, whoever may write is medium, and without
 * a click there is nothing that would be low. `null` where the policy names people: that does not say how far it reaches.
 */
export function proposalTier({ approvers }: Pick<EscalationRule, 'approvers'>): Exclude<Tier, 'low'> | null {
  return approvers === 'admin' ? 'high' : approvers === 'write' ? 'medium' : null;
}

/** Labels that start machines: only where a policy names each. */
function startsMachines(label: string): boolean {
  const name = label.toLowerCase();
  return name.startsWith('crew') || name === 'vision' || name === 'vault-approved';
}

/** Why a policy does not allow a payload; empty where it does. What stands on the forge is not looked at here. */
export function policyFaults(policy: EscalationPolicy, payload: Payload): string[] {
  const given = policy[payload.type];
  if (given === undefined) return [`${escalationPolicyFile} allows no ${payload.type}`];
  const wrong: string[] = [];
  if (!given.repositories.some((name) => sameRepository(name, payload.repo)))
    wrong.push(`${escalationPolicyFile} does not allow ${payload.type} in ${payload.repo}`);
  switch (payload.type) {
    case 'issue-create': {
      const labels = policy['issue-create']?.labels ?? [];
      for (const label of payload.labels)
        if (!labels.includes(label))
          wrong.push(
            `${escalationPolicyFile} does not allow the label ${label}${startsMachines(label) ? ', which starts machines' : ''}`,
          );
      break;
    }
    case 'pr-create':
      if (!(policy['pr-create']?.branches ?? []).includes(payload.base))
        wrong.push(`${escalationPolicyFile} does not allow pull requests into ${payload.base}`);
      break;
    case 'ci-run': {
      const rule = policy['ci-run'];
      if (!(rule?.branches ?? []).includes(payload.branch))
        wrong.push(`${escalationPolicyFile} does not allow runs on ${payload.branch}`);
      if (rule?.backend === 'woodpecker-pipeline') {
        if (payload.workflow !== null)
          wrong.push(
            'on Woodpecker every workflow that takes the event manual starts, so no workflow can be named',
          );
      } else if (payload.workflow === null) wrong.push('"workflow" is missing');
      else if (!(rule?.workflows ?? []).includes(payload.workflow))
        wrong.push(`${escalationPolicyFile} does not allow the workflow ${payload.workflow}`);
      break;
    }
  }
  return wrong;
}

/** What a policy allows, in words for a model. */
export function allowedText(policy: EscalationPolicy): string[] {
  return actionTypes.flatMap((type) => {
    const given = policy[type];
    if (given === undefined) return [];
    const lists = Object.entries(given).flatMap(([name, value]) =>
      ['repositories', 'labels', 'branches', 'workflows'].includes(name) && Array.isArray(value)
        ? [`${name}: ${value.join(', ')}`]
        : [],
    );
    return [`${type}; ${lists.join('; ')}`];
  });
}
