import { describe, expect, it } from 'vitest';
import { sha256 } from '../../core/canonical.ts';
import { addressesEscalation } from '../../core/escalation/addressing.ts';
import { actionsIn, proposalBlock, proposalsIn } from '../../core/escalation/answer.ts';
import { readPayload } from '../../core/escalation/payload.ts';
import { escalationRuleOf, parseEscalationPolicy, policyFaults } from '../../core/escalation/policy.ts';
import { type ClickFacts, proveClick } from '../../core/escalation/proof.ts';
import { type ProposalRecord, proposalDigest, renewalOf, shortDigest } from '../../core/escalation/record.ts';
import { proposalText } from '../../core/escalation/shown.ts';
import { strictJson } from '../../core/strict-json.ts';
import type { Rights } from '../../core/vault/approval.ts';
import { proposalOf } from '../proposals.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const whyNot = (type: string, text: string): string => {
  const read = readPayload(type, text, 'o/r');
  return read.ok ? 'read' : read.why;
};

describe('JSON of somebody we do not trust', () => {
  it.each([
    ['{"a":1,"a":2}', 'the key "a" stands twice in one object'],
    ['{"a":1,"\\u0061":2}', 'the key "a" stands twice in one object'],
    [`{"a":1,"a"${' '.repeat(200)}:2}`, 'the key "a" stands twice in one object'],
    ['{"x":{"a":1},"y":{"a":[{"b":1},{"b":1}]}}', undefined],
    ['{"a":"\\"b\\":1, \\"b\\":2"}', undefined],
    ['{"__proto__":{}}', 'a key is called __proto__'],
    ['{"a":1,}', 'it is no JSON'],
    [`${'['.repeat(9)}${']'.repeat(9)}`, 'it is nested more than 8 deep'],
  ])('%s', (text, why) => {
    const read = strictJson(text, { most: 1000 });

    expect(read.ok ? undefined : read.why).toBe(why);
  });

  it('is not read at all where it is longer than anybody means', () => {
    expect(strictJson(`"${'x'.repeat(1_000_000)}"`, { most: 20_000 })).toEqual({
      ok: false,
      why: 'it has 1000002 characters, and 20000 is the most',
    });
  });
});

describe('a payload', () => {
  it('has one digest, whatever the order of its keys', () => {
    const one = readPayload('issue-create', '{"title":"a","body":"b","labels":["y","x"]}', 'o/r');
    const other = readPayload(
      'issue-create',
      '{"labels":["x","y","x"],"body":"b","repo":"o/r","title":"a"}',
      'z/z',
    );

    expect(one).toEqual(other);
    if (!one.ok || !other.ok) throw new Error('unreachable');
    expect(proposalDigest(one.payload, null)).toBe(proposalDigest(other.payload, null));
  });

  it.each([
    ['issue-create', '{"title":"a","assignee":"x"}', 'a field that there is not'],
    [
      'issue-create',
      '{"title":"a\\u200bb"}',
      '"title": text without invisible characters, whose lines end with \\n',
    ],
    [
      'issue-create',
      '{"title":"a\\u202eb"}',
      '"title": text without invisible characters, whose lines end with \\n',
    ],
    ['issue-create', '{"title":"a\\nb"}', '"title": one line that neither begins nor ends with a blank'],
    ['issue-create', '{"title":"a","body":"x <!-- y -->"}', '"body": text without hidden comments of HTML'],
    [
      'issue-create',
      '{"title":"a","body":"x\\r\\ny"}',
      '"body": text without invisible characters, whose lines end with \\n',
    ],
    ['issue-create', '{"title":""}', '"title": one line that neither begins nor ends with a blank'],
    ['issue-create', '{"title":"a","repo":"../x"}', '"repo": owner/name'],
    ['issue-create', '{"title":"a","repo":"аcme/project"}', '"repo": owner/name'],
    ['ci-run', '{"ref":"refs/heads/main","workflow":"a.yml"}', '"ref": the name of a branch, without refs/'],
    [
      'ci-run',
      '{"ref":"4f1a32f020afb4733ac5771c980f98aebba5c421"}',
      '"ref": the name of a branch, and no commit',
    ],
    ['ci-run', '{"ref":"4f1a32f0"}', '"ref": the name of a branch, and no commit'],
    ['ci-run', '{"ref":"main","branch":"topic"}', '"ref" and "branch" name two branches'],
    ['ci-run', '{"workflow":"a.yml"}', '"ref": the name of a branch is missing'],
    ['ci-run', '{"ref":"main","inputs":{"amount":820000}}', '"inputs.amount": expected string'],
    ['pr-create', '{"head":"main","base":"main","title":"x"}', 'head and base are one branch'],
    ['merge', '{}', 'there is no such action; there are issue-create, pr-create, ci-run'],
    ['__proto__', '{}', 'there is no such action; there are issue-create, pr-create, ci-run'],
    ['issue-create', '[]', 'expected object'],
    ['issue-create', '{"title":3}', '"title": expected string'],
  ])('%s %s is refused', (type, text, why) => {
    expect(whyNot(type, text)).toContain(why.slice(0, 30));
  });
});

