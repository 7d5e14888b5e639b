import { repositoryName } from '../../core/api/send.ts';
import { UserError } from '../../core/errors.ts';
import { type Comment, listComments } from '../../core/forge/comments.ts';
import { findFile, getFile, namesIn } from '../../core/forge/contents.ts';
import { firstIssues, type Issue, listIssues } from '../../core/forge/issues.ts';
import { listLabels } from '../../core/forge/labels.ts';
import { listWriters } from '../../core/forge/people.ts';
import { listReviews, type Pull, pullFiles, pullsBy, type Review } from '../../core/forge/pulls.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { closedAfterComment } from '../../core/forge/timeline.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import type { ModelAnswer } from '../../core/model.ts';
import { type Ground, readGround, readStanding, type Standing } from '../../core/propose.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import { openBody } from '../../core/sprint/marker.ts';
import { visionsNamed } from '../../core/text/headings.ts';
import { together } from '../../core/together.ts';
import { choose, isPitch, partOf, visionsOf } from './choose.ts';
import { commandIn, counts } from './conversation.ts';
import type { settings } from './settings.ts';
import { branchOf, spentIn } from './text.ts';

export type PitchSettings = ValuesOf<typeof settings>;
type Context = ReadContext<typeof settings, PitchState>;

/** A pull request of ours that is, or was, a pitch. */
export interface PitchSeen {
  pull: Pull;
  visions: number[];
  /** The repository its branch is in; `null` when that is gone. */
  home: string | null;
  /** Whether what follows was read; it is for open pitches, and for others whose vision is open. */
  isRead: boolean;
  comments: Comment[];
  reviews: Review[];
  /** The one document it adds, as it is on its branch; only of open pitches. */
  document: { path: string; text: string; sha: string } | null;
  /** Comments with a REJECT that had its effect, after which somebody reopened it. */
  reopenedAfter: number[];
  /** Whether somebody who may decide wants another pitch in place of this one, which was closed. */
  again: boolean;
}

/** Everything the plan decides on: a plain object, read to its end or not at all. */
export interface PitchState extends State {
  /** Why nothing at all is done, or undefined. */
  inert: string | undefined;
  ground: Ground;
  /** Open issues of the project, or the first of them; `allIssues` says which. */
  issues: Issue[];
  allIssues: boolean;
  /** Open issues with the vision label, all of them. */
  visions: Issue[];
  /** Sprint documents on the ops repo's branch, and the visions they name. */
  documents: { file: string; visions: number[] }[];
  pitches: PitchSeen[];
  /** Pull requests by former identities. */
  formerPulls: Pull[];
  /** Logins that may decide now. */
  deciders: string[];
  /** Sub-issues that count; none when nobody was named who files them. */
  filed: { vision: number; number: number; closed: boolean }[];
  /** Branches of chosen visions that are there without a pull request. */
  drafts: { standing: Standing }[];
  /** What a model is shown beside the vision. */
  context: { name: string; text: string }[];
  /** What calls of this day cost, as our pull requests record it; `null` when a cost is not known. */
  spentToday: number | null;
  /** What models answered in this run, oldest first. */
  answers: { key: string; answer: ModelAnswer }[];
}

export async function read(context: Context): Promise<PitchState> {
  const { previous, facts } = context;
  if (facts.isPullRequest)
    return { ...nothing(context), inert: 'a pull request’s own copy of the pipeline proposes nothing' };
  if (previous === undefined) return readAll(context, [], undefined);
  const answers = [
    ...previous.state.answers,
    ...Object.entries(previous.answers).map(([key, answer]) => ({ key, answer })),
  ];
  // An answer changes nothing on the forge, so nothing is read again for it.
  const onlyAsked = previous.done.every(({ kind }) => kind === 'ask-model') && previous.declined.length === 0;
  if (onlyAsked && previous.done.length > 0) return { ...previous.state, now: context.now, answers };
  return readAll(context, answers, previous.state);
}

