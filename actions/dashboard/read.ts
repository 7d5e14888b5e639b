import { namesLogin, sameAccount, sameRepository } from '../../core/accounts.ts';
import { UserError } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { findText } from '../../core/forge/contents.ts';
import { listIssues } from '../../core/forge/issues.ts';
import { listWriters } from '../../core/forge/people.ts';
import { openPulls } from '../../core/forge/pulls.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { trackedSince } from '../../core/forge/tracked.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import { openBody } from '../../core/sprint/marker.ts';
import { together } from '../../core/together.ts';
import { openQuestions } from './questions.ts';
import { readDocuments, readVaultRecords } from './read-documents.ts';
import { readAgents, readProposals } from './read-records.ts';
import { readRuns } from './read-runs.ts';
import type { Context, DashboardState, LiveState, Place, Seen, Work } from './state.ts';
import { begin, pagePath, picturePath } from './text.ts';

export async function read(context: Context): Promise<DashboardState> {
  const { settings, send, facts, now, previous } = context;
  if (facts.isPullRequest) return { kind: 'inert', now };
  const before = previous?.state.kind === 'live' ? previous.state : undefined;
  // What we wrote ourselves is all that can differ in a later round of the same run.
  if (before !== undefined && before.account !== undefined) {
    const [issue, page] = await together(
      readIssue(context, before.repository, before.account),
      readPage(context, before.repository, before.branch, before.page?.isDeclined),
    );
    return { ...before, issue, page };
  }
  const account = await getExpectedUser(send, settings['forge-login']);
  const repository = await getRepository(send, settings['ops-repo']);
  if (!repository.has_issues)
    throw new UserError(
      `${repository.full_name} has its issues switched off, so the dashboard has no place.`,
      'Switch issues on in its settings, or correct ops-repo.',
    );
  const branch = settings['ops-branch'] ?? repository.default_branch;
  const commit =
    context.opsHead ?? (context.opsBranch ?? (await getBranch(send, repository.full_name, branch))).commit.id;
  const [seen, issue, page] = await together(
    readSeen(context, repository, commit, account),
    readIssue(context, repository.full_name, account),
    readPage(context, repository.full_name, branch),
  );
  return { kind: 'live', now, account, repository: repository.full_name, branch, seen, issue, page };
}

async function readIssue({ send }: Context, repository: string, account: User): Promise<LiveState['issue']> {
  const issues = (await listIssues(send, repository, { state: 'all', createdBy: account.login }))
    .filter(({ user, body }) => sameAccount(user, account) && body.includes(begin))
    .sort((a, b) => b.number - a.number);
  const found = issues.find(({ state }) => state === 'open') ?? issues[0];
  return found === undefined
    ? null
    : {
        number: found.number,
        isOpen: found.state === 'open',
        body: found.body,
        assignees: (found.assignees ?? []).map(({ login }) => login),
      };
}

async function readPage(
  { settings, send, previous }: Context,
  repository: string,
  branch: string,
  wasDeclined = false,
): Promise<LiveState['page']> {
  if (!settings.page) return null;
  const [text, picture] = await Promise.all([
    findText(send, repository, pagePath, branch),
    findText(send, repository, picturePath, branch),
  ]);
  const isDeclined =
    wasDeclined ||
    previous?.declined.some((change) => writesFile(change, pagePath) || writesFile(change, picturePath)) ===
      true;
  return { text, picture, isDeclined };
}

async function readSeen(context: Context, ops: Repository, commit: string, account: User): Promise<Seen> {
  const { settings, send, now } = context;
  const project = await getRepository(send, settings['project-repo']);
  // With issues switched off the forge says that there is none.
  if (!project.has_issues)
    throw new UserError(
      `${project.full_name} has its issues switched off, so nothing is known of them.`,
      'Switch issues on in its settings, or correct project-repo.',
    );
  const isBot = (login: string): boolean => namesLogin([account.login, ...settings.bots], login);
  const since = Date.parse(now) - settings['recent-days'] * 86_400_000;
  const recordRepo = settings['record-repo'] ?? ops.full_name;
  const [
    items,
    opsWriters,
    projectWriters,
    pulls,
    documents,
    records,
    proposals,
    agents,
    pipelines,
    recordsHome,
  ] = await together(
    trackedSince(send, project.full_name, undefined),
    listWriters(send, ops.full_name),
    listWriters(send, project.full_name),
    openPulls(send, ops.full_name),
    readDocuments(context, ops.full_name, commit),
    readVaultRecords(context, recordRepo, since),
    readProposals(context),
    readAgents(context, since),
    readRuns(context, ops.full_name, settings['ops-branch'] ?? ops.default_branch),
    sameRepository(recordRepo, ops.full_name) ? Promise.resolve(ops) : getRepository(send, recordRepo),
  );
  const approvers = opsWriters
    .map(({ login }) => login)
    .filter((login) => !isBot(login) && namesLogin(documents.approvers ?? [], login))
    .sort();
  const filers =
    settings['filer-login'] === undefined
      ? projectWriters.map(({ login }) => login)
      : [settings['filer-login']];
  const work = items.map((item): Work => {
    const mark = openBody(item.body ?? '')?.mark;
    const author = item.user?.login ?? null;
    return {
      number: item.number,
      kind: item.pull_request == null ? 'issue' : 'pull',
      title: item.title,
      author,
      labels: item.labels,
      isOpen: item.state === 'open',
      created: item.created_at,
      // Anybody may write such a line: it counts in an issue of somebody who may write to the project.
      vision: mark !== undefined && author !== null && namesLogin(filers, author) ? mark.vision : null,
    };
  });
  const homes: [Place, { private?: boolean | null | undefined } | undefined][] = [
    ['ops', ops],
    ['project', project],
    ['records', recordsHome],
    ['proposals', proposals.home],
    ['state', agents.home],
  ];
  const { spent, ...vault } = records;
  return {
    forgeUrl: settings['forge-url'],
    repositories: {
      ops: ops.full_name,
      project: project.full_name,
      records: recordRepo,
      proposals: settings['proposal-repo'] ?? '',
      state: settings['state-repo'] ?? '',
    },
    isPublic: ops.private !== true,
    // Of a repository of which that is not said, nobody may think that it is public.
    private: homes.flatMap(([place, home]) => (home === undefined || home.private === false ? [] : [place])),
    people: {
      ops: opsWriters
        .map(({ login }) => login)
        .filter((login) => !isBot(login))
        .sort(),
      project: projectWriters
        .map(({ login }) => login)
        .filter((login) => !isBot(login))
        .sort(),
    },
    // Whoever may not write cannot approve, and cannot be an assignee either.
    approvers: approvers.length === 0 ? null : approvers,
    bots: [...new Set([account.login, ...settings.bots])],
    work,
    opsPulls: pulls.map(({ number, title, head, body, created_at }) => ({
      number,
      title,
      head: head.ref,
      created: created_at ?? null,
      questions: openQuestions(body),
    })),
    pending: documents.pending,
    tree: documents.tree,
    evidence: documents.evidence,
    actions: await documents.actions((id) => spent.has(id)),
    ...vault,
    proposals: proposals.open,
    agents: agents.agents,
    frozen: agents.frozen,
    runs: agents.runs,
    expected: pipelines.expected,
    red: pipelines.red,
    leftOut: [
      ...pipelines.leftOut,
      ...documents.leftOut,
      ...records.leftOut,
      ...proposals.leftOut,
      ...agents.leftOut,
    ],
  };
}
