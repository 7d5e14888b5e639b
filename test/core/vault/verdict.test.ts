import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../core/vault/candidate.ts';
import type { Policy } from '../../../core/vault/policy.ts';
import { standingOf, type Verdict, type VerdictSettings, verdictOn } from '../../../core/vault/verdict.ts';
import type { BesideWorkflow } from '../../../core/vault/workflow.ts';
import {
  action,
  brought,
  candidate,
  formula,
  known,
  person,
  place,
  pull,
  review,
  rights,
  workflow,
} from '../../vault-facts.ts';

const medium: Policy = { tiers: { backup: 'medium' } };
const high: Policy = { tiers: { backup: 'high' } };
const low: Policy = { tiers: { backup: 'low' } };
const now = '2026-11-20T12:00:00Z';

function verdict(
  given: {
    action?: Parameters<typeof action>[0];
    candidate?: Partial<Candidate>;
    policy?: Policy;
    settings?: Partial<VerdictSettings>;
    blob?: string;
  } = {},
): Verdict {
  return verdictOn({
    action: action(given.action),
    blob: given.blob ?? 'blob',
    candidate: candidate(given.candidate),
    policy: given.policy ?? medium,
    settings: {
      policySource: 'ops',
      acceptsDirectCommits: false,
      acceptsExposedSecrets: false,
      acceptsOpenPolicy: false,
      maxAgeMs: 7 * 86_400_000,
      ownAccounts: ['dispatcher'],
      ...given.settings,
    },
    now,
  });
}

const merged = (more: Parameters<typeof brought>[0]): Partial<Candidate> => ({ brought: brought(more) });
const besides = (more: Partial<BesideWorkflow> = {}): BesideWorkflow => ({
  file: '.woodpecker/other.yml',
  name: 'other',
  takesManual: true,
  hasSecrets: true,
  gate: { kind: 'open', why: 'it has no gate' },
  ...more,
});
/** Nobody asked for it by a pull request. */
const direct: Partial<Candidate> = {
  brought: { kind: 'direct', commit: 'edit', at: '2026-11-20T10:00:00Z' },
};
/** Its workflow runs in another repository, at the commit that people were shown before they approved. */
const shown = (more: Parameters<typeof place>[0] = {}): Partial<Candidate> => ({
  formula: known({
    place: place({
      repository: 'owner/app',
      commit: 'shown',
      pin: { kind: 'shown', at: '2026-11-20T09:00:00Z', head: 'shown' },
      ...more,
    }),
  }),
});

describe('an action is allowed', () => {
  it('with a tier, what brought it and who approved it', () => {
    expect(verdict()).toMatchObject({
      kind: 'allowed',
      tier: 'medium',
      tierReason: 'policy says medium for backup',
      pull: 7,
      approvals: [{ login: 'ada', review: 1, commit: 'head' }],
      obstacles: [],
    });
  });

  it.each<[string, Parameters<typeof verdict>[0]]>([
    ['of low tier without any approval', { policy: low, candidate: merged({ pull: pull({ reviews: [] }) }) }],
    [
      'of low tier without a pull request, where that is how the team works',
      { policy: low, candidate: direct, settings: { acceptsDirectCommits: true } },
    ],
    ['of high tier with the approval of an admin', { policy: high }],
    ['although a bot can read its secrets, below high tier', { candidate: { pushers: ['owner', 'robot'] } }],
    [
      'of high tier although somebody else can read its secrets, where that is accepted',
      { policy: high, candidate: { pushers: ['bob'] }, settings: { acceptsExposedSecrets: true } },
    ],
    [
      'after the delay that its rule asks for',
      { policy: { ...medium, rules: { medium: { delay_minutes: 60 } } } },
    ],
    [
      'of high tier although a merge alone can change the policy, where that is accepted',
      {
        policy: high,
        candidate: { guard: { kind: 'open', files: ['vault/policy.toml'], why: 'it is open' } },
        settings: { acceptsOpenPolicy: true },
      },
    ],
    [
      'of high tier in another repository, at the commit that people were shown before',
      { policy: high, candidate: shown() },
    ],
    [
      'below high tier in another repository, whatever was shown',
      { candidate: shown({ pin: { kind: 'unshown' } }) },
    ],
    [
      'until the last second that an approval holds',
      { candidate: merged({ mergedAt: '2026-11-13T12:00:00Z' }) },
    ],
    [
      'although an ungated workflow starts with it, below high tier',
      { candidate: { formula: known({ beside: [besides()] }) } },
    ],
    [
      'of high tier although a workflow without secrets starts with it',
      { policy: high, candidate: { formula: known({ beside: [besides({ hasSecrets: false })] }) } },
    ],
    [
      'of high tier although a gated workflow starts with it',
      { policy: high, candidate: { formula: known({ beside: [besides({ gate: { kind: 'gated' } })] }) } },
    ],
  ])('%s', (_, given) => {
    expect(verdict(given).kind).toBe('allowed');
  });
});

