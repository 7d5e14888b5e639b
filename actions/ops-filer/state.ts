import type { Issue } from '../../core/forge/issues.ts';
import type { Label } from '../../core/forge/labels.ts';
import type { User } from '../../core/forge/users.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { SprintFile } from '../../core/sprint/sprint.ts';
import type { settings } from './settings.ts';

export type FilerSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, FilerState>;

/** Everything the plan decides on: plain data, read to its end or not at all. */
export type FilerState = Validating | Filing;

/** Documents that are only looked at, because they are not what was merged. */
export interface Validating extends State {
  kind: 'validating';
  documents: SprintFile[];
  /** Why nothing is filed. */
  why: string;
}

/** Documents that are to be issues, and the issues there are. */
export interface Filing extends State {
  kind: 'filing';
  account: User;
  documents: SprintFile[];
  /** Why these documents may be older than the ops repo's branch, or undefined when they are its head. */
  outdated: string | undefined;
  /** Whether the project has issue dependencies switched on. */
  dependenciesOn: boolean;
  /** The project's labels; its organisation's too, when a name was missing. */
  labels: Label[];
  /** Whether a name was missing and the token may not read the organisation's labels, if there is one. */
  organisationLabelsUnread: boolean;
  /** Issues written by our account or a former one, open and closed. */
  issues: Issue[];
  /** Open issues with the vision label, and any other issue that a document with something to file calls its vision. */
  visions: Issue[];
  /** For our own open issues that should depend on others: what they depend on in the same repository. */
  dependencies: { issue: number; on: number[] }[];
  /** For visions whose entries are all closed: what stands in the way of closing them. */
  closing: { vision: number; blockedBy: number[]; isReopened: boolean }[];
  /** Issues on which the forge did not let our account say anything in this run. */
  closedToUs: number[];
}
