import { namesLogin } from '../../core/accounts.ts';
import { alone } from '../../core/api/errors.ts';
import { readBlobs } from '../../core/forge/blobs.ts';
import { namesIn } from '../../core/forge/contents.ts';
import type { Issue } from '../../core/forge/issues.ts';
import { listWriters } from '../../core/forge/people.ts';
import { closedPullsSince, type Pull, pullsBy, recentPullsBy } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { isFile, listFolder } from '../../core/forge/trees.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { conversationsOf } from '../../core/plan.ts';
import type { Ground, Standing } from '../../core/propose.ts';
import { ownInto, readGround, readStanding } from '../../core/read-ground.ts';
import { visionsNamed } from '../../core/sprint/layout.ts';
import { together } from '../../core/together.ts';
import { choose } from './choose.ts';
import { spentOn } from './costs.ts';
import { readPitches, withDocument, yesterday } from './read-pitches.ts';
import { readContext, readFiled, readIssues, readVisions, refuseProject } from './read-project.ts';
import type { Context, Live, PitchSeen, PitchState } from './state.ts';
import { pitchBranch } from './text.ts';

export async function read(context: Context): Promise<PitchState> {
  const { previous, facts, now } = context;
  if (facts.isPullRequest)
    return { kind: 'inert', now, why: 'a pull request’s own copy of the pipeline proposes nothing' };
  if (previous?.state.kind !== 'live') return readAll(context, undefined);
  const before = {
    ...previous.state,
    answers: [
      ...previous.state.answers,
      ...Object.entries(previous.answers).map(([key, answer]) => ({ key, answer })),
    ],
  };
  // An answer changes nothing on the forge, so nothing is read again for it.
  const onlyAsked = previous.done.every(({ kind }) => kind === 'ask-model') && previous.declined.length === 0;
  return onlyAsked && previous.done.length > 0 ? { ...before, now } : readAll(context, before);
}

/** `before`: what an earlier round of this run read. What it was answered, and what it had cost by then, goes on. */
async function readAll(context: Context, before: Live | undefined): Promise<Live> {
  const { settings, send, now } = context;
  const [ops, project] = [settings['ops-repo'], settings['project-repo']];
  const account = await getExpectedUser(send, settings['forge-login']);
  const [repository, place, writers] = await together(
    getRepository(send, project),
    // Which of our pull requests matter depends on the visions.
    readGround(send, {
      repository: ops,
      branch: settings['ops-branch'],
      account,
      from: settings['propose-from'],
      pulls: [],
      head: context.opsHead,
    }),
    settings.deciders.length > 0 ? Promise.resolve([]) : listWriters(send, ops),
  );
  refuseProject(settings, repository, account);
  const listed = await readIssues(context);
  const visions = await readVisions(context, listed);
  const filed = await readFiled(context, listed.issues);
  const since = oldestOf(settings, visions, filed);
  const [own, formerPulls, spending] = await together(
    recentPullsBy(send, ops, account.login, since),
    readFormerPulls(context, since),
    readSpending(context),
  );
  const ground = {
    ...place,
    pulls: ownInto(place.base, account, [
      ...own,
      ...spending.filter(({ number }) => !own.some((pull) => pull.number === number)),
    ]),
  };
  const byVerdict = settings.deciders.length > 0;
  const never = [account.login, ...settings.bots];
  const deciders = [...settings.deciders, ...writers.map(({ login }) => login)].filter(
    (login) => !namesLogin(never, login),
  );
  const known = { account, ground, visions, deciders, byVerdict };
  const read = await readPitches(context, known);
  const sofar = { ...listed, visions, documents: [], formerPulls, filed, pitches: read };
  // A document can only keep a vision from being pitched: where none would be, nothing of them matters.
  const isMore = choose(settings, sofar).chosen.length > 0;
  const [documents, pitches] = isMore
    ? await together(
        readDocuments(context, ground),
        Promise.all(read.map((pitch) => readFurther(context, known, pitch))),
      )
    : [[], read];
  const seen = { ...sofar, documents, pitches };
  const { chosen } = choose(settings, seen);
  const mayAsk =
    chosen.length > 0 || pitches.some((pitch) => pitch.kind === 'open' && pitch.document.kind === 'one');
  const [drafts, shown] = await together(
    readDrafts(
      context,
      { ground, documents },
      chosen.map(({ issue }) => issue.number),
    ),
    settings.engine !== 'outline' && mayAsk ? readContext(context, repository, ground) : Promise.resolve([]),
  );
  return {
    kind: 'live',
    now,
    account,
    ground,
    ...seen,
    deciders,
    byVerdict,
    drafts,
    context: shown,
    spentToday: before?.spentToday ?? spentOn(now.slice(0, 10), { pitches, account }),
    closedToUs: [
      ...(before?.closedToUs ?? []),
      ...(context.previous?.declined ?? []).flatMap(conversationsOf),
    ],
    answers: before?.answers ?? [],
  };
}