function nothing({ now }: Context): PitchState {
  return {
    now,
    inert: undefined,
    ground: { repository: '', base: '', commit: '', home: '', fork: 'not-needed', pulls: [] },
    issues: [],
    allIssues: true,
    visions: [],
    documents: [],
    pitches: [],
    formerPulls: [],
    deciders: [],
    filed: [],
    drafts: [],
    context: [],
    spentToday: 0,
    answers: [],
  };
}

async function readAll(
  context: Context,
  answers: PitchState['answers'],
  before: PitchState | undefined,
): Promise<PitchState> {
  const { settings, send, now } = context;
  const [ops, project] = [settings['ops-repo'], settings['project-repo']];
  refuseUnknownCosts(settings);
  const account = await getExpectedUser(send, settings['forge-login']);
  const [repository, ground, formerPulls, writers] = await together(
    getRepository(send, project),
    readGround(send, {
      repository: ops,
      branch: settings['ops-branch'],
      account,
      from: settings['propose-from'],
    }),
    readFormerPulls(context),
    settings.deciders.length > 0 ? Promise.resolve([]) : listWriters(send, ops),
  );
  refuseProject(settings, repository, account);
  const [{ issues, complete }, documents] = await together(
    firstIssues(send, project, 'open', mostPages),
    readDocuments(context, ground),
  );
  const visions = complete ? issues.filter((issue) => isVision(settings, issue)) : await listVisions(context);
  const never = [account.login, ...settings.bots].map((login) => login.toLowerCase());
  const state: PitchState = {
    ...nothing(context),
    now,
    account,
    ground,
    issues,
    allIssues: complete,
    visions,
    documents,
    formerPulls,
    deciders: [...settings.deciders, ...writers.map(({ login }) => login)].filter(
      (login) => !never.includes(login.toLowerCase()),
    ),
    answers,
  };
  [state.filed, state.pitches] = await together(
    readFiled(context, issues),
    Promise.all(ground.pulls.filter(isPitch).map((pull) => readPitchOf(context, state, pull))),
  );
  state.spentToday = before === undefined ? spentOn(state, now.slice(0, 10)) : before.spentToday;
  const { chosen } = choose(settings, state);
  const mayAsk = chosen.length > 0 || state.pitches.some(({ pull }) => pull.state === 'open');
  [state.drafts, state.context] = await together(
    readDrafts(
      context,
      state,
      chosen.map(({ issue }) => issue.number),
    ),
    settings.engine !== 'outline' && mayAsk ? readContext(context, repository, ground) : Promise.resolve([]),
  );
  return state;
}

/** Pages of open issues that are read for counting references. */
const mostPages = 10;

/** A limit on costs is kept or it is none: an engine whose costs nobody knows is refused with one. */
function refuseUnknownCosts(settings: PitchSettings): void {
  const { engine } = settings;
  const isLimited = settings['max-cost-per-run'] !== undefined || settings['max-cost-per-day'] !== undefined;
  if (!isLimited || engine === 'outline' || engine === 'claude-cli') return;
  if (engine === 'command')
    throw new UserError(
      'max-cost-per-run and max-cost-per-day cannot be kept with engine command: what a call costs is not known.',
      'Take the limits out, or use an engine that counts.',
    );
  if (settings['price-input'] === undefined || settings['price-output'] === undefined)
    throw new UserError(
      `A limit on costs needs the prices of ${engine}.`,
      'Set price-input and price-output, per million tokens, or take the limits out.',
    );
}

function refuseProject(settings: PitchSettings, project: Repository, account: User): void {
  if (!project.has_issues)
    throw new UserError(
      `Issues are switched off in ${project.full_name}.`,
      'Switch them on (Settings, Units), or name another project-repo.',
    );
  if (project.permissions?.push === true && !settings['allow-project-write'])
    throw new UserError(
      `${account.login} may push to ${project.full_name}: an account that writes pitches has to be one that can do nothing else there.`,
      `Take its write access to ${project.full_name} away, or give the role another account. allow-project-write: true runs it all the same.`,
    );
}

