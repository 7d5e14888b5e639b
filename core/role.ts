import type { AgentRun } from './agent/agent-run.ts';
import type { AgentOutcome } from './agent/outcome.ts';
import type { ConnectionOptions } from './api/connection.ts';
import type { Kept } from './api/once.ts';
import type { Send } from './api/send.ts';
import type { Change, ChangeName } from './change.ts';
import type { Branch } from './forge/branches.ts';
import type { User } from './forge/users.ts';
import type { HostFacts } from './host/host.ts';
import type { Mask } from './mask.ts';
import type { ModelAnswer, ModelQuestion } from './model.ts';
import type { Result } from './report.ts';
import type { Settings, SettingsFault, ValuesOf } from './settings.ts';
import type { OpenWorks, Works } from './works.ts';

/**
 * A role: what it takes, what it reads, and what it decides. Everything else (printing, applying, reporting, exit
 * codes) is the flow's, in `run.ts`, and the same for all.
 */
export interface Role<S extends Settings, T extends State, K extends ChangeName> {
  name: string;
  /** One sentence, for doors and documents. */
  summary: string;
  settings: S;
  /** What is wrong between settings that are each right by themselves; pure. It is told together with all other faults. */
  faults?(settings: ValuesOf<S>): SettingsFault[];
  /** Throws where a run like this must not ask anybody anything, the forge included; pure. */
  refuseToAsk?(settings: ValuesOf<S>, facts: HostFacts): void;
  /** What a pause does to a run with these settings; without it, `stop`. */
  whenPaused?(settings: ValuesOf<S>): WhenPaused;
  /** Whether a run with these settings needs the whole tree of the ops repo: then it is asked for once, with the pause in it. */
  readsWholeTree?(settings: ValuesOf<S>): boolean;
  /** Whether it looks at several branches of the ops repo, so that one call tells of all of them. */
  readsBranches?(settings: ValuesOf<S>): boolean;
  /** The kinds of change it may plan; any other is a defect and stops the run. */
  changes: readonly K[];
  /**
   * What the role's token needs, by repository, in the words of the forge's token page; for documents, and for the
   * sentence that refuses a token which cannot do the work.
   */
  needs: Need[];
  /** I/O only: the forge, the checkout, the log, into one plain object. Nothing is decided here. */
  read(context: ReadContext<S, T>): Promise<T>;
  /** What a reader of the log has to know before anything else, in one or more lines; pure. It is printed at once, and kept in the report. */
  headline?(settings: ValuesOf<S>, state: T): string | undefined;
  /** What is left for a person to do once the run is over, in lines; pure. It is printed last, because that is what one goes on with. */
  byHand?(settings: ValuesOf<S>, state: T): string[];
  /**
   * Whether a run that gives up looking, with a change still to make because others were always faster, ends red. For
   * most roles the next run goes on from there, and that is no failure.
   */
  mustSettle?(settings: ValuesOf<S>): boolean;
  /**
   * How often reading, planning and applying are repeated at most, where the usual number is too few: a role that asks a
   * model needs a round for every answer.
   */
  rounds?: number;
  /** Puts a question to the role's model: the only I/O of a role besides reading. It gets no forge and no token. */
  ask?(question: ModelQuestion, context: AskContext<S>): Promise<ModelAnswer>;
  /** Runs an agent beside this process, for a role that has them. */
  runAgent?(run: AgentRun, context: AgentContext<S>): Promise<AgentOutcome>;
  /** Makes what later steps of a pipeline run an agent with. */
  prepareAgent?(run: AgentRun, context: AgentContext<S>): Promise<void>;
  /** For a role that pushes what was made on this machine; given by the role, so that no other one holds git. */
  works?: OpenWorks;
  /** Pure and synchronous: no client, clock, environment or file system. */
  plan(settings: ValuesOf<S>, state: T): Change<K>[];
}

/**
 * What a pause in the ops repo does to a run. `stop`: nothing is read or done, and the run is green. `refuse`: the same, and it
 * is red, because later steps take its green for a yes. `ignore`: it goes on, because it writes nothing on the forge, or is a
 * command of a person.
 */
