/** An entry of npm's lock file, with what decides. */
export interface Locked {
  version?: string;
  integrity?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

/** As npm names them; `libc` on Linux only. */
export interface Machine {
  os: string;
  cpu: string;
  libc: string | undefined;
}

/**
 * What would have to change for the packages of one lock file to be those of the other, a sentence each; nothing where
 * `npm ci` would change nothing.
 */
export function differences(
  wanted: { packages?: Record<string, Locked> },
  installed: { packages?: Record<string, Locked> } | undefined,
  machine: Machine,
): string[];

/** What this machine is to npm. */
export function thisMachine(): Machine;

/** Runs `npm ci` in `folder` unless what its lock file names is installed already; ends the process when that fails. */
export function install(folder: string, what: string): void;
