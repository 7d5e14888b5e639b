import { ifThere, isApiError } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { UserError } from '../../core/errors.ts';
import { listComments } from '../../core/forge/comments.ts';
import {
  getIssue,
  type Issue,
  listDependencies,
  listIssues,
  sameRepository,
} from '../../core/forge/issues.ts';
import { type Label, listLabels, listOrganisationLabels } from '../../core/forge/labels.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { closedAfterComment } from '../../core/forge/timeline.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { type RawDocument, readOpsFolder } from '../../core/ops-folder.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
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
import type { settings } from './settings.ts';

export type FilerSettings = ValuesOf<typeof settings>;
type Context = ReadContext<typeof settings, FilerState>;

/** Everything the plan decides on: a plain object, read to its end or not at all. */
export interface FilerState extends State {
  documents: SprintFile[];
  /** Why documents are only validated, or undefined when they are to be filed. */
  validateOnly: string | undefined;
  /** Why these documents may be older than the ops repo's branch, or undefined when they are its head. */
  outdated: string | undefined;
  /** Whether the project has issue dependencies switched on. */
  dependenciesOn: boolean;
  /** The project's labels; its organisation's too, when a name was missing. */
  labels: Label[];
  /** Whether a name was missing and the token may not read the organisation's labels, if there is one. */
  organisationLabelsUnread: boolean;
  /** Issues written by our account or a former one, open and closed. */
  issues: Issue[];
  /** Open issues with the vision label, and any other issue that a document with something to file calls its vision. */
  visions: Issue[];
  /** For our own open issues that should depend on others: what they depend on in the same repository. */
  dependencies: { issue: number; on: number[] }[];
  /** For visions whose entries are all closed: what stands in the way of closing them. */
  closing: { vision: number; blockedBy: number[]; reopened: boolean }[];
}

export async function read(context: Context): Promise<FilerState> {
  const { previous } = context;
  return previous === undefined ? readAll(context) : readAgain(context, previous);
}

async function readAll(context: Context): Promise<FilerState> {
  const { settings, facts, send } = context;
  const project = settings['project-repo'];
  const empty = {
    now: context.now,
    account: null,
    outdated: undefined,
    dependenciesOn: false,
    labels: [],
    organisationLabelsUnread: false,
    issues: [],
    visions: [],
    dependencies: [],
    closing: [],
  };
  if (facts.isPullRequest) {
    return { ...empty, ...(await readDocuments(context)) };
  }
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

  const state: FilerState = {
    ...empty,
    ...source,
    account,
    dependenciesOn: repository.internal_tracker?.enable_issue_dependencies === true,
    labels,
    // By id as well: a login can be given to another account after it was freed.
    issues: issues.flatMap((list, index) =>
      list.filter((issue) => index > 0 || issue.user?.id === account.id),
    ),
  };
  // Without a filer block anywhere there is nothing to file and no vision to close.
  if (source.validateOnly !== undefined || source.documents.every(({ kind }) => kind === 'no-block'))
    return state;
  const missing = neededLabels(settings, state).some((name) => !labels.some((label) => label.name === name));
  const organisation = missing ? await listOrganisationLabels(send, repository.owner.login) : [];
  if (organisation === 'unread') state.organisationLabelsUnread = true;
  else state.labels = [...labels, ...organisation];
  const visionLabels = state.labels.filter(({ name }) => name === settings['vision-label']);
  // Filtering is safe only with exactly one label of that name; the filter does not know organisation labels, and
  // then answers with more than was asked for, never with less.
  const open =
    visionLabels.length === 1
      ? await listIssues(send, project, { state: 'open', label: settings['vision-label'] })
      : [];
  state.visions = open.filter((issue) => issue.labels.some(({ name }) => name === settings['vision-label']));
  return complete(context, state);
}

/** Later rounds read only what our own writes, or another run at the same moment, can have changed. */
async function readAgain(context: Context, previous: NonNullable<Context['previous']>): Promise<FilerState> {
  const { settings, send } = context;
  const project = settings['project-repo'];
  const before = previous.state;
  const closed = previous.done.some((change) => change.kind === 'close-issue');
  const [lists, visions] = await together(
    issuesOfAccounts(context),
    closed
      ? listIssues(send, project, { state: 'open', label: settings['vision-label'] })
      : Promise.resolve(before.visions),
  );
  const known = new Map(before.dependencies.map(({ issue, on }) => [issue, on]));
  for (const number of Object.values(previous.made)) if (!known.has(number)) known.set(number, []);
  for (const change of previous.done) {
    if (change.kind === 'add-dependency')
      known.set(change.issue, [...(known.get(change.issue) ?? []), change.on]);
    if (change.kind === 'remove-dependency')
      known.set(
        change.issue,
        (known.get(change.issue) ?? []).filter((on) => on !== change.on),
      );
  }
  const state: FilerState = {
    ...before,
    now: context.now,
    issues: lists.flatMap((list, index) =>
      list.filter((issue) => index > 0 || issue.user?.id === before.account?.id),
    ),
    visions: visions.filter((issue) => issue.labels.some(({ name }) => name === settings['vision-label'])),
    dependencies: [...known].map(([issue, on]) => ({ issue, on })),
  };
  return complete(context, state);
}

/** What can only be asked for once the lists are known: dependencies, visions outside the list, and what closing needs. */
async function complete(context: Context, state: FilerState): Promise<FilerState> {
  const { settings, send } = context;
  const project = settings['project-repo'];
  const own = ownIssues(state.issues);

  const known = new Set(state.dependencies.map(({ issue }) => issue));
  const wanted = state.dependenciesOn
    ? [
        ...wantedDependencies(state.documents, own),
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
  state: FilerState,
  vision: Issue,
): Promise<{ blockedBy: number[]; reopened: boolean }> {
  const { send, settings } = context;
  const project = settings['project-repo'];
  const [linked, comments] = await together(
    state.dependenciesOn ? listDependencies(send, project, vision.number) : Promise.resolve([]),
    listComments(send, project, vision.number),
  );
  const sign = closingSign(state.documents, vision.number);
  const comment = comments.find((item) => item.user?.id === state.account?.id && item.body.includes(sign));
  return {
    blockedBy: linked.filter((item) => item.state === 'open').map(({ number }) => number),
    // Our word is there and the vision is open: either we were cut off before closing it, or somebody reopened it.
    reopened: comment !== undefined && (await closedAfterComment(send, project, vision.number, comment)),
  };
}

async function readDocuments(
  context: Context,
): Promise<Pick<FilerState, 'documents' | 'validateOnly' | 'outdated'>> {
  const { settings, facts, send } = context;
  const { files, unmerged, outdated } = await readOpsFolder({
    send,
    facts,
    ops: settings['ops-repo'],
    branch: settings['ops-branch'],
    folder: settings.sprints,
    extension: '.md',
  });
  return { documents: await parseAll(files, context), validateOnly: unmerged, outdated };
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
