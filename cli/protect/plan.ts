import { namesLogin } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import type { Protection } from '../../core/forge/protections.ts';
import { keep, notice, refuseFor } from '../../core/plan.ts';
import { steadyRuleName } from '../../core/vault/guard.ts';
import { policyFile } from '../../core/vault/policy.ts';
import type { RuledBranch } from '../../core/vault/read-ruled.ts';
import { possible } from './possible.ts';
import {
  describeRule,
  faultsOfMain,
  faultsOfName,
  faultsOfRecords,
  isOnlyFor,
  isPlainRule,
  letsOthersWrite,
  type MainWanted,
  wantedMain,
  wantedRecords,
} from './rule.ts';
import type { ProtectSettings, ProtectState, RecordBranch } from './state.ts';

/** The kinds of change this command may plan. */
export const changes = [
  'keep',
  'refuse',
  'set-protection',
  'delete-protection',
  'create-branch',
  'write-files',
] as const;
type ProtectChange = Change<(typeof changes)[number]>;

/** How many old records are copied in one commit. */
const mostCopies = 50;

/** What the vault needs of three branches: said, or with `apply` set. What was set is read back by the next round. */
export function plan(settings: ProtectSettings, state: ProtectState): ProtectChange[] {
  const { dispatcher, gatekeeper } = settings;
  return [
    ...planMain(settings, state),
    ...planRecords(settings, state, { branch: state.records, writer: dispatcher, earlier: state.earlier }),
    ...planRecords(settings, state, { branch: state.claims, writer: gatekeeper, earlier: [] }),
    ...notices(state),
  ];
}

function planMain(settings: ProtectSettings, state: ProtectState): ProtectChange[] {
  const { dispatcher, apply } = settings;
  const { repository, main, writers } = state;
  const { branch, rule } = main;
  const where = `${branch} of ${repository}`;
  const swapped = swappedBy(main);
  if (swapped !== undefined) return [refuseFor(where, swapped)];
  const wanted = mainWanted(settings, state);
  const faults =
    rule === undefined
      ? ['no rule protects it: anybody with write access pushes to it']
      : [...faultsOfName(rule, branch), ...faultsOfMain(rule, wanted)];
  if (faults.length === 0) return [keep(`${where} is protected as the vault needs it`)];
  if (!apply)
    return [
      ...faults.map((fault) => said(where, fault)),
      ...(locksOut(settings, state) ? [notice(lockedOut(settings, state))] : []),
    ];
  const others = foreignRule(main);
  if (others !== undefined)
    return [...faults.map((fault) => refuseFor(where, fault)), refuseFor(where, others)];
  if (!namesLogin(writers, dispatcher)) return [refuseFor(where, noAccess(dispatcher, repository))];
  if (locksOut(settings, state))
    return [refuseFor(where, `${lockedOut(settings, state)}. Nothing was set for ${branch}`)];
  const mergers = mergersFor(settings, state);
  return setRule(main, wantedMain(branch, wanted, mergers, rule), faults.join('; '));
}

/** What the rule of main has to hold here. */
function mainWanted(settings: ProtectSettings, state: ProtectState): MainWanted {
  return {
    dispatcher: settings.dispatcher,
    agents: agentsOf(settings, state),
    deciding: state.deciding.patterns,
    approvals: settings.solo && peopleOf(settings, state).length <= 1 ? 0 : 1,
  };
}

/**
 * A branch of records is made under a rule that lets only our own account in, gets the copies of old records, and is then
 * handed to the account whose it is: so at no moment could anybody else have written there.
 */
