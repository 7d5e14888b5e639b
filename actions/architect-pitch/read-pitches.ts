import { alone } from '../../core/api/errors.ts';
import { repositoryName } from '../../core/api/send.ts';
import type { Comment } from '../../core/forge/comments.ts';
import { findFile } from '../../core/forge/contents.ts';
import { listReviews, type Pull, pullFiles } from '../../core/forge/pulls.ts';
import { listReactions, type Reaction } from '../../core/forge/reactions.ts';
import { readConversation } from '../../core/forge/timeline.ts';
import { ownComments } from '../../core/own-comment.ts';
import { visionsNamed } from '../../core/sprint/layout.ts';
import { together } from '../../core/together.ts';
import { isPitch, visionsOf } from './choose.ts';
import { isAnswered } from './comments.ts';
import { asksAgain, decisionOn, reactionsThatCount } from './decision.ts';
import type { Context, DocumentSeen, Live, OpenPitch, PitchSeen } from './state.ts';
import { footerComment, signs } from './text.ts';

// Our pull requests, and what people said on them.

/** What has to be known before a pitch is read: whose it is, where, and who may decide on it. */
type Known = Pick<Live, 'account' | 'ground' | 'visions' | 'deciders' | 'byVerdict'>;

export function readPitches(context: Context, known: Known): Promise<PitchSeen[]> {
  return Promise.all(known.ground.pulls.filter(isPitch).map((pull) => readPitch(context, known, pull)));
}

/** One pitch. What is wrong with it is said of it, and the others are read all the same. */
async function readPitch(context: Context, known: Known, pull: Pull): Promise<PitchSeen> {
  const seen = { pull, visions: visionsOf(pull), home: homeOf(known, pull) };
  const { value, trouble } = await alone(() =>
    pull.state === 'open' ? readOpen(context, known, seen) : readClosed(context, known, seen),
  );
  return value ?? { ...seen, kind: 'unread', trouble };
}

type Seen = Pick<PitchSeen, 'pull' | 'visions' | 'home'>;

async function readClosed({ settings, send, now }: Context, known: Known, seen: Seen): Promise<PitchSeen> {
  const { pull, visions } = seen;
  const isOfToday =
    settings['max-cost-per-day'] !== undefined && pull.updated_at.slice(0, 10) >= yesterday(now);
  // What was said on one that was merged is of interest for telling how far it is, and for nothing else.
  const isWanted =
    (!pull.merged || settings['filer-login'] !== undefined) &&
    known.visions.some(({ number }) => visions.includes(number));
  if (!isOfToday && !isWanted) return { ...seen, kind: 'unread', trouble: undefined };
  const { comments, closings } = await readConversation(send, known.ground.repository, pull.number);
  const reactions = pull.merged ? [] : await readReactions(send, known, comments);
  const again = !pull.merged && asksAgain(known, { comments, reviews: [], reactions }, closings);
  return { ...seen, kind: 'closed', comments, again };
}

async function readOpen(context: Context, known: Known, seen: Seen): Promise<OpenPitch> {
  const { send } = context;
  const { pull } = seen;
  const ops = known.ground.repository;
  const { comments, closings, isReviewed } = await readConversation(send, ops, pull.number);
  const [reviews, reactions] = await together(
    isReviewed ? listReviews(send, ops, pull.number) : Promise.resolve([]),
    readReactions(send, known, comments),
  );
  const pitch: OpenPitch = {
    ...seen,
    kind: 'open',
    comments,
    reviews,
    reactions,
    closings,
    document:
      seen.home === undefined
        ? { kind: 'none', why: 'comes from a repository that is gone' }
        : { kind: 'unread' },
  };
  return isMoving(known, pitch) ? withDocument(context, known, pitch) : pitch;
}

/** Whether something follows from what the document of a pitch holds: it was accepted, or we have said something about it. */
function isMoving(known: Known, pitch: OpenPitch): boolean {
  const { kind } = decisionOn(known, pitch);
  if (kind === 'declined') return false;
  return kind === 'accepted' || isAnswered(known, pitch);
}

/** A pitch with its document, which may name further visions. */
export async function withDocument(
  context: Context,
  { ground }: Pick<Known, 'ground'>,
  pitch: OpenPitch,
): Promise<OpenPitch> {
  const document = await readDocument(context, ground.repository, pitch);
  const named = document.kind === 'one' ? visionsNamed(document.text) : [];
  // The document says what it is about; the branch was named when it began.
  return { ...pitch, document, visions: [...new Set([...named, ...pitch.visions])] };
}

/** Reactions to our comment that says how to decide, where they decide. */
async function readReactions(send: Context['send'], known: Known, comments: Comment[]): Promise<Reaction[]> {
  const [footer] = known.byVerdict ? ownComments(comments, known.account, signs.footer) : [];
  if (footer === undefined) return [];
  const all = await listReactions(send, known.ground.repository, footer.id);
  return reactionsThatCount(footer, footerComment(known), all);
}

/** Times of the forge may be in any zone; a day more is read than counts. */
export function yesterday(now: string): string {
  return new Date(Date.parse(now) - 86_400_000).toISOString().slice(0, 10);
}

/** Where the branch of one of our pull requests is. */
function homeOf({ ground, account }: Known, { head, base }: Pull): string | undefined {
  if (head.repo_id === base.repo_id) return ground.repository;
  return head.repo_id > 0 ? `${account.login}/${repositoryName(ground.repository).repo}` : undefined;
}

/** How often a run looks for what the forge names and does not have yet. Seen: a fork's commit needs up to 2.1 seconds. */
const looks = 5;
const betweenLooks = 1000;

/**
 * The one document a pull request adds or changes below the folder for sprints, read where the branch is: the repository
 * that the pull request is in has a new commit of a fork seconds later, and until then lists the files of the old one.
 */
async function readDocument(
  { settings, send, pause }: Context,
  ops: string,
  { pull, home }: Pick<PitchSeen, 'pull' | 'home'>,
): Promise<DocumentSeen> {
  // Once the fork is deleted the forge answers 500 to a question for the files, for ever.
  if (home === undefined) return { kind: 'none', why: 'comes from a repository that is gone' };
  for (let look = 1; ; look += 1) {
    const files = (await pullFiles(send, ops, pull.number)).filter(
      ({ filename, status }) =>
        filename.startsWith(`${settings.sprints}/`) && filename.endsWith('.md') && status !== 'deleted',
    );
    const [only] = files;
    if (only === undefined || files.length > 1)
      return { kind: 'none', why: `does not hold exactly one document below ${settings.sprints}/` };
    const found = await findFile(send, home, only.filename, pull.head.sha);
    if (found !== undefined)
      return { kind: 'one', path: only.filename, text: found.bytes.toString('utf8'), sha: found.sha };
    if (look === looks) return { kind: 'not-yet', path: only.filename };
    await pause(betweenLooks, `the forge does not show the head of #${pull.number} yet`);
  }
}
