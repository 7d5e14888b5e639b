import { engineFaults, engineNames, engineSettings, refuseUnknownCosts } from '../../core/model/settings.ts';
import { proposeSettings } from '../../core/propose.ts';
import {
  amount,
  count,
  duration,
  filePath,
  flag,
  flowSettings,
  labelName,
  listOf,
  login,
  oneOf,
  opsRepo,
  repository,
  type SettingsFault,
  sharedSettings,
  type ValuesOf,
} from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'ops-branch': sharedSettings['ops-branch'],
  bots: sharedSettings.bots,
  // Required here: the role finds its own pitches by author, and must never work as somebody else.
  'forge-login': login({
    description:
      'The account the token belongs to. Its pull requests are how the role finds its own pitches, so a token of anybody else is refused.',
    required: true,
  }),
  'ops-repo': opsRepo('Where sprint documents are proposed, as owner/name.'),
  'project-repo': repository({
    description: 'Where the vision issues are, as owner/name; only read.',
    required: true,
  }),
  deadline: duration({
    description: 'How long the run may take, such as `90s` or `10m`.',
    default: '30m',
  }),
  ...proposeSettings,
  engine: oneOf(['outline', ...engineNames], {
    description:
      'Who writes: `outline` needs no model and arranges what the issue says; `claude-cli`, `anthropic`, `openai` (any compatible server) and `command` (any program) ask a model.',
    default: 'outline',
  }),
  ...engineSettings,
  retries: count(
    {
      description:
        'How often an answer that cannot be used is asked for again, with what is wrong with it. After that the run ends red.',
      default: '2',
    },
    0,
  ),
  'max-cost-per-run': amount({
    description:
      'No model is asked once the calls of this run cost this much, or when the next one might. In the currency of the prices (`claude-cli` counts US dollars).',
  }),
  'max-cost-per-day': amount({
    description: 'The same over the calls that this day’s pull requests and comments record (UTC).',
  }),
  'context-files': listOf(filePath, {
    description:
      'Files of the project repo that a model is shown beside the vision. Files that are not there are left out.',
    default: 'VISION.md,AGENTS.md,README.md',
  }),
  'ops-context-files': listOf(filePath, {
    description:
      'The same of the ops repo, such as portfolio.md. A folder stands for the file in it whose name sorts last, so evidence/engagement is the newest day.',
    default: 'prerequisites.md',
  }),
  sprints: filePath({
    description: 'The folder for sprint documents, in the ops repo.',
    default: 'sprints',
  }),
  'vision-label': labelName({
    description: 'The label that makes an issue a vision.',
    default: 'vision',
  }),
  'in-progress-label': labelName({
    description: 'A vision with this label is being worked on, and not pitched.',
    default: 'in-progress',
  }),
  'allowed-labels': listOf(labelName, {
    description: 'Labels that a sub-issue of a pitch may have.',
    default: 'backlog',
  }),
  'max-open-pitches': count({
    description: 'As many pitches may wait for a decision; then no new one is made.',
    default: '3',
  }),
  'max-sub-issues': count({
    description: 'More sub-issues than this in one pitch are refused.',
    default: '12',
  }),
  deciders: listOf(login, {
    description:
      'Who may decide on a pitch. When empty, everybody with write access to the ops repo at that moment. Never our own account, never one of `bots`. Where they are named, a comment alone decides nothing: a review or a reaction does.',
    default: '',
  }),
  'filer-login': login({
    description:
      'The account that files sub-issues (ops-filer). A vision with open sub-issues of this account, or of somebody with write access, is not pitched; without it sub-issues are not looked up.',
  }),
  'former-identities': listOf(login, {
    description:
      'Accounts the role worked as before; visions that their pitches named are not pitched again.',
    default: '',
  }),
  'allow-project-write': flag({
    description:
      'Run although our account may push to the project repo. What keeps a pitch from becoming more than a pitch is that it may not.',
    default: 'false',
  }),
};

/** What is wrong between settings that are each right by themselves; pure. */
export function faults(given: ValuesOf<typeof settings>): SettingsFault[] {
  const limits = (['max-cost-per-run', 'max-cost-per-day'] as const).filter(
    (name) => given[name] !== undefined,
  );
  return [...engineFaults(given), ...refuseUnknownCosts(given, limits)];
}
