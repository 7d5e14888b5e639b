import type { Git } from '../../core/git.ts';

export type GitVersion = readonly [major: number, minor: number];

/** The git of this machine. */
export async function gitVersion(git: Git): Promise<GitVersion> {
  const printed = (await git.run(null, { args: ['version'] })).toString('utf8');
  const [major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(printed)?.slice(1).map(Number) ?? [];
  return [major, minor];
}

/** Whether a version is this one or a later one. Pure. */
export function isAtLeast([major, minor]: GitVersion, [leastMajor, leastMinor]: GitVersion): boolean {
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
