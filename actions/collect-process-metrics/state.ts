import type { PageDay as Day, PageFiles } from '../../core/evidence.ts';
import type { TextFile } from '../../core/forge/contents.ts';
import type { User } from '../../core/forge/users.ts';
import type { Way } from '../../core/read-ground.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { ProcessEvidence, Source } from './evidence.ts';
import type { History } from './history.ts';
import type { settings } from './settings.ts';

export type ProcessSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, ProcessState>;

export type ProcessState = LocalState | DayState;

/** On a pull request's own pipeline nobody is asked. */
interface LocalState extends State {
  kind: 'local';
}

/** A day, what happened up to its end, and where its evidence goes. */
export interface DayState extends State {
  kind: 'day';
  /** By the clock of the forge, in ISO 8601. */
  forgeNow: string;
  account: User;
  date: string;
  read: HistoryRead;
  repository: string;
  branch: string;
  /** The evidence of the day on the branch. */
  evidence: TextFile;
  page: PageFiles<ProcessEvidence>;
  way: Way;
  /** Where it goes by a pull request: the other days that its page shows. */
  proposed: PageDay[];
}

export interface HistoryRead {
  history: History;
  sources: Source[];
  /** What was not looked at, in words. */
  leftOut: string[];
}

export type PageDay = Day<ProcessEvidence>;
