import type { Entry } from '../../core/agent/entry.ts';
import type { Agent } from '../../core/agent/manifest.ts';
import type { News } from '../../core/agent/prompt.ts';
import { readSpent } from '../../core/agent/spent.ts';
import { addressesEscalation } from '../../core/escalation/addressing.ts';
import { failingLogs } from '../../core/failing-log.ts';
import { findBranch } from '../../core/forge/branches.ts';
import type { Comment } from '../../core/forge/comments.ts';
import { isWorkInProgress, listReviewComments, listReviews, type Pull } from '../../core/forge/pulls.ts';
import type { Snapshot } from '../../core/forge/snapshot.ts';
import { failedStatuses } from '../../core/forge/statuses.ts';
import { type Conversation, readConversation } from '../../core/forge/timeline.ts';
import type { Candidate, Context, Talk } from './state.ts';
import {
  newsOfAsking,
  newsOfConflict,
  newsOfGiving,
  newsOfMove,
  newsOfRed,
  newsOfWords,
  signOfRed,
  signOfWord,
  unblockedBy,
  type Word,
} from './talk.ts';
import { exhaustionSign, signsIn } from './text.ts';

/** What the talk of an issue is read for. */
interface Talking {
  candidate: Candidate;
  agent: Agent;
  /** Of an agent that worked on it before and may be woken; `null` for one that begins. */
  entry: Entry | null;
  /** What it is asked by hand. */
  asked: Entry['asked'];
  labelled: Candidate['labelled'];
  conversation: Conversation;
  pulls: readonly Pull[];
  /** Who may write now and is no bot. */
  mayWrite: (login: string) => boolean;
  /** The head of the default branch. */
  target: string;
  own: { id: number };
  state: { snapshot: Snapshot; commit: string };
}

/** What was said and done on an issue, and on the pull request that came of it. */
export async function readTalk(context: Context, given: Talking): Promise<Talk> {
  const { now, settings } = context;
  const { candidate, entry, labelled, conversation, mayWrite, own, agent } = given;
  const { repository, number, defaultBranch } = candidate;
  const pull = given.pulls.find((item) => item.number === entry?.pr_number);
  const words = wordsOf(conversation.comments, `on issue #${number}`);
  if (pull !== undefined) words.push(...(await readPullWords(context, repository, pull.number)));
  const into = pull?.base.ref ?? defaultBranch;
  // People may have pointed it at another branch: only with that one it has to merge.
  const target =
    into === defaultBranch
      ? given.target
      : ((await findBranch(context.send, repository, into))?.commit.id ?? given.target);
  const conflict =
    pull?.mergeable === false && !isWorkInProgress(pull) ? { head: pull.head.sha, base: target } : null;
  const heard = new Set(entry?.heard ?? []);
  const red =
    pull === undefined || !settings['on-red'] || heard.has(signOfRed(pull.head.sha))
      ? []
      : await readRed(context, repository, pull.head.sha);
  const stopped = exhaustionSign(entry);
  const giving = newsOfGiving(labelled?.mayWrite === true && !labelled.isBot ? labelled : null);
  const news = [
    ...newsOfWords(words, {
      own,
      mayWrite,
      isForAnother: (body) =>
        addressesEscalation(body, {
          trigger: settings['escalation-trigger'],
          login: settings['escalation-login'],
        }),
    }),
    ...red,
    ...newsOfConflict(conflict, entry?.conflict, now, into),
    ...newsOfAsking(given.asked),
    ...giving,
    ...newsOfMove(entry?.unpushed),
  ];
  return {
    pull: pull === undefined ? null : { number: pull.number, head: pull.head.sha },
    signs: [...words.map(signOfWord), ...news.filter(({ kind }) => kind !== 'words').map(({ sign }) => sign)],
    news: entry === null ? [] : news.filter(({ sign }) => !heard.has(sign)),
    conflict,
    target,
    said: signsIn(words, own),
    unblockedBy: unblockedBy(
      settings['blocked-label'],
      entry,
      conversation,
      mayWrite,
      // Before the first of these nobody could have answered it.
      words.find(
        ({ user, body }) => stopped !== undefined && signsIn([{ user, body }], own).includes(stopped),
      )?.createdAt,
    ),
    costToday:
      agent.maxCostPerDay === null ? 0 : (await readSpent(given.state, now.slice(0, 10), agent.name)).cost,
  };
}

function wordsOf(comments: readonly Comment[], where: string): Word[] {
  return comments.map(({ id, user, body, created_at, updated_at }) => ({
    id: `comment ${id}`,
    user: user ?? null,
    body,
    createdAt: created_at,
    updatedAt: updated_at,
    where,
    hunk: '',
  }));
}

async function readPullWords({ send }: Context, repository: string, pull: number): Promise<Word[]> {
  const [conversation, reviews] = await Promise.all([
    readConversation(send, repository, pull),
    listReviews(send, repository, pull),
  ]);
  const words = wordsOf(conversation.comments, `on pull request #${pull}`);
  // Others cannot be read before they are submitted.
  for (const review of reviews.filter(({ state }) => state !== 'PENDING' && state !== 'REQUEST_REVIEW')) {
    const { id, user, submitted_at: at } = review;
    const body = conversation.reviewTexts.find((item) => item.review === id)?.body ?? review.body;
    words.push({
      id: `review ${id}`,
      user: user ?? null,
      body: body ?? '',
      createdAt: at,
      updatedAt: at,
      where: `as a review (${review.state}) of pull request #${pull}`,
      hunk: '',
    });
    if ((review.comments_count ?? 0) === 0) continue;
    for (const line of await listReviewComments(send, repository, pull, id))
      words.push({
        id: `line ${line.id}`,
        user: line.user ?? null,
        body: line.body,
        createdAt: line.created_at,
        updatedAt: line.updated_at,
        where: `on ${line.path}${line.line === null ? '' : `, line ${line.line}`}, of pull request #${pull}`,
        hunk: line.diff_hunk,
      });
  }
  return words;
}

async function readRed(context: Context, repository: string, head: string): Promise<News[]> {
  const { failed, isPending } = await failedStatuses(context.send, repository, head);
  // What is still running may fail as well, and is told together with this.
  if (isPending || failed.length === 0) return [];
  return newsOfRed(
    head,
    failed,
    await failingLogs({ send: context.send, woodpecker: context.woodpecker }, { repository, commit: head }),
  );
}