function planRecords(
  { apply, ...settings }: ProtectSettings,
  state: ProtectState,
  given: { branch: RecordBranch; writer: string; earlier: ProtectState['earlier'] },
): ProtectChange[] {
  const { branch, writer, earlier } = given;
  const { repository, rule, told, held } = branch;
  const where = `${branch.branch} of ${repository}`;
  const own = state.account.login;
  const swapped = swappedBy(branch);
  if (swapped !== undefined) return [refuseFor(where, swapped)];
  const faults =
    rule === undefined
      ? ['no rule protects it: anybody with write access could have written what stands there']
      : [...faultsOfName(rule, branch.branch), ...faultsOfRecords(rule, writer)];
  if (told !== undefined && faults.length === 0)
    return [keep(`${where} is protected, and ${writer} alone writes there`)];
  if (told === undefined) {
    const lost = whyLost(state, branch);
    if (lost !== undefined) return [refuseFor(where, lost)];
  }
  if (!apply)
    return told === undefined
      ? [said(where, 'it is not there'), ...unknowable(state, branch)]
      : faults.map((fault) => said(where, fault));
  const others = foreignRule(branch);
  if (others !== undefined)
    return [...faults.map((fault) => refuseFor(where, fault)), refuseFor(where, others)];
  if (!namesLogin(state.recordWriters, writer)) return [refuseFor(where, noAccess(writer, repository))];
  if (told === undefined) {
    if (branch.start === null)
      return [refuseFor(where, `${repository} has no commit yet that it could begin with`)];
    const key = `rule of ${branch.branch}`;
    return [
      ...setRule(
        branch,
        wantedRecords(branch.branch, own, rule),
        `nobody but ${own} may make ${branch.branch}`,
        key,
      ),
      {
        kind: 'create-branch',
        repository,
        branch: branch.branch,
        commit: branch.start,
        after: [key],
        why: `${writer} keeps its records there, out of any merge's reach`,
      },
      ...unknowable(state, branch),
    ];
  }
  const isOurs = rule !== undefined && isOnlyFor(rule, own) && faultsOfRecords(rule, own).length === 0;
  const isDoubtful = !isOurs && (rule === undefined || letsOthersWrite(rule, writer));
  if (isDoubtful && held.length > 0 && !settings['accept-records'])
    return [
      ...faults.map((fault) => refuseFor(where, fault)),
      refuseFor(
        where,
        `${held.length} ${held.length === 1 ? 'record stands' : 'records stand'} there that others than ${writer} could have written (${some(held)}), and once it is protected the vault believes them. Nothing was set. Look at its commits; when all of them are right, add --accept-records`,
      ),
    ];
  // First shut for everybody else; then the next round fills it and hands it over.
  if (isDoubtful) return setRule(branch, wantedRecords(branch.branch, own, rule), faults.join('; '));
  const copies = isOurs ? copiesOf(branch, earlier) : [];
  return [
    ...copies,
    ...setRule(
      branch,
      wantedRecords(branch.branch, writer, rule),
      faults.join('; '),
      `rule of ${branch.branch}`,
      copies.flatMap(({ key }) => (key === undefined ? [] : [key])),
    ),
  ];
}

function copiesOf(
  { repository, branch }: RecordBranch,
  earlier: ProtectState['earlier'],
): Change<'write-files'>[] {
  const parts = Array.from({ length: Math.ceil(earlier.length / mostCopies) }, (_, index) =>
    earlier.slice(index * mostCopies, (index + 1) * mostCopies),
  );
  return parts.map((files, index) => ({
    kind: 'write-files',
    key: `copies ${index + 1}`,
    repository,
    branch,
    message: 'Copies of the records that stood on main before',
    files: files.map((file) => ({ ...file, expects: null })),
    why: 'their ids stay spent whatever becomes of main',
  }));
}

/** A rule set under the name that it has to have; one that bears the branch's own name is taken away after that. */
function setRule(
  { repository, branch, rule, steady }: RuledBranch,
  wanted: Change<'set-protection'>['rule'],
  why: string,
  key = `rule of ${branch}`,
  after: string[] = [],
): ProtectChange[] {
  const isNew = wanted.rule_name === steadyRuleName(branch) ? steady === undefined : false;
  return [
    {
      kind: 'set-protection',
      key,
      ...(after.length === 0 ? {} : { after }),
      repository,
      isNew,
      rule: wanted,
      why,
    },
    ...(rule !== undefined && isPlainRule(rule, branch)
      ? [
          {
            kind: 'delete-protection' as const,
            after: [key],
            repository,
            rule: rule.rule_name,
            why: `it comes before ${wanted.rule_name}, which holds in its place`,
          },
        ]
      : []),
  ];
}

