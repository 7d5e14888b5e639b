import { proposeSettings } from '../../core/propose.ts';
import {
  filePath,
  flowSettings,
  labelName,
  listOf,
  oneOf,
  opsRepo,
  repository,
  sharedSettings,
} from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'forge-login': sharedSettings['forge-login'],
  'ops-repo': opsRepo('The repository with the prerequisite tree, as owner/name.'),
  'ops-branch': sharedSettings['ops-branch'],
  'project-repo': repository({
    description: 'The repository whose issues and pull requests the tree names, as owner/name.',
    required: true,
  }),
  file: filePath({
    description: 'The prerequisite tree, in the ops repo.',
    default: 'prerequisites.md',
  }),
  commit: oneOf(['auto', 'direct', 'pull'], {
    description:
      '`direct` commits to the ops branch; `pull` keeps one pull request; `auto` is direct where the branch takes it, and otherwise a pull request.',
    default: 'auto',
  }),
  ...proposeSettings,
  'note-labels': listOf(labelName, {
    description:
      'Labels that notes show, as in `(#12 — backlog)`. Every other word of a note belongs to people and is left alone.',
    default: 'backlog,in-progress,blocked,vision,priority',
  }),
  'blocking-labels': listOf(labelName, {
    description: 'An open issue with one of these labels blocks its objective.',
    default: 'blocked',
  }),
  'working-labels': listOf(labelName, {
    description: 'An open issue with one of these labels is being worked on.',
    default: 'in-progress',
  }),
  'vision-label': labelName({
    description:
      'An open issue with this label blocks its objective as long as nobody works on it, because a vision is a goal that somebody has to decide on.',
    default: 'vision',
  }),
  'rejected-labels': listOf(labelName, {
    description: 'An issue closed with one of these labels was not done.',
    default: 'rejected,wontfix,invalid,duplicate',
  }),
};
