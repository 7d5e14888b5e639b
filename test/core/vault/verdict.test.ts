import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../core/vault/candidate.ts';
import type { Policy } from '../../../core/vault/policy.ts';
import { standingOf, type Verdict, type VerdictSettings, verdictOn } from '../../../core/vault/verdict.ts';
import {
  action,
  candidate,
  formula,
  known,
  person,
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
      ownAccounts: ['dispatcher'],
      ...given.settings,
    },
    now,
  });
}

const requests = (more: Partial<Candidate['requests']>): Partial<Candidate> => ({
  requests: { ...candidate().requests, ...more },
});

describe('an action is allowed', () => {
  it('with a tier, what brought it and who approved it', () => {
    expect(verdict()).toMatchObject({
      kind: 'allowed',
      tier: 'medium',
      tierReason: 'policy says medium for backup',
      pull: 7,
      approvals: [{ login: 'ada', review: 1, commit: 'head' }],
      exposedTo: [],
    });
  });

  it.each<[string, Parameters<typeof verdict>[0]]>([
    [
      'of low tier without any approval',
      { policy: low, candidate: requests({ pulls: [pull({ reviews: [] })] }) },
    ],
    [
      'of low tier without a pull request, where that is how the team works',
      { policy: low, candidate: requests({ pulls: [] }), settings: { acceptsDirectCommits: true } },
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
      'when all pull requests were looked at but one had nothing to say',
      { candidate: requests({ pulls: [pull({ number: 5, headBlob: 'other' }), pull()] }) },
    ],
  ])('%s', (_, given) => {
    expect(verdict(given).kind).toBe('allowed');
  });
});

describe('an action is not approved', () => {
  it.each<[string, Parameters<typeof verdict>[0], string]>([
    [
      'merged without an approval',
      { candidate: requests({ pulls: [pull({ reviews: [] })] }) },
      'has 0 of 1 approvals',
    ],
    [
      'that no pull request brought',
      { candidate: requests({ pulls: [] }) },
      'no merged pull request brought this file',
    ],
    ['whose file is another one by now', { blob: 'edited' }, 'other bytes at its head'],
    [
      'approved by the gatekeeper, whose token whoever pushes can read',
      {
        candidate: {
          ...requests({ pulls: [pull({ reviews: [review('gatekeeper')] })] }),
          rights: rights({ writers: ['gatekeeper'], never: ['gatekeeper'] }),
        },
      },
      'it is a bot',
    ],
    [
      'of high tier, approved by somebody who is no admin',
      { policy: high, candidate: requests({ pulls: [pull({ reviews: [review('bob')] })] }) },
      'they are no admin now',
    ],
    [
      'of low tier without a pull request, where low tier needs one',
      { policy: low, candidate: requests({ pulls: [] }) },
      'no merged pull request brought this file',
    ],
    [
      'of medium tier without a pull request, even where low tier needs none',
      { candidate: requests({ pulls: [] }), settings: { acceptsDirectCommits: true } },
      'no merged pull request brought this file',
    ],
    [
      'that raised its own tier above what was approved',
      {
        action: { blast_radius: 'high' },
        candidate: requests({ pulls: [pull({ reviews: [review('bob')] })] }),
      },
      'they are no admin now',
    ],
  ])('%s', (_, given, reason) => {
    const found = verdict(given);

    expect(found.kind).toBe('denied');
    expect(found.kind === 'denied' ? found.reasons.join('; ') : '').toContain(reason);
  });

  it('and the verdict names who can still give it: whom the rule lets, without bots and who asked', () => {
    const pulls = [pull({ reviews: [] })];

    expect(verdict({ candidate: requests({ pulls }) })).toMatchObject({
      givers: { kind: 'known', logins: ['owner', 'ada', 'bob'] },
    });
    expect(verdict({ policy: high, candidate: requests({ pulls }) })).toMatchObject({
      givers: { kind: 'known', logins: ['owner', 'ada'] },
    });
  });

  it('and who can give it stays open where who administers could not be read', () => {
    const admins = { unknown: 'only its admins may ask' };

    expect(
      verdict({
        policy: high,
        candidate: { ...requests({ pulls: [pull({ reviews: [] })] }), rights: rights({ admins }) },
      }),
    ).toMatchObject({ kind: 'denied', givers: { kind: 'unknown' } });
  });
});

describe('what could not be found out is no answer', () => {
  it.each<[string, Parameters<typeof verdict>[0], string]>([
    [
      'when not every pull request could be looked at',
      { candidate: requests({ pulls: [], incomplete: 'more than 200 pull requests' }) },
      'more than 200 pull requests',
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

  it.each([
    ['after its merge', '2026-11-20T11:59:00Z'],
    ['as long as it is not merged', null],
    ['when nobody can say when it was merged', 'some day'],
  ])('for its delay: %s', (_, mergedAt) => {
    expect(
      verdict({
        policy: { ...medium, rules: { medium: { delay_minutes: 60 } } },
        candidate: requests({ mergedAt }),
      }),
    ).toMatchObject({ kind: 'held', hold: { kind: 'delayed', minutes: 60 } });
  });
});

describe('secrets that others can read', () => {
  it('are a refusal in high tier', () => {
    expect(verdict({ policy: high, candidate: { pushers: ['owner', 'bob', 'dispatcher'] } })).toMatchObject({
      kind: 'exposed',
      exposedTo: ['bob'],
    });
  });

  it('are told of a bot whatever the rule lets it do', () => {
    expect(verdict({ candidate: { pushers: ['owner', 'robot'] } })).toMatchObject({ exposedTo: ['robot'] });
  });

  it('are told while approvals are still missing', () => {
    expect(
      verdict({
        policy: high,
        candidate: { ...requests({ pulls: [pull({ reviews: [] })] }), pushers: ['bob'] },
      }),
    ).toMatchObject({ kind: 'denied', isTooExposed: true });
  });

  it('are not told of our own accounts, under whatever spelling', () => {
    expect(
      verdict({
        candidate: { pushers: ['Dispatcher', 'Gate'] },
        settings: { ownAccounts: ['dispatcher', 'gate'] },
      }),
    ).toMatchObject({ exposedTo: [] });
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

  expect(verdict({ candidate: requests({ pulls: [own] }) }).kind).toBe('denied');
});
