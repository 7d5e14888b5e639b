import type { User } from '../../core/forge/users.ts';
import type { State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { Policy } from '../../core/vault/policy.ts';
import type { Deciding } from '../../core/vault/read-deciding.ts';
import type { RuledBranch } from '../../core/vault/read-ruled.ts';
import type { settings } from './settings.ts';

export type ProtectSettings = ValuesOf<typeof settings>;

export interface ProtectState extends State {
  account: User;
  repository: string;
  main: RuledBranch;
  /** What stands on main and decides what runs. */
  deciding: Deciding;
  /** `missing` where there is no policy, `faulty` where it cannot be read. */
  policy: Policy | 'missing' | 'faulty';
  /** Ids of actions that stand on main. */
  actions: string[];
  records: RecordBranch;
  claims: RecordBranch;
  /** Records on main from before there was a branch of them, as far as they still have to be copied. */
  earlier: { path: string; content: string }[];
  /** Logins of everybody who may push branches to the ops repo, and of those who administer it. */
  writers: string[];
  admins: string[];
  /** Logins of those who may write issues or pull requests there, and cannot push. */
  withoutCode: string[];
  /** Logins of everybody who may push branches where records are kept. */
  recordWriters: string[];
}

/** A branch of records as it is. */
export interface RecordBranch extends RuledBranch {
  /** Records that stand there and would be believed. */
  held: string[];
  /** The commit that it is made at, where it has to be made: the first one of that repository's main. */
  start: string | null;
}
