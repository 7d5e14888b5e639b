import path from 'node:path';

/**
 * A folder as git fetches from it through the same door as from a server. Git takes `%41` in such an address for `A`, and every other
 * sign for itself, so a URL of the usual form would name other folders.
 */
export function fileAddress(folder: string): string {
  return `file://${path.resolve(folder).replaceAll('%', '%25')}`;
}
