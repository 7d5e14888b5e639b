import { sameRepository } from '../../core/accounts.ts';
import type { AgentManifest } from '../../core/agent/manifest.ts';
import type { Token } from '../../core/forge/accounts.ts';
import type { Branch } from '../../core/forge/branches.ts';
import type { Label } from '../../core/forge/labels.ts';
import type { Repository } from '../../core/forge/repositories.ts';
import type { SecretName } from '../../core/forge/secrets.ts';
import type { Team } from '../../core/forge/teams.ts';
import type { Parsed } from '../../core/toml.ts';
import type { CronJob, PipelineSecret } from '../../core/woodpecker/repositories.ts';
import type { FactorySettings } from '../factory/settings.ts';
import type { Source } from '../factory/source.ts';
import type { Store, StoreState } from '../factory/stores.ts';
import type { ProtectState } from '../protect/state.ts';
import type { DockerUse } from './docker-df.ts';
import type { Asked } from './finding.ts';
import type { Disk } from './machine.ts';

export type DoctorSettings = FactorySettings & { solo: boolean };

/** Until when the certificate of a server is valid, in ISO 8601. */
export interface CertificateState {
  server: 'forge' | 'woodpecker';
  url: string;
  expires: Asked<string>;
}

/** A repository, with what stands on its main branch. */
export interface GroundState {
  /** Whether there is certainly no such repository: only a site admin is told of all. */
  isMissing: boolean;
  repository: Asked<Repository>;
  main: Asked<Branch | undefined>;
  /** Every path on its main branch. */
  paths: Asked<string[]>;
  /** Documents and pipelines on it, by path; those that are too large or no files are left out. */
  texts: Asked<Map<string, string>>;
}

export interface SideState extends GroundState {
  /** What its issues can carry, and the names of what only its organisation has of that. */
  labels: Asked<{ labels: Label[]; sharedLabels: string[] }>;
  ownerIsOrganisation: Asked<boolean>;
}

/** A token that was given, as the account itself tells of it. */
export interface TokenState {
  login: string;
  /** Undefined where the forge lists no token that ends so. */
  token: Token | undefined;
}

export interface AccountState {
  exists: Asked<boolean>;
  /** Whether it is locked, or was never activated; undefined where only a site admin would be told. */
  isLocked: boolean | undefined;
  ops: Asked<string>;
  project: Asked<string>;
  token: Asked<TokenState>;
}

/** Pipelines of a repository that nothing has begun to run. */
export interface WaitingState {
  repository: string;
  /** By the name of the workflow's file, or what started it; since when, in ISO 8601. Undefined where there is no CI. */
  runs: Asked<{ name: string; since: string }[] | undefined>;
}

export interface DoctorState {
  now: string;
  /** Whose the command's own token is. */
  own: Asked<string>;
  /** How the forge calls itself, and how many seconds its clock differs from ours. */
  version: Asked<string>;
  skew: Asked<number>;
  /** Whether a cache between here and the forge answered for it. */
  isCached: Asked<boolean>;
  /** Of those servers that are asked over https. */
  certificates: CertificateState[];
  /** The machine that this runs on, where it is to be looked at. */
  machine: { disks: Asked<Disk[]>; docker: Asked<DockerUse> } | undefined;
  ops: SideState;
  project: SideState;
  /** By name: further repositories that forgecrew.toml or an agent's manifest names. */
  others: Map<string, GroundState>;
  /** By login. */
  accounts: Map<string, AccountState>;
  audit: Asked<TokenState>;
  team: Asked<Team | undefined>;
  /** Private repositories of roles' own accounts. */
  stores: { store: Store; found: Asked<StoreState> }[];
  secrets: Asked<(PipelineSecret & Partial<SecretName>)[]>;
  /** The tokens that init made for these secrets, by the secrets' names; empty where only a site admin could ask. */
  tokensMade: Map<string, Asked<Token | undefined>>;
  isActive: Asked<boolean>;
  /** The number that Woodpecker has for the ops repo, where it is active there. */
  woodpeckerId: number | undefined;
  crons: Asked<CronJob[]>;
  waiting: WaitingState[];
  source: Asked<Source>;
  /** The commit that the tag of this version names there; undefined where there is no such tag. */
  release: Asked<string | undefined>;
  protect: Asked<ProtectState>;
  agents: Asked<Parsed<AgentManifest>[]>;
}

/** The repositories that the factory works for, by name; one that is the ops repo itself is none of them. */
export function projectsOf(
  { 'ops-repo': ops, 'project-repo': name }: Pick<DoctorSettings, 'ops-repo' | 'project-repo'>,
  { project, others }: Pick<DoctorState, 'project' | 'others'>,
): Map<string, GroundState> {
  return new Map<string, GroundState>([
    ...(sameRepository(name, ops) ? [] : [[name, project] as const]),
    ...others,
  ]);
}
