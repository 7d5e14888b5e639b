import type { Declared } from '../../core/agent/declared.ts';
import type { Entry } from '../../core/agent/entry.ts';
import type { Tried } from '../../core/agent/isolation-for.ts';
import type { Agent } from '../../core/agent/manifest.ts';
import type { AgentOutcome } from '../../core/agent/outcome.ts';
import type { News } from '../../core/agent/prompt.ts';
import type { RunRecord } from '../../core/agent/run-record.ts';
import type { StartMark } from '../../core/agent/start-mark.ts';
import type { HandedOutcome, HandedRun } from '../../core/agent/steps/handed.ts';
import type { Label } from '../../core/forge/labels.ts';
import type { User } from '../../core/forge/users.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { settings } from './settings.ts';

export type Context = ReadContext<typeof settings, AgentState>;

/** What the role knows: declared agents alone in a pull request's own pipeline, what blocks it, or everything. */
export type AgentState = LocalState | UnreadyState | LookingState | FanOutState | ServingState;

/** On a pull request's own pipeline only the manifests are looked at. */
export interface LocalState extends State {
  kind: 'local';
  declared: Declared[];
}

/** The state repo is not there, or cannot be used. */
export interface UnreadyState extends State {
  kind: 'unready';
  account: User;
  repository: string;
  /** `missing`: it can be made; otherwise why it cannot be used. */
  trouble: 'missing' | { said: string };
}

/** What every look has to know first. */
export interface SeenState extends State {
  kind: 'looking';
  account: User;
  declared: Declared[];
  /** `commit`: where its branch stands. */
  stateRepo: { repository: string; branch: string; commit: string; hasCi: boolean };
  runUrl: string | null;
  host: Entry['backend']['host'];
  run: Entry['lease']['run'];
  /** For a new lease. */
  nonce: string;
  /** Whether this run has worked on an issue already. */
  hasWorked: boolean;
  /** Issues that some run works on, or worked on until it was cut off. */
  running: RunningIssue[];
  /** What steps of a pipeline have left for each other in the state repo; looked at in such a step only. */
  handed: { path: string; sha: string }[];
}

export interface LookingState extends SeenState {
  /** Issues whose agent is frozen; none where nothing can be woken. */
  frozen: FrozenIssue[];
  /** What isolation works on this machine, best first; empty where no issue was looked at that it could matter for. */
  tried: Tried[];
  /** Issues with a label of ours, in the order in which they are taken; looked at until one could be taken. */
  candidates: Candidate[];
  /** Labels of issues on which a run was cut off and that nobody gives to an agent any more. */
  lingering: { repository: string; number: number; labels: Label[] }[];
  /** How many more there are behind those. */
  unseen: number;
  /** Repositories whose issues were looked at, and those that could not be. */
  looked: string[];
  troubled: { repository: string; said: string }[];
  /** Labels of agents that a repository has not itself, where its organisation's could not be listed. */
  unlabelled: { repository: string; labels: string[] }[];
  /** The one that this run works on: claimed in an earlier round of it. */
  mine: Mine | null;
}

/** An issue with a label of ours, and what decides whether it is taken. */
export interface Candidate {
  repository: string;
  defaultBranch: string;
  base: string;
  number: number;
  title: string;
  body: string;
  author: string;
  authorMayWrite: boolean;
  createdAt: string;
  updatedAt: string | null;
  /** Names behind `prefix:` and `prefix-profile:`. */
  agents: string[];
  profiles: string[];
  isUrgent: boolean;
  /** Who set the label last, as far as it was looked up. */
  labelled: { login: string; at: string; mayWrite: boolean; isBot: boolean } | null;
  /** Where `agent-org` is set: whether an assignee is a member. */
  membership:
    | { kind: 'not-asked' }
    | { kind: 'member'; login: string }
    | { kind: 'none' }
    | { kind: 'error'; said: string };
  /** Open issues it depends on. */
  waitsFor: string[];
  /** An open pull request of ours for it. */
  openPull: number | null;
  /** What the state repo says of it. */
  entry: { entry: Entry; sha: string } | { fault: string } | null;
  /** Where it says that a run works on it: why that run is over, if it is. */
  over: string | null;
  /** Of one that could be taken. */
  talk: Talk | null;
  /** What that run left as its record, where it came so far. */
  record: RunRecord | null;
  /** How many runs of its agent began today. */
  runsToday: number;
  /** Whether steps of that run have left what came of its agent, so that nothing is missing but the end. */
  isHandedOver: boolean;
  /** What could not be found out. */
  trouble: string | null;
  /** Why work on it could not be proposed; looked at only where it could be taken otherwise. */
  homeTrouble?: string;
  /** The fork that work on it would be proposed from, where that is not there yet; looked at with the trouble. */
  lacksFork?: string;
  comments: { user: string; body: string; mayWrite: boolean; at: string }[];
  labels: Label[];
  /** Labels that the repository has. */
  known: Label[];
  /** Whether our account may push to the repository itself. */
  mayPush: boolean;
}

/** An issue of which the state repo says that a run works on it. */
export interface RunningIssue {
  entry: Entry;
  sha: string;
  markSha: string;
  /** Whether its run is known to be over, or its lease ran out, and how that is known; `null` while it goes on. */
  over: string | null;
}