describe('an action is not approved', () => {
  it.each<[string, Parameters<typeof verdict>[0], string]>([
    [
      'merged without an approval',
      { candidate: merged({ pull: pull({ reviews: [] }) }) },
      'has 0 of 1 approvals',
    ],
    ['that no pull request brought', { candidate: direct }, 'no merged pull request brought this file'],
    ['whose file is another one by now', { blob: 'edited' }, 'other bytes at its head'],
    [
      'approved by the gatekeeper, whose token whoever pushes can read',
      {
        candidate: {
          ...merged({ pull: pull({ reviews: [review('gatekeeper')] }) }),
          rights: rights({ writers: ['gatekeeper'], never: ['gatekeeper'] }),
        },
      },
      'it is a bot',
    ],
    [
      'of high tier, approved by somebody who is no admin',
      { policy: high, candidate: merged({ pull: pull({ reviews: [review('bob')] }) }) },
      'they are no admin now',
    ],
    [
      'of low tier without a pull request, where low tier needs one',
      { policy: low, candidate: direct },
      'no merged pull request brought this file',
    ],
    [
      'of medium tier without a pull request, even where low tier needs none',
      { candidate: direct, settings: { acceptsDirectCommits: true } },
      'no merged pull request brought this file',
    ],
    [
      'of medium tier without a pull request, though its rule asks for nobody either',
      {
        policy: { ...medium, rules: { medium: { approvals: 0 } } },
        candidate: direct,
        settings: { acceptsDirectCommits: true },
      },
      'no merged pull request brought this file',
    ],
    [
      'of low tier that was brought by a pull request with other bytes, where low tier needs none',
      { policy: low, blob: 'edited', settings: { acceptsDirectCommits: true } },
      'other bytes at its head',
    ],
    [
      'whose approval is older than it holds',
      { candidate: merged({ mergedAt: '2026-11-13T11:59:59Z' }) },
      'an approval holds for 7 days (max-age)',
    ],
    [
      'of which nobody can say when it was merged',
      { candidate: merged({ mergedAt: 'some day' }) },
      'an approval holds for 7 days (max-age)',
    ],
    [
      'whose formula is another one than it was approved with',
      { candidate: { formula: known({ blob: 'changed' }) } },
      'another version of its formula',
    ],
    [
      'that was high when it was approved, by somebody who is no admin',
      {
        candidate: merged({
          pull: pull({ reviews: [review('bob')] }),
          policyThen: { tiers: { backup: 'high' } },
        }),
      },
      'they are no admin now',
    ],
    [
      'whose policy of then cannot be read, by somebody who is no admin',
      {
        candidate: merged({ pull: pull({ reviews: [review('bob')] }), policyThen: 'unreadable' }),
      },
      'they are no admin now',
    ],
    [
      'of high tier, of which nobody was shown what would run',
      { policy: high, candidate: shown({ pin: { kind: 'unshown' } }) },
      'before it was shown which commit would run',
    ],
    [
      'of high tier, shown only after the approval',
      {
        policy: high,
        candidate: shown({ pin: { kind: 'shown', at: '2026-11-20T09:31:00Z', head: 'shown' } }),
      },
      'before it was shown which commit would run',
    ],
    [
      'of high tier, whose branch moved since it was shown',
      {
        policy: high,
        candidate: shown({ pin: { kind: 'shown', at: '2026-11-20T09:00:00Z', head: 'moved' } }),
      },
      'has moved since people were shown its commit',
    ],
    [
      'that raised its own tier above what was approved',
      {
        action: { blast_radius: 'high' },
        candidate: merged({ pull: pull({ reviews: [review('bob')] }) }),
      },
      'they are no admin now',
    ],
  ])('%s', (_, given, reason) => {
    const found = verdict(given);

    expect(found.kind).toBe('denied');
    expect(found.kind === 'denied' ? found.reasons.join('; ') : '').toContain(reason);
  });

  it('and the verdict names who can still give it: whom the rule lets, without bots and who asked', () => {
    const waiting = merged({ pull: pull({ reviews: [] }) });

    expect(verdict({ candidate: waiting })).toMatchObject({
      givers: { kind: 'known', logins: ['owner', 'ada', 'bob'] },
    });
    expect(verdict({ policy: high, candidate: waiting })).toMatchObject({
      givers: { kind: 'known', logins: ['owner', 'ada'] },
    });
  });

  it('and who can give it stays open where who administers could not be read', () => {
    const admins = { unknown: 'only its admins may ask' };

    expect(
      verdict({
        policy: high,
        candidate: { ...merged({ pull: pull({ reviews: [] }) }), rights: rights({ admins }) },
      }),
    ).toMatchObject({ kind: 'denied', givers: { kind: 'unknown' } });
  });
});

