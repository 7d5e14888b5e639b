import { sameAccount } from './accounts.ts';

/** The hidden line that tells one of our comments from another, so that it is never made twice. */
export function commentSign(sign: string): string {
  return `${opening}${sign} -->`;
}

const opening = '<!-- forgecrew: ';

/** Whether a text bears the sign of a role, whoever wrote it: what one of them said, or an echo of that. */
export function bearsSign(text: string): boolean {
  return text.includes(opening);
}

/** What of a comment is needed to tell whether it is ours. */
interface Written {
  user?: { id: number } | null | undefined;
  body: string;
}

/** Our own comments with this sign, oldest first: anybody may copy the hidden line, so it counts from our account only. */
export function ownComments<T extends Written>(comments: T[], account: { id: number }, sign: string): T[] {
  return comments.filter(({ user, body }) => sameAccount(user, account) && body.includes(commentSign(sign)));
}

/** The same for every sign that begins like this: one that goes on with a number, say. */
export function ownCommentsLike<T extends Written>(
  comments: T[],
  account: { id: number },
  beginning: string,
): T[] {
  return comments.filter(
    ({ user, body }) => sameAccount(user, account) && body.includes(`${opening}${beginning}`),
  );
}

/**
 * A comment of ours with the part under a heading put in place of what stands under it now, or at its end where there is no
 * such heading. `text` begins with the heading, a line such as "### `backup-1`".
 */
export function withSection(body: string, text: string, sign: string): string {
  const [heading = ''] = text.split('\n');
  const lines = body.replace(`\n\n${commentSign(sign)}`, '').split('\n');
  const from = lines.indexOf(heading);
  const isNext = (line: string, index: number): boolean => index > from && line.startsWith('### ');
  const next = lines.findIndex(isNext);
  const parts =
    from < 0
      ? [...lines, '', text]
      : [...lines.slice(0, from), text, ...(next < 0 ? [] : ['', ...lines.slice(next)])];
  return `${parts.join('\n')}\n\n${commentSign(sign)}`;
}
