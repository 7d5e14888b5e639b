import type { Readable } from 'node:stream';

/** How programs are kept from a process beside them on the same machine, best first. */
export const localIsolations = ['bwrap', 'user', 'none'] as const;
export type LocalIsolation = (typeof localIsolations)[number];

/** The same, and before them a container of its own, which only CI can give. */
export const isolations = ['container', ...localIsolations] as const;
export type Isolation = (typeof isolations)[number];

/** `none`: nothing. `model`: only the sockets in the door. `open`: whatever this machine reaches. */
export const networks = ['none', 'model', 'open'] as const;
export type Network = (typeof networks)[number];

/** What each program of a cell may use at most. */
export interface CellLimits {
  /** Processes and threads of the cell's user. */
  processes: number;
  /** Size of one file. */
  fileBytes: number;
}

export interface CellOptions {
  isolation: LocalIsolation;
  network: Network;
  /** Where cells are made: a folder that only we may write; each cell gets a folder of its own in it. */
  base: string;
  /** The uids that cells may have. No account of the host may have one of them. */
  uids: { first: number; count: number };
  /** Where it is noted who has which uid: one folder for the whole host, which only root may write. */
  locks?: string;
  limits?: Partial<CellLimits>;
  /** Folders with programs that a bwrap cell shall see as well, as they are and read-only. */
  readOnly?: string[];
}

export interface Program {
  /** By its own path, or by the PATH of its environment. No shell ever sees it. */
  command: string;
  args: string[];
  /** Beside what `environmentOf` gives; nothing of ours is inherited. */
  environment: Record<string, string>;
  /** As the program sees it; the workspace where it is not given. */
  folder?: string;
  /** Another network than the cell's, for what people have set up; only where the isolation has one to give. */
  network?: Network;
  /** What it reads; without it its standard input is empty. */
  input?: string | Uint8Array;
  /** A program of ours that changes nothing there, such as the probe: `own` is still possible after it. */
  isOurs?: boolean;
  /**
   * It shows itself on the terminal of this process, through a terminal of its own: it reads and draws there, and nothing
   * that it does to its terminal reaches what is typed here later. Nothing comes through `stdout` and `stderr` then.
   */
  hasTerminal?: boolean;
}

export interface Ending {
  code: number | null;
  signal: string | null;
}

export interface Started {
  pid: number;
  stdout: Readable;
  stderr: Readable;
  /** The program itself is over. What it started may still run, and hold its output open, until `endAll`. */
  ended: Promise<Ending>;
}

export interface RunLimits {
  timeoutMs: number;
  /** Of its standard output; more of it ends the program. */
  mostBytes: number;
  signal?: AbortSignal;
}

export interface RunResult extends Ending {
  stdout: Buffer;
  stderr: string;
  /** Why it was ended before its time; `signal` when the caller gave it up. */
  overran?: 'time' | 'size' | 'signal';
}

export interface CellFolders {
  workspace: string;
  home: string;
  /** Written by us, readable for the cell. `node` is in it. */
  bin: string;
  /** Sockets of ours that the cell may connect to; see `admit`. */
  door: string;
}

/** Where sockets of ours stand that the programs of a cell may connect to. */
export interface Door {
  /** As we see it. */
  folder: string;
  /** What a socket in it is made with. */
  mode: number;
  /** Lets the cell connect to one, once we listen on it. */
  admit(name: string): void;
}

/** Where the programs of one agent run. */
export interface Cell {
  isolation: Isolation;
  network: Network;
  /** Whether its programs reach our loopback address; where not, what they shall reach stands in the door. */
  hasOurLoopback: boolean;
  /** As the programs see them. */
  inside: CellFolders;
  door: Door;
  /** Writes a file of ours into `bin`. Only before the first program of the agent. */
  place(name: string, text: string, mode: 0o644 | 0o755): void;
  /**
   * Starts a program. At `bwrap` each has namespaces of its own: what must share a loopback or see each other is started by
   * one program. A program that a signal ended has, at `bwrap`, the code 128 and its number.
   */
  start(program: Program): Started;
  run(program: Program, limits: RunLimits): Promise<RunResult>;
  /** Ends every process of the cell, asked first and then killed. Throws when one is left. */
  endAll(graceMs: number): Promise<EndCount>;
  /** Ends everything, and takes away what was made for it. */
  remove(): Promise<void>;
}

/** A cell on this machine, in folders of ours. Removing it gives the uid back. */
export interface LocalCell extends Cell {
  isolation: LocalIsolation;
  uid: number;
  gid: number;
  /** As we see them. Nothing in workspace and home may be opened by its path once a program ran: it may be a link. */
  outside: CellFolders;
  /** Gives workspace and home to the cell's user. Only before the first program. */
  own(): Promise<void>;
}

/** How many processes ended when they were asked to, and how many had to be killed. */
export interface EndCount {
  terminated: number;
  killed: number;
}
