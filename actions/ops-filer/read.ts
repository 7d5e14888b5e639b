import { sameAccount, sameRepository } from '../../core/accounts.ts';
import { ifThere, isApiError } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { UserError } from '../../core/errors.ts';
import { listComments } from '../../core/forge/comments.ts';
import { getIssue, type Issue, listDependencies, listIssues } from '../../core/forge/issues.ts';
import { listLabels, listOrganisationLabels } from '../../core/forge/labels.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { closedAfterComment } from '../../core/forge/timeline.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { type OpsFolder, type RawDocument, readOpsFolder } from '../../core/ops-folder.ts';
import { ownComments } from '../../core/own-comment.ts';
import { conversationsOf } from '../../core/plan.ts';
import type { Previous } from '../../core/role.ts';
import type { SprintFile } from '../../core/sprint/sprint.ts';
import { together } from '../../core/together.ts';
import {
  closingSign,
  duplicates,
  finishedVisions,
  neededLabels,
  ownIssues,
  visionsToFileFor,
  wantedDependencies,
} from './filed.ts';
import type { Context, FilerState, Filing } from './state.ts';

export async function read(context: Context): Promise<FilerState> {
  const { previous } = context;
  return previous?.state.kind === 'filing'
    ? readAgain(context, { ...previous, state: previous.state })
    : readAll(context);
}

async function readAll(context: Context): Promise<FilerState> {
  const { settings, facts, send, now } = context;
  const project = settings['project-repo'];
  if (facts.isPullRequest) return validating(now, await readDocuments(context));
  const [account, repository, labels, issues, source] = await together(
    getExpectedUser(send, settings['forge-login']),
    getRepository(send, project),
    listLabels(send, project),
    issuesOfAccounts(context),
    readDocuments(context),
  );
  // An empty list proves nothing while issues are switched off: the forge answers 200 to that, too.
  if (!repository.has_issues)
    throw new UserError(
      `Issues are switched off in ${project}.`,
      'Switch them on (Settings, Units), or name another project-repo.',
    );
  if (repository.archived)
    throw new UserError(
      `${project} is archived, so nothing can be filed there.`,
      'Unarchive it, or name another project-repo.',
    );
  if (source.unmerged !== undefined) return validating(now, source);

  const state: Filing = {
    kind: 'filing',
    now,
    account,
    documents: source.documents,
    outdated: source.outdated,
    dependenciesOn: repository.internal_tracker?.enable_issue_dependencies === true,
    labels,
    organisationLabelsUnread: false,
    issues: oursOf(issues, account),
    visions: [],
    dependencies: [],
    closing: [],
    closedToUs: [],
  };
  // Without a filer block anywhere there is nothing to file and no vision to close.
  if (source.documents.every(({ kind }) => kind === 'no-block')) return state;
  const missing = neededLabels(settings, state).some((name) => !labels.some((label) => label.name === name));
  const organisation = missing ? await listOrganisationLabels(send, repository.owner.login) : [];
  if (organisation === 'unread') state.organisationLabelsUnread = true;
  else state.labels = [...labels, ...organisation];
  const visionLabels = state.labels.filter(({ name }) => name === settings['vision-label']);
  // Filtering is safe only with exactly one label of that name; a filter that does not know labels of
  // organisations (17's does) answers with more than was asked for, never with less.
  const open =
    visionLabels.length === 1
      ? await listIssues(send, project, { state: 'open', label: settings['vision-label'] })
      : [];
  state.visions = open.filter((issue) => issue.labels.some(({ name }) => name === settings['vision-label']));
  return complete(context, state);
}

function validating(now: string, { documents, unmerged }: Source): FilerState {
  return { kind: 'validating', now, documents, why: unmerged ?? 'it is not merged' };
}

/** What each of our accounts wrote, as one list. The present account by its id: its login may have been another's before. */
function oursOf([present = [], ...former]: Issue[][], account: User): Issue[] {
  return [...present.filter(({ user }) => sameAccount(user, account)), ...former.flat()];
}

/** Later rounds read only what our own writes, or another run at the same moment, can have changed. */
async function readAgain(
  context: Context,
  { state: before, done, declined, made }: Previous<Filing>,
): Promise<Filing> {
  const { settings, send } = context;
  const project = settings['project-repo'];
  const hasClosed = done.some((change) => change.kind === 'close-issue');
  const [lists, visions] = await together(
    issuesOfAccounts(context),
    hasClosed
      ? listIssues(send, project, { state: 'open', label: settings['vision-label'] })
      : Promise.resolve(before.visions),
  );
  const known = new Map(before.dependencies.map(({ issue, on }) => [issue, on]));
  for (const number of Object.values(made)) if (!known.has(number)) known.set(number, []);
  for (const change of done) {
    if (change.kind === 'add-dependency')
      known.set(change.issue, [...(known.get(change.issue) ?? []), change.on]);
    if (change.kind === 'remove-dependency')
      known.set(
        change.issue,
        (known.get(change.issue) ?? []).filter((on) => on !== change.on),
      );
  }
  return complete(context, {
    ...before,
    now: context.now,
    issues: oursOf(lists, before.account),
    visions: visions.filter((issue) => issue.labels.some(({ name }) => name === settings['vision-label'])),
    dependencies: [...known].map(([issue, on]) => ({ issue, on })),
    closedToUs: [...before.closedToUs, ...declined.flatMap(conversationsOf)],
  });
}