describe('what could not be found out is no answer', () => {
  it.each<[string, Parameters<typeof verdict>[0], string]>([
    [
      'when what brought the file could not be found',
      { candidate: { brought: { kind: 'unclear', why: 'more than 600 commits came to main' } } },
      'more than 600 commits came to main',
    ],
    [
      'when nobody told who administers',
      { policy: high, candidate: { rights: rights({ admins: { unknown: 'only its admins may ask' } }) } },
      'only its admins may ask',
    ],
    [
      'when the members of a team could not be read',
      {
        policy: { ...medium, rules: { medium: { approvers: ['@org/sec'] } } },
        candidate: { rights: rights({ teams: { '@org/sec': { unknown: 'members could not be read' } } }) },
      },
      'members could not be read',
    ],
  ])('%s', (_, given, reason) => {
    const found = verdict(given);

    expect(found.kind).toBe('unknown');
    expect(found.kind === 'unknown' ? found.reason : '').toContain(reason);
  });
});

describe('an approved action waits', () => {
  const friday = { days: 'fri', from: '08:00', to: '18:00', tz: 'UTC', reason: 'nobody is there on Friday' };

  it('while its tier is frozen, and is not denied for it', () => {
    expect(verdict({ policy: { ...medium, rules: { medium: { freeze: [friday] } } } })).toMatchObject({
      kind: 'held',
      hold: { kind: 'frozen', reason: 'nobody is there on Friday' },
    });
  });

  it.each<[string, Partial<Candidate>]>([
    ['after its merge', merged({ mergedAt: '2026-11-20T11:59:00Z' })],
    [
      'as long as it is not merged',
      { brought: { kind: 'open', pull: pull(), policyThen: { tiers: { backup: 'low' } } } },
    ],
  ])('for its delay: %s', (_, given) => {
    expect(
      verdict({ policy: { ...medium, rules: { medium: { delay_minutes: 60 } } }, candidate: given }),
    ).toMatchObject({ kind: 'held', hold: { kind: 'delayed', minutes: 60 } });
  });
});

describe('what is not as it should be around an action', () => {
  it.each<[string, Partial<Candidate>, Record<string, unknown>]>([
    [
      'secrets that somebody else can read',
      { pushers: ['owner', 'bob', 'dispatcher'] },
      { kind: 'exposed', logins: ['bob'] },
    ],
    [
      'a policy that a merge alone can change',
      {
        guard: {
          kind: 'open',
          files: ['vault/policy.toml'],
          why: 'a merge alone may change vault/policy.toml',
        },
      },
      { kind: 'open-policy', why: 'a merge alone may change vault/policy.toml' },
    ],
    [
      'a policy of which nobody can tell',
      { guard: { kind: 'unknown', why: 'only an admin may ask' } },
      {
        kind: 'open-policy',
        why: 'whether a merge alone can change what decides about it could not be found out: only an admin may ask',
      },
    ],
    [
      'a workflow with secrets that starts with it, and no gate in it',
      { formula: known({ beside: [besides()] }) },
      { kind: 'beside', files: ['.woodpecker/other.yml'], withSecrets: true },
    ],
  ])('is told, and a refusal in high tier alone: %s', (_, given, obstacle) => {
    expect(verdict({ policy: high, candidate: given })).toMatchObject({
      kind: 'obstructed',
      obstacles: [{ ...obstacle, isFatal: true }],
    });
    const inMedium = verdict({ candidate: { ...given, rights: rights({ admins: [] }) } });
    expect(inMedium.kind).toBe('allowed');
  });

  it('is told while approvals are still missing', () => {
    expect(
      verdict({
        policy: high,
        candidate: { ...merged({ pull: pull({ reviews: [] }) }), pushers: ['bob'] },
      }),
    ).toMatchObject({ kind: 'denied', obstacles: [{ kind: 'exposed', isFatal: true }] });
  });

  it('is told of a bot that can read secrets whatever the rule lets it do', () => {
    expect(verdict({ candidate: { pushers: ['owner', 'robot'] } })).toMatchObject({
      obstacles: [{ kind: 'exposed', logins: ['robot'], isFatal: false }],
    });
  });

  it('is not told of our own accounts, under whatever spelling', () => {
    expect(
      verdict({
        candidate: { pushers: ['Dispatcher', 'Gate'] },
        settings: { ownAccounts: ['dispatcher', 'gate'] },
      }),
    ).toMatchObject({ obstacles: [] });
  });
});

