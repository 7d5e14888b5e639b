import {
  count,
  flag,
  flowSettings,
  labelName,
  listOf,
  login,
  matching,
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
  'ops-repo': opsRepo('The repository that the dashboard is an issue of, as owner/name.'),
  'ops-branch': sharedSettings['ops-branch'],
  'project-repo': repository({
    description: 'The repository with visions, issues and pull requests, as owner/name.',
    required: true,
  }),
  'record-repo': repository({
    description: 'Where vault-dispatch keeps its records, when not in the ops repo.',
  }),
  'proposal-repo': repository({
    description: 'Where escalation keeps its records, as owner/name. Without it no proposals are shown.',
  }),
  'state-repo': repository({
    description: 'Where forge-agent keeps its records, as owner/name. Without it no agents are shown.',
  }),
  ...woodpeckerSettings,
  title: text({ description: 'The title of the issue.', default: 'Dashboard' }),
  page: flag({
    description:
      'Also keep `dashboard.md` and its picture `dashboard.svg` on the ops branch, which takes write access to the ops repo.',
    default: 'false',
  }),
  assign: flag({
    description:
      'Make those who may act on what waits the assignees of the issue: nothing else tells them, because nobody is mentioned.',
    default: 'false',
  }),
  bots: sharedSettings.bots,
  'filer-login': login({
    description:
      'The account that files sub-issues. Without it those of everybody who may write to the project count.',
  }),
  'vision-label': labelName({ description: 'The label that makes an issue a vision.', default: 'vision' }),
  file: text({ description: 'The prerequisite tree, in the ops repo.', default: 'prerequisites.md' }),
  'expected-runs': listOf(
    (options) =>
      matching(/^[^=,\s]{1,200}=\d{1,4}[hd]$/, 'a pipeline and a time, such as `tests.yml=26h`', options),
    {
      description:
        'Pipelines of the ops repo that have to run at least so often, such as `process.yml=26h`: a workflow file of Forgejo Actions, or a cron job of Woodpecker.',
      default: '',
    },
  ),
  'late-evidence': count({
    description: 'After how many days without evidence its collector is shown as late.',
    default: '2',
  }),
  'recent-days': count({
    description: 'For how many days failed and rejected runs, and what agents cost, are shown.',
    default: '7',
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
