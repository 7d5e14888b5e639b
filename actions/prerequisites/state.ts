import type { User } from '../../core/forge/users.ts';
import type { Facts } from '../../core/prerequisites/revise.ts';
import type { Way } from '../../core/read-ground.ts';
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
