import type { Comment } from '../../core/forge/comments.ts';
import type { Issue } from '../../core/forge/issues.ts';
import type { Pull, Review } from '../../core/forge/pulls.ts';
import type { Reaction } from '../../core/forge/reactions.ts';
import type { User } from '../../core/forge/users.ts';
import type { ModelAnswer } from '../../core/model.ts';
import type { Ground, Standing } from '../../core/propose.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { settings } from './settings.ts';

export type PitchSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, PitchState>;

/** Everything the plan decides on: plain data, read to its end or not at all. */
export type PitchState = Inert | Live;

/** A run that looks at nothing. */
export interface Inert extends State {
  kind: 'inert';
  why: string;
}

/** Visions, pitches and what people said on them. */
export interface Live extends State {
  kind: 'live';
  account: User;
  ground: Ground;
  /** Open issues of the project, or the first of them; `allIssues` says which. */
  issues: Issue[];
  allIssues: boolean;
  /** Open issues with the vision label, all of them. */
  visions: Issue[];
  /**
   * Sprint documents on the ops repo's branch, and the visions they name; `trouble` says why that is not known. None where no
   * vision is left that one of them could keep from being pitched.
   */
  documents: { file: string; visions: number[]; trouble?: string }[];
  pitches: PitchSeen[];
  /** Pull requests by former identities. */
  formerPulls: Pull[];
  /** Logins that may decide now. */
  deciders: string[];
  /** Whether they decide by what nobody can do in their name, which a comment is not: where the settings name them. */
  byVerdict: boolean;
  /** Sub-issues that count; none when nobody was named who files them. */
  filed: FiledIssue[];
  /** Branches of chosen visions that are there without a pull request. */
  drafts: Standing[];
  /** What a model is shown beside the vision. */
  context: { name: string; text: string }[];
  /** What calls of this day cost, as our pull requests record it; unknown where one of them does not say. */
  spentToday: number | 'unknown';
  /** Our pull requests on which the forge did not let us write in this run: blocked, or the conversation is locked. */
  closedToUs: number[];
  /** What models answered in this run, oldest first. */
  answers: { key: string; answer: ModelAnswer }[];
}

/** Who is who on a pitch: our own account, and the logins of those who may decide. */
export type People = Pick<Live, 'account' | 'deciders' | 'byVerdict'>;

/** A pull request of ours that is, or was, a pitch. */
export type PitchSeen = OpenPitch | ClosedPitch | UnreadPitch;

interface AnyPitch {
  pull: Pull;
  /** The visions it is about: the one it was begun for, and those its text names. */
  visions: number[];
  /** The repository its branch is in; undefined when that is gone. */
  home: string | undefined;
}

export interface OpenPitch extends AnyPitch {
  kind: 'open';
  comments: Comment[];
  reviews: Review[];
  document: DocumentSeen;
  /** To our comment that says how to decide, while it holds what we wrote; read only where such a reaction decides. */
  reactions: Reaction[];
  /** When it was closed: a word from before that had its effect, and somebody reopened it. */
  closings: { id: number; at: string }[];
}

/** Merged or declined. Read, because its vision is open or because what it cost may count for today. */
export interface ClosedPitch extends AnyPitch {
  kind: 'closed';
  comments: Comment[];
  /** Whether it was not merged, and somebody who may decide wants another one in its place. */
  again: boolean;
}

/** Not read: nothing depends on what was said on it any more, or it cannot be read. */
export interface UnreadPitch extends AnyPitch {
  kind: 'unread';
  /** Why it cannot be read; its trouble is its own, and the others go on. */
  trouble: string | undefined;
}

/** What a pitch adds below the folder for sprints. */
export type DocumentSeen =
  | ({ kind: 'one' } & PitchDocument)
  /** Not read: nobody said a word that anything in it would follow from. */
  | { kind: 'unread' }
  /** Not exactly one document, for good: what it holds instead. */
  | { kind: 'none'; why: string }
  /** The forge names it and does not show it (yet): nothing is known, and nothing follows. */
  | { kind: 'not-yet'; path: string };

export interface PitchDocument {
  path: string;
  text: string;
  sha: string;
}

export interface FiledIssue {
  vision: number;
  number: number;
  closed: boolean;
}
