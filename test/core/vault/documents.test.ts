import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AskedAction, parseVaultAction } from '../../../core/vault/action.ts';
import { disagreements, parseFormula } from '../../../core/vault/formula.ts';
import { frozenAt, parsePolicy, ruleOf, tierOf, withTiersOf } from '../../../core/vault/policy.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const file = 'vault/actions/backup-1.toml';
const plainAction = 'id = "backup-1"\nformula = "backup"\ncontext = "why"\nsecrets = ["BACKUP_KEY"]\n';

function faults(text: string, name = file): string[] {
  const parsed = parseVaultAction(name, bytes(text));
  return parsed.ok ? [] : parsed.faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

function action(more = ''): AskedAction {
  const parsed = parseVaultAction(file, bytes(plainAction + more));
  if (!parsed.ok || parsed.document.kind !== 'formula') throw new Error('no action');
  return parsed.document;
}

describe('a vault action', () => {
  it('is read as TOML 1.0 has it, its id being its file name', () => {
    expect(faults(plainAction)).toEqual([]);
    expect(faults(plainAction.replace('id = "backup-1"\n', ''))).toEqual([]);
    expect(
      faults(
        `# a comment\nformula = 'backup'\ncontext = """\nmany\nlines"""\nsecrets = [\n  "BACKUP_KEY", # why\n]\ninputs.target = "db"\n`,
      ),
    ).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a field that chooses its own gate', 'dispatch_mode = "direct"\n', '5:1 "dispatch_mode": no such field'],
    ['the same, quoted', '"dispatch_mode" = "direct"\n', '5:1 "dispatch_mode": no such field'],
    ['the same, as a table', '[dispatch_mode]\nx = 1\n', '5:1 "dispatch_mode": no such field'],
    ['a tier of its own', 'tier = "low"\n', '5:1 "tier": no such field'],
    ['a wrong type', 'timeout_minutes = "20"\n', '5:1 "timeout_minutes": expected'],
    ['a key twice', 'formula = "other"\n', '5:1 is no TOML 1.0'],
    ['what only TOML 1.1 has', 'inputs = { a = "1", }\n', 'is no TOML 1.0'],
    ['a secret that is a pattern', 'unblocks = ["#1"]\n', ''],
    ['Node’s own names', '[inputs]\n__proto__ = "x"\n', ''],
  ])('%s', (_, more, message) => {
    const found = faults(plainAction + more);

    if (message === '') expect(found).toEqual([]);
    else expect(found.join('\n')).toContain(message);
  });

  it.each<[string, string, string]>([
    [
      'another id than its file',
      plainAction.replace('backup-1', 'other'),
      '"id" is other, but the file is backup-1.toml',
    ],
    ['a formula outside of its folder', plainAction.replace('"backup"', '"../lib/x"'), '2:1 "formula"'],
    ['a secret that is a pattern', plainAction.replace('BACKUP_KEY', '.*'), '"secrets.0"'],
    ['no context', plainAction.replace('context = "why"\n', ''), '"context": expected string'],
    [
      'a lower case of its tier',
      `${plainAction}blast_radius = "LOW"\n`,
      '"blast_radius": expected low or medium or high',
    ],
  ])('is refused with its line for %s', (_, text, message) => {
    expect(faults(text).join('\n')).toContain(message);
  });

  it('whose file name is no id is refused', () => {
    for (const name of [
      'vault/actions/Backup.toml',
      'vault/actions/-x.toml',
      `vault/actions/${'x'.repeat(64)}.toml`,
    ])
      expect(faults('formula = "x"\ncontext = ""\nsecrets = []\n', name).join()).toContain(
        'the file name is the id',
      );
  });

  it('that asks a person to act has no formula, and nothing that could run', () => {
    const human = 'context = "why"\nunblocks = ["#758"]\n[action_required]\ndescription = "Choose one"\n';
    expect(parseVaultAction(file, bytes(human))).toMatchObject({
      ok: true,
      document: { kind: 'human', id: 'backup-1' },
    });
    expect(faults(`formula = "backup"\n${human}`).join()).toContain('1:1 "formula": no such field');
    expect(faults(`${human}tier = "low"\n`).join()).toContain('no such field');
  });

  const real = new URL(
    '../../../../shared/ops-repo/vault/actions/fix-ops-branch-protection-20260415.toml',
    import.meta.url,
  );
  it.skipIf(!existsSync(real))('of a real ops repo waits for a person', () => {
    expect(
      parseVaultAction('vault/actions/fix-ops-branch-protection-20260415.toml', readFileSync(real)),
    ).toMatchObject({ ok: true, document: { kind: 'human', unblocks: ['#758', '#765'] } });
  });

  it('never throws, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()), (content) => {
        const parsed = parseVaultAction(file, typeof content === 'string' ? bytes(content) : content);
        if (!parsed.ok) expect(parsed.faults.length).toBeGreaterThan(0);
      }),
    );
  });
});