/** An issue of which the state repo says that its agent is frozen. */
export interface FrozenIssue {
  entry: Entry;
  sha: string;
  markSha: string;
  /** Its pull request, once that is closed; `null` while it is open, where there is none, and where it could not be looked at. */
  closed: { number: number; isMerged: boolean; isDeleted?: true; head: string } | null;
}

/** What was said and done on an issue and its pull request. */
export interface Talk {
  /** Its open pull request. */
  pull: { number: number; head: string } | null;
  /** Signs of all that there is. */
  signs: string[];
  /** What an agent that is frozen was not told yet. */
  news: News[];
  /** The two commits that do not merge, as the forge says now. */
  conflict: { head: string; base: string } | null;
  /** The head of the branch that its pull request goes to. */
  target: string;
  /** Signs of comments of ours. */
  said: string[];
  /** Who may write and took the label off that keeps it from going on, since it stopped. */
  unblockedBy: string | null;
  /** What its agent has cost today. */
  costToday: number;
}

/** The issue that this run holds, and how far it has come. */
export interface Mine {
  candidate: Candidate;
  entry: Entry;
  sha: string;
  markSha: string;
  declared: Declared & { kind: 'agent' };
  agent: Agent;
  /** What came of the agent's run, where it ran in this run of the role. */
  outcome: AgentOutcome | null;
  /** The record of this lease, or of the run that was cut off. */
  record: RunRecord | null;
  /** The record of the round before it, which a new one names. */
  previous: RunRecord['previous'];
  /** Where its branch is pushed to. */
  home: string;
  fork: 'not-needed' | 'missing' | 'ready';
  branch: string;
  branchAt: string | null;
  pull: { number: number; isOpen: boolean } | null;
  /** Signs of comments of ours on the issue. */
  said: string[];
  /** Kinds of change that the forge did not let our account do. */
  declined: string[];
  /** Kinds of change that came too late in this run: something else stands there. */
  stale: string[];
  /** Kinds and keys of changes that are done in this run, which nothing shows afterwards. */
  done: string[];
  /** Where another step of its pipeline ran the agent: what that left in the state repo. */
  handed: {
    files: { path: string; sha: string }[];
    kept: HandedOutcome['kept'];
    base: string;
    merges: string | null;
  } | null;
}

/** What the step that serves knows: the issue that its pipeline has claimed, and how far it has come. */
export interface ServingState extends Omit<SeenState, 'kind'> {
  kind: 'serving';
  /** `null`: its pipeline has claimed none. */
  own: RunningIssue | null;
  /** What is to be done; `null` where it cannot be read. */
  toDo: HandedRun | null;
  /** What came of the agent's run in this step. */
  outcome: AgentOutcome | null;
  /** Whether that stands in the state repo already. */
  isHandedOver: boolean;
}

/** What a fan-out knows: who works, what was started, and who waits. */
export interface FanOutState extends Omit<SeenState, 'kind'> {
  kind: 'fan-out';
  frozen: LookingState['frozen'];
  workflow: Startable;
  runs: StartedRun[];
  starts: Start[];
  /** The blob of the file that everybody who starts runs writes. */
  turn: string | null;
  /** Issues that can be taken now, as far as it was looked, in the order in which runs are started for them. */
  waiting: Waiting[];
  /** Why others that were looked into are not taken. */
  refused: { what: string; isQuiet: boolean }[];
  /** Issues whose agent is frozen and not woken, as far as it was looked. */
  asleep: Candidate[];
  /** How many more may wait that were not looked into. */
  unlooked: number;
  /** Every open issue with a label of ours. */
  labelled: { repository: string; number: number }[];
  lingering: LookingState['lingering'];
  looked: LookingState['looked'];
  troubled: LookingState['troubled'];
  unlabelled: LookingState['unlabelled'];
}

/** What is started for an issue, or why nothing can be. */
export type Startable =
  | {
      kind: 'forgejo-workflow';
      repository: string;
      workflow: string;
      /** The head of the default branch: what runs is the file as it stands there, however far the branch moves on. */
      commit: string;
      /** Whether our account may only read there, so that the token of this job has to start it. */
      asJob: boolean;
    }
  | { kind: 'woodpecker-pipeline'; repository: string; workflow: string; branch: string }
  | { kind: 'none'; why: string };

/** A run that was started for an issue, whoever started it. */
export interface StartedRun {
  id: number;
  /** The issue that it is for, by `issueKey`; on Woodpecker none: it takes the next one. */
  issue: string | null;
  /** On Woodpecker: the start that it came of. */
  start: string | null;
  created: string;
  isGoingOn: boolean;
  /** Whether the state repo says that it has taken an issue, however that ended. */
  hasClaimed: boolean;
}

/** What the state repo says of a run that was to be started. */
export interface Start {
  path: string;
  sha: string;
  issue: string;
  /** `null`: it cannot be read, and counts for nothing. */
  mark: StartMark | null;
}

/** An issue that a run can be started for. */
export interface Waiting {
  repository: string;
  number: number;
  agent: string;
  /** When it was given to the agent, by the forge's clock. */
  askedAt: string | null;
  /** How many more runs of its agent may begin today; `null` where that is not limited. */
  left: number | null;
}
