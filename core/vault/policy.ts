import * as z from 'zod/mini';
import type { SettingsFault } from '../settings.ts';
import { type Parsed, parseToml } from '../toml.ts';
import { type AskedAction, secretName, type Tier, tiers } from './action.ts';
import type { Formula } from './formula.ts';

export const policyFile = 'vault/policy.toml';

const clock = z.string().check(z.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time as 16:00'));
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** A time in which nothing is started; other policies of the ops repo say it in the same words. */
export const freeze = z.strictObject({
  days: z
    .string()
    .check(
      z.regex(/^(?:mon|tue|wed|thu|fri|sat|sun)(?:-(?:mon|tue|wed|thu|fri|sat|sun))?$/, 'fri or fri-sun'),
    ),
  from: clock,
  to: clock,
  tz: z.string().check(z.refine(isTimeZone, 'a time zone such as Europe/Berlin')),
  reason: z.string().check(z.maxLength(200)),
});
/** Who may approve, by name. */
export const approver = z
  .string()
  .check(
    z.regex(
      /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}|@[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100})$/,
      'a login or @org/team',
    ),
  );
const rule = z.strictObject({
  approvals: z.optional(z.int().check(z.gte(0), z.lte(20))),
  approvers: z.optional(z.union([z.enum(['write', 'admin']), z.array(approver).check(z.minLength(1))])),
  delay_minutes: z.optional(z.int().check(z.gte(0), z.lte(43_200))),
  freeze: z.optional(z.array(freeze)),
});
export const policySchema = z.strictObject({
  tiers: z.optional(z.record(z.string(), z.enum(tiers))),
  /** The least tier of whatever uses a secret. */
  secrets: z.optional(z.record(secretName, z.enum(tiers))),
  rules: z.optional(
    z.strictObject({ low: z.optional(rule), medium: z.optional(rule), high: z.optional(rule) }),
  ),
});

/** Who decides: `vault/policy.toml`, read at the base branch only. */
export type Policy = z.infer<typeof policySchema>;

/** What a tier asks for, with nothing left open. */
export interface Rule {
  approvals: number;
  approvers: 'write' | 'admin' | string[];
  delayMinutes: number;
  freeze: z.infer<typeof freeze>[];
}

const defaults: Record<Tier, Pick<Rule, 'approvals' | 'approvers'>> = {
  low: { approvals: 0, approvers: 'write' },
  medium: { approvals: 1, approvers: 'write' },
  high: { approvals: 1, approvers: 'admin' },
};

/** The policy of a vault, or its faults with their places. An empty file is a policy: the defaults hold. */
export function parsePolicy(file: string, bytes: Uint8Array): Parsed<Policy> {
  return parseToml(file, bytes, policySchema);
}

/** A policy whose tiers are another file's; that one may hold nothing but tiers, so that it decides nothing else. */
export function withTiersOf(policy: Policy, other: Parsed<Policy>): Parsed<Policy> {
  if (!other.ok) return other;
  const { tiers: named, rules, secrets } = other.document;
  const extra = rules !== undefined ? 'rules' : secrets !== undefined ? 'secrets' : undefined;
  if (extra !== undefined)
    return {
      ok: false,
      faults: [
        {
          file: policyFile,
          line: 0,
          column: 0,
          message: `"${extra}" stand in the ops repo; with policy-source: project the project repo says tiers only`,
        },
      ],
    };
  const { rules: own, secrets: ownSecrets } = policy;
  return {
    ok: true,
    document: {
      ...(named === undefined ? {} : { tiers: named }),
      ...(own === undefined ? {} : { rules: own }),
      ...(ownSecrets === undefined ? {} : { secrets: ownSecrets }),
    },
  };
}

/** Where tiers live. */
export const policySources = ['ops', 'project', 'formula', 'formula+ops'] as const;
export type PolicySource = (typeof policySources)[number];

/** What is wrong between the two settings that say where tiers live. */
export function policySourceFaults(source: PolicySource, project: string | undefined): SettingsFault[] {
  return source === 'project' && project === undefined
    ? [
        {
          settings: ['policy-source', 'project-repo'],
          message:
            'policy-source is project, and no project-repo is set. Set project-repo to the repository whose vault/policy.toml says the tiers.',
        },
      ]
    : [];
}

/** How an action of low tier gets to main. */
export const lowTiers = ['off', 'auto-merge', 'direct-commit', 'protected-exempt'] as const;

