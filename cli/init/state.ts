import type { Branch } from '../../core/forge/branches.ts';
import type { NewOwner, Repository } from '../../core/forge/repositories.ts';
import type { Team } from '../../core/forge/teams.ts';
import type { User } from '../../core/forge/users.ts';
import type { State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { CronJob, PipelineSecret } from '../../core/woodpecker/repositories.ts';
import type { Proposing } from '../factory/planted.ts';
import type { Source } from '../factory/source.ts';
import type { Store, StoreState } from '../factory/stores.ts';
import type { ProtectState } from '../protect/state.ts';
import type { settings } from './settings.ts';

export type InitSettings = ValuesOf<typeof settings>;

/** A repository of the factory, as it is. */
export interface Side {
  name: string;
  owner: NewOwner;
  /** Who can push as an owner, as far as that is told and asked for. */
  owners: string[];
  /** The commit that its pipelines are pinned to: that of this version's tag, where that is known. */
  release: string | undefined;
  /** Undefined where there is none of that name. */
  found: Repository | undefined;
  /** The branch that counts; undefined where nothing was committed yet. */
  main: Branch | undefined;
  /** Every path on that branch. */
  paths: string[];
  /** Its pipelines, on that branch. */
  pipelines: { path: string; text: string }[];
  /** Whom its forgecrew.toml names as bots, on that branch; undefined where there is none that can be read. */
  bots: string[] | undefined;
  /** Those that its issues can carry: its own, and its organisation's. */
  labels: { id: number; name: string }[];
  /** Names of labels that only its organisation has. */
  sharedLabels: string[];
  /** Titles of its issues, where that is asked for. */
  issues: string[];
  /** Where main takes no commit of ours: what is proposed instead. */
  proposing: Proposing | undefined;
}

/** An account of the factory, as it is. */
export interface Account {
  login: string;
  exists: boolean;
  /** owner, admin, write, read or none; undefined where there is no such account or repository. */
  ops: string | undefined;
  project: string | undefined;
}

export interface InitState extends State {
  account: User;
  /** Whether our account may make accounts and tokens: of the whole forge, and the forge knows how. */
  isSiteAdmin: boolean;
  makesTokens: boolean;
  /** Of repositories that are to be made: owners that are neither an organisation nor an account. */
  ownersMissing: string[];
  ops: Side;
  project: Side;
  accounts: Account[];
  /** `hidden` where the organisation shows its teams to its members alone. */
  team: Team | undefined | 'hidden';
  /** Names of the secrets of the ops repo's CI, on Woodpecker with their events. */
  secrets: PipelineSecret[];
  /** `id`: the number that Woodpecker has for the ops repo, once it is active there. */
  woodpecker: { id: number | undefined; isActive: boolean; crons: CronJob[] } | undefined;
  /** Whether the repository that runners take forgecrew from is there, public, and has this version. */
  source: Source;
  /** Private repositories of roles' own accounts. */
  stores: { store: Store; found: StoreState }[];
  /** Agents that the ops repo declares. */
  agents: string[];
  /** As `protect` reads it; undefined before there is a branch. */
  protect: ProtectState | undefined;
}
