/** As in package.json; a test holds the two together. */
export const version = '0.1.0';

/** The first number of a version; 0 where it is none. */
export function majorOf(version: string): number {
  return Number(/^(\d+)\./.exec(version)?.[1] ?? 0);
}
