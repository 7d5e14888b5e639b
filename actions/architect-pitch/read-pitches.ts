import { repositoryName } from '../../core/api/send.ts';
import { listComments } from '../../core/forge/comments.ts';
import { findFile } from '../../core/forge/contents.ts';
import { listReviews, type Pull, pullFiles } from '../../core/forge/pulls.ts';
import { closedAfterComment } from '../../core/forge/timeline.ts';
import { visionsNamed } from '../../core/sprint/layout.ts';
import { together } from '../../core/together.ts';
import { isPitch, visionsOf } from './choose.ts';
import { asksAgain, rejectionsIn } from './decision.ts';
import type { Context, Live, OpenPitch, PitchDocument, PitchSeen } from './state.ts';

// Our pull requests, and what people said on them.

/** What has to be known before a pitch is read: whose it is, where, and who may decide on it. */
type Known = Pick<Live, 'account' | 'ground' | 'visions' | 'deciders'>;

export function readPitches(context: Context, known: Known): Promise<PitchSeen[]> {
  return Promise.all(known.ground.pulls.filter(isPitch).map((pull) => readPitch(context, known, pull)));
}

async function readPitch(context: Context, known: Known, pull: Pull): Promise<PitchSeen> {
  if (pull.state === 'open') return readOpen(context, known, pull);
  const { settings, send, now } = context;
  const seen = { pull, visions: visionsOf(pull), home: homeOf(known, pull) };
  const isOfToday =
    settings['max-cost-per-day'] !== undefined && pull.updated_at.slice(0, 10) >= yesterday(now);
  const isWanted = known.visions.some(({ number }) => seen.visions.includes(number));
  if (!isOfToday && !isWanted) return { ...seen, kind: 'unread' };
  const comments = await listComments(send, known.ground.repository, pull.number);
  return { ...seen, kind: 'closed', comments, again: !pull.merged && asksAgain(known, comments) };
}

async function readOpen(context: Context, known: Known, pull: Pull): Promise<OpenPitch> {
  const { send } = context;
  const ops = known.ground.repository;
  const [comments, reviews, document] = await together(
    listComments(send, ops, pull.number),
    listReviews(send, ops, pull.number),
    readDocument(context, ops, pull),
  );
  const reopened = await Promise.all(
    rejectionsIn(known, comments).map(async (comment) =>
      (await closedAfterComment(send, ops, pull.number, comment)) ? [comment.id] : [],
    ),
  );
  return {
    kind: 'open',
    pull,
    // The document says what it is about; the branch was named when it began.
    visions: [
      ...new Set([...(document === undefined ? [] : visionsNamed(document.text)), ...visionsOf(pull)]),
    ],
    home: homeOf(known, pull),
    comments,
    reviews,
    document,
    reopenedAfter: reopened.flat(),
  };
}

/** Times of the forge may be in any zone; a day more is read than counts. */
function yesterday(now: string): string {
  return new Date(Date.parse(now) - 86_400_000).toISOString().slice(0, 10);
}

/** Where the branch of one of our pull requests is. */
function homeOf({ ground, account }: Known, { head, base }: Pull): string | undefined {
  if (head.repo_id === base.repo_id) return ground.repository;
  return head.repo_id > 0 ? `${account.login}/${repositoryName(ground.repository).repo}` : undefined;
}

/** The one document a pull request adds or changes below the folder for sprints; undefined when it is not just one. */
async function readDocument(
  { settings, send }: Context,
  ops: string,
  pull: Pull,
): Promise<PitchDocument | undefined> {
  const files = (await pullFiles(send, ops, pull.number)).filter(
    ({ filename, status }) =>
      filename.startsWith(`${settings.sprints}/`) && filename.endsWith('.md') && status !== 'deleted',
  );
  const [only] = files;
  if (only === undefined || files.length > 1) return undefined;
  const found = await findFile(send, ops, only.filename, pull.head.sha);
  return found === undefined
    ? undefined
    : { path: only.filename, text: found.bytes.toString('utf8'), sha: found.sha };
}
