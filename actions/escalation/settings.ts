import { engineFaults, engineNames, engineSettings, refuseUnknownCosts } from '../../core/model/settings.ts';
import {
  amount,
  count,
  duration,
  filePath,
  flowSettings,
  labelName,
  listOf,
  login,
  matching,
  oneOf,
  opsRepo,
  repository,
  type SettingsFault,
  sharedSettings,
  type ValuesOf,
  woodpeckerSettings,
} from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'ops-branch': sharedSettings['ops-branch'],
  bots: sharedSettings.bots,
  // Required here: the role tells its own comments and records by it, and must never work as somebody else.
  'forge-login': login({
    description:
      'The account the token belongs to. Its comments are what people click on, so a token of anybody else is refused.',
    required: true,
  }),
  'ops-repo': opsRepo('The repository with escalation/policy.toml, as owner/name; only read.'),
  'project-repo': repository({
    description: 'Where people talk to the model, as owner/name, when repositories names none.',
    required: true,
  }),
  repositories: listOf(repository, {
    description: 'All the repositories in which people may talk to the model; project-repo when empty.',
    default: '',
  }),
  'record-repo': repository({
    description:
      'Where proposals and what became of them are recorded, as owner/name: a private repository without CI that only this account may write to.',
    required: true,
  }),
  deadline: duration({ description: 'How long the run may take, such as `90s` or `10m`.', default: '20m' }),
  trigger: matching(/^\/[a-z][a-z0-9-]{1,30}$/, 'a word such as /crew', {
    description: 'What the first line of a request starts with; a mention of our own account does as well.',
    default: '/crew',
  }),
  'look-back': duration({
    description: 'How old a comment may be to be a request still, such as `2d`.',
    default: '2d',
  }),
  proposers: listOf(login, {
    description:
      'Accounts whose comments may hold proposals in a block called forgecrew-proposal: pipelines, and agents.',
    default: '',
  }),
  'agent-label': labelName({
    description:
      'What the labels begin with that start an agent. Whoever set one last is the asker of what the agent proposes there.',
    default: 'crew',
  }),
  'max-actions': count({
    description: 'More actions than this in one answer, or in one comment of a proposer, are refused.',
    default: '5',
  }),
  'answers-per-thread': count({
    description: 'As many requests are answered in one issue or pull request in a day (UTC).',
    default: '20',
  }),
  'answers-per-person': count({ description: 'The same of one person.', default: '30' }),
  'answers-per-day': count({
    description: 'The same of all; as many comments of proposers are taken up.',
    default: '100',
  }),
  engine: oneOf(engineNames, {
    description:
      'Who answers: `claude-cli`, `anthropic`, `openai` (any compatible server) or `command` (any program).',
    required: true,
  }),
  ...engineSettings,
  'max-cost-per-run': amount({
    description:
      'No model is asked where the calls of this run could cost more than this; with `claude-cli`, whose prices are not known, once they cost this much (in US dollars).',
  }),
  'max-cost-per-day': amount({ description: 'The same over the calls that this day’s records hold (UTC).' }),
  'context-files': listOf(filePath, {
    description:
      'Files of the repository of the thread that a model is shown beside it. Files that are not there are left out.',
    default: 'AGENTS.md,README.md',
  }),
  'max-context': count({
    description: 'As many characters of thread and files a model is shown; the oldest comments go first.',
    default: '60000',
  }),
  ...woodpeckerSettings,
};

/** What is wrong between settings that are each right by themselves; pure. */
export function faults(given: ValuesOf<typeof settings>): SettingsFault[] {
  const limits = (['max-cost-per-run', 'max-cost-per-day'] as const).filter(
    (name) => given[name] !== undefined,
  );
  const own = given['forge-login']?.toLowerCase();
  return [
    ...engineFaults(given),
    ...refuseUnknownCosts(given, limits),
    ...(given.proposers?.some((name) => name.toLowerCase() === own)
      ? [
          {
            settings: ['proposers', 'forge-login'],
            message:
              'proposers names our own account, which never proposes by a comment. Give whoever proposes an account of its own.',
          },
        ]
      : []),
  ];
}
