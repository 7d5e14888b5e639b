import { describe, expect, it } from 'vitest';
import type { Send } from '../../../core/api/send.ts';
import type { Formula } from '../../../core/vault/formula.ts';
import {
  branchGuardOf,
  decidingFiles,
  guardWithPolicy,
  onlyRuleFor,
  othersAllowed,
  patternsIn,
  policyGuard,
  type RulesSeen,
  reaching,
  recordGuardOf,
  steadyRuleName,
  unreached,
  withPatterns,
} from '../../../core/vault/guard.ts';
import { readBranchGuard, readRulesSeen } from '../../../core/vault/read-guard.ts';

/** What a branch tells an admin who may push to it. */
const told = (rule: string): NonNullable<RulesSeen['told']> => ({
  protected: true,
  user_can_push: true,
  effective_branch_protection_name: rule,
});

describe('the guard of a branch', () => {
  it.each([
    ['is missing where there is no branch', undefined, { kind: 'missing' }],
    ['is none where no rule holds', { protected: false, user_can_push: true }, { kind: 'unprotected' }],
    [
      'is ours where we may push',
      { protected: true, user_can_push: true },
      { kind: 'guarded', isOurs: true, rule: 'hidden' },
    ],
    [
      'is not ours where we may not',
      { protected: true, user_can_push: false },
      { kind: 'guarded', isOurs: false, rule: 'hidden' },
    ],
    [
      'is not ours where the forge does not say',
      { protected: true },
      { kind: 'guarded', isOurs: false, rule: 'hidden' },
    ],
    ['is steady by a pattern', told('vault-record[s]'), { kind: 'guarded', isOurs: true, rule: 'steady' }],
    [
      'is plain by the name of the branch',
      told('vault-records'),
      { kind: 'guarded', isOurs: true, rule: 'plain' },
    ],
    [
      'was another branch’s where the rule has another name',
      told('Vault-Records'),
      { kind: 'swapped', rule: 'Vault-Records' },
    ],
  ])('%s', (_, asked, guard) => {
    expect(branchGuardOf('vault-records', asked)).toEqual(guard);
  });

  it.each([
    ['takes merges where our account may merge', true, { kind: 'mergeable' }],
    ['is taken to where the forge does not say', undefined, { kind: 'mergeable' }],
    ['takes none where nobody is named', false, { kind: 'guarded', isOurs: true, rule: 'steady' }],
  ])('of records %s', (_, user_can_merge, guard) => {
    expect(recordGuardOf('vault-records', { ...told('vault-record[s]'), user_can_merge })).toEqual(guard);
    // Into main people merge, so there it says nothing.
    expect(branchGuardOf('vault-records', { ...told('vault-record[s]'), user_can_merge }).kind).toBe(
      'guarded',
    );
  });

  it('of records is missing, free or swapped whoever may merge', () => {
    const free = { protected: false, user_can_push: true, user_can_merge: true };

    expect(recordGuardOf('vault-records', undefined)).toEqual({ kind: 'missing' });
    expect(recordGuardOf('vault-records', free)).toEqual({ kind: 'unprotected' });
    expect(recordGuardOf('vault-records', { ...told('Vault-records'), user_can_merge: true })).toEqual({
      kind: 'swapped',
      rule: 'Vault-records',
    });
  });

  it('is steady by a rule that fits one name and is no name of a branch', () => {
    expect(['main', 'vault-records', 'release/1.0', 'odd-'].map(steadyRuleName)).toEqual([
      'mai[n]',
      'vault-record[s]',
      'release/1.[0]',
      'od[d]-',
    ]);
    expect(branchGuardOf('main', told(steadyRuleName('main')))).toMatchObject({ rule: 'steady' });
  });
});

describe('the files that decide', () => {
  const place = { repository: 'owner/ops', branch: 'main' };
  const formula = (run: Formula['run']): Formula => ({
    name: 'x',
    file: 'vault/formulas/x.toml',
    description: '',
    secrets: [],
    timeout_minutes: 1,
    run,
  });

  it('are policy, formulas and workflows, these under every name that a host would look for', () => {
    const formulas = [
      formula({ backend: 'forgejo-workflow', workflow: 'backup.yml' }),
      formula({ backend: 'woodpecker-pipeline', workflow: 'deploy', repo: 'Owner/Ops', ref: 'main' }),
    ];

    expect(decidingFiles(formulas, place)).toEqual({
      patterns: [
        'vault/policy.toml',
        'vault/formulas/**',
        '.forgejo/workflows/backup.yml',
        '.gitea/workflows/backup.yml',
        '.github/workflows/backup.yml',
        '.woodpecker/deploy.yaml',
        '.woodpecker/deploy.yml',
      ],
      elsewhere: [],
    });
  });

  it('are not those of other repositories, and those of other branches are out of the rule’s reach', () => {
    const formulas = [
      formula({ backend: 'forgejo-workflow', workflow: 'a.yml', repo: 'owner/project' }),
      formula({ backend: 'woodpecker-pipeline', workflow: 'b', ref: 'next' }),
    ];

    expect(decidingFiles(formulas, place)).toEqual({
      patterns: ['vault/policy.toml', 'vault/formulas/**'],
      elsewhere: ['next: .woodpecker/b.yaml', 'next: .woodpecker/b.yml'],
    });
  });
});