const formulaText = `description = "Back up"
secrets = ["BACKUP_KEY"]
timeout_minutes = 30
tier = "medium"
tools = ["restic"]
[inputs.target]
required = true
one_of = ["db", "files"]
[inputs.label]
pattern = "[a-z0-9-]+"
max_length = 10
[run]
backend = "forgejo-workflow"
workflow = "backup.yml"
`;

function formula(text = formulaText): ReturnType<typeof parseFormula> {
  return parseFormula('vault/formulas/backup.toml', bytes(text));
}

describe('a formula', () => {
  it('says what may be asked of it, and every disagreement is named', () => {
    const parsed = formula();
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    const wrong = (more: string): string => disagreements(action(more), parsed.document).join('; ');

    expect(wrong('[inputs]\ntarget = "db"\n')).toBe('');
    expect(wrong('')).toContain('input target is required');
    expect(wrong('[inputs]\ntarget = "etc"\n')).toContain('input target: expected db or files');
    expect(wrong('[inputs]\ntarget = "db"\nother = "x"\n')).toContain('input other is not declared');
    expect(wrong('[inputs]\ntarget = "db"\nlabel = "A b"\n')).toContain('input label: does not match');
    expect(wrong('[inputs]\ntarget = "db"\nlabel = "aaaaaaaaaaa"\n')).toContain('at most 10 characters');
    expect(wrong('timeout_minutes = 31\n[inputs]\ntarget = "db"\n')).toContain("above the formula's 30");
    expect(wrong('tools = ["sh"]\n[inputs]\ntarget = "db"\n')).toContain(
      'tools not allowed by formula backup: sh',
    );
    const other = { ...action('[inputs]\ntarget = "db"\n'), secrets: ['OTHER'] };
    expect(disagreements(other, parsed.document)).toEqual([
      'secrets that formula backup does not bind: OTHER',
      'secrets that formula backup binds are not declared: BACKUP_KEY',
    ]);
  });

  it('may not name an input as the dispatcher does', () => {
    expect(formula(`${formulaText}`.replace('[inputs.label]', '[inputs.nonce]'))).toMatchObject({
      ok: false,
      faults: [{ line: 9, message: '"inputs.nonce": the dispatcher gives an input of this name itself' }],
    });
  });

  it('with a pattern that cannot be read is refused at its line, and by name', () => {
    expect(formula(formulaText.replace('[a-z0-9-]+', '[z-a]'))).toEqual({
      ok: false,
      faults: [
        {
          file: 'vault/formulas/backup.toml',
          line: 10,
          column: 1,
          message: '"inputs.label.pattern": `[z-a]` is no class: look at its ranges',
        },
      ],
    });
  });
});

