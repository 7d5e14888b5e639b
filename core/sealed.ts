import { sha256 } from './canonical.ts';

/**
 * A body that we wrote and can tell from one that was edited since: the content, a blank line, a digest of title and
 * content, and as its last line a hidden one that ties it to what it was made from.
 */
export interface Sealed {
  /** The last line, a comment. */
  tie: string;
  /** What we wrote when we wrote it last; undefined in bodies of older tools, which wrote a last line only. */
  digest: string | undefined;
  /** The body as it is now, without digest and last line; line ends as LF, as a person's edit in a browser makes them CRLF. */
  content: string;
}

const digestLine = /^<!-- filed: sha256:([0-9a-f]{64}) -->$/;

/** A digest of what we wrote: title and content, so that an edit of either by somebody else is seen. */
export function digestOf(title: string, content: string): string {
  return sha256(JSON.stringify([title, content]));
}

/** The body with digest and last line. `content` stays byte for byte; a missing last newline is added first. */
export function sealBody(title: string, content: string, tie: string): string {
  const newline = content === '' || content.endsWith('\n') ? '' : '\n';
  return `${content}${newline}\n<!-- filed: sha256:${digestOf(title, content)} -->\n${tie}`;
}

/** Takes a body apart; undefined where its last line that is not blank is no comment, so that no quoted or pasted one counts. */
export function openSealed(body: string): Sealed | undefined {
  const lines = body.replaceAll('\r\n', '\n').split('\n');
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  const tie = lines.pop()?.trimEnd() ?? '';
  if (!tie.startsWith('<!-- ') || !tie.endsWith(' -->')) return undefined;
  const digest = digestLine.exec(lines.at(-1)?.trimEnd() ?? '')?.[1];
  if (digest !== undefined) lines.pop();
  // The blank line before the digest is ours; the newline that ends the content stays with it.
  if (lines.at(-1) === '') lines.pop();
  return { tie, digest, content: lines.length === 0 ? '' : `${lines.join('\n')}\n` };
}

/** Whether title and content still are what the digest was made of (a last newline is ours to add). */
export function isUntouched(title: string, { digest, content }: Pick<Sealed, 'digest' | 'content'>): boolean {
  return digest === digestOf(title, content) || digest === digestOf(title, content.replace(/\n$/, ''));
}