/** An open pitch with its document, where that was not needed before: it may name a vision that is about to be pitched. */
async function readFurther(
  context: Context,
  known: Pick<Live, 'ground'>,
  pitch: PitchSeen,
): Promise<PitchSeen> {
  if (pitch.kind !== 'open' || pitch.document.kind !== 'unread') return pitch;
  const { value, trouble } = await alone(() => withDocument(context, known, pitch));
  const { pull, visions, home } = pitch;
  return value ?? { pull, visions, home, kind: 'unread', trouble };
}

/** When the oldest vision was written that a closed pitch may be about: no pitch is older than its vision. */
function oldestOf(settings: Context['settings'], visions: Issue[], filed: Live['filed']): string | undefined {
  const times = visions
    .filter(
      ({ number, labels }) =>
        filed.some(({ vision }) => vision === number) ||
        !labels.some(({ name }) => name === settings['in-progress-label']),
    )
    .map(({ created_at }) => Date.parse(created_at ?? '') || 0);
  return times.length === 0 ? undefined : new Date(Math.min(...times)).toISOString();
}

async function readFormerPulls({ settings, send }: Context, since: string | undefined): Promise<Pull[]> {
  const lists = await Promise.all(
    settings['former-identities'].map((login) => recentPullsBy(send, settings['ops-repo'], login, since)),
  );
  return lists.flat();
}

/** More pull requests than these are not touched in two days, or all of ours are listed. */
const mostTouched = 500;

/** Pull requests on which this day's calls to a model may be recorded, where a limit asks for that. */
async function readSpending({ settings, send, now }: Context): Promise<Pull[]> {
  if (settings['max-cost-per-day'] === undefined) return [];
  const { pulls, complete } = await closedPullsSince(send, settings['ops-repo'], yesterday(now), mostTouched);
  return complete ? pulls : pullsBy(send, settings['ops-repo'], settings['forge-login']);
}

/**
 * Every sprint document on the branch, with or without a filer block; no folder is no document. Read many in one answer,
 * because they are never taken away. One that cannot be read is said, and names no vision that is known.
 */
async function readDocuments({ settings, send, kept }: Context, ground: Ground): Promise<Live['documents']> {
  const folder = (await listFolder(send, ground.repository, ground.commit, settings.sprints, kept)) ?? [];
  const files = folder.filter(({ path, type }) => path.endsWith('.md') && type !== 'tree');
  const blobs = await readBlobs(send, ground.repository, files.filter(isFile));
  return files.map(({ path: file, sha }) => {
    const blob = blobs.get(sha);
    return blob?.kind === 'read'
      ? { file, visions: visionsNamed(blob.bytes.toString('utf8')) }
      : {
          file,
          visions: [],
          trouble: blob?.kind === 'too-large' ? `it has ${blob.size} bytes` : 'it is no ordinary file',
        };
  });
}

/** What a run that was cut off may have left: a branch, and on it the documents that the ops repo does not have. */
async function readDrafts(
  { settings, send }: Context,
  { ground, documents }: Pick<Live, 'ground' | 'documents'>,
  visions: number[],
): Promise<Standing[]> {
  if (ground.fork === 'missing') return [];
  const found = await Promise.all(
    visions.map(async (vision) => {
      const branch = pitchBranch(vision);
      const standing = await readStanding(send, ground, branch, []);
      if (!standing.exists) return [];
      const names = await namesIn(send, ground.home, settings.sprints, branch);
      const paths = names
        .map((name) => `${settings.sprints}/${name}`)
        .filter((path) => path.endsWith('.md') && !documents.some(({ file }) => file === path));
      return [await readStanding(send, ground, branch, paths)];
    }),
  );
  return found.flat();
}
