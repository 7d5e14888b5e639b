import {
  count,
  filePath,
  flag,
  flowSettings,
  labelName,
  listOf,
  login,
  oneOf,
  repository,
  sharedSettings,
} from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'ops-repo': sharedSettings['ops-repo'],
  'ops-branch': sharedSettings['ops-branch'],
  // Required here: the role finds its own work by author, and must never work as somebody else.
  'forge-login': login({
    description:
      'The account the token belongs to. Its issues are how the role finds its own work, so a token of anybody else is refused.',
    required: true,
  }),
  'project-repo': repository({ description: 'Where issues are filed, as owner/name.', required: true }),
  sprints: filePath({
    description: 'The folder with the sprint documents, in the ops repo.',
    default: 'sprints',
  }),
  'vision-label': labelName({
    description: 'The label that makes an issue a vision. Exactly one label of this name must exist.',
    default: 'vision',
  }),
  'in-progress-label': labelName({
    description: 'Put on a vision when its first entries are filed, taken off when it is closed.',
    default: 'in-progress',
  }),
  'close-visions': flag({
    description: 'Close a vision when all its declared entries are filed by us and closed.',
    default: 'true',
  }),
  'on-edit': oneOf(['keep', 'update'], {
    description:
      'What to do when an entry changed after it was filed: `keep` reports it, `update` rewrites the issue unless somebody else has edited or closed it.',
    default: 'keep',
  }),
  'create-missing-labels': flag({
    description:
      'Create labels that no repository or organisation label matches, instead of refusing the document.',
    default: 'false',
  }),
  'max-issues': count({
    description: 'More new issues than this in one run: the run is refused before the first is written.',
    default: '50',
  }),
  'rejected-labels': listOf(labelName, {
    description:
      'An issue closed with one of these labels counts as rejected, and is named when its vision closes.',
    default: 'rejected,wontfix,invalid,duplicate',
  }),
  'former-identities': listOf(login, {
    description: 'Accounts the role worked as before; what they filed counts as ours.',
    default: '',
  }),
};
