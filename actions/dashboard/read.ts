import { namesLogin, sameAccount, sameRepository } from '../../core/accounts.ts';
import { UserError } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { findFile } from '../../core/forge/contents.ts';
import { listIssues } from '../../core/forge/issues.ts';
import { listWriters } from '../../core/forge/people.ts';
import { openPulls } from '../../core/forge/pulls.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { runsSince } from '../../core/forge/runs.ts';
import { trackedSince } from '../../core/forge/tracked.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import { openBody } from '../../core/sprint/marker.ts';
import { together } from '../../core/together.ts';
import { pipelinesSince } from '../../core/woodpecker/history.ts';
import { lookupRepository } from '../../core/woodpecker/pipelines.ts';
import { readDocuments, readVaultRecords } from './read-documents.ts';
import { readAgents, readProposals } from './read-records.ts';
import type { Context, DashboardState, Found, LiveState, Place, Seen, Work } from './state.ts';
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
  const at = async (path: string): Promise<Found> => {
    const found = await findFile(send, repository, path, branch);
    return found === undefined ? null : { text: found.bytes.toString('utf8'), sha: found.sha };
  };
  const [text, picture] = await Promise.all([at(pagePath), at(picturePath)]);
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
    expected,
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
    readExpected(context, ops.full_name),
    sameRepository(recordRepo, ops.full_name) ? Promise.resolve(ops) : getRepository(send, recordRepo),
  );
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
    bots: [...new Set([account.login, ...settings.bots])],
    work,
    opsPulls: pulls.map(({ number, title, head, created_at }) => ({
      number,
      title,
      head: head.ref,
      created: created_at ?? null,
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
    expected: expected.runs,
    leftOut: [
      ...expected.leftOut,
      ...documents.leftOut,
      ...records.leftOut,
      ...proposals.leftOut,
      ...agents.leftOut,
    ],
  };
}

/** When the pipelines that have to run last did. */
async function readExpected(
  { settings, send, woodpecker, now }: Context,
  ops: string,
): Promise<{ runs: Seen['expected']; leftOut: string[] }> {
  const wanted = settings['expected-runs'].map((item) => {
    const at = item.lastIndexOf('=');
    const [amount, unit] = [Number(item.slice(at + 1, -1)), item.at(-1)];
    return { name: item.slice(0, at), withinMs: amount * (unit === 'd' ? 86_400_000 : 3_600_000) };
  });
  if (wanted.length === 0) return { runs: [], leftOut: [] };
  const most = 500;
  // Twice as long, so that one that is late is still found.
  const since = Date.parse(now) - 2 * Math.max(...wanted.map(({ withinMs }) => withinMs));
  const [runs, pipelines] = await together(
    runsSince(send, ops, new Date(since).toISOString(), most),
    woodpecker === undefined
      ? Promise.resolve(undefined)
      : lookupRepository(woodpecker, ops).then((id) =>
          pipelinesSince(woodpecker, id, Math.floor(since / 1000), most),
        ),
  );
  const all = [
    ...(runs?.runs ?? []).map(({ workflow_id: name, created }) => ({
      name,
      at: new Date(Date.parse(created)).toISOString(),
    })),
    ...(pipelines?.pipelines ?? []).flatMap(({ cron, created }) =>
      cron == null || cron === '' ? [] : [{ name: cron, at: new Date(created * 1000).toISOString() }],
    ),
  ];
  const found = wanted.map(({ name, withinMs }) => ({
    name,
    withinMs,
    last:
      all
        .filter((item) => item.name === name)
        .map(({ at }) => at)
        .sort()
        .at(-1) ?? null,
  }));
  const isCut = runs?.complete === false || pipelines?.complete === false;
  return {
    runs: found,
    leftOut:
      isCut && found.some(({ last }) => last === null) ? [`runs of pipelines before the newest ${most}`] : [],
  };
}