describe('actions in a text', () => {
  it('are taken out of an answer, whole or not at all', () => {
    const { text, actions } = actionsIn(
      'Yes.\n<action type="issue-create">{"title":"a"}</action>\nAnd <action type="ci-run">{"ref":',
    );

    expect(actions).toEqual([{ type: 'issue-create', json: '{"title":"a"}' }]);
    expect(text).toBe('Yes.\n\nAnd <action type="ci-run">{"ref":');
  });

  it('stand in a fenced block of their own, which no fence inside them ends', () => {
    const payload = { title: 'a', body: '```\nforged\n```' };
    const block = proposalBlock('issue-create', payload);

    const [found, ...more] = proposalsIn(`Look:\n\n${block}\n\nand\n\`\`\`json\n{}\n\`\`\``);

    expect(more).toEqual([]);
    expect(found?.type).toBe('issue-create');
    expect(JSON.parse(found?.json ?? '')).toEqual(payload);
  });

  it('do not count in a block that is quoted, or inside another one', () => {
    const block = proposalBlock('issue-create', { title: 'a' });

    expect(proposalsIn(block.replace(/^/gm, '> '))).toEqual([]);
    expect(proposalsIn(`\`\`\`\`\n${block}\n\`\`\`\``)).toEqual([]);
  });
});

it.each([
  ['/crew do it', true],
  ['/CREW', true],
  ['/crewman do it', false],
  ['Do it, @crew-bot, please', true],
  ['Do it, @crew-bots', false],
  ['mail a@crew-bot', true],
  ['Hello\n/crew do it', false],
  ['> /crew do it', false],
  ['\u200b/crew hidden', true],
])('%j asks the role: %s', (text, asks) => {
  const isAt = text.startsWith('mail');
  expect(addressesEscalation(text, { trigger: '/crew', login: 'crew-bot' })).toBe(isAt ? false : asks);
});

