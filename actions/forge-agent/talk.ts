import { sameAccount } from '../../core/accounts.ts';
import { signOfAsking } from '../../core/agent/asking.ts';
import type { Entry } from '../../core/agent/entry.ts';
import type { News } from '../../core/agent/prompt.ts';
import { sha256 } from '../../core/canonical.ts';
import type { Conversation } from '../../core/forge/timeline.ts';
import { bearsSign } from '../../core/own-comment.ts';

// What an agent whose work is frozen may be woken for: what people write, and what the forge says of its pull request. Pure.

/** Something that somebody wrote, wherever on the issue or its pull request. */
export interface Word {
  /** Unique among all words, such as `comment 12`. */
  id: string;
  user: { id: number; login: string } | null;
  body: string;
  createdAt: string;
  updatedAt: string;
  /** Such as `on pull request #2`, or `on src/a.ts, line 3`. */
  where: string;
  /** The lines that it is about, as the forge shows them. */
  hunk: string;
}

/**
 * A word as it stands now: one that was changed has another sign. By what it says, and not by the forge's times: those have whole
 * seconds, and an edited review has none.
 */
export function signOfWord({ id, body }: Pick<Word, 'id' | 'body'>): string {
  return `${id} ${sha256(body).slice(0, 16)}`;
}

/**
 * Words that an agent is woken for: of people who may write now, and of no machine. What bears the mark of a role is an echo of
 * something that a role said, whoever repeats it.
 */
export function newsOfWords(
  words: readonly Word[],
  {
    own,
    mayWrite,
    isForAnother,
  }: {
    own: { id: number };
    mayWrite: (login: string) => boolean;
    /** Whether it addresses another role. */
    isForAnother: (body: string) => boolean;
  },
): News[] {
  return (
    words
      .filter(
        ({ user, body }) =>
          user !== null &&
          !sameAccount(user, own) &&
          mayWrite(user.login) &&
          body.trim() !== '' &&
          !bearsSign(body) &&
          !isForAnother(body),
      )
      // Where there are many, the oldest are left out of what is told, wherever they stand.
      .sort((a, b) => Date.parse(a.updatedAt || a.createdAt) - Date.parse(b.updatedAt || b.createdAt))
      .map((word) => ({
        sign: signOfWord(word),
        kind: 'words',
        title: `${word.user?.login} wrote ${word.where}, ${word.createdAt}${word.updatedAt === word.createdAt ? '' : ` (changed ${word.updatedAt})`}`,
        at: word.updatedAt,
        text: word.hunk === '' ? word.body : `${word.body}\n\nIt is about:\n${word.hunk}`,
      }))
  );
}

/** A forge needs some seconds to find out whether two branches merge, and says until then that they do not. */
const settledMs = 60_000;
/** A base that moves at every look is never seen twice: after this, what was true of an earlier one is believed of a later one. */
const busyMs = 15 * 60_000;

/**
 * That the pull request no longer merges, once that has been so for a while. Where that is not so after all, nothing has marks in
 * the agent's clone, and it is told so.
 */
export function newsOfConflict(
  conflict: { head: string; base: string } | null,
  seen: Entry['conflict'],
  now: string,
  branch: string,
): News[] {
  if (conflict === null || seen == null) return [];
  if (seen.head !== conflict.head) return [];
  const patience = seen.base === conflict.base ? settledMs : busyMs;
  if (Date.parse(now) - Date.parse(seen.at) < patience) return [];
  return [
    {
      sign: `conflict ${conflict.head} ${conflict.base}`,
      kind: 'conflict',
      at: null,
      title: `The pull request no longer merges with ${branch}`,
      text: `${branch} was merged into your clone. Files that both sides changed hold marks of the conflict (<<<<<<<); put them right and commit. Of what is no text, or what one side deleted, one side stands there: change it, or leave it and report success. Where no file has such marks, it merges by itself by now.`,
    },
  ];
}

/** That checks of a commit failed, whichever they were. */
export function signOfRed(head: string): string {
  return `red ${head}`;
}

/** That checks of its head failed. */
export function newsOfRed(
  head: string,
  failed: readonly { context: string; description: string }[],
  logs: readonly { name: string; tail: string }[],
): News[] {
  if (failed.length === 0) return [];
  return [
    {
      sign: signOfRed(head),
      kind: 'red',
      at: null,
      title: `Checks of your commit ${head.slice(0, 10)} failed`,
      text: [
        ...failed.map(({ context, description }) => `- ${context}: ${description}`),
        ...logs.flatMap(({ name, tail }) => ['', `The end of the log of ${name}:`, tail]),
      ].join('\n'),
    },
  ];
}

/** That somebody asked for another round by hand. */
export function newsOfAsking(asked: Entry['asked']): News[] {
  return asked == null
    ? []
    : [
        {
          sign: signOfAsking(asked),
          kind: 'asked',
          at: asked.at,
          title: `${asked.by} asks for another round, ${asked.at}`,
          text: asked.prompt,
        },
      ];
}

/** That its label was set again. */
export function newsOfGiving(labelled: { login: string; at: string } | null): News[] {
  return labelled === null
    ? []
    : [
        {
          sign: `given ${labelled.at}`,
          kind: 'given',
          at: labelled.at,
          title: `${labelled.login} gave you the issue again, ${labelled.at}`,
          text: 'Look at the issue and what was said since, and go on.',
        },
      ];
}

/** That work of its last round was not pushed, because somebody else had. */
export function newsOfMove(round: Entry['unpushed']): News[] {
  return round == null
    ? []
    : [
        {
          sign: `moved ${round}`,
          kind: 'moved',
          at: null,
          title: `Your work of round ${round} was not pushed`,
          text: 'Somebody pushed to your branch while you worked. Your clone has what they did: do your part again on top of it.',
        },
      ];
}

/**
 * Who may write and took the label off that keeps an agent from going on, since it stopped. `toldAt`: when people were told that, by
 * the forge's clock, which the label goes by; without it our own has to do.
 */
export function unblockedBy(
  label: string,
  entry: Pick<Entry, 'exhausted'> | null,
  { labels }: Pick<Conversation, 'labels'>,
  mayWrite: (login: string) => boolean,
  toldAt: string | undefined,
): string | null {
  if (entry?.exhausted == null) return null;
  const last = labels.find(({ name }) => name === label);
  if (last === undefined || last.isSet || last.by === null) return null;
  if (Date.parse(last.at) < Date.parse(toldAt ?? entry.exhausted.at)) return null;
  return mayWrite(last.by.login) ? last.by.login : null;
}
