import { flag, listOf, login } from '../../core/settings.ts';
import { factorySettings } from '../factory/settings.ts';

export const settings = {
  ...factorySettings,
  people: listOf(login, {
    description: 'Accounts of people that get write access to both repositories: they approve and merge.',
    default: '',
  }),
  example: flag({
    description:
      'Make the project repo a small project of shell scripts with one vision, to see the factory at work. Only where nothing is in it yet.',
    default: 'false',
  }),
  solo: flag({
    description:
      'Protect main although one person alone could never be approved: a merge then needs no approval.',
    default: 'false',
  }),
};
