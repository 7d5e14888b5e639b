import type { User } from '../../core/forge/users.ts';
import type { State } from '../../core/role.ts';
import type { Asked } from '../doctor/finding.ts';
import type { DoctorState } from '../doctor/state.ts';
import type { Proposing } from '../factory/planted.ts';

export interface UpgradeState extends State {
  account: User;
  /** The whole factory, as `doctor` sees it. */
  doctor: DoctorState;
  /** By repository, where something is to be proposed: what stands of it, or why it cannot be. */
  proposing: Map<string, Asked<Proposing>>;
}
