import type { AskedAction } from '../../core/vault/action.ts';
import type { Rights } from '../../core/vault/approval.ts';
import type { Formula } from '../../core/vault/formula.ts';
import type { Rule } from '../../core/vault/policy.ts';
import type { Candidate, VaultSettings, VaultState } from './state.ts';

/** Where the workflow and its formula disagree: Forgejo drops an input that is not declared without a word. */
export function workflowFaults(
  formula: Formula,
  { workflow, unreachable }: Pick<Candidate, 'workflow' | 'unreachable'>,
  /** Without it, whatever an action could ask for. */
  asked?: AskedAction,
): string[] {
  const { run } = formula;
  const away = unreachable === undefined ? [] : [unreachable];
  if (workflow === null)
    return [...away, `there is no workflow ${run.workflow} on the branch it is to run on`];
  const { file, inputs, secrets, faults } = workflow;
  const lists = (['mounts', 'model', 'tools'] as const).filter(
    (name) => (asked === undefined ? formula[name] : asked[name]) !== undefined,
  );
  const given = [...Object.keys(formula.inputs ?? {}), ...lists, 'action', 'nonce'];
  const dropped = inputs === null ? [] : given.filter((name) => !inputs.includes(name));
  // A shell cannot read such a variable.
  const unreadable = inputs === null ? given.filter((name) => name.includes('-')) : [];
  const listed = formula.secrets.map((name) => name.toUpperCase());
  const unlisted = secrets.filter((name) => !listed.includes(name));
  const unbound = listed.filter((name) => !secrets.includes(name));
  const fault = (names: string[], said: string): string[] =>
    names.length === 0 ? [] : [`${said} ${names.join(', ')}`];
  return [
    ...away,
    ...faults,
    ...fault(dropped, `workflow ${file} does not declare these inputs, so they would be dropped:`),
    ...fault(unreadable, 'on Woodpecker inputs are variables, so their names need underscores:'),
    ...fault(unlisted, `workflow ${file} uses secrets that its formula does not list:`),
    ...fault(unbound, `workflow ${file} does not use secrets that its formula lists:`),
  ];
}

/** Who could read the secrets without being somebody who may say yes to their use: bots never may. */
export function exposedTo(rule: Rule, { pushers, rights }: Candidate, own: string[]): string[] {
  const lower = (logins: string[]): string[] => logins.map((login) => login.toLowerCase());
  const known = (list: Rights['admins'] | undefined): string[] => (Array.isArray(list) ? list : []);
  const { approvers } = rule;
  const able =
    approvers === 'write'
      ? rights.writers
      : approvers === 'admin'
        ? known(rights.admins)
        : approvers.flatMap((entry) => (entry.startsWith('@') ? known(rights.teams[entry]) : [entry]));
  const never = lower(rights.never);
  const allowed = [...lower(own), ...lower(able).filter((login) => !never.includes(login))];
  return pushers.filter((login) => !allowed.includes(login.toLowerCase()));
}

/** Accounts that hold their tokens in the same place as the secrets: what they could read is there already. */
export function ownAccounts({ gatekeeper }: VaultSettings, { account }: VaultState): string[] {
  return gatekeeper === undefined ? [account.login] : [account.login, gatekeeper];
}
