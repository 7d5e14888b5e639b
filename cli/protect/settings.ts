import { flag, flowSettings, login, repository, sharedSettings } from '../../core/settings.ts';

export const settings = {
  ...flowSettings,
  'ops-repo': repository({ description: 'The repository, as owner/name.', required: true }),
  bots: sharedSettings.bots,
  dispatcher: login({
    description: 'The account of vault-dispatch, the only one that may push.',
    required: true,
  }),
  apply: flag({ description: 'Set what is missing.', default: 'false' }),
};
