import type { Protection } from '../../core/forge/protections.ts';
import type { User } from '../../core/forge/users.ts';
import type { State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { settings } from './settings.ts';

export type ProtectSettings = ValuesOf<typeof settings>;

export interface ProtectState extends State {
  account: User;
  repository: string;
  branch: string;
  /** The rule of exactly this branch, as the forge has it now; undefined where there is none. */
  rule: Protection | undefined;
  /** Logins of everybody who may push branches. */
  writers: string[];
}
