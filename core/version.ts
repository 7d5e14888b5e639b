/** As in package.json; a test holds the two together. */
export const version = '0.1.0';

/** What ran, for the first line of a log: the version, and the commit where one is known. */
export function versionText(commit: string | undefined): string {
  return commit === undefined ? version : `${version} (${commit.slice(0, 12)})`;
}

/** The first number of a version; 0 where it is none. */
export function majorOf(version: string): number {
  return Number(/^(\d+)\./.exec(version)?.[1] ?? 0);
}