describe('a document that somebody has to mend comes before any approval', () => {
  it.each<[string, Parameters<typeof verdict>[0], string]>([
    [
      'no such formula',
      { candidate: { formula: { kind: 'missing' } } },
      'there is no formula vault/formulas/backup.toml',
    ],
    [
      'a formula that cannot be read',
      {
        candidate: {
          formula: {
            kind: 'faulty',
            faults: [{ file: 'vault/formulas/backup.toml', line: 2, column: 1, message: 'no' }],
          },
        },
      },
      'no',
    ],
    [
      'a secret that the formula does not bind',
      { action: { secrets: ['OTHER'] } },
      'secrets that formula backup does not bind',
    ],
    [
      'an input that is not declared',
      { action: { inputs: { target: 'db', more: 'x' } } },
      'input more is not declared',
    ],
    [
      'no such workflow',
      { candidate: { formula: known({ workflow: null }) } },
      'there is no workflow backup.yml',
    ],
    [
      'a workflow that takes other secrets',
      { candidate: { formula: known({ workflow: workflow({ secrets: ['BACKUP_KEY', 'ROOT'] }) }) } },
      'uses secrets that its formula does not list: ROOT',
    ],
    [
      'a workflow that would drop an input',
      { candidate: { formula: known({ workflow: workflow({ inputs: ['action', 'nonce'] }) }) } },
      'does not declare these inputs, so they would be dropped: target',
    ],
    [
      'a workflow that asks for an input that the action does not give',
      { candidate: { formula: known({ workflow: workflow({ required: ['action', 'nonce', 'extra'] }) }) } },
      'requires inputs that this action does not give, so the forge would start nothing: extra',
    ],
    [
      'a Woodpecker that may not be asked',
      { candidate: { formula: known({ unreachable: 'set woodpecker-url and woodpecker-token' }) } },
      'set woodpecker-url',
    ],
  ])('%s', (_, given, message) => {
    const found = verdict(given);

    expect(found.kind).toBe('faulty');
    expect(found.kind === 'faulty' ? found.faults.map((fault) => fault.message).join('; ') : '').toContain(
      message,
    );
  });
});

it('what asks a person is never anything else', () => {
  const asked = { kind: 'human', id: 'x', file: 'f', action_required: { description: 'go there' } } as const;

  expect(standingOf(asked, { kind: 'missing' }, medium, 'ops')).toEqual({ kind: 'human', action: asked });
});

it('a tier is what policy says, which the action may only raise', () => {
  const tierOf = (blast_radius: 'low' | 'high', policy: Policy): unknown =>
    standingOf(action({ blast_radius }), { kind: 'known', document: formula() }, policy, 'ops');

  expect(tierOf('low', medium)).toMatchObject({ tier: 'medium' });
  expect(tierOf('high', medium)).toMatchObject({ tier: 'high' });
  expect(tierOf('low', {})).toMatchObject({ tier: 'high' });
});

it('who asks never approves, under whatever spelling of the login', () => {
  const own = pull({ author: { id: 42, login: 'Ada' }, reviews: [review('ada', { user: person('ada') })] });

  expect(verdict({ candidate: merged({ pull: own }) }).kind).toBe('denied');
});