/** The tier of an action and why: what policy and formula say, which a secret or the action may only raise. */
export function tierOf(
  action: Pick<AskedAction, 'formula' | 'secrets' | 'blast_radius'>,
  policy: Policy,
  formula: Formula | undefined,
  source: PolicySource,
): { tier: Tier; why: string } {
  const listed = Object.hasOwn(policy.tiers ?? {}, action.formula)
    ? policy.tiers?.[action.formula]
    : undefined;
  const ofFormula = source === 'formula' || source === 'formula+ops' ? formula?.tier : undefined;
  const [base, reason]: [Tier, string] =
    source !== 'formula' && listed !== undefined
      ? [listed, `policy says ${listed} for ${action.formula}`]
      : ofFormula !== undefined
        ? [ofFormula, `formula ${action.formula} says ${ofFormula}`]
        : ['high', `nothing says how far ${action.formula} reaches, so it is high`];
  const bySecret = secretTier([...(formula?.secrets ?? []), ...action.secrets], policy);
  const [least, leastReason]: [Tier, string] =
    bySecret !== undefined && isHigher(bySecret.tier, base)
      ? [bySecret.tier, `${reason}; its secret ${bySecret.name} raises it to ${bySecret.tier}`]
      : [base, reason];
  const asked = action.blast_radius;
  if (asked !== undefined && isHigher(asked, least))
    return { tier: asked, why: `${leastReason}; the action raises it to ${asked}` };
  return { tier: least, why: leastReason };
}

/** The highest tier that the policy gives to one of these secrets; hosts know no small or capital letters in their names. */
function secretTier(names: string[], { secrets = {} }: Policy): { name: string; tier: Tier } | undefined {
  const used = new Set(names.map((name) => name.toUpperCase()));
  return Object.entries(secrets)
    .filter(([name]) => used.has(name.toUpperCase()))
    .map(([name, tier]) => ({ name, tier }))
    .reduce<{ name: string; tier: Tier } | undefined>(
      (most, item) => (most === undefined || isHigher(item.tier, most.tier) ? item : most),
      undefined,
    );
}

function isHigher(a: Tier, b: Tier): boolean {
  return tiers.indexOf(a) > tiers.indexOf(b);
}

/** Of two tiers the one in which more can go wrong. */
export function higherTier(a: Tier, b: Tier): Tier {
  return tiers.indexOf(a) >= tiers.indexOf(b) ? a : b;
}

/** The rule of a tier: what the policy says, and the default for each thing that it leaves out. */
export function ruleOf(policy: Policy, tier: Tier): Rule {
  const given = policy.rules?.[tier];
  return {
    approvals: given?.approvals ?? defaults[tier].approvals,
    approvers: given?.approvers ?? defaults[tier].approvers,
    delayMinutes: given?.delay_minutes ?? 0,
    freeze: given?.freeze ?? [],
  };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * The reason of the freeze that holds at a moment, or undefined. Where `to` is later than `from`, it holds between them
 * on each of the days; where it is not, it holds without a break from `from` on the first day to `to` on the day after
 * the last: `fri-sun` from 16:00 to 08:00 is the weekend, up to Monday morning.
 */
export function frozenAt(rule: Pick<Rule, 'freeze'>, now: Date): string | undefined {
  for (const { days: named, from, to, tz, reason } of rule.freeze) {
    const parts = Object.fromEntries(
      new Intl.DateTimeFormat('en-GB', {
        timeZone: tz,
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      })
        .formatToParts(now)
        .map(({ type, value }) => [type, value]),
    );
    const today = days.indexOf((parts.weekday ?? '').toLowerCase().slice(0, 3) as (typeof days)[number]);
    const minute = minutes(`${parts.hour}:${parts.minute}`);
    const [first = '', last = first] = named.split('-');
    const begins = days.indexOf(first as (typeof days)[number]);
    const ends = days.indexOf(last as (typeof days)[number]);
    const span = (ends - begins + 7) % 7;
    const day = (today - begins + 7) % 7;
    const daily = minutes(to) > minutes(from);
    const since = day * 1440 + minute - minutes(from);
    const whole = (span + 1) * 1440 + minutes(to) - minutes(from);
    const inside = daily
      ? day <= span && minute >= minutes(from) && minute < minutes(to)
      : (since >= 0 && since < whole) || since + 7 * 1440 < whole;
    if (inside) return reason;
  }
  return undefined;
}

function minutes(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