/** Whether the branch is one that was put in the place of another, in words. */
function swappedBy({ branch, rule }: RuledBranch): string | undefined {
  return rule !== undefined && isPlainRule(rule, branch) && rule.rule_name !== branch
    ? `another branch was put in its place: the rule that protects it is called ${rule.rule_name}, as the branch is that stood here before. Nothing was set. Look at both, give the right one this name again, and then run this command`
    : undefined;
}

/** A rule that people made for several branches comes first, and is theirs to change. */
function foreignRule({ branch, rule }: RuledBranch): string | undefined {
  return rule !== undefined && !isPlainRule(rule, branch) && rule.rule_name !== steadyRuleName(branch)
    ? `the rule ${rule.rule_name} holds for it, and maybe for other branches: change that rule yourself, or take it away. Nothing was set`
    : undefined;
}

function noAccess(login: string, repository: string): string {
  return `${login} has no write access to ${repository}, or there is no such account; nothing was set. Give it write access first: it is the one that will be let through`;
}

/** Signs that the branch was there before: then making it anew would let what ran run again. */
function whyLost({ records, claims }: ProtectState, branch: RecordBranch): string | undefined {
  return branch === records && claims.held.length > 0
    ? `it is not there, and ${claims.branch} says of ${claims.held.length} ${claims.held.length === 1 ? 'action' : 'actions'} that a gate let it run: so it was there, and somebody with admin rights took it away. Made anew it would let these run again. Restore it from a clone; any clone that fetched it has it`
    : undefined;
}

/** What is said wherever such a branch is made. */
function unknowable({ records, actions }: ProtectState, branch: RecordBranch): ProtectChange[] {
  return branch !== records
    ? []
    : [
        notice(
          `nothing tells whether ${branch.branch} was ever there. If it was, restore it and do not make it anew: the ids on it are spent, and without it what ran could run again${actions.length === 0 ? '' : ` (on main: ${some(actions)})`}`,
        ),
      ];
}

function said(where: string, fault: string): Change<'refuse'> {
  return {
    ...refuseFor(where, fault),
    why: 'with --apply and the token of an admin of the repository it is set',
  };
}

function some(items: string[]): string {
  return items.length <= 5
    ? items.join(', ')
    : `${items.slice(0, 5).join(', ')} and ${items.length - 5} more`;
}

/** What a person should know, and no rule of a branch mends. */
function notices({ policy, deciding, main, repository }: ProtectState): ProtectChange[] {
  return [
    ...(policy === 'missing'
      ? [
          notice(
            `there is no ${policyFile} on ${main.branch} of ${repository}: then everything is high, and high is refused, because a merge may have moved the policy away. Add one`,
          ),
        ]
      : []),
    ...(policy === 'faulty' ? [notice(`${policyFile} cannot be read: nothing is started until it can`)] : []),
    ...deciding.unread.map((file) =>
      notice(`${file} cannot be read, so its workflow is not among the protected files yet`),
    ),
    ...deciding.elsewhere.map((file) =>
      notice(`${file} decides too, and stands on another branch, which this rule does not reach`),
    ),
  ];
}

/** How the branches are protected now, and who can do what, now and afterwards. */
export function headline(settings: ProtectSettings, state: ProtectState): string {
  const { repository, main, records, claims, writers, withoutCode } = state;
  const now = { main: main.rule, records: records.rule, claims: claims.rule };
  const before = possible(settings, state, now);
  const after = possible(settings, state, rulesAfter(settings, state));
  return [
    `${main.branch} of ${repository}${main.rule === undefined ? ': no rule' : `, by the rule ${main.rule.rule_name}`}`,
    ...(main.rule === undefined ? [] : describeRule(main.rule).map((line) => `  ${line}`)),
    `who can push branches, and so read the secrets of its CI: ${writers.join(', ')}`,
    ...(withoutCode.length === 0
      ? []
      : [
          `who can label, close and comment there, and neither push nor read secrets: ${withoutCode.join(', ')}`,
        ]),
    `posture: ${posture(settings, state)}`,
    'what is possible now:',
    ...before.map((line) => `  ${line}`),
    ...(after.join() === before.join()
      ? []
      : [
          `what will be possible ${settings.apply ? 'afterwards' : 'after --apply'}:`,
          ...after.map((line) => `  ${line}`),
        ]),
    `what is left: ${
      main.rule?.apply_to_admins === true
        ? 'a site admin merges without approvals, and an admin of the repository can change these rules'
        : 'an admin of the repository merges without approvals, and can change these rules'
    }; a pull request that moves a protected file elsewhere can be merged, so the vault takes nothing that is missing for a permission`,
  ].join('\n');
}

