import type { User } from '../../core/forge/users.ts';
import type { Ground, Standing } from '../../core/propose.ts';
import type { State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { Parsed } from '../../core/toml.ts';
import type { VaultAction } from '../../core/vault/action.ts';
import type { Formula } from '../../core/vault/formula.ts';
import type { Policy } from '../../core/vault/policy.ts';
import type { settings } from './settings.ts';

export type RequestSettings = ValuesOf<typeof settings>;

export interface RequestState extends State {
  id: string;
  file: string;
  text: string;
  parsed: Parsed<VaultAction>;
  /** What is there of it; `null` on a pull request's own pipeline, where only the text is looked at. */
  forge: ForgeState | null;
}

export interface ForgeState {
  account: User;
  repository: string;
  branch: string;
  policy: Parsed<Policy>;
  /** `null` where there is no such formula, or none is asked for. */
  formula: Parsed<Formula> | null;
  /** The file on the branch that counts. */
  onMain: { text: string } | null;
  /** How far a record says it has come. */
  outcome: string | null;
  ground: Ground;
  standing: Standing;
  /** Somebody else's open pull request for the same id. */
  other: { number: number; author: string; isSame: boolean; mayWrite: boolean } | null;
  /** Whether the branch took no commit of ours. */
  isDeclined: boolean;
  /** What the waiting came to. */
  answer: Answer | null;
}

export type Answer = 'merged' | 'closed' | 'labelled' | 'none';
