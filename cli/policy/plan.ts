import { sameLogin } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import type { Protection } from '../../core/forge/protections.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { patternsIn, reaching, unreached, withPatterns } from '../../core/vault/guard.ts';
import { ruleAsSet } from '../protect/rule.ts';
import type { PolicySettings, PolicyState } from './state.ts';
import { closedSign, closedText, liftedIn, recordContent, recordTie, recordTitle } from './text.ts';

/** The kinds of change this command may plan. */
export const changes = [
  'keep',
  'refuse',
  'set-protection',
  'create-issue',
  'comment',
  'close-issue',
] as const;
type PolicyChange = Change<(typeof changes)[number]>;

/** Lifts the protection of the files that decide, or sets it again; an issue keeps who did it and when. */
export function plan(settings: PolicySettings, state: PolicyState): PolicyChange[] {
  const { branch, rule } = state.main;
  const where = `${branch} of ${state.repository}`;
  if (rule === undefined)
    return [
      refuseFor(
        where,
        'no rule protects it, so its policy is open whatever is done here: run forgecrew protect first',
      ),
    ];
  if (rule.rule_name !== branch && sameLogin(rule.rule_name, branch))
    return [
      refuseFor(
        where,
        `another branch was put in its place: the rule that protects it is called ${rule.rule_name}, as the branch is that stood here before. Nothing was changed`,
      ),
    ];
  return settings.what === 'open' ? open(settings, state, rule) : close(state, rule);
}

function open({ reason }: PolicySettings, state: PolicyState, rule: Protection): PolicyChange[] {
  const { account, now, repository, main, deciding, hasIssues, record } = state;
  const where = `${main.branch} of ${repository}`;
  const lifted = reaching(rule.protected_file_patterns, deciding.patterns);
  if (lifted.length === 0)
    return [
      record === undefined
        ? notice(`the policy of ${where} is open already, and no issue says who opened it`)
        : keep(`the policy of ${where} is open: #${record.number}`),
      ...left(rule),
    ];
  if (!hasIssues)
    return [
      refuseFor(
        repository,
        'its issues are switched off, and one of them has to keep who opened the policy. Switch them on',
      ),
    ];
  if (record !== undefined && !sameLogin(record.login, account.login))
    return [
      refuseFor(
        where,
        `#${record.number} says that ${record.login} opened its policy, and it is closed: run forgecrew policy close first, which closes that issue`,
      ),
    ];
  return [
    // Recorded before it is done, so that nothing is ever open without a word.
    ...(record !== undefined
      ? [keep(`#${record.number} says who opens it`)]
      : [
          {
            kind: 'create-issue' as const,
            key: 'record',
            repository,
            title: recordTitle,
            content: [recordContent({ login: account.login, at: now, branch: main.branch, reason, lifted })],
            tie: recordTie,
            labels: [],
            why: 'everybody sees who opened the policy, and when',
          },
        ]),
    {
      kind: 'set-protection',
      ...(record === undefined ? { after: ['record'] } : {}),
      repository,
      isNew: false,
      rule: {
        ...ruleAsSet(rule),
        protected_file_patterns: patternsIn(rule.protected_file_patterns)
          .filter((pattern) => !lifted.includes(pattern))
          .join(';'),
      },
      why: `a merge may then change ${lifted.join(', ')}`,
    },
  ];
}

/** What stays protected: it may still keep a merge from going through. */
function left(rule: Protection): PolicyChange[] {
  return rule.protected_file_patterns === ''
    ? []
    : [notice(`still protected, by what people set: ${rule.protected_file_patterns}`)];
}

function close(state: PolicyState, rule: Protection): PolicyChange[] {
  const { account, now, repository, main, deciding, record } = state;
  const where = `${main.branch} of ${repository}`;
  const lifted = record === undefined ? [] : liftedIn(record);
  // Anybody who may write can edit the issue, so of its patterns only those come back that guard what decides.
  const restored = lifted === 'edited' ? [] : reaching(lifted.join(';'), deciding.patterns);
  const missing = unreached(deciding.patterns, [rule.protected_file_patterns, ...restored].join(';'));
  const again = [
    ...restored.filter((pattern) => !patternsIn(rule.protected_file_patterns).includes(pattern)),
    ...missing,
  ];
  const notices = [
    ...(lifted === 'edited' && record !== undefined
      ? [
          notice(
            `#${record.number} was edited, so what it says was protected before is not believed: compare its patterns with the rule`,
          ),
        ]
      : []),
    ...deciding.unread.map((file) =>
      notice(`${file} cannot be read, so its workflow is not among the protected files yet`),
    ),
  ];
  const shut: PolicyChange[] =
    again.length === 0
      ? []
      : [
          {
            kind: 'set-protection',
            key: 'shut',
            repository,
            isNew: false,
            rule: {
              ...ruleAsSet(rule),
              protected_file_patterns: withPatterns(
                [rule.protected_file_patterns, ...restored.filter((pattern) => again.includes(pattern))]
                  .filter((part) => part !== '')
                  .join(';'),
                missing,
              ),
            },
            why: `nobody then changes ${again.join(', ')}, by a merge either`,
          },
        ];
  if (record === undefined)
    return again.length === 0
      ? [keep(`the policy of ${where} is closed`), ...notices]
      : [...shut, notice(`no open issue of an admin says who opened the policy of ${where}`), ...notices];
  const after = again.length === 0 ? {} : { after: ['shut'] };
  return [
    ...shut,
    {
      kind: 'comment',
      key: 'closed',
      ...after,
      repository,
      issue: record.number,
      text: closedText(account.login, now, again),
      sign: closedSign,
      why: 'everybody sees who closed the policy, and when',
    },
    { kind: 'close-issue', after: ['closed'], repository, issue: record.number, why: 'the policy is closed' },
    ...notices,
  ];
}

export function headline(
  _: PolicySettings,
  { repository, main: { branch, rule }, deciding }: PolicyState,
): string {
  if (rule === undefined) return `${branch} of ${repository}: no rule protects it`;
  const open = unreached(deciding.patterns, rule.protected_file_patterns);
  return [
    `${branch} of ${repository}, by the rule ${rule.rule_name}`,
    open.length === 0
      ? 'the policy is closed: nobody changes it, its formulas and their workflows, by a merge either'
      : `the policy is open: a merge may change ${open.join(', ')}`,
  ].join('\n');
}
