import {
  count,
  duration,
  flag,
  flowSettings,
  login,
  oneOf,
  opsRepo,
  repository,
  type SettingsFault,
  sharedSettings,
  token,
  type ValuesOf,
  woodpeckerSettings,
} from '../../core/settings.ts';
import { lowTiers, policySourceFaults, policySources } from '../../core/vault/policy.ts';
import type { VerdictSettings } from '../../core/vault/verdict.ts';

export const settings = {
  ...flowSettings,
  'ops-branch': sharedSettings['ops-branch'],
  'project-repo': sharedSettings['project-repo'],
  bots: sharedSettings.bots,
  ...woodpeckerSettings,
  'forge-login': login({
    description:
      "The account the token belongs to; a token of anybody else is refused. With `mode: gate` it is the gatekeeper, otherwise the dispatcher: each may push to one branch of records, and not to the other's.",
    required: true,
  }),
  'ops-repo': opsRepo('The repository with actions, formulas, policy and records, as owner/name.'),
  'audit-token': token({
    description:
      "A second token, with the scope `read:repository` (and `read:organization` where a rule names a team), of an account that administers the ops repo: it is only asked what admins may see (who administers, which rules protect the branch), so that the role's own account need not be one.",
  }),
  'record-repo': repository({
    description:
      'Where records are kept, when not in the ops repo: a repository that only the dispatcher writes to, as owner/name.',
  }),
  mode: oneOf(['dispatch', 'review', 'gate'], {
    description:
      "`dispatch` starts what was approved and merged; `review` says on open pull requests what would run, and what is missing; `gate` is a job of its own in a formula's workflow, and lets only the run through that was approved.",
    default: 'dispatch',
  }),
  'policy-source': oneOf(policySources, {
    description:
      "Where a formula's tier stands: `ops` in vault/policy.toml, `formula` in the formula, `formula+ops` in the formula unless the policy says otherwise, `project` in vault/policy.toml of the project repo. Nothing said is high.",
    default: 'ops',
  }),
  'accept-exposed-secrets': flag({
    description:
      'Run high-tier actions even though somebody who may not approve them can push to the repository whose CI holds the secrets.',
    default: 'false',
  }),
  'accept-open-policy': flag({
    description:
      'Run high-tier actions even though a merge alone can change policy, formula or workflow, or nobody can tell: see `forgecrew protect`.',
    default: 'false',
  }),
  'max-age': duration({
    description:
      'How long after its merge an approved action may still be started; later it has to be asked for again.',
    default: '7d',
  }),
  'low-tier': oneOf(lowTiers, {
    description:
      'How low tier gets to main: `off` by a person; `auto-merge` with `mode: review` approves and merges it; `direct-commit` and `protected-exempt` let vault-request commit it, past the protection in the latter, and dispatch takes a low action without a pull request.',
    default: 'off',
  }),
  'gate-wait': duration({
    description: 'With `mode: gate`: how long to wait for a record that names this run.',
    default: '2m',
  }),
  gatekeeper: login({
    description:
      "The account of the gates, whose token is a secret of the formulas' CI: it is not named among those who could read its secrets.",
  }),
  'max-dispatches': count({
    description: 'More actions than this of one author that are ready in one run: none of these is started.',
    default: '10',
  }),
};

/** Accounts whose tokens are where the secrets are. `account` is our own login. */
export function ownAccounts({ gatekeeper }: ValuesOf<typeof settings>, account: string): string[] {
  return gatekeeper === undefined ? [account] : [account, gatekeeper];
}

/** What of them bears on the verdict. `account` is our own login. */
export function verdictSettings(given: ValuesOf<typeof settings>, account: string): VerdictSettings {
  return {
    policySource: given['policy-source'],
    acceptsDirectCommits: ['direct-commit', 'protected-exempt'].includes(given['low-tier']),
    acceptsExposedSecrets: given['accept-exposed-secrets'],
    acceptsOpenPolicy: given['accept-open-policy'],
    maxAgeMs: given['max-age'],
    ownAccounts: ownAccounts(given, account),
  };
}

/** Accounts that never approve, whatever a rule says. `account` is our own login. */
export function neverApproving(given: ValuesOf<typeof settings>, account: string): string[] {
  return [...given.bots, ...ownAccounts(given, account)];
}

/** What settings say of each other. */
export function faults(given: ValuesOf<typeof settings>): SettingsFault[] {
  return policySourceFaults(given['policy-source'], given['project-repo']);
}
