import { openSealed, type Sealed } from '../sealed.ts';

/**
 * What ties an issue to the entry it was filed from. Vision and id are the key; the slug of the document is
 * information, so that a renamed document files nothing again.
 */
export interface Mark {
  vision: number;
  sprint: string;
  id: string;
}

/** One entry's key: unique per vision, over all documents. */
export function markKey(mark: { vision: number; id: string }): string {
  return `#${mark.vision}/${mark.id}`;
}

/** What may stand in a marker: letters, digits, `.`, `_` and `-`, starting with a letter or digit. */
export const markWord = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

const markerLine =
  /^<!-- decomposed-from: #(\d{1,15}), sprint: ([A-Za-z0-9][A-Za-z0-9._-]*), id: ([A-Za-z0-9][A-Za-z0-9._-]*) -->$/;

/** The last line of a filed issue. */
export function markLine({ vision, sprint, id }: Mark): string {
  return `<!-- decomposed-from: #${vision}, sprint: ${sprint}, id: ${id} -->`;
}

/** A filed body taken apart. */
export interface Filed extends Sealed {
  mark: Mark;
}

/**
 * Reads a marker: only as the last line that is not blank, so that a quoted or pasted one counts for nothing.
 * Whose issue it is has to be asked separately: a marker counts only in an issue of our own.
 */
export function openBody(body: string): Filed | undefined {
  const sealed = openSealed(body);
  const marker = markerLine.exec(sealed?.tie ?? '');
  if (sealed === undefined || marker === null) return undefined;
  return { ...sealed, mark: { vision: Number(marker[1]), sprint: marker[2] ?? '', id: marker[3] ?? '' } };
}