export type WhenPaused = 'stop' | 'refuse' | 'ignore';

/** What a role needs in one place. */
export interface Need {
  where: string;
  /** A level of the forge, which may be followed by when another one is needed; or `issuesOnly`. */
  access: string;
  scopes: string[];
  why: string;
}

/**
 * The right to label, assign, close and file, and nothing else: in an organisation a team can have it, with code and pull
 * requests to read. It is a level of its own because whoever may write to a repository as a whole can push, and whoever can
 * push can read the secrets of its CI. A repository of a person knows no such level: there it takes `write`.
 */
export const issuesOnly = 'issues-only write';

/** What the flow itself needs to know of a role's state. */
export interface State {
  /** When it was read, in ISO 8601, so that `plan` needs no clock. */
  now: string;
  /** Our own account; absent when the role ran without the forge. */
  account?: User;
}

export interface ReadContext<S extends Settings, T> {
  settings: ValuesOf<S>;
  facts: HostFacts;
  /** Reads only: anything else throws. */
  send: Send;
  /** The same for Woodpecker, where the role was told where it is and given a token for it. */
  woodpecker?: Send;
  /** The same forge with the token of somebody who may see what only admins may, where one was given. */
  audit?: Send;
  mask: Mask;
  /** Answers that cannot change while the run goes on, kept over its rounds: see `once`. */
  kept: Kept;
  /** The commit of forgecrew that runs, where it is known. */
  ownCommit?: string;
  /** The commit of the ops repo's branch, in the first round, where it was asked for already. */
  opsHead?: string;
  /** The same branch with its rule, where it was asked for by its name. */
  opsBranch?: Branch;
  /** Branches of the ops repo, in the first round of a role that looks at several: not all that there are. */
  opsBranches?: Branch[];
  /** By the clock of this machine. */
  now: string;
  /** By the clock of the forge, once it was asked for anything: for whatever is held against times that the forge wrote. */
  forgeNow: () => string;
  /** For a role that waits for somebody: the time as it goes on, and waiting, which is said in words. */
  clock: () => Date;
  pause: (ms: number, why: string) => Promise<void>;
  /** From the second round on: only what may differ is read. */
  previous?: Previous<T>;
}

/** What the round before read, and what came of its plan. */
export interface Previous<T> {
  state: T;
  done: Change[];
  /** What the forge does not allow this way. */
  declined: Change[];
  /** What was not done because somebody else wrote first. */
  stale: Change[];
  /** Numbers of what was made in this run, by key. */
  made: Record<string, number>;
  /** What models answered in the round before, by the keys of the questions. */
  answers: Record<string, ModelAnswer>;
  /** What came of agents' runs in the round before, by their keys. */
  outcomes: Record<string, AgentOutcome>;
}

export interface AskContext<S extends Settings> {
  settings: ValuesOf<S>;
  /** When the whole run has to be over, in milliseconds since the epoch. */
  deadline: number;
  programs: Programs;
}

/** What the run of an agent may use: it reads as the role does, and writes through the flow's own apply. */
export interface AgentContext<S extends Settings> {
  settings: ValuesOf<S>;
  facts: HostFacts;
  send: Send;
  /**
   * Carries changes out like those of a plan: printed, counted, in the report. `through`: what every request of theirs goes
   * through, where less may be asked than by the role itself.
   */
  write(changes: Change[], through?: (send: Send) => Send): Promise<Result[]>;
  mask: Mask;
  say: (line: string) => void;
  clock: () => Date;
  /** When the whole run has to be over, in milliseconds since the epoch. */
  deadline: number;
  programs: Programs;
  /** Repositories on this machine: what is pushed is pushed from there. */
  works: Works;
  /** How the network is reached: proxies and certificates of the machine. */
  connection: ConnectionOptions;
  /** Tokens that the host made for this run: an agent must not find them either. */
  automaticTokens: readonly string[];
}

/** How a program that is started finds other programs, and its own configuration: all it gets of the step's environment. */
export interface Programs {
  path: string;
  home: string | undefined;
}
