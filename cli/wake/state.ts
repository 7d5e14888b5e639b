import type { FoundEntry } from '../../core/agent/asking.ts';
import type { Declared } from '../../core/agent/declared.ts';
import type { User } from '../../core/forge/users.ts';
import type { State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { settings } from './settings.ts';

export type WakeSettings = ValuesOf<typeof settings>;

export interface WakeState extends State {
  account: User;
  /** Whether this run has asked already. */
  hasAsked: boolean;
  /** `null`: there is no such repository, as far as our account sees. */
  stateRepo: { repository: string; branch: string } | null;
  /** What the state repo says of the issue, with the blob that says it. */
  found: (FoundEntry & { sha: string }) | null;
  /** Its pull request, if that is closed. */
  closedPull: number | null;
  /** `null`: not looked at, because nothing is frozen for it. */
  issue: { isOpen: boolean; labels: string[] } | null;
  declared: Declared[];
}
