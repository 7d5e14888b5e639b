import { sameAccount } from './accounts.ts';

/** The hidden line that tells one of our comments from another, so that it is never made twice. */
export function commentSign(sign: string): string {
  return `${opening}${sign} -->`;
}

const opening = '<!-- forgecrew: ';

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