function isVision(settings: PitchSettings, issue: Issue): boolean {
  return issue.labels.some(({ name }) => name === settings['vision-label']);
}

/** By label only where exactly one label has that name: of two the forge finds none, of none it finds everything. */
async function listVisions({ settings, send }: Context): Promise<Issue[]> {
  const project = settings['project-repo'];
  const label = settings['vision-label'];
  const labels = (await listLabels(send, project)).filter(({ name }) => name === label);
  if (labels.length !== 1)
    throw new UserError(
      `${project} has ${labels.length} labels named ${label}, and too many open issues to look through.`,
      'Make exactly one label of that name.',
    );
  const found = await listIssues(send, project, { state: 'open', label });
  return found.filter((issue) => isVision(settings, issue));
}

async function readFormerPulls({ settings, send }: Context): Promise<Pull[]> {
  const lists = await Promise.all(
    settings['former-identities'].map((login) => pullsBy(send, settings['ops-repo'], login)),
  );
  return lists.flat();
}

/** Every sprint document on the branch, with or without a filer block. No folder is no document. */
async function readDocuments({ settings, send }: Context, ground: Ground): Promise<PitchState['documents']> {
  const names = await namesIn(send, ground.repository, settings.sprints, ground.commit);
  return Promise.all(
    names
      .filter((name) => name.endsWith('.md'))
      .map(async (name) => {
        const file = `${settings.sprints}/${name}`;
        const { bytes } = await getFile(send, ground.repository, file, ground.commit);
        return { file, visions: visionsNamed(bytes.toString('utf8')) };
      }),
  );
}

async function readPitchOf(context: Context, state: PitchState, pull: Pull): Promise<PitchSeen> {
  const { settings, send, now } = context;
  const ops = state.ground.repository;
  const isOpen = pull.state === 'open';
  const byText = visionsOf(pull);
  const isOfToday =
    settings['max-cost-per-day'] !== undefined && pull.updated_at.slice(0, 10) >= yesterday(now);
  const isRead = isOpen || isOfToday || state.visions.some(({ number }) => byText.includes(number));
  const seen: PitchSeen = {
    pull,
    visions: byText,
    home: homeOf(state, pull),
    isRead,
    comments: [],
    reviews: [],
    document: null,
    reopenedAfter: [],
    again: false,
  };
  if (!isRead) return seen;
  const [comments, reviews, document] = await together(
    listComments(send, ops, pull.number),
    isOpen ? listReviews(send, ops, pull.number) : Promise.resolve([]),
    isOpen ? readDocument(context, ops, pull) : Promise.resolve(null),
  );
  const rejections = isOpen
    ? comments.filter((comment) => counts(state, comment) && commandIn(comment.body)?.word === 'REJECT')
    : [];
  const reopened = await Promise.all(
    rejections.map(async (comment) =>
      (await closedAfterComment(send, ops, pull.number, comment)) ? [comment.id] : [],
    ),
  );
  return {
    ...seen,
    // The document says what it is about; the branch was named when it began.
    visions: [...new Set([...(document === null ? [] : visionsNamed(document.text)), ...byText])],
    comments,
    reviews,
    document,
    reopenedAfter: reopened.flat(),
    again:
      !isOpen &&
      !pull.merged &&
      comments.some((comment) => counts(state, comment) && commandIn(comment.body)?.word === 'PITCH AGAIN'),
  };
}

/** Times of the forge may be in any zone; a day more is read than counts. */
function yesterday(now: string): string {
  return new Date(Date.parse(now) - 86_400_000).toISOString().slice(0, 10);
}

/** Where the branch of one of our pull requests is. */
function homeOf({ ground, account }: PitchState, { head, base }: Pull): string | null {
  if (head.repo_id === base.repo_id) return ground.repository;
  return head.repo_id > 0 ? `${account?.login}/${repositoryName(ground.repository).repo}` : null;
}

