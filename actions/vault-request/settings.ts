import { proposeSettings } from '../../core/propose.ts';
import {
  duration,
  filePath,
  flowSettings,
  labelName,
  matching,
  oneOf,
  opsRepo,
  repository,
  type SettingsFault,
  sharedSettings,
  text,
  type ValuesOf,
} from '../../core/settings.ts';
import { actionId } from '../../core/vault/action.ts';
import { lowTiers, policySourceFaults, policySources } from '../../core/vault/policy.ts';

export const settings = {
  ...flowSettings,
  'forge-login': sharedSettings['forge-login'],
  'ops-branch': sharedSettings['ops-branch'],
  'project-repo': sharedSettings['project-repo'],
  bots: sharedSettings.bots,
  'ops-repo': opsRepo('The repository with actions, formulas and policy, as owner/name.'),
  deadline: duration({
    description: 'How long the run may take, waiting included, such as `90s` or `10m`.',
    default: '3h',
  }),
  id: matching(actionId, 'lower-case letters, digits and hyphens, at most 63', {
    description:
      'What the action is called. An id is used once: asking again with the same text finds the first request. Default: the name of `action-file`.',
  }),
  'action-file': filePath({
    description: 'The action as a TOML file in the workspace. Either this or `action`.',
  }),
  action: text({ description: 'The action itself, as TOML. Either this or `action-file`.' }),
  ...proposeSettings,
  wait: oneOf(['none', 'merge', 'label', 'timeout'], {
    description:
      'What to wait for: `none`; `merge`; `label`, which somebody who may approve sets; `timeout`, which is the merge, but goes on without it when the time is over. Low tier never waits. High tier waits for the merge instead of a label, and does not go on without it.',
    default: 'none',
  }),
  'wait-for': duration({ description: 'How long to wait at most.', default: '2h' }),
  'poll-every': duration({ description: 'How often to look while waiting.', default: '15m' }),
  'approved-label': labelName({
    description: 'With `wait: label`: the label that says yes.',
    default: 'vault-approved',
  }),
  'policy-source': oneOf(policySources, {
    description: "Where a formula's tier stands; the same as for vault-dispatch.",
    default: 'ops',
  }),
  'record-repo': repository({
    description: 'Where records are kept, when not in the ops repo; the same as for vault-dispatch.',
  }),
  'low-tier': oneOf(lowTiers, {
    description:
      'With `direct-commit` and `protected-exempt` a low action is committed to main without a pull request; the same as for vault-dispatch.',
    default: 'off',
  }),
};

/** What settings say of each other. */
export function faults(given: ValuesOf<typeof settings>): SettingsFault[] {
  return [...actionFaults(given), ...policySourceFaults(given['policy-source'], given['project-repo'])];
}

/** What is wrong with how the action was given. */
export function actionFaults({
  action,
  'action-file': file,
  id,
}: Pick<ValuesOf<typeof settings>, 'action' | 'action-file' | 'id'>): SettingsFault[] {
  const how = 'Give the action as TOML in action, or the name of a TOML file in action-file.';
  if (action === undefined && file === undefined)
    return [{ settings: ['action', 'action-file'], message: `No action is given. ${how}` }];
  if (action !== undefined && file !== undefined)
    return [
      { settings: ['action', 'action-file'], message: `action and action-file are both given. ${how}` },
    ];
  return id === undefined && file === undefined
    ? [
        {
          settings: ['id'],
          message: 'The action has no id. Set id: what the action is called, and its record after it.',
        },
      ]
    : [];
}
