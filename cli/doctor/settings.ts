import { flag, token } from '../../core/settings.ts';
import { posts } from '../factory/posts.ts';
import { factorySettings } from '../factory/settings.ts';

function tokenOf(whose: string) {
  return token({
    description: `A token of ${whose}, as its pipeline has it: what it may do is asked with it.`,
  });
}

/** The name of the setting that holds the token of a post. */
export function tokenSetting(post: string): string {
  return `${post}-token`;
}

export const settings = {
  ...factorySettings,
  disk: flag({
    description: 'As a step of CI: look at the disk of this machine as well, and at what docker keeps there.',
    default: 'false',
  }),
  solo: flag({ description: 'One person works here alone, and that is wanted.', default: 'false' }),
  ...Object.fromEntries(posts.map(({ name }) => [tokenSetting(name), tokenOf(name)])),
  'audit-token': tokenOf('the admin whom vault-dispatch asks as'),
};