/** The one document a pull request adds or changes below the folder for sprints; `null` when it is not just one. */
async function readDocument(
  { settings, send }: Context,
  ops: string,
  pull: Pull,
): Promise<PitchSeen['document']> {
  const files = (await pullFiles(send, ops, pull.number)).filter(
    ({ filename, status }) =>
      filename.startsWith(`${settings.sprints}/`) && filename.endsWith('.md') && status !== 'deleted',
  );
  const [only] = files;
  if (only === undefined || files.length > 1) return null;
  const found = await findFile(send, ops, only.filename, pull.head.sha);
  return found === undefined
    ? null
    : { path: only.filename, text: found.bytes.toString('utf8'), sha: found.sha };
}

/** Sub-issues by the filer, and open ones by whoever may write to the project. Anybody else's marker is only a text. */
async function readFiled({ settings, send }: Context, issues: Issue[]): Promise<PitchState['filed']> {
  const filer = settings['filer-login'];
  if (filer === undefined) return [];
  const project = settings['project-repo'];
  const [own, writers] = await together(
    listIssues(send, project, { state: 'all', createdBy: filer }),
    listWriters(send, project),
  );
  const trusted = new Set(writers.map(({ id }) => id));
  const byOthers = issues.filter(
    ({ number, user }) =>
      user != null && trusted.has(user.id) && !own.some((issue) => issue.number === number),
  );
  return [...own, ...byOthers].flatMap((issue) => {
    const vision = own.includes(issue)
      ? (openBody(issue.body)?.mark.vision ?? partOf(issue.body))
      : partOf(issue.body);
    return vision === undefined ? [] : [{ vision, number: issue.number, closed: issue.state === 'closed' }];
  });
}

/** What a run that was cut off may have left: a branch, and on it the documents that the ops repo does not have. */
async function readDrafts(
  { settings, send }: Context,
  { ground, documents }: PitchState,
  visions: number[],
): Promise<PitchState['drafts']> {
  if (ground.fork === 'missing') return [];
  const found = await Promise.all(
    visions.map(async (vision) => {
      const branch = branchOf(vision);
      const standing = await readStanding(send, ground, branch, []);
      if (!standing.exists) return [];
      const names = await namesIn(send, ground.home, settings.sprints, branch);
      const paths = names
        .map((name) => `${settings.sprints}/${name}`)
        .filter((path) => path.endsWith('.md') && !documents.some(({ file }) => file === path));
      return [{ standing: await readStanding(send, ground, branch, paths) }];
    }),
  );
  return found.flat();
}

/** Files for the model to read; one that is not there is left out, one that cannot be read is an error. */
async function readContext(
  { settings, send }: Context,
  project: Repository,
  ground: Ground,
): Promise<PitchState['context']> {
  const wanted = [
    ...settings['context-files'].map((path) => ({
      repository: project.full_name,
      path,
      ref: project.default_branch,
    })),
    { repository: ground.repository, path: 'prerequisites.md', ref: ground.commit },
  ];
  const found = await Promise.all(
    wanted.map(async ({ repository, path, ref }) => ({
      name: `${path} of ${repository}`,
      file: await findFile(send, repository, path, ref),
    })),
  );
  return found.flatMap(({ name, file }) =>
    file === undefined ? [] : [{ name, text: file.bytes.toString('utf8') }],
  );
}

/** What the calls of a day cost, by the hidden lines in our pull requests and our comments on them. */
function spentOn({ pitches, account }: PitchState, day: string): number | null {
  const texts = pitches.flatMap(({ pull, comments }) => [
    pull.body,
    ...comments.filter(({ user }) => user?.id === account?.id).map(({ body }) => body),
  ]);
  const costs = texts.flatMap((text) => spentIn(text, day));
  return costs.some((cost) => cost === null)
    ? null
    : costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0);
}
