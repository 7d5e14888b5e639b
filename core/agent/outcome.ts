import type { SessionNote } from './session-note.ts';
import type { Operation } from './sidecar/operation-log.ts';

// What came of one run of an agent, as plain data: for the next look, for the record, and for people.

/** What an agent may say of its work when it has done with it. */
export const signals = ['success', 'failure', 'needs_person', 'underspecified'] as const;
export type SignalStatus = (typeof signals)[number];

/** How a run came to its end. Only `signalled` is one that the agent itself called done. */
export const agentEnds = [
  'signalled',
  'exited',
  'watchdog',
  'timeout',
  'sidecar-gone',
  'claim-lost',
  'called-off',
  'not-started',
] as const;
export type AgentEnd = (typeof agentEnds)[number];

/** What of the agent's work was taken. */
export type WorkOutcome =
  | { kind: 'nothing' }
  /** A commit of ours in the run's own repository, not pushed yet. */
  | { kind: 'work'; commit: string; tree: string; files: number; bytes: number }
  /** Not taken, and why; `commit`: of ours, with the work as a file, to be kept in the state repo. */
  | { kind: 'refused'; reasons: string[]; commit: string | null };

export interface CheckOutcome {
  command: string;
  /** `null` where it was ended by a signal or by us. */
  code: number | null;
  /** The end of what it printed. */
  tail: string;
}

export interface AgentOutcome {
  /** In one line for the log. */
  said: string;
  end: AgentEnd;
  /** More of it, in words: what went wrong where something did. */
  why: string | null;
  signal: { status: SignalStatus; summary: string } | null;
  startedAt: string;
  endedAt: string;
  exitCode: number | null;
  exitSignal: string | null;
  /** What its engine calls its session, or what we called it; `null` before it was started. */
  session: string | null;
  /** Whether it went on with the session that it was to. */
  isResumed: boolean;
  /** What it remembers, kept in a repository of ours that is known as `sessionKey` says; or why there is nothing. */
  kept: { kind: 'session'; note: SessionNote; commit: string } | { kind: 'none'; why: string };
  /** What the program says of its version. */
  engineVersion: string | null;
  isolation: string;
  network: string;
  /** What this isolation does not keep out, in words. */
  gaps: string[];
  /** Processes that had to be ended after the agent. */
  left: { terminated: number; killed: number };
  work: WorkOutcome;
  /** A commit that holds the work as a file, where another step is to push it; it is known as `handedKey` says. */
  handed?: string;
  /** What was looked through for secrets, and how it went. */
  searched: string;
  checks: CheckOutcome[];
  models: {
    calls: number;
    inputTokens: number;
    outputTokens: number;
    cost: number | null;
    refused: { at: string; why: string }[];
    reachedLimit: boolean;
  } | null;
  /** The chained log of what it asked of the forge. */
  operations: { head: string; entries: Operation[] };
  /** What of the network was seen. */
  egress: string;
  /** The entry as it stood in the end: its blob, and its text. */
  entry: { text: string };
}

/** The name under which a run's refused work can be pushed. */
export function refusedKey(key: string): string {
  return `refused ${key}`;
}

/** The name under which a run's session can be pushed. */
export function sessionKey(key: string): string {
  return `session ${key}`;
}

/** The name under which a run's work can be handed over. */
export function handedKey(key: string): string {
  return `handed ${key}`;
}
