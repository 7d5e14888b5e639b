/** What a file system may leave out of a name when it compares: all that nobody sees. */
const ignorable = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{M}]/gu;

/**
 * A path as the least careful file system would compare it: case, width and accents, what cannot be seen, and the ends that
 * Windows drops do not count. Two paths that could be one somewhere are the same here.
 */
export function folded(path: string): string {
  return path.split('/').map(foldedName).join('/');
}

function foldedName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(ignorable, '')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/:.*$/, '')
    .replace(/[. ]+$/, '');
}
