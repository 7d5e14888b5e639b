import { proposeSettings } from '../../core/propose.ts';
import {
  count,
  flowSettings,
  labelName,
  listOf,
  oneOf,
  opsRepo,
  repository,
  type SettingsFault,
  sharedSettings,
  text,
  type ValuesOf,
  woodpeckerSettings,
} from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'forge-login': sharedSettings['forge-login'],
  'ops-repo': opsRepo('The repository with the evidence, as owner/name.'),
  'ops-branch': sharedSettings['ops-branch'],
  'project-repo': repository({
    description: 'The repository whose issues, pull requests and pipelines are counted, as owner/name.',
    required: true,
  }),
  'record-repo': repository({
    description: 'Where vault-dispatch keeps its records, when not in the ops repo.',
  }),
  'proposal-repo': repository({
    description: 'Where escalation keeps its records, as owner/name. Without it proposals are not counted.',
  }),
  'state-repo': repository({
    description:
      'Where forge-agent keeps its records, as owner/name. Without it runs of agents are not counted.',
  }),
  ...woodpeckerSettings,
  date: text({ description: 'The day to collect, as YYYY-MM-DD, in UTC. Without it, yesterday.' }),
  commit: oneOf(['auto', 'direct', 'pull'], {
    description:
      '`direct` commits to the ops branch; `pull` opens one pull request, which takes in each day until it is merged; `auto` is direct where the branch takes it, and otherwise a pull request.',
    default: 'auto',
  }),
  ...proposeSettings,
  'vision-label': labelName({ description: 'The label that makes an issue a vision.', default: 'vision' }),
  'in-progress-label': labelName({
    description: 'The label that ops-filer puts on a vision right before its first issue.',
    default: 'in-progress',
  }),
  'rejected-labels': listOf(labelName, {
    description: 'An issue closed with one of these labels was rejected.',
    default: 'rejected,wontfix,invalid,duplicate',
  }),
  'max-items': count({
    description:
      'At most so many issues, and so many pull requests, are looked at more closely, with a call each; the newest first.',
    default: '500',
  }),
  'max-runs': count({
    description: 'At most so many runs of pipelines are looked at, fifty with each call; the newest first.',
    default: '2000',
  }),
  'max-red': count({
    description:
      'Of at most so many red runs it is asked which step was red, with a call each; the newest first.',
    default: '100',
  }),
  'max-commits': count({
    description:
      'At most so many commits of a repository with records are looked at, fifty with each call; the newest first.',
    default: '2000',
  }),
};

/** What settings say of each other. */
export function faults(given: ValuesOf<typeof settings>): SettingsFault[] {
  return given['woodpecker-token'] !== undefined && given['woodpecker-url'] === undefined
    ? [
        {
          settings: ['woodpecker-url'],
          message: 'missing. woodpecker-token is given, and where Woodpecker is, is not known.',
        },
      ]
    : [];
}
