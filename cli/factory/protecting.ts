import type { ProtectSettings } from '../protect/state.ts';
import { botsOf, staffOf } from './posts.ts';
import { type FactorySettings, loginsOf } from './settings.ts';

/** The settings of `protect` that mean the same for this factory: its rules are made and looked at in one place. Pure. */
export function protectSettings(
  given: FactorySettings & { solo: boolean },
  { apply }: { apply: boolean },
): ProtectSettings {
  const staff = staffOf(given.roles, loginsOf(given));
  const loginOf = (name: string): string => staff.find((post) => post.name === name)?.login ?? name;
  return {
    ...given,
    bots: botsOf(staff),
    dispatcher: loginOf('dispatcher'),
    gatekeeper: loginOf('gatekeeper'),
    apply,
    'record-repo': undefined,
    'accept-records': false,
  };
}
