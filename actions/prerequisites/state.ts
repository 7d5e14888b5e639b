import type { User } from '../../core/forge/users.ts';
import type { Facts } from '../../core/prerequisites/revise.ts';
import type { Ground, Standing } from '../../core/propose.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { settings } from './settings.ts';

export type PrerequisitesSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, PrerequisitesState>;

export type PrerequisitesState =
  | LocalState
  | MissingState
  /** It is not UTF-8, so its bytes could not be kept. */
  | UnreadableState
  | TreeState;

/** On a pull request's own pipeline the document is looked at as it was cloned, and nobody is asked. */
interface LocalState extends State {
  kind: 'local';
  text: string;
}

interface MissingState extends State {
  kind: 'missing';
  where: string;
}

interface UnreadableState extends State {
  kind: 'unreadable';
}

/** The document, and what it is compared with. */
export interface TreeState extends State {
  kind: 'tree';
  account: User;
  repository: string;
  branch: string;
  text: string;
  /** The blob of the document on the branch. */
  sha: string;
  facts: Omit<Facts, 'issues' | 'requests'> & {
    issues: [number, Facts['issues'] extends ReadonlyMap<number, infer V> ? V : never][];
    requests: string[];
  };
  way: Way;
}

/** How a change can get to the branch. */
export type Way =
  /** By a commit only: that is what was set, or our account may push to the branch. */
  | { kind: 'commit' }
  /** By a pull request only: that is what was set, our account may not write, or the branch turned our commit away. */
  | { kind: 'pull'; ground: Ground; standing: Standing }
  /** The branch is protected, but the file may be exempt. Only trying tells. */
  | { kind: 'commit-or-pull' };
