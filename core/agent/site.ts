import type { Git } from '../git.ts';
import type { AgentRun } from './agent-run.ts';
import type { Cell, Isolation } from './cell/cell.ts';
import type { Finding } from './cell/probe.ts';

/** Where the programs of one round run, whichever machine or container that is. */
export interface Site {
  /** The best that there is of what the manifest allows. */
  isolation: Isolation;
  /** A cell whose workspace is a clone at this commit; nothing of the agent has run in it yet. */
  furnish(commit: string): Promise<Cell>;
  /** What the agent could read or reach there, looked at before anything of it runs; `what` is looked at, for the log. */
  search: { what: string; in(cell: Cell): Promise<Finding[]> };
  close(): Promise<void>;
}

/** What a site is made for. */
export interface SiteFor {
  run: AgentRun;
  git: Git;
  /** Our own clone, which has the commits that are asked for. */
  ours: string;
  secrets: readonly string[];
  /** Hears the end of the whole run, when all that came of the round is where it belongs. */
  atEnd(done: () => void): void;
  say(line: string): void;
}

/** Throws, with a remedy, where nothing isolates the agent as its manifest asks. */
export type OpenSite = (given: SiteFor) => Promise<Site>;
