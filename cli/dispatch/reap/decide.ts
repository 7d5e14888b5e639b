import { plain } from '../../../core/text/log-line.ts';

// Whether a worktree may be taken away, from what was seen of it. Pure.

/** What the forge says of the pull request of a branch. */
export type PullFact =
  | { kind: 'none' }
  /** It could not be asked; `why` goes on a sentence. */
  | { kind: 'unknown'; why: string }
  | { kind: 'open'; number: number }
  /** `head`: the last commit that it had. */
  | { kind: 'merged' | 'closed'; number: number; head: string };

/** Whether the base holds the work of a commit, and how that was seen. */
export type Containment =
  | { kind: 'ancestor' }
  /** A commit of the base has the very same files. */
  | { kind: 'same-tree'; commit: string }
  /** A commit of the base is all of the work in one, to the last blank. */
  | { kind: 'same-patch'; commit: string }
  /** Each commit of the work is one of the base, to the last blank. */
  | { kind: 'same-patches' }
  | { kind: 'no'; ahead: number }
  | { kind: 'unknown'; why: string };

/** Where work ends: what HEAD is, and what the branch is. */
export interface Tip {
  name: string;
  commit: string;
  contained: Containment;
}

/** What is in a worktree and in no commit of it, by name. */
export interface Loose {
  /** In the index and not in the last commit. */
  staged: string[];
  /** Other than in the last commit. */
  changed: string[];
  /** In no commit, ignored ones with them. */
  extra: string[];
}

export interface Facts {
  /** Made by a dispatch: the registry names it, or its branch begins as theirs do. */
  isDispatch: boolean;
  isKnown: boolean;
  alive: boolean;
  /** Another host, whose dispatch it is; null: it is of this one. */
  elsewhere: string | null;
  /** Processes that work in its folder; null: this system does not say. */
  processes: number[] | null;
  /** Why somebody locked it; null: nobody did. */
  lock: string | null;
  place:
    | { kind: 'there' }
    /** Git or the registry names it, and its folder is gone. */
    | { kind: 'missing' }
    | { kind: 'odd'; why: string };
  /** Something half done, such as a rebase. */
  unfinished: string[];
  loose: Loose;
  pull: PullFact;
  /** Empty where neither a worktree nor a branch is left. */
  tips: Tip[];
  /** What could not be read. */
  fault: string | null;
}

export type Decision =
  | { kind: 'reap'; why: string }
  | { kind: 'keep'; why: string }
  /** Nothing of it is left. */
  | { kind: 'gone'; why: string };

/** The decision, and why. Whatever is not known is a reason to keep. */
export function decide(facts: Facts): Decision {
  const why = hindrance(facts);
  if (why !== undefined) return { kind: 'keep', why };
  if (facts.tips.length === 0) return { kind: 'gone', why: 'its worktree and its branch are gone' };
  const reasons = facts.tips.map((tip) => integrated(tip, facts.pull));
  const open = reasons.find(({ done }) => !done);
  if (open !== undefined) return { kind: 'keep', why: open.said };
  return { kind: 'reap', why: [...new Set(reasons.map(({ said }) => said))].join('; ') };
}

function hindrance(facts: Facts): string | undefined {
  const { processes, lock, place, unfinished, loose, pull } = facts;
  if (!facts.isDispatch) return 'no dispatch made it';
  if (facts.elsewhere !== null)
    return `it is of another host (${plain(facts.elsewhere)}), and cannot be judged from here`;
  if (facts.alive) return 'its worker is running';
  if (facts.fault !== null) return `it cannot be read: ${facts.fault}`;
  // Without a record nothing else tells that somebody is at work there.
  if (processes === null && !facts.isKnown && place.kind !== 'missing')
    return 'no dispatch is on record for it, and this system does not say whether somebody works there';
  if (processes !== null && processes.length > 0)
    return `${processes.length === 1 ? 'a process works' : 'processes work'} in its folder (${listed(processes.map(String))})`;
  if (lock !== null) return `it is locked${lock === '' ? '' : ` (${plain(lock)})`}`;
  if (place.kind === 'odd') return place.why;
  if (unfinished.length > 0) return `${listed(unfinished)} is not finished there`;
  if (loose.staged.length > 0) return `it has changes that are not committed: ${listed(loose.staged)}`;
  if (loose.changed.length > 0) return `it has changes that are not committed: ${listed(loose.changed)}`;
  if (loose.extra.length > 0) return `it has files that are not in git: ${listed(loose.extra)}`;
  if (pull.kind === 'open') return `its pull request ${pull.number} is open`;
  return undefined;
}

function integrated({ name, commit, contained }: Tip, pull: PullFact): { done: boolean; said: string } {
  const at = commit.slice(0, 10);
  if ((pull.kind === 'merged' || pull.kind === 'closed') && pull.head === commit)
    return { done: true, said: `its pull request ${pull.number} was ${pull.kind} at ${at}` };
  switch (contained.kind) {
    case 'ancestor':
      return { done: true, said: `the base holds ${at}` };
    case 'same-tree':
      return { done: true, said: `${contained.commit.slice(0, 10)} of the base has the same files as ${at}` };
    case 'same-patch':
      return { done: true, said: `${contained.commit.slice(0, 10)} of the base is its work in one commit` };
    case 'same-patches':
      return { done: true, said: 'each of its commits is one of the base' };
    case 'unknown':
      return {
        done: false,
        said: `whether the base holds its work at ${at} cannot be told: ${contained.why}`,
      };
    case 'no':
      return {
        done: false,
        said: `${name} has ${contained.ahead} ${contained.ahead === 1 ? 'commit' : 'commits'} whose work the base does not hold${pullSaid(pull)}`,
      };
  }
}

function pullSaid(pull: PullFact): string {
  switch (pull.kind) {
    case 'merged':
    case 'closed':
      return `, and its pull request ${pull.number} was ${pull.kind} at another commit (${pull.head.slice(0, 10)})`;
    case 'unknown':
      return `, and the forge was not asked for its pull request (${plain(pull.why)})`;
    default:
      return '';
  }
}

/** The first few, and how many more. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(plain).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
