import { flag, listOf, login } from '../../core/settings.ts';
import { factorySettings } from '../factory/settings.ts';

export const settings = {
  ...factorySettings,
  people: listOf(login, {
    description: 'Accounts of people that get write access to both repositories: they approve and merge.',
    default: '',
  }),
  solo: flag({
    description:
      'Protect main although one person alone could never be approved: a merge then needs no approval.',
    default: 'false',
  }),
};