describe('the tier of an action', () => {
  const policy = (text: string): Parameters<typeof tierOf>[1] => {
    const parsed = parsePolicy('vault/policy.toml', bytes(text));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return parsed.document;
  };
  const parsed = formula();
  const ofFormula = parsed.ok ? parsed.document : undefined;

  it('is what policy says, high where nothing says, and the action may only raise it', () => {
    expect(tierOf(action(), policy('[tiers]\nbackup = "low"\n'), ofFormula, 'ops').tier).toBe('low');
    expect(tierOf(action(), policy(''), ofFormula, 'ops').tier).toBe('high');
    expect(tierOf(action(), policy(''), ofFormula, 'formula').tier).toBe('medium');
    expect(tierOf(action(), policy('[tiers]\nbackup = "low"\n'), ofFormula, 'formula+ops').tier).toBe('low');
    expect(
      tierOf(action('blast_radius = "high"\n'), policy('[tiers]\nbackup = "low"\n'), ofFormula, 'ops').tier,
    ).toBe('high');
    expect(
      tierOf(action('blast_radius = "low"\n'), policy('[tiers]\nbackup = "high"\n'), ofFormula, 'ops').tier,
    ).toBe('high');
    expect(tierOf({ ...action(), formula: 'constructor' }, policy(''), undefined, 'ops').tier).toBe('high');
  });

  it.each<[string, string, string, Parameters<typeof tierOf>[3], string]>([
    ['a low formula', 'low', '[secrets]\nBACKUP_KEY = "high"\n', 'ops', 'high'],
    ['whatever the spelling', 'low', '[secrets]\nbackup_key = "medium"\n', 'ops', 'medium'],
    [
      'the highest of several',
      'low',
      '[secrets]\nBACKUP_KEY = "medium"\nBackup_Key = "high"\n',
      'ops',
      'high',
    ],
    ['where the formula says its tier', 'low', '[secrets]\nBACKUP_KEY = "high"\n', 'formula', 'high'],
    ['never down', 'high', '[secrets]\nBACKUP_KEY = "low"\n', 'ops', 'high'],
    ['not for another secret', 'low', '[secrets]\nOTHER = "high"\n', 'ops', 'low'],
  ])('is raised by a secret that its formula binds: %s', (_, tier, secrets, source, raised) => {
    const found = tierOf(action(), policy(`[tiers]\nbackup = "${tier}"\n${secrets}`), ofFormula, source);

    expect(found.tier).toBe(raised);
    expect(found.why.includes('its secret')).toBe(raised !== tier);
  });

  it('is raised by a secret and then by the action, and both are said', () => {
    expect(
      tierOf(
        action('blast_radius = "high"\n'),
        policy('[tiers]\nbackup = "low"\n[secrets]\nBACKUP_KEY = "medium"\n'),
        ofFormula,
        'ops',
      ),
    ).toEqual({
      tier: 'high',
      why: 'policy says low for backup; its secret BACKUP_KEY raises it to medium; the action raises it to high',
    });
  });

  it('is raised by secrets of the ops repo only, where a project repo says tiers', () => {
    const own = policy('[secrets]\nBACKUP_KEY = "high"\n');
    const tiersOnly = withTiersOf(own, parsePolicy('p', bytes('[tiers]\nbackup = "low"\n')));

    expect(tiersOnly.ok && tierOf(action(), tiersOnly.document, ofFormula, 'project').tier).toBe('high');
    expect(withTiersOf(own, parsePolicy('p', bytes('[secrets]\nBACKUP_KEY = "low"\n')))).toMatchObject({
      ok: false,
      faults: [{ message: expect.stringContaining('"secrets" stand in the ops repo') }],
    });
  });

  it('is no secret’s whose name is none, or that is given no tier', () => {
    expect(parsePolicy('p', bytes('[secrets]\n"a b" = "high"\n')).ok).toBe(false);
    expect(parsePolicy('p', bytes('[secrets]\nBACKUP_KEY = "highest"\n')).ok).toBe(false);
  });

  it('has rules with defaults: low needs nobody, medium a writer, high an admin', () => {
    expect(ruleOf(policy(''), 'low')).toMatchObject({ approvals: 0 });
    expect(ruleOf(policy(''), 'medium')).toMatchObject({ approvals: 1, approvers: 'write' });
    expect(ruleOf(policy(''), 'high')).toMatchObject({ approvals: 1, approvers: 'admin' });
    expect(
      ruleOf(policy('[rules.high]\napprovers = ["ada", "@acme/ops"]\napprovals = 2\n'), 'high'),
    ).toMatchObject({
      approvals: 2,
      approvers: ['ada', '@acme/ops'],
    });
  });

  it.each<[string, string, boolean]>([
    ['Friday before', '2026-11-20T14:59:00Z', false],
    ['Friday after', '2026-11-20T15:00:00Z', true],
    ['Saturday noon', '2026-11-21T12:00:00Z', true],
    ['Monday early', '2026-11-23T06:59:00Z', true],
    ['Monday later', '2026-11-23T07:00:00Z', false],
    ['in summer time', '2026-07-03T14:00:00Z', true],
  ])('is frozen over a weekend in its own time zone: %s', (_, now, frozen) => {
    const rule = ruleOf(
      policy(
        '[rules.medium]\nfreeze = [{ days = "fri-sun", from = "16:00", to = "08:00", tz = "Europe/Berlin", reason = "weekend" }]\n',
      ),
      'medium',
    );

    expect(frozenAt(rule, new Date(now))).toBe(frozen ? 'weekend' : undefined);
  });

  it('is frozen on each day between two hours', () => {
    const rule = ruleOf(
      policy(
        '[rules.low]\nfreeze = [{ days = "mon-fri", from = "09:00", to = "17:00", tz = "UTC", reason = "office" }]\n',
      ),
      'low',
    );

    expect(frozenAt(rule, new Date('2026-11-18T12:00:00Z'))).toBe('office');
    expect(frozenAt(rule, new Date('2026-11-18T18:00:00Z'))).toBeUndefined();
    expect(frozenAt(rule, new Date('2026-11-21T12:00:00Z'))).toBeUndefined();
  });
});
