import { namesLogin, sameAccount, sameLogin, sameRepository } from '../../core/accounts.ts';
import { entryPath, type IssueName, issueName, parseEntry, recordFolder } from '../../core/agent/entry.ts';
import { parseRunRecord, type RunRecord } from '../../core/agent/run-record.ts';
import { alone } from '../../core/api/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { listComments } from '../../core/forge/comments.ts';
import { type Issue, listDependencies, listIssues } from '../../core/forge/issues.ts';
import { type Label, listLabels } from '../../core/forge/labels.ts';
import { isOrgMember } from '../../core/forge/people.ts';
import { openPulls, type Pull } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import type { Snapshot } from '../../core/forge/snapshot.ts';
import { labelSetting } from '../../core/forge/timeline.ts';
import type { People } from '../../core/vault/read-rights.ts';
import { agentFor, inOrder, namesBehind, repositoriesOf, verdictOn } from './pick.ts';
import { neverHeeded } from './settings.ts';
import type { Candidate, Context, LookingState } from './state.ts';
import { branchPrefixOf } from './text.ts';

/** What is looked at beside the issues themselves. */
export interface Ground {
  /** The state repo, and where it stands. */
  snapshot: Snapshot;
  commit: string;
  people: People;
}

type Base = Omit<LookingState, 'candidates' | 'unseen' | 'looked' | 'troubled' | 'mine'>;

/** So many issues are looked into in one run; the next one goes on. */
const mostLooked = 30;

/** Issues with a label of ours, in their order, looked into until one can be taken. */
export async function readCandidates(
  context: Context,
  base: Base,
  ground: Ground,
): Promise<Pick<LookingState, 'candidates' | 'unseen' | 'looked' | 'troubled'>> {
  const { settings } = context;
  const troubled: LookingState['troubled'] = [];
  const looked: string[] = [];
  const found: (Place & { issue: Issue; isUrgent: boolean; createdAt: string; number: number })[] = [];
  for (const repository of repositoriesOf(base.declared, settings['project-repo'])) {
    const { value, trouble } = await alone(() => readPlace(context, base, repository));
    if (value === undefined) {
      troubled.push({ repository, said: trouble ?? 'it could not be read' });
      continue;
    }
    looked.push(value.place.repository);
    for (const issue of value.issues)
      found.push({
        ...value.place,
        issue,
        number: issue.number,
        isUrgent: issue.labels.some(({ name }) => name === settings['priority-label']),
        createdAt: issue.created_at ?? '',
      });
  }
  const candidates: Candidate[] = [];
  const ordered = inOrder(found);
  for (const item of ordered) {
    if (candidates.length === mostLooked) break;
    const candidate = await readCandidate(context, base, ground, item, item.issue);
    candidates.push(candidate);
    if (verdictOn(settings, base, candidate).kind === 'taken') break;
  }
  return { candidates, unseen: ordered.length - candidates.length, looked, troubled };
}

/** A repository whose issues agents take. */
interface Place {
  repository: string;
  defaultBranch: string;
  known: Label[];
  pulls: Pull[];
  mayPush: boolean;
}

async function readPlace(
  context: Context,
  base: Base,
  name: string,
): Promise<{ place: Place; issues: Issue[] }> {
  const { settings, send } = context;
  const place = await readRepository(context, name);
  const prefix = settings['label-prefix'];
  const wanted = place.known.filter(({ name: label }) => label.startsWith(`${prefix}:`));
  const issues = new Map<number, Issue>();
  for (const { name: label } of wanted) {
    // The forge finds nothing by one of two labels of one name; an agent that nobody declared takes nothing.
    const agent = label.slice(prefix.length + 1);
    if (!base.declared.some((item) => (item.kind === 'agent' ? item.manifest.name : item.name) === agent))
      continue;
    for (const issue of await listIssues(send, name, { state: 'open', label }))
      if (issue.labels.some((item) => item.name === label)) issues.set(issue.number, issue);
  }
  return {
    place,
    issues: [...issues.values()].filter(
      ({ number }) => settings.issue === undefined || number === settings.issue,
    ),
  };
}

export async function readRepository({ send }: Context, name: string): Promise<Place> {
  const [{ full_name: repository, default_branch: defaultBranch, permissions }, known, pulls] =
    await Promise.all([getRepository(send, name), listLabels(send, name), openPulls(send, name)]);
  return { repository, defaultBranch, known, pulls, mayPush: permissions?.push === true };
}

/** One issue, and what decides whether it is taken. What a look at its labels refuses already is not looked into. */
export async function readCandidate(
  context: Context,
  base: Base,
  ground: Ground,
  place: Place,
  issue: Issue,
): Promise<Candidate> {
  const { settings } = context;
  const prefix = settings['label-prefix'];
  const candidate: Candidate = {
    repository: place.repository,
    defaultBranch: place.defaultBranch,
    base: '',
    number: issue.number,
    title: issue.title,
    body: issue.body,
    author: issue.user?.login ?? 'somebody who is gone',
    authorMayWrite: false,
    createdAt: issue.created_at ?? '',
    updatedAt: issue.updated_at ?? null,
    agents: namesBehind(prefix, issue.labels),
    profiles: namesBehind(`${prefix}-profile`, issue.labels),
    isUrgent: issue.labels.some(({ name }) => name === settings['priority-label']),
    labelled: null,
    membership: { kind: 'not-asked' },
    waitsFor: [],
    openPull: null,
    entry: null,
    over: null,
    record: null,
    runsToday: 0,
    trouble: null,
    comments: [],
    labels: issue.labels,
    known: place.known,
    mayPush: place.mayPush,
  };
  const asked = agentFor(settings, base.declared, candidate);
  if (asked.kind === 'not') return candidate;
  const { value, trouble } = await alone(() =>
    lookInto(context, base, ground, { candidate, issue, place, agent: asked.agent.name }),
  );
  return value ?? { ...candidate, trouble: trouble ?? 'something in it could not be read' };
}