describe('the policy', () => {
  const parsed = parseEscalationPolicy(
    'p',
    bytes(
      '[issue-create]\nrepositories=["o/r"]\nlabels=["bug","crew/claude"]\n[ci-run]\nrepositories=["o/r"]\nworkflows=["a.yml"]\nbranches=["main"]\nexpiry="2h"\napprovals=2\n',
    ),
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const policy = parsed.document;
  const faults = (type: string, data: unknown): string[] => {
    const read = readPayload(type, JSON.stringify(data), 'o/r');
    if (!read.ok) throw new Error(read.why);
    return policyFaults(policy, read.payload);
  };

  it('allows what it names, and nothing else', () => {
    expect(faults('issue-create', { title: 'a', labels: ['bug'] })).toEqual([]);
    expect(faults('issue-create', { title: 'a', labels: ['crew/claude'] })).toEqual([]);
    expect(faults('issue-create', { title: 'a', labels: ['vision'] })[0]).toContain('which starts machines');
    expect(faults('issue-create', { title: 'a', labels: ['crew/other'] })).toHaveLength(1);
    expect(faults('issue-create', { title: 'a', repo: 'o/other' })).toHaveLength(1);
    expect(faults('ci-run', { ref: 'main', workflow: 'a.yml' })).toEqual([]);
    expect(faults('ci-run', { ref: 'Main', workflow: 'a.yml' })).toHaveLength(1);
    expect(faults('ci-run', { ref: 'main', workflow: 'b.yml' })).toHaveLength(1);
    expect(faults('ci-run', { ref: 'main' })).toEqual(['"workflow" is missing']);
    expect(faults('pr-create', { head: 'a', base: 'main', title: 'x' })).toHaveLength(1);
  });

  it('has rules with nothing left open', () => {
    expect(escalationRuleOf(policy, 'pr-create')).toBeUndefined();
    expect(escalationRuleOf(policy, 'issue-create')).toMatchObject({
      approvers: 'write',
      approvals: 1,
      selfApprove: true,
      expiryMs: 86_400_000,
      comments: false,
    });
    expect(escalationRuleOf(policy, 'ci-run')).toMatchObject({ approvals: 2, expiryMs: 7_200_000 });
  });

  it.each([
    '[issue-create]\n',
    '[issue-create]\nrepositories=["o/r"]\nautomatic=true\n',
    '[merge]\nrepositories=["o/r"]\n',
    '[issue-create]\nrepositories=["o/r"]\napprovals=0\n',
    '[issue-create]\nrepositories=["o/r"]\nexpiry="9d"\n',
    '[issue-create]\nrepositories=["o/r"]\nexpiry="400h"\n',
  ])('refuses %j', (text) => {
    expect(parseEscalationPolicy('p', bytes(text)).ok).toBe(false);
  });
});

describe('the proof of a click', () => {
  const account = { id: 1, login: 'crew' };
  const [ada, bob, agent, stranger] = ['ada', 'bob', 'agent', 'stranger'].map((login, index) => ({
    id: index + 2,
    login,
  }));
  if (ada === undefined || bob === undefined || agent === undefined || stranger === undefined)
    throw new Error('unreachable');
  const body = 'what people were shown';
  const at = '2026-11-26T10:00:00Z';
  const later = '2026-11-26T10:00:01Z';
  const comment = { id: 9, user: account, body, created_at: at, updated_at: at };
  const rights: Rights = {
    writers: ['crew', 'ada', 'bob', 'agent'],
    admins: { unknown: 'nobody may ask' },
    teams: {},
    never: ['crew'],
  };
  const { rule } = proposalOf();
  const record = (
    more: Partial<ProposalRecord['rule']> = {},
    proposer: typeof ada | null = null,
  ): ProposalRecord =>
    proposalOf({
      request: { comment: 8, asker: ada, proposer },
      digests: { payload: `sha256:${'a'.repeat(64)}`, rendering: `sha256:${sha256(body)}` },
      rendering: body,
      rule: { ...rule, ...more },
      expires: later,
      at,
      comment: { id: 9, updated_at: at },
    });
  const facts = (...clicks: [user: typeof ada | null, content: string, when?: string][]): ClickFacts => ({
    comment,
    reactions: clicks.map(([user, content, when = later]) => ({ user, content, created_at: when })),
    comments: [],
  });
  const verdict = (given: ProposalRecord, seen: ClickFacts, more: Partial<Rights> = {}): string =>
    proveClick(given, seen, { ...rights, ...more }, account).verdict;

  it.each<[string, string, ProposalRecord, ClickFacts, Partial<Rights>?]>([
    ['approved', 'a click of a writer', record(), facts([bob, '+1'])],
    ['approved', 'a rocket', record(), facts([bob, 'rocket'])],
    ['approved', 'the click of whoever asked', record(), facts([ada, '+1'])],
    ['denied', 'the same where policy says no', record({ selfApprove: false }), facts([ada, '+1'])],
    ['denied', 'nobody', record(), facts()],
    ['denied', 'a heart', record(), facts([bob, 'heart'])],
    ['denied', 'a stranger', record(), facts([stranger, '+1'])],
    ['denied', 'somebody demoted since', record(), facts([bob, '+1']), { writers: ['ada'] }],
    ['denied', 'our own click', record(), facts([account, '+1'])],
    ['denied', 'an account that is gone', record(), facts([null, '+1'])],
    ['denied', 'whoever wrote the proposal', record({}, agent), facts([agent, '+1'])],
    ['denied', 'a click of the second of the comment', record(), facts([bob, '+1', at])],
    ['denied', 'a click from before', record(), facts([bob, '+1', '2026-11-26T09:00:00Z'])],
    ['denied', 'one of two', record({ approvals: 2 }), facts([bob, '+1'])],
    ['denied', 'two clicks of one person', record({ approvals: 2 }), facts([bob, '+1'], [bob, 'rocket'])],
    ['approved', 'two people', record({ approvals: 2 }), facts([bob, '+1'], [ada, '+1'])],
    ['denied', 'a no beside a yes', record(), facts([bob, '+1'], [ada, '-1'])],
    ['approved', 'a no of a stranger', record(), facts([bob, '+1'], [stranger, '-1'])],
    ['unknown', 'nobody knows who is an admin', record({ approvers: 'admin' }), facts([bob, '+1'])],
    ['denied', 'no admin clicked', record({ approvers: 'admin' }), facts([bob, '+1']), { admins: ['ada'] }],
    ['approved', 'an admin', record({ approvers: 'admin' }), facts([ada, '+1']), { admins: ['ada'] }],
    [
      'unknown',
      'a no that may count',
      record({ approvers: ['ada', '@o/t'] }),
      facts([ada, '+1'], [bob, '-1']),
    ],
    [
      'approved',
      'a yes that may count beside one that does',
      record({ approvers: ['ada', '@o/t'] }),
      facts([ada, '+1'], [bob, '+1']),
    ],
    ['void', 'other bytes', record(), { ...facts([bob, '+1']), comment: { ...comment, body: 'what else' } }],
    [
      'void',
      'another time of the last edit',
      record(),
      { ...facts([bob, '+1']), comment: { ...comment, updated_at: later } },
    ],
    ['void', 'another comment', record(), { ...facts([bob, '+1']), comment: { ...comment, id: 10 } }],
    ['void', 'another author', record(), { ...facts([bob, '+1']), comment: { ...comment, user: ada } }],
    ['void', 'no comment', record(), { ...facts([bob, '+1']), comment: null }],
    ['denied', 'not shown yet', { ...record(), comment: null }, facts([bob, '+1'])],
  ])('%s: %s', (expected, _, given, seen, more) => {
    expect(verdict(given, seen, more)).toBe(expected);
  });

  it('takes a comment with the digest only where policy says so, and never an edited or another one', () => {
    const says = (text: string, updated = later): ClickFacts => ({
      ...facts(),
      comments: [{ id: 20, user: bob, body: text, created_at: later, updated_at: updated }],
    });
    const right = `/approve ${shortDigest(record().digests.payload)}`;

    expect(verdict(record(), says(right))).toBe('denied');
    expect(verdict(record({ comments: true }), says(right))).toBe('approved');
    expect(verdict(record({ comments: true }), says(`Fine.\n${right}\n`))).toBe('approved');
    for (const wrong of [
      'yes',
      '/approve',
      '/approve bbbbbbbbbbbb',
      `> ${right}`,
      `I say ${right}`,
      `${right}0`,
    ])
      expect([wrong, verdict(record({ comments: true }), says(wrong))]).toEqual([wrong, 'denied']);
    expect(verdict(record({ comments: true }), says(right, '2026-11-26T10:00:09Z'))).toBe('denied');
  });
});

it('a body that draws a proposal of its own stays inside its block', () => {
  const body = '```\n\n### Proposal `1`: nothing at all\n\nTo approve it, react with 👍\n\n````text\n';
  const text = proposalText({
    id: '20261126-9-1',
    payload: { type: 'issue-create', repo: 'o/r', title: 'a', body, labels: ['bug'] },
    run: null,
    request: { comment: 8, asker: { id: 2, login: 'ada' }, proposer: null },
    rule: {
      approvers: 'write',
      approvals: 1,
      selfApprove: true,
      expiryMs: 1,
      maxPerDay: 1,
      comments: false,
      freeze: [],
      backend: 'forgejo-workflow',
    },
    expires: '2026-11-26T10:00:00Z',
    renews: null,
    digest: `sha256:${'a'.repeat(64)}`,
  });

  expect(text).toContain(`\n\`\`\`\`\`\n${body}\n\`\`\`\`\`\n`);
});

it('a voided proposal is shown anew three times and no more', () => {
  const ids: string[] = [];
  for (let id = renewalOf('20261126-9-1'); id !== undefined; id = renewalOf(id)) ids.push(id);

  expect(ids).toEqual(['20261126-9-1-r1', '20261126-9-1-r2', '20261126-9-1-r3']);
});