/** What can only be asked for once the lists are known: dependencies, visions outside the list, and what closing needs. */
async function complete(context: Context, state: Filing): Promise<Filing> {
  const { settings, send } = context;
  const project = settings['project-repo'];
  const own = ownIssues(state.issues);

  const known = new Set(state.dependencies.map(({ issue }) => issue));
  const wanted = state.dependenciesOn
    ? [
        ...wantedDependencies(state.documents, own).filter(({ on }) => keepsOpen(state.issues, on)),
        ...duplicates(own).map(({ issue }) => ({ issue: issue.number, on: [] })),
      ]
    : [];
  const unknownVisions = visionsToFileFor(state.documents, own).filter(
    (number) => !state.visions.some((vision) => vision.number === number),
  );
  const finished = settings['close-visions'] ? finishedVisions(state.documents, own, state.visions) : [];
  const [dependencies, visions, closing] = await together(
    Promise.all(
      wanted
        .filter(({ issue }) => !known.has(issue))
        .map(async ({ issue, on }) => ({ issue, on: await dependenciesInside(send, project, issue, on) })),
    ),
    Promise.all(unknownVisions.map((number) => visionOrNothing(send, project, number))),
    Promise.all(
      finished.map(async (vision) => ({
        vision: vision.number,
        ...(await inTheWay(context, state, vision)),
      })),
    ),
  );
  return {
    ...state,
    dependencies: [...state.dependencies, ...dependencies],
    visions: [...state.visions, ...visions.flat()],
    closing,
  };
}

/**
 * Whether a dependency on one of these still keeps an issue open. On closed ones alone it does nothing any more, so that it
 * is not asked for: it was added when the issue was filed, and a project of many years would cost a call for each.
 */
function keepsOpen(issues: Issue[], on: number[]): boolean {
  return issues.some((issue) => issue.state === 'open' && on.includes(issue.number));
}

/** What each of our accounts wrote, the present one first. */
function issuesOfAccounts({ settings, send }: Context): Promise<Issue[][]> {
  const project = settings['project-repo'];
  const former = settings['former-identities'].map(async (login) => {
    try {
      return await listIssues(send, project, { state: 'all', createdBy: login });
    } catch (error) {
      if (!isApiError(error, 'not-found')) throw error;
      throw new UserError(
        `The forge does not know ${login}, whom former-identities names (or ${project} may not be seen).`,
        'Take the name out, or correct it: what a deleted account filed belongs to nobody any more.',
        { cause: error },
      );
    }
  });
  const own = listIssues(send, project, { state: 'all', createdBy: settings['forge-login'] });
  return Promise.all([own, ...former]);
}

async function dependenciesInside(
  send: Send,
  project: string,
  issue: number,
  wanted: number[],
): Promise<number[]> {
  const all = await listDependencies(send, project, issue, wanted);
  return all.filter((item) => sameRepository(item.repository.full_name, project)).map(({ number }) => number);
}

/** An issue that a document calls its vision; none when there is no such number. */
async function visionOrNothing(send: Send, project: string, number: number): Promise<Issue[]> {
  const issue = await ifThere(getIssue(send, project, number));
  return issue === undefined ? [] : [issue];
}

async function inTheWay(
  context: Context,
  state: Filing,
  vision: Issue,
): Promise<{ blockedBy: number[]; isReopened: boolean }> {
  const { send, settings } = context;
  const project = settings['project-repo'];
  const [linked, comments] = await together(
    state.dependenciesOn ? listDependencies(send, project, vision.number) : Promise.resolve([]),
    listComments(send, project, vision.number),
  );
  const [comment] = ownComments(comments, state.account, closingSign(state.documents, vision.number));
  return {
    blockedBy: linked.filter((item) => item.state === 'open').map(({ number }) => number),
    // Our word is there and the vision is open: either we were cut off before closing it, or somebody reopened it.
    isReopened: comment !== undefined && (await closedAfterComment(send, project, vision.number, comment)),
  };
}

/** The sprint documents, and how far they may be believed. */
interface Source extends Pick<OpsFolder, 'unmerged' | 'outdated'> {
  documents: SprintFile[];
}

async function readDocuments(context: Context): Promise<Source> {
  const { settings, facts, send } = context;
  const { files, unmerged, outdated } = await readOpsFolder({
    send,
    facts,
    ops: settings['ops-repo'],
    branch: settings['ops-branch'],
    folder: settings.sprints,
    extension: '.md',
    ...(context.opsHead === undefined ? {} : { head: context.opsHead }),
    kept: context.kept,
    pause: context.pause,
  });
  return { documents: await parseAll(files, context), unmerged, outdated };
}

/** The parser, and YAML with it, is loaded only when a document has a filer block. */
async function parseAll(raw: RawDocument[], { mask }: Context): Promise<SprintFile[]> {
  const marked = raw.map(({ file, bytes }) => ({ file, bytes, text: Buffer.from(bytes).toString('utf8') }));
  if (!marked.some(({ text }) => /filer/i.test(text)))
    return raw.map(({ file }) => ({ kind: 'no-block', file }));
  const { parseSprint } = await import('../../core/sprint/sprint.ts');
  return marked.map(({ file, bytes, text }) => {
    const parsed = parseSprint(file, bytes);
    const secret = parsed.kind === 'sprint' ? mask.find(text) : -1;
    if (parsed.kind !== 'sprint' || secret < 0) return parsed;
    const before = text.slice(0, secret).split('\n');
    const fault = {
      file,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      message: 'a secret that this run knows stands here: take it out, and revoke it',
    };
    return { kind: 'faulty', file, faults: [fault], visions: [parsed.sprint.vision] };
  });
}
