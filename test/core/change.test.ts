import { describe, expect, it } from 'vitest';
import { type Change, parseChange } from '../../core/change.ts';

const repository = 'owner/project';
const why = 'because';

/** One of each kind. The type makes this list complete: a kind without an example does not compile. */
const examples: { [K in Change['kind']]: Extract<Change, { kind: K }> } = {
  keep: { kind: 'keep', why, what: 'all is well', notice: true },
  refuse: { kind: 'refuse', why, fault: { file: 'x.md', line: 1, column: 2, message: 'no' } },
  'create-label': { kind: 'create-label', why, key: 'label x', repository, name: 'x' },
  'add-labels': {
    kind: 'add-labels',
    why,
    repository,
    issue: 1,
    labels: [{ name: 'x', id: { made: 'label x' } }],
  },
  'remove-label': { kind: 'remove-label', why, repository, issue: 1, label: { id: 2, name: 'x' } },
  'set-assignees': { kind: 'set-assignees', why, repository, issue: 1, logins: ['a'] },
  'create-issue': {
    kind: 'create-issue',
    why,
    key: '#1/a',
    repository,
    title: 'A',
    content: ['text', { issue: { made: '#1/b' } }],
    tie: '<!-- x -->',
    labels: [{ name: 'x', id: 2 }],
    after: ['in progress #1'],
  },
  'update-issue': {
    kind: 'update-issue',
    why,
    repository,
    issue: 3,
    title: 'A',
    content: ['text'],
    tie: '<!-- x -->',
    expects: { digest: 'd' },
  },
  'close-issue': { kind: 'close-issue', why, repository, issue: 3, after: ['x'] },
  'add-dependency': { kind: 'add-dependency', why, repository, issue: 3, on: 2 },
  'remove-dependency': { kind: 'remove-dependency', why, repository, issue: 3, on: 2 },
  'ask-model': {
    kind: 'ask-model',
    why,
    key: 'pitch #1',
    what: 'a pitch of #1',
    engine: 'outline',
    system: 's',
    prompt: 'p',
    about: { vision: { number: 1 } },
  },
  'update-sections': {
    kind: 'update-sections',
    why,
    repository,
    issue: 3,
    sections: [{ begin: '<!-- a -->', end: '<!-- b -->', content: 'x', before: '## Y' }],
  },
  'delete-protection': { kind: 'delete-protection', why: 'w', repository: 'owner/ops', rule: 'main' },
  'set-protection': {
    kind: 'set-protection',
    why,
    repository,
    isNew: true,
    rule: {
      rule_name: 'main',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: ['dispatcher'],
      push_whitelist_teams: [],
      push_whitelist_deploy_keys: false,
      required_approvals: 1,
      dismiss_stale_approvals: true,
      block_on_rejected_reviews: true,
      apply_to_admins: true,
      protected_file_patterns: 'vault/policy.toml',
      unprotected_file_patterns: 'evidence/**',
    },
  },
  fork: { kind: 'fork', why, repository, fork: 'bot/project' },
  'sync-fork': { kind: 'sync-fork', why, repository: 'bot/project', branch: 'main', commit: 'c' },
  'write-files': {
    kind: 'write-files',
    why,
    repository,
    branch: 'main',
    newBranch: 'evidence/x',
    message: 'm',
    files: [{ path: 'a/b.json', content: '{}', expects: null }],
    mayDecline: true,
  },
  'push-commit': {
    kind: 'push-commit',
    why,
    repository: 'bot/project',
    ref: 'refs/heads/crew/7-mend-it',
    commit: 'a'.repeat(40),
    expects: null,
    from: 'work',
  },
  'open-pull': {
    kind: 'open-pull',
    why,
    repository,
    key: 'pull',
    base: 'main',
    head: 'evidence/x',
    title: 't',
    body: 'b',
  },
  'set-status': {
    kind: 'set-status',
    why,
    repository,
    commit: 'a'.repeat(40),
    state: 'pending',
    context: 'forgecrew/vault',
    description: 'waits',
  },
  'update-comment': {
    kind: 'update-comment',
    why,
    repository,
    issue: 3,
    id: 9,
    text: 'hello',
    sign: 'vault',
  },
  dispatch: {
    kind: 'dispatch',
    why,
    repository,
    key: 'dispatch x',
    workflow: 'backup.yml',
    ref: 'main',
    inputs: { action: 'x' },
  },
  'start-pipeline': {
    kind: 'start-pipeline',
    why,
    repository,
    key: 'dispatch x',
    workflow: 'backup',
    branch: 'main',
    variables: { action: 'x' },
  },
  'cancel-run': { kind: 'cancel-run', why, repository, backend: 'forgejo-workflow', run: 3 },
  'comment-section': {
    kind: 'comment-section',
    why,
    repository,
    issue: 3,
    text: '### `x`\n\nended',
    sign: 'vault',
  },
  'approve-pull': { kind: 'approve-pull', why, repository, pull: 3, commit: 'a', text: 'low' },
  'merge-pull': {
    kind: 'merge-pull',
    why,
    repository,
    pull: 3,
    commit: 'a',
    style: 'merge',
    text: 'low',
    after: ['approve #3'],
  },
  'create-branch': { kind: 'create-branch', why, repository, branch: 'b', commit: 'c'.repeat(40) },
  'delete-branch': { kind: 'delete-branch', why, repository, branch: 'evidence/x' },
  'create-repository': { kind: 'create-repository', why, repository: 'us/state' },
  'request-review': { kind: 'request-review', why, repository, pull: { made: 'pull x' }, reviewer: 'ada' },
  'run-agent': {
    kind: 'run-agent',
    why,
    key: 'agent run',
    repository,
    issue: 1,
    pulls: [],
    base: 'a'.repeat(40),
    baseBranch: 'main',
    agent: 'builder',
    engine: 'command',
    command: ['true'],
    model: null,
    tools: null,
    sessionFolder: null,
    prompt: 'text',
    isolation: 'user',
    network: 'open',
    timeoutMinutes: 1,
    watchdogMinutes: 1,
    maxCost: null,
    spent: 0,
    prices: null,
    setup: [],
    checks: [],
    protectedPaths: [],
    gitUser: { name: 'builder', email: 'builder@example.test' },
    message: 'text',
    strangers: false,
    entry: {
      repository: 'us/state',
      branch: 'main',
      path: 'agents/owner/project/1.json',
      text: '{}',
      commit: 'b'.repeat(40),
    },
    label: 'crew:builder',
  },
  'write-workspace-file': { kind: 'write-workspace-file', why, path: 'a.json', content: '{}' },
  comment: { kind: 'comment', why, repository, issue: 3, text: 'hello', sign: 'duplicate of #2' },
};

describe.each(Object.values(examples))('a change of kind $kind', (change) => {
  it('survives JSON', () => {
    expect(parseChange(JSON.parse(JSON.stringify(change)))).toEqual(change);
  });

  it('is refused with a field it does not have', () => {
    expect(() => parseChange({ ...change, shell: 'rm' })).toThrow();
  });
});

it('a kind that does not exist is refused', () => {
  expect(() => parseChange({ kind: 'run-command', why: 'x' })).toThrow();
});

it('an issue is a number above zero, and a repository has one slash', () => {
  expect(() => parseChange({ ...examples['close-issue'], issue: 0 })).toThrow();
  expect(() => parseChange({ ...examples['close-issue'], repository: 'a/b/../c' })).toThrow();
});
