import { visible } from '../text/visible.ts';

/** How people speak to the role. */
export interface Addressing {
  /** What the first line starts with, such as `/crew`. */
  trigger: string;
  /** The role's account, which may be mentioned instead; undefined where it is not known. */
  login: string | undefined;
}

/**
 * Whether a comment asks the role escalation: its first line starts with the trigger, or mentions its account. Every other role that
 * is woken by comments leaves such a one alone.
 */
export function addressesEscalation(comment: string, { trigger, login }: Addressing): boolean {
  const [first = ''] = visible(comment).split('\n', 1);
  const line = first.trim();
  if (startsWithWord(line.toLowerCase(), trigger.toLowerCase())) return true;
  if (login === undefined) return false;
  const mention = `@${login.toLowerCase()}`;
  const lower = line.toLowerCase();
  for (let at = lower.indexOf(mention); at >= 0; at = lower.indexOf(mention, at + 1))
    if (isEdge(lower[at - 1]) && isEdge(lower[at + mention.length])) return true;
  return false;
}

function startsWithWord(line: string, word: string): boolean {
  return line.startsWith(word) && isEdge(line[word.length]);
}

function isEdge(character: string | undefined): boolean {
  return character === undefined || !/[a-z0-9_.-]/.test(character);
}