describe('patterns of a rule', () => {
  it.each([
    ['the same text', 'vault/policy.toml', true],
    ['the same text among others, with blanks and capitals', 'a; Vault/Policy.toml ;b', true],
    ['the folder', 'vault/**', true],
    ['everything', '**', true],
    ['nothing', '', false],
    ['another file', 'vault/policy.tom', false],
    ['one folder only', '*', false],
    ['files of a folder, of which the forge takes those without a dot', 'vault/*', false],
    ['a folder of a like name', 'vaul/**', false],
    ['a folder that is a pattern', 'v*/**', false],
    ['all but it, or who knows', '{vault}/**', false],
  ])('reach a file, or are taken not to: %s', (_, list, reaches) => {
    expect(unreached(['vault/policy.toml'], list)).toEqual(reaches ? [] : ['vault/policy.toml']);
  });

  it('reach another pattern as a whole', () => {
    expect(unreached(['vault/formulas/**'], 'vault/formulas/*.toml')).toEqual(['vault/formulas/**']);
    expect(unreached(['vault/formulas/**', 'vault/formulas/x.toml'], 'vault/formulas/**')).toEqual([]);
    expect(patternsIn(' a ;; b;')).toEqual(['a', 'b']);
    expect(patternsIn(null)).toEqual([]);
  });
});

describe('what decides', () => {
  const files = ['vault/policy.toml', 'vault/formulas/x.toml'];
  const seen = (more: Partial<RulesSeen> = {}): RulesSeen => ({
    repository: 'owner/ops',
    branch: 'main',
    told: told('mai[n]'),
    rules: [
      { rule_name: 'main', protected_file_patterns: '' },
      { rule_name: 'mai[n]', protected_file_patterns: 'vault/policy.toml;vault/formulas/**' },
    ],
    ...more,
  });

  it('is closed where the rule that holds protects all of it and the branch stays where it is', () => {
    expect(policyGuard(seen(), files)).toEqual({ kind: 'closed' });
  });

  it.each<[string, Partial<RulesSeen>, string, string[]]>([
    ['no rule holds', { told: { protected: false } }, 'no rule protects main of owner/ops', files],
    [
      'the rule that holds leaves a file out',
      { rules: [{ rule_name: 'mai[n]', protected_file_patterns: 'vault/formulas/**' }] },
      'a merge alone may change vault/policy.toml',
      ['vault/policy.toml'],
    ],
    [
      'only another rule protects it',
      { told: told('main') },
      'a merge alone may change vault/policy.toml, vault/formulas/x.toml',
      files,
    ],
    [
      'the branch can be renamed',
      { told: told('main'), rules: [{ rule_name: 'main', protected_file_patterns: '**' }] },
      'call it mai[n]',
      files,
    ],
    [
      'the branch was renamed',
      { told: told('Main'), rules: [{ rule_name: 'Main', protected_file_patterns: '**' }] },
      'another branch was put in the place of main',
      files,
    ],
  ])('is open where %s', (_, more, why, open) => {
    expect(policyGuard(seen(more), files)).toEqual({
      kind: 'open',
      files: open,
      why: expect.stringContaining(why),
    });
  });

  it.each<[string, Partial<RulesSeen>, string]>([
    ['there is no such branch', { told: undefined }, 'owner/ops has no branch main'],
    ['rules are hidden', { rules: 'hidden' }, 'only an admin of owner/ops may see which files are protected'],
    ['the rule’s name is hidden', { told: { protected: true } }, 'only an admin of owner/ops'],
    ['the rule is not among those listed', { rules: [] }, 'is not among its rules'],
  ])('is unknown, and never closed, where %s', (_, more, why) => {
    expect(policyGuard(seen(more), files)).toEqual({ kind: 'unknown', why: expect.stringContaining(why) });
  });
});

describe('asked of the forge', () => {
  const branch = {
    name: 'main',
    commit: { id: 'c' },
    protected: true,
    user_can_push: false,
    user_can_merge: false,
  };
  /** A forge that shows a branch to everybody and rules as given. */
  const forge = (rules: { status: number; body: unknown }, shown: object | null = branch): Send => {
    return async ({ route }) => {
      if (route.endsWith('/branch_protections')) return { headers: {}, ...rules };
      return shown === null
        ? { status: 404, headers: {}, body: { message: 'branch does not exist' } }
        : { status: 200, headers: {}, body: shown };
    };
  };

  it('who is no admin sees that there is a rule, and not what it protects', async () => {
    const send = forge({
      status: 403,
      body: { message: 'user should be an owner or a collaborator with admin write of a repository' },
    });

    const seen = await readRulesSeen(send, 'owner/ops', 'main', { kept: new Map() });

    expect(seen.rules).toBe('hidden');
    expect(policyGuard(seen, ['vault/policy.toml']).kind).toBe('unknown');
    expect(await readBranchGuard(send, 'owner/ops', 'main')).toEqual({
      guard: { kind: 'guarded', isOurs: false, rule: 'hidden' },
      commit: 'c',
    });
  });

  it('a branch that is not there is missing, and a forge that fails is an error and nothing else', async () => {
    const failing: Send = async () => ({ status: 500, headers: {}, body: { message: '' } });

    expect(await readBranchGuard(forge({ status: 200, body: [] }, null), 'owner/ops', 'main')).toEqual({
      guard: { kind: 'missing' },
      commit: null,
    });
    await expect(readBranchGuard(failing, 'owner/ops', 'main')).rejects.toMatchObject({ kind: 'server' });
    await expect(
      readRulesSeen(forge({ status: 500, body: { message: '' } }), 'owner/ops', 'main', {
        kept: new Map(),
      }),
    ).rejects.toMatchObject({ kind: 'server' });
  });
});

