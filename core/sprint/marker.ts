import { sha256 } from '../canonical.ts';

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
const digestLine = /^<!-- filed: sha256:([0-9a-f]{64}) -->$/;

/** A digest of what we wrote: title and content, so that an edit of either by somebody else is seen. */
export function digestOf(title: string, content: string): string {
  return sha256(JSON.stringify([title, content]));
}

/**
 * The body of a filed issue: the content, a blank line, the digest, and the marker as the last line.
 * `content` ends with exactly the bytes the author wrote; a missing last newline is added first.
 */
export function sealBody(title: string, content: string, mark: Mark): string {
  const newline = content === '' || content.endsWith('\n') ? '' : '\n';
  return `${content}${newline}\n<!-- filed: sha256:${digestOf(title, content)} -->\n<!-- decomposed-from: #${mark.vision}, sprint: ${mark.sprint}, id: ${mark.id} -->`;
}

/** A filed body taken apart. */
export interface Sealed {
  mark: Mark;
  /** What we wrote when we wrote it last; undefined in issues of older tools, which wrote a marker only. */
  digest: string | undefined;
  /** The body as it is now, without digest and marker; line ends as LF, as a person's edit in a browser makes them CRLF. */
  content: string;
}

/**
 * Reads a marker: only as the last line that is not blank, so that a quoted or pasted one counts for nothing.
 * Whose issue it is has to be asked separately: a marker counts only in an issue of our own.
 */
export function openBody(body: string): Sealed | undefined {
  const lines = body.replaceAll('\r\n', '\n').split('\n');
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  const marker = markerLine.exec(lines.pop()?.trimEnd() ?? '');
  if (marker === null) return undefined;
  const digest = digestLine.exec(lines.at(-1)?.trimEnd() ?? '')?.[1];
  if (digest !== undefined) lines.pop();
  // The blank line before the digest is ours; the newline that ends the content stays with it.
  if (lines.at(-1) === '') lines.pop();
  const content = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  return {
    mark: { vision: Number(marker[1]), sprint: marker[2] ?? '', id: marker[3] ?? '' },
    digest,
    content,
  };
}

/** Whether title and content still are what the digest was made of (a last newline is ours to add). */
export function isUntouched(title: string, sealed: Sealed): boolean {
  const { digest, content } = sealed;
  return digest === digestOf(title, content) || digest === digestOf(title, content.replace(/\n$/, ''));
}