async function lookInto(
  context: Context,
  base: Base,
  ground: Ground,
  given: { candidate: Candidate; issue: Issue; place: Place; agent: string },
): Promise<Candidate> {
  const { settings, send, now } = context;
  const { snapshot, commit, people } = ground;
  const { candidate, issue, place, agent } = given;
  const { repository, number } = candidate;
  const name = issueName(repository, number);
  const file = await snapshot.fileAt(commit, entryPath(name));
  const parsed = file.kind === 'file' ? parseEntry(file.bytes) : undefined;
  const over =
    base.running.find(
      ({ entry }) =>
        sameRepository(`${entry.owner}/${entry.repo}`, repository) && entry.issue_number === number,
    )?.over ?? null;
  const withEntry: Candidate = {
    ...candidate,
    entry:
      file.kind === 'missing'
        ? null
        : file.kind !== 'file' || parsed === undefined
          ? { fault: 'it is no ordinary file' }
          : parsed.ok
            ? { entry: parsed.entry, sha: file.sha }
            : { fault: parsed.fault },
    over,
    record:
      over === null ? null : await findRecord(ground, name, parsed?.ok === true ? parsed.entry.rounds : 0),
    openPull: openPullFor(base, place.pulls, number),
  };
  // An issue that is worked on, or whose work is over and that nobody touched since, needs no further look.
  if (verdictOn(settings, base, withEntry).kind === 'not' && isAtRest(withEntry)) return withEntry;
  const setting = await labelSetting(send, repository, number, `${settings['label-prefix']}:${agent}`);
  const never = neverHeeded(settings, base.account.login);
  const by = setting?.by?.login;
  const writers = await people.writers(repository, {
    of: [...(by === undefined ? [] : [by]), candidate.author],
  });
  const mayWrite = (login: string): boolean => namesLogin(writers, login) && !namesLogin(never, login);
  const isNamedBot =
    by !== undefined && settings['label-from'] !== undefined && sameLogin(by, settings['label-from']);
  const [dependencies, comments, started, head] = await Promise.all([
    listDependencies(send, repository, number),
    listComments(send, repository, number),
    snapshot.folderAt(commit, `started/${now.slice(0, 10)}/${agent}`),
    getBranch(send, repository, candidate.defaultBranch),
  ]);
  return {
    ...withEntry,
    base: head.commit.id,
    authorMayWrite: mayWrite(candidate.author),
    labelled:
      setting === undefined || by === undefined
        ? null
        : {
            login: by,
            at: setting.at,
            mayWrite: isNamedBot || namesLogin(writers, by),
            isBot: namesLogin(never, by),
          },
    membership: await readMembership(context, issue),
    waitsFor: dependencies
      .filter(({ state }) => state === 'open')
      .map((item) =>
        sameRepository(item.repository.full_name, repository)
          ? `#${item.number}`
          : `${item.repository.full_name}#${item.number}`,
      ),
    runsToday: started.length,
    comments: comments
      .filter(({ user }) => !sameAccount(user, base.account))
      .map(({ user, body, created_at }) => ({
        user: user?.login ?? 'somebody who is gone',
        body,
        mayWrite: user != null && mayWrite(user.login),
        at: created_at,
      }))
      .filter((comment) => comment.mayWrite || settings.strangers),
  };
}

/** The record of a round, whoever wrote it. */
export async function findRecord(
  { snapshot, commit }: Pick<Ground, 'snapshot' | 'commit'>,
  name: IssueName,
  round: number,
): Promise<RunRecord | null> {
  const entries = await snapshot.folderAt(commit, recordFolder(name));
  const found = entries.find(({ path }) => path.startsWith(`${round}-`));
  const file = await snapshot.fileOf(found);
  return file.kind === 'file' ? (parseRunRecord(file.bytes) ?? null) : null;
}

function isAtRest({ entry, over, updatedAt }: Candidate): boolean {
  if (entry === null || 'fault' in entry) return entry !== null;
  if (entry.entry.status !== 'destroyed') return over === null;
  const { ended_at: ended } = entry.entry;
  return ended !== null && updatedAt !== null && Date.parse(updatedAt) <= Date.parse(ended);
}

/** An open pull request for an issue: one of ours from its branch, or anybody's that says it closes it. */
function openPullFor({ account }: Base, pulls: readonly Pull[], number: number): number | null {
  const closes = new RegExp(`\\b(?:close|fix|resolve)[sd]?:?\\s+#${number}(?!\\d)`, 'i');
  const found = pulls.find(
    ({ user, head, title, body }) =>
      (sameAccount(user, account) &&
        (head.label.split(':').at(-1) ?? '').startsWith(branchPrefixOf(number))) ||
      closes.test(`${title}\n${body}`),
  );
  return found?.number ?? null;
}

async function readMembership({ settings, send }: Context, issue: Issue): Promise<Candidate['membership']> {
  const org = settings['agent-org'];
  if (org === undefined) return { kind: 'not-asked' };
  const { value, trouble } = await alone(async (): Promise<Candidate['membership']> => {
    for (const { login } of issue.assignees ?? [])
      if (await isOrgMember(send, org, login)) return { kind: 'member', login };
    return { kind: 'none' };
  });
  return value ?? { kind: 'error', said: trouble ?? 'the forge did not say' };
}
