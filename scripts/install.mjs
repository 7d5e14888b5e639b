// Installs the exact dependencies of a folder when they are missing or out of date. Plain JavaScript, because it runs
// before anything is installed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What would have to change for the packages of one lock file to be those of the other, a sentence each; nothing where
 * `npm ci` would change nothing. Plain data in, verdict out.
 * @param {{packages?: Record<string, import('./install.mjs').Locked>}} wanted package-lock.json
 * @param {{packages?: Record<string, import('./install.mjs').Locked>} | undefined} installed what npm itself keeps of a
 *   folder it has filled: node_modules/.package-lock.json
 * @param {import('./install.mjs').Machine} machine
 * @returns {string[]}
 */
export function differences(wanted, installed, machine) {
  if (installed === undefined) return ['nothing is installed'];
  const here = installed.packages ?? {};
  // The package itself is in the one file and not in the other.
  const { '': _, ...locked } = wanted.packages ?? {};
  const name = (place) => place.replace(/^node_modules\//, '');
  return [
    ...Object.entries(locked).flatMap(([place, { version, integrity, ...entry }]) => {
      const found = here[place];
      if (found === undefined) return mayBeMissing(entry, machine) ? [] : [`${name(place)} is missing`];
      if (found.version !== version) return [`${name(place)} is ${found.version}, and ${version} is locked`];
      return found.integrity === integrity ? [] : [`${name(place)} has other bytes than are locked`];
    }),
    ...Object.keys(here)
      .filter((place) => locked[place] === undefined)
      .map((place) => `${name(place)} is not locked`),
  ];
}

/** What npm leaves out on some machines: optional packages for another one, and what only those need. */
function mayBeMissing({ optional, os, cpu, libc }, machine) {
  if (optional !== true) return false;
  const isNamed = os !== undefined || cpu !== undefined;
  const fits = (names, own) => names === undefined || names.includes(own);
  return !(isNamed && fits(os, machine.os) && fits(cpu, machine.cpu) && fits(libc, machine.libc));
}

/**
 * What this machine is to npm.
 * @returns {import('./install.mjs').Machine}
 */
export function thisMachine() {
  return {
    os: process.platform,
    cpu: process.arch,
    // Asked for only where it decides: a report takes a moment.
    get libc() {
      if (process.platform !== 'linux') return undefined;
      const report = process.report?.getReport();
      return report?.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
    },
  };
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Runs `npm ci` in `folder` unless what its lock file names is installed already.
 * @param {string} folder
 * @param {string} what for the line that says so
 */
export function install(folder, what) {
  const [reason, ...others] = differences(
    JSON.parse(readFileSync(path.join(folder, 'package-lock.json'), 'utf8')),
    readLock(path.join(folder, 'node_modules', '.package-lock.json')),
    thisMachine(),
  );
  if (reason === undefined) return;
  console.error(
    `Installing ${what} (npm ci): ${reason}${others.length === 0 ? '' : `, and ${others.length} more`} ...`,
  );
  const { status } = spawnSync(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'],
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' },
  );
  if (status !== 0) {
    console.error('npm ci failed (its message is above). Nothing was started.');
    process.exit(status ?? 1);
  }
}
