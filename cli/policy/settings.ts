import { flowSettings, oneOf, repository, text } from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'ops-repo': repository({ description: 'The repository, as owner/name.', required: true }),
  what: oneOf(['open', 'close'], {
    description: 'Whether merges may change policy, formulas and their workflows.',
    required: true,
  }),
  reason: text({ description: 'Why it is opened.' }),
};
