import type { User } from '../../core/forge/users.ts';
import type { State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { Deciding } from '../../core/vault/read-deciding.ts';
import type { RuledBranch } from '../../core/vault/read-ruled.ts';
import type { settings } from './settings.ts';

export type PolicySettings = ValuesOf<typeof settings>;

export interface PolicyState extends State {
  account: User;
  repository: string;
  main: RuledBranch;
  deciding: Deciding;
  /** Whether the repository has issues, in which it can be kept who opened. */
  hasIssues: boolean;
  /** The open issue that says who opened; written by somebody who administers the repository now. */
  record: OpeningRecord | undefined;
}

export interface OpeningRecord {
  number: number;
  login: string;
  title: string;
  body: string;
}