describe('the one rule that can hold for a branch', () => {
  const named = (...names: string[]) => names.map((rule_name) => ({ rule_name }));

  it.each<[string, string[], string | undefined]>([
    ['is the one under its name', ['main', 'other'], 'main'],
    ['is the one whose name differs in capitals', ['Main', 'other'], 'Main'],
    ['is the pattern that fits nothing else', ['mai[n]', 'vault-record[s]', 'vault-claim[s]'], 'mai[n]'],
    ['is a pattern that might fit it, where there is no other', ['m*'], 'm*'],
    ['is not told where a second one might fit', ['mai[n]', 'm*'], undefined],
    ['is not told where a class might hold more', ['mai[n]', 'mai[no]'], undefined],
    ['is not told where both its name and its pattern are there', ['main', 'mai[n]'], undefined],
    ['is not there where none fits', ['vault-record[s]'], undefined],
  ])('%s', (_, names, expected) => {
    expect(onlyRuleFor('main', named(...names))?.rule_name).toBe(expected);
  });
});

describe('a policy that is not there', () => {
  const open = { kind: 'open' as const, files: ['a'], why: 'no rule' };
  const missing = {
    kind: 'open',
    files: ['vault/policy.toml'],
    why: 'there is no vault/policy.toml, and a merge alone may have moved it away',
  };

  it.each([
    ['is open, however the branch is protected', { kind: 'closed' as const }, null, missing],
    ['is open where nobody can tell', { kind: 'unknown' as const, why: 'hidden' }, null, missing],
    ['leaves what is open as it is', open, null, open],
  ])('%s', (_, guard, blob, expected) => {
    expect(guardWithPolicy(guard, blob)).toEqual(expected);
  });

  it('is not what stands there', () => {
    for (const guard of [{ kind: 'closed' as const }, { kind: 'unknown' as const, why: 'hidden' }, open])
      expect(guardWithPolicy(guard, 'b'.repeat(40))).toBe(guard);
  });
});

describe('a list of protected patterns', () => {
  const wanted = ['vault/policy.toml', 'vault/formulas/**', '.forgejo/workflows/a.yml'];

  it.each([
    ['', wanted.join(';')],
    ['LICENSE', ['LICENSE', ...wanted].join(';')],
    ['Vault/**', 'Vault/**;.forgejo/workflows/a.yml'],
    ['**', '**'],
    [wanted.join(' ; '), wanted.join(';')],
  ])('with what it does not reach yet: %s', (list, all) => {
    expect(withPatterns(list, [...wanted, ...wanted])).toBe(all);
  });

  it.each([
    ['LICENSE;vault/policy.toml;docs/**', ['vault/policy.toml']],
    ['.forgejo/**;vault/**;**', ['.forgejo/**', 'vault/**', '**']],
    ['vault/formulas/x.toml', []],
    ['', []],
  ])('reaches by: %s', (list, by) => {
    expect(reaching(list, wanted)).toEqual(by);
  });
});

describe('who else may push to a branch of records, as its rule is told to an admin', () => {
  const rule = {
    enable_push_whitelist: true,
    push_whitelist_usernames: ['Dispatcher'],
    push_whitelist_teams: [],
    push_whitelist_deploy_keys: false,
  };

  it.each<[string, Parameters<typeof othersAllowed>[0], string | undefined, string[]]>([
    ['nobody, where it names its writer alone', rule, 'dispatcher', []],
    ['nobody, where one person is named and the writer is not known', rule, undefined, []],
    ['everybody, where no rule is told', undefined, 'dispatcher', ['everybody who may write']],
    [
      'everybody, where nobody is named',
      { ...rule, enable_push_whitelist: false },
      'dispatcher',
      ['everybody who may write'],
    ],
    ['a person', { ...rule, push_whitelist_usernames: ['dispatcher', 'eve'] }, 'dispatcher', ['eve']],
    ['a second person', { ...rule, push_whitelist_usernames: ['a', 'b'] }, undefined, ['b']],
    ['a team', { ...rule, push_whitelist_teams: ['devs'] }, 'dispatcher', ['team devs']],
    ['keys', { ...rule, push_whitelist_deploy_keys: true }, 'dispatcher', ['deploy keys']],
  ])('%s', (_, given, writer, others) => {
    expect(othersAllowed(given, writer)).toEqual(others);
  });
});