/** The rules as they will be, as far as they can be set. */
function rulesAfter(
  settings: ProtectSettings,
  state: ProtectState,
): Record<'main' | 'records' | 'claims', Protection | undefined> {
  const { main, records, claims } = state;
  const { dispatcher, gatekeeper } = settings;
  const settable = (branch: RuledBranch): boolean =>
    swappedBy(branch) === undefined && foreignRule(branch) === undefined;
  return {
    main:
      settable(main) && !locksOut(settings, state)
        ? wantedMain(main.branch, mainWanted(settings, state), mergersFor(settings, state), main.rule)
        : main.rule,
    records: settable(records) ? wantedRecords(records.branch, dispatcher, records.rule) : records.rule,
    claims: settable(claims) ? wantedRecords(claims.branch, gatekeeper, claims.rule) : claims.rule,
  };
}

/** Whether an approval that a merge needs could be given by nobody, and nobody has said that this is wanted. */
function locksOut(settings: ProtectSettings, state: ProtectState): boolean {
  return peopleOf(settings, state).length <= 1 && !settings.solo;
}

function lockedOut(settings: ProtectSettings, state: ProtectState): string {
  const [person] = peopleOf(settings, state);
  return `${person === undefined ? 'no person may write here' : `${person} is the only person who may write here`}, and a merge would need an approval that nobody else could give: ${person === undefined ? 'nothing could ever be merged' : `no change of ${person}'s own could ever be merged`}. Give a second person write access, or add --solo: then a merge needs no approval, and everything else is set`;
}

/** Who may merge, where an agent could otherwise: nobody has to be named as long as none could. */
function mergersFor(settings: ProtectSettings, state: ProtectState): string[] | undefined {
  const agents = agentsOf(settings, state);
  return agents.length === 0 ? undefined : state.writers.filter((login) => !namesLogin(agents, login));
}

/** Bots, without the two of the vault: its rules give those a place of their own, and the dispatcher merges what is low. */
function agentsIn({ bots, dispatcher, gatekeeper }: ProtectSettings): string[] {
  return bots.filter((login) => !namesLogin([dispatcher, gatekeeper], login));
}

/** Agents that may write here. */
function agentsOf(settings: ProtectSettings, { writers }: ProtectState): string[] {
  return writers.filter((login) => namesLogin(agentsIn(settings), login));
}

/** Who may write here and is no account of a role or an agent. */
function peopleOf({ bots, dispatcher, gatekeeper }: ProtectSettings, { writers }: ProtectState): string[] {
  return writers.filter((login) => !namesLogin([...bots, dispatcher, gatekeeper], login));
}

function posture(settings: ProtectSettings, state: ProtectState): string {
  const agents = agentsOf(settings, state);
  if (agents.length > 0)
    return `open, because ${agents.join(', ')} can push. Keep privileged secrets and vault-dispatch in a control repo where only people push, or take away the write access: an agent proposes from a fork, and one that only files, labels or comments needs no more than a team with issues on write and code on read (teams are for repositories of an organisation)`;
  if (peopleOf(settings, state).length <= 1)
    return 'solo. Nobody but you can approve, and you cannot approve what you ask for yourself: rules that need a second person can never be met';
  const others = agentsIn(settings);
  return others.length > 0
    ? `closed: ${others.join(', ')} cannot push`
    : 'closed, as long as all of these are people. Name agents with --bots to have them told apart';
}
