/** Runs `npm ci` in `folder` unless what its lock file names is installed already; ends the process when that fails. */
export function install(folder: string, what: string): void;
