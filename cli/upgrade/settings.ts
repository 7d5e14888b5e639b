import { flag, matching, type ValuesOf } from '../../core/settings.ts';
import { factorySettings } from '../factory/settings.ts';

export const settings = {
  ...factorySettings,
  version: matching(/^v?\d+\.\d+\.\d+$/, 'a version such as 0.2.0', {
    description: 'The version to move to: that of the forgecrew which runs this command.',
    required: true,
  }),
  solo: flag({ description: 'One person works here alone, and that is wanted.', default: 'false' }),
};
export type UpgradeSettings = ValuesOf<typeof settings>;

/** The version without the letter that its tag begins with. */
export function numberOf({ version }: UpgradeSettings): string {
  return version.replace(/^v/, '');
}
