import type { PageDay as Day, PageFiles } from '../../core/evidence.ts';
import type { TextFile } from '../../core/forge/contents.ts';
import type { User } from '../../core/forge/users.ts';
import type { Way } from '../../core/read-ground.ts';
import type { State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { EngagementEvidence } from './evidence.ts';
import type { Totals } from './log/counts.ts';
import type { LogFault } from './log/source.ts';
import type { settings } from './settings.ts';

export type EngagementSettings = ValuesOf<typeof settings>;

/** What was read, by what the run is for: the setting `mode`. */
export type EngagementState = CollectState | VerifyState;

/** What the evidence of one day is made from, and where it goes. The account is there when the forge is a part of that. */
export interface CollectState extends State {
  kind: 'collect';
  /** By the clock of the forge, in ISO 8601; that of this machine where the forge is not asked. */
  forgeNow: string;
  date: string;
  log: LogState;
  /** The file in the workspace that the evidence is written to as well. */
  local: LocalFile;
  target: Target;
}

/** What tells whether the site can be observed. */
export interface VerifyState extends State {
  kind: 'verify';
  account: User;
  /** The evidence of each day asked for, newest first. */
  days: PageDay[];
  /** Absent where no log is named: then nobody asks how long it has been silent. */
  log?: LogState;
}

export type PageDay = Day<EngagementEvidence>;

export interface LogState {
  totals: Totals;
  clientSide: EngagementEvidence['client_side'];
  /** Lines that were no beacon. */
  badBeacons: number;
  /** Names of what was read. */
  names: string[];
  /** Why a source is not a log that was read to its end. */
  faults: LogFault[];
  /** What a person should know of a source that is no fault. */
  remarks: LogFault[];
  /** What most of the lines look like that are no records, and what to do; `null` where that is not known. */
  badLook: string | null;
  /** The newest record that is not in the future, in ISO 8601; `null` when there is none. */
  newest: string | null;
  /** Whether all records are in the future: they are read in another unit than they were written. */
  isAhead: boolean;
}

export type LocalFile =
  /** The evidence goes to the forge only, or nowhere. */
  | { kind: 'none' }
  /** Its path as it was set, and what stands there now; `null` when there is no such file. */
  | { kind: 'file'; path: string; text: string | null };

export type Target =
  /** Nothing is committed, and the forge is not asked. */
  { kind: 'none' } | BranchTarget;

/** Where the evidence is to be committed, and what stands there. */
export interface BranchTarget {
  kind: 'branch';
  repository: string;
  branch: string;
  /** The evidence of the day on the branch. */
  evidence: TextFile;
  page: Page;
  way: Way;
  /** Where it goes by a pull request: the other days that its page shows. */
  proposed: PageDay[];
}

/** The page over the last days, and its chart. */
export type Page =
  /** It is not kept by this run. */
  | { kind: 'left' }
  /** The branch turned it away in this run. */
  | ({ kind: 'declined' } & PageAt)
  | ({ kind: 'kept' } & PageAt);

/** The page at a commit. */
export interface PageAt extends PageFiles<EngagementEvidence> {
  at: string;
}
