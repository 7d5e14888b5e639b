import type { User } from '../../core/forge/users.ts';
import type { Ground, Standing } from '../../core/propose.ts';
import type { State } from '../../core/role.ts';
import type { DoctorState } from '../doctor/state.ts';

export interface UpgradeState extends State {
  account: User;
  /** The whole factory, as `doctor` sees it. */
  doctor: DoctorState;
  /** What is proposed; undefined where nothing could be. */
  proposing: { ground: Ground; standing: Standing } | undefined;
}
