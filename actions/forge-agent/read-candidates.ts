import { namesLogin, sameAccount, sameLogin, sameRepository } from '../../core/accounts.ts';
import { possibleIsolation } from '../../core/agent/cell/possible-isolation.ts';
import {
  type Entry,
  entryPath,
  type IssueName,
  issueName,
  nameOf,
  parseEntry,
  recordFolder,
  repositoryOf,
  roundOf,
} from '../../core/agent/entry.ts';
import type { Agent } from '../../core/agent/manifest.ts';
import { digestOf } from '../../core/agent/provenance/sign.ts';
import { parseRunRecord, type RunRecord } from '../../core/agent/run-record.ts';
import { ApiError, alone, ifThere } from '../../core/api/errors.ts';
import { once } from '../../core/api/once.ts';
import { findBranch, getBranch } from '../../core/forge/branches.ts';
import { getIssue, type Issue, listDependencies, listIssues } from '../../core/forge/issues.ts';
import type { Label } from '../../core/forge/labels.ts';
import { isOrgMember } from '../../core/forge/people.ts';
import { type Pull, pullsBy } from '../../core/forge/pulls.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import type { Snapshot } from '../../core/forge/snapshot.ts';
import { readConversation } from '../../core/forge/timeline.ts';
import { headBranch } from '../../core/pull-source.ts';
import type { People } from '../../core/vault/read-rights.ts';
import { candidateOf, heardOf } from './candidate.ts';
import {
  agentFor,
  agentsOf,
  inOrder,
  isGivenAnew,
  isUntouched,
  namesBehind,
  repositoriesOf,
  type Verdict,
  verdictOn,
} from './pick.ts';
import type { Place, Places } from './places.ts';
import { readHanded } from './read-steps.ts';
import { readTalk } from './read-talk.ts';
import { neverHeeded, uidsOf } from './settings.ts';
import type { Candidate, Context, LookingState, SeenState } from './state.ts';
import { branchOf, branchPrefixOf, homeOf } from './text.ts';
import { askingOf, isPassedOn, isResumable } from './wake.ts';

/** What is looked at beside the issues themselves. */
export interface Ground {
  /** The state repo, and where it stands. */
  snapshot: Snapshot;
  commit: string;
  people: People;
  places: Places;
}

/** So many issues are looked into in one run, and these of them in every one; the next one goes on. */
export const mostLooked = 30;
const alwaysLooked = 20;

/** Issues with a label of ours, in their order, looked into until one can be taken. */
export async function readCandidates(
  context: Context,
  base: SeenState,
  ground: Ground,
): Promise<Omit<LookingState, keyof SeenState | 'mine' | 'frozen'>> {
  const { settings } = context;
  const { found, looked, troubled, unlabelled } = await readLabelled(context, base, ground);
  const candidates: Candidate[] = [];
  const ordered = turned(inOrder(found), base.nonce);
  let tried: LookingState['tried'] = [];
  let looks = 0;
  let isTaken = false;
  for (const item of ordered) {
    if (looks === mostLooked) break;
    const candidate = await readCandidate(context, base, ground, item, item.issue);
    // Those whose work is over stand here as long as they are open, and cost one small read.
    if (isAtRest(candidate)) {
      candidates.push(candidate);
      continue;
    }
    looks += 1;
    // Programs are started for it, which a run that has nothing to do leaves out.
    tried = await once(
      context.kept,
      'isolation',
      async () => (await possibleIsolation(uidsOf(settings), settings['agent-folder'])).tried,
    );
    const judged = await judge(context, { ...base, tried }, item, candidate);
    candidates.push(judged.candidate);
    isTaken = judged.verdict.kind === 'taken';
    if (isTaken) break;
  }
  const unseen = ordered.length - candidates.length;
  const lingering = isTaken || unseen > 0 ? [] : await readLingering(context, base, { candidates, looked });
  return { tried, candidates, lingering, unseen, looked, troubled, unlabelled };
}

/** An issue with a label of ours, of which nothing was looked up yet. */
export type Labelled = Place & { issue: Issue; isUrgent: boolean; createdAt: string; number: number };

/** Every issue with a label of ours, in no order, and the repositories that were asked for them. */
export async function readLabelled(
  context: Context,
  base: SeenState,
  ground: Ground,
): Promise<Pick<LookingState, 'looked' | 'troubled' | 'unlabelled'> & { found: Labelled[] }> {
  const { settings } = context;
  const troubled: LookingState['troubled'] = [];
  const unlabelled: LookingState['unlabelled'] = [];
  const looked: string[] = [];
  const found: Labelled[] = [];
  for (const repository of repositoriesOf(base.declared, settings['project-repo'])) {
    const { value, trouble } = await alone(() => readPlace(context, base, ground, repository));
    if (value === undefined) {
      troubled.push({ repository, said: trouble ?? 'it could not be read' });
      continue;
    }
    looked.push(value.place.repository);
    const { labels } = value.place;
    const lacking = agentsOf(base.declared, repository)
      .map((agent) => `${settings['label-prefix']}:${agent}`)
      .filter((label) => !value.place.known.some(({ name }) => name === label));
    if (labels.isUnread && lacking.length > 0)
      unlabelled.push({ repository: value.place.repository, labels: lacking });
    for (const issue of value.issues)
      found.push({
        ...value.place,
        issue,
        number: issue.number,
        isUrgent: issue.labels.some(({ name }) => name === settings['priority-label']),
        createdAt: issue.created_at ?? '',
      });
  }
  return { found, looked, troubled, unlabelled };
}

/** The labels of issues on which a run was cut off, and that are no candidates any more. */
export async function readLingering(
  { send }: Context,
  { running }: SeenState,
  {
    candidates,
    looked,
  }: { candidates: readonly { repository: string; number: number }[]; looked: readonly string[] },
): Promise<LookingState['lingering']> {
  const found: LookingState['lingering'] = [];
  for (const { entry, over } of running) {
    const [repository, number] = [repositoryOf(entry), entry.issue_number];
    const isCandidate = candidates.some(
      (item) => sameRepository(item.repository, repository) && item.number === number,
    );
    if (over === null || isCandidate || !looked.some((name) => sameRepository(name, repository))) continue;
    const { value } = await alone(() => getIssue(send, repository, number));
    if (value !== undefined) found.push({ repository, number, labels: value.labels });
  }
  return found;
}

/**
 * The first ones in their order, and of those behind them others in each run: where so many wait for something that one run sees
 * nothing else, the rest would be forgotten for ever.
 */
export function turned<T>(ordered: readonly T[], nonce: string): T[] {
  const first = ordered.slice(0, alwaysLooked);
  const rest = ordered.slice(alwaysLooked);
  if (rest.length <= mostLooked - alwaysLooked) return [...first, ...rest];
  const from = Number.parseInt(nonce.slice(0, 8), 16) % rest.length;
  return [...first, ...rest.slice(from), ...rest.slice(0, from)];
}

async function readPlace(
  context: Context,
  base: SeenState,
  { places }: Ground,
  name: string,
): Promise<{ place: Place; issues: Issue[] }> {
  const { settings, send } = context;
  const place = await places.of(name);
  const prefix = settings['label-prefix'];
  const wanted = place.labels.own.filter(({ name: label }) => label.startsWith(`${prefix}:`));
  const issues = new Map<number, Issue>();
  const twice = wanted.find(({ name: label }, at) => wanted.findIndex((item) => item.name === label) !== at);
  // The forge finds nothing by one of two labels of one name.
  if (twice !== undefined)
    throw new ApiError('shape', 200, `${name} has two labels named ${twice.name}.`, 'Delete one of them.');
  // An agent that nobody declared takes nothing.
  const isDeclared = ({ name: label }: Label): boolean =>
    base.declared.some(
      (item) => `${prefix}:${item.kind === 'agent' ? item.manifest.name : item.name}` === label,
    );
  const add = (found: readonly Issue[], labels: readonly Label[]): void => {
    for (const issue of found)
      if (issue.labels.some(({ name: has }) => labels.some((label) => label.name === has)))
        issues.set(issue.number, issue);
  };
  for (const label of wanted.filter(isDeclared))
    add(await listIssues(send, name, { state: 'open', label: label.name }), [label]);
  // Not every forge is known to filter by a label of the organisation (17 does): all of them are looked through, once.
  const shared = place.labels.organisation.filter(isDeclared);
  if (shared.length > 0) add(await listIssues(send, name, { state: 'open' }), shared);
  return {
    place,
    issues: [...issues.values()].filter(
      ({ number }) => settings.issue === undefined || number === settings.issue,
    ),
  };
}

/** One issue, and what decides whether it is taken. What a look at its labels refuses already is not looked into. */
export async function readCandidate(
  context: Context,
  base: SeenState,
  ground: Ground,
  place: Place,
  issue: Issue,
): Promise<Candidate> {
  const { settings } = context;
  const prefix = settings['label-prefix'];
  const candidate = candidateOf(place, issue, {
    agents: namesBehind(prefix, issue.labels),
    profiles: namesBehind(`${prefix}-profile`, issue.labels),
    isUrgent: issue.labels.some(({ name }) => name === settings['priority-label']),
  });
  const asked = agentFor(settings, base.declared, candidate);
  if (asked.kind !== 'taken') return candidate;
  const { value, trouble } = await alone(() =>
    lookInto(context, base, ground, { candidate, issue, place, agent: asked.agent }),
  );
  return value ?? { ...candidate, trouble: trouble ?? 'something in it could not be read' };
}

async function lookInto(
  context: Context,
  base: SeenState,
  ground: Ground,
  given: { candidate: Candidate; issue: Issue; place: Place; agent: Agent },
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
      ({ entry }) => sameRepository(repositoryOf(entry), repository) && entry.issue_number === number,
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
      over === null || parsed?.ok !== true
        ? null
        : await wholeRecord(context, base, ground, place, parsed.entry),
    isHandedOver:
      over !== null &&
      parsed?.ok === true &&
      (await readHanded({ base, ground }, { entry: parsed.entry }))?.outcome !== undefined,
  };
  /** Whose work goes on where it left off. */
  const worked =
    parsed?.ok === true && isResumable(parsed.entry) && !isPassedOn(parsed.entry, agent)
      ? parsed.entry
      : null;
  if (
    worked?.status === 'frozen' &&
    worked.pr_number !== null &&
    !place.pulls.some((pull) => pull.number === worked.pr_number)
  )
    return withEntry;
  // An issue that is worked on, or whose work is over and that nobody touched since, needs no further look.
  if (isAtRest(withEntry)) return withEntry;
  const conversation = await readConversation(send, repository, number);
  const label = `${settings['label-prefix']}:${agent.name}`;
  const setting = conversation.labels.find(({ name: set, isSet }) => set === label && isSet);
  const never = neverHeeded(settings, base.account.login);
  const by = setting?.by?.login;
  const writers = await people.writers(repository, {
    of: [...(by === undefined ? [] : [by]), candidate.author],
  });
  const mayWrite = (login: string): boolean => namesLogin(writers, login) && !namesLogin(never, login);
  const isNamedBot =
    by !== undefined && settings['label-from'] !== undefined && sameLogin(by, settings['label-from']);
  const labelled: Candidate['labelled'] =
    setting === undefined || by === undefined
      ? null
      : {
          login: by,
          at: setting.at,
          mayWrite: isNamedBot || namesLogin(writers, by),
          isBot: namesLogin(never, by),
        };
  if (isAtRest({ ...withEntry, labelled })) return { ...withEntry, labelled };
  const [dependencies, started, head] = await Promise.all([
    listDependencies(send, repository, number),
    snapshot.folderAt(commit, `started/${now.slice(0, 10)}/${agent.name}`),
    getBranch(send, repository, candidate.defaultBranch),
  ]);
  const talk = await readTalk(context, {
    candidate,
    agent,
    entry: worked,
    asked: askingOf(settings, base) ?? worked?.asked,
    labelled,
    conversation,
    pulls: place.pulls,
    mayWrite,
    target: head.commit.id,
    own: base.account,
    state: { snapshot, commit },
  });
  return {
    ...withEntry,
    talk,
    base: talk.pull?.head ?? head.commit.id,
    authorMayWrite: mayWrite(candidate.author),
    labelled,
    openPull: await openPullFor(base, people, place, number),
    membership: await readMembership(context, issue),
    waitsFor: dependencies
      .filter(({ state }) => state === 'open')
      .map((item) =>
        sameRepository(item.repository.full_name, repository)
          ? `#${item.number}`
          : `${item.repository.full_name}#${item.number}`,
      ),
    runsToday: started.length,
    comments: heardOf(
      conversation.comments.filter(({ user }) => !sameAccount(user, base.account)),
      mayWrite,
      settings,
    ),
  };
}

/**
 * The record of a run that was cut off, where all that it tells of is there: work that was not pushed before is nowhere any
 * more, so that run was cut off like one without a record.
 */
async function wholeRecord(
  context: Context,
  base: SeenState,
  ground: Ground,
  place: Place,
  entry: Entry,
): Promise<RunRecord | null> {
  const record = await findRecord(ground, nameOf(entry), entry.rounds);
  if (record === null || record.work.kind !== 'work' || record.signal?.status === 'underspecified')
    return record;
  if (record.end.how === 'called-off' || record.end.how === 'claim-lost') return record;
  const branch = branchOf(entry.issue_number, entry.slug);
  const at = await findBranch(context.send, homeOf(context.settings, base.account, place.repository), branch);
  if (at?.commit.id === record.work.commit) return record;
  return (await pullOfRecord(context, base, place, branch, record)) === undefined ? null : record;
}

/** The pull request that came of a record's work, whatever became of it since. */
export async function pullOfRecord(
  { send }: Context,
  { account }: Pick<LookingState, 'account'>,
  { repository }: Pick<Place, 'repository'>,
  branch: string,
  { work, started_at: began }: RunRecord,
): Promise<Pull | undefined> {
  if (work.kind !== 'work') return undefined;
  const ours = await pullsBy(send, repository, account.login);
  return ours.find(
    (pull) =>
      headBranch(pull) === branch &&
      // Earlier rounds had pull requests from a branch of the same name.
      (pull.head.sha === work.commit || Date.parse(pull.created_at ?? '') >= Date.parse(began)),
  );
}

/** Whether an issue is taken, with a look at where work on it would go: found out only once there is some, it would cost a round. */
export async function judge(
  context: Context,
  base: SeenState & Pick<LookingState, 'tried'>,
  place: Place,
  candidate: Candidate,
): Promise<{ candidate: Candidate; verdict: Verdict }> {
  const verdict = verdictOn(context.settings, base, candidate);
  if (verdict.kind !== 'taken') return { candidate, verdict };
  const { trouble, fork } = await homeOfPlace(context, base, place);
  if (trouble === undefined)
    return { candidate: fork === undefined ? candidate : { ...candidate, lacksFork: fork }, verdict };
  const known = { ...candidate, homeTrouble: trouble };
  return { candidate: known, verdict: verdictOn(context.settings, base, known) };
}

/** Where work on a repository would go. */
interface Home {
  /** Why nothing can be proposed from there. */
  trouble?: string;
  /** The fork that has to be made first. */
  fork?: string;
}

/** The same for all issues of a repository, and asked once a run, unless something is done about it. */
async function homeOfPlace(context: Context, base: SeenState, place: Place): Promise<Home> {
  const { kept, previous } = context;
  const { repository } = place;
  const key = `home of ${repository}`;
  const declined = previous?.declined.find(
    (change) => change.kind === 'fork' && sameRepository(change.repository, repository),
  );
  if (declined?.kind === 'fork')
    kept.set(
      key,
      Promise.resolve({
        trouble: `our account could not make the fork ${declined.fork}, as said above, so nothing could be proposed`,
      }),
    );
  const home = await once(kept, key, () => readHome(context, base, place));
  // This look has it made, and the next one has to see that.
  if (home.fork !== undefined) kept.delete(key);
  return home;
}

async function readHome(
  { settings, send }: Context,
  { account }: SeenState,
  { repository, isArchived, mayPush }: Place,
): Promise<Home> {
  if (isArchived) return { trouble: `${repository} is archived, so nothing can be proposed there` };
  const home = homeOf(settings, account, repository);
  if (home === repository)
    return mayPush
      ? {}
      : {
          trouble: `propose-from is branch, and our account may not push to ${repository}, so nothing could be proposed; set it to fork, or give the account write access`,
        };
  const { value, trouble } = await alone(() => ifThere(getRepository(send, home)));
  // What cannot be asked now is asked again once there is work.
  if (trouble !== undefined) return {};
  if (value === undefined) return { fork: home };
  if (value.archived)
    return {
      trouble: `${home} is archived, so nothing could be proposed from there; unarchive or delete it`,
    };
  return isForkOf(value, repository)
    ? {}
    : {
        trouble: `${home} is no fork of ${repository}, so nothing could be proposed from there; rename or delete that repository, and the role makes its own fork`,
      };
}

/** Whether a repository is the fork of another. */
export function isForkOf({ parent }: Repository, repository: string): boolean {
  return sameRepository(parent?.full_name ?? '', repository);
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

/** The newest record of an earlier round, by the digest of its file; a round that was cut off left none. */
export async function findPrevious(
  { snapshot, commit }: Pick<Ground, 'snapshot' | 'commit'>,
  name: IssueName,
  round: number,
): Promise<RunRecord['previous']> {
  const entries = await snapshot.folderAt(commit, recordFolder(name));
  const [newest] = entries
    .flatMap((entry) => {
      const of = roundOf(entry.path);
      return of === undefined || of >= round ? [] : [{ entry, round: of }];
    })
    .sort((a, b) => b.round - a.round);
  const file = await snapshot.fileOf(newest?.entry);
  return newest === undefined || file.kind !== 'file'
    ? null
    : { round: newest.round, digest: digestOf(file.bytes) };
}

function isAtRest({ entry, over, updatedAt, labelled }: Candidate): boolean {
  if (entry === null || 'fault' in entry) return entry !== null;
  if (entry.entry.status === 'frozen') return false;
  if (entry.entry.status === 'running') return over === null;
  return isUntouched(entry.entry, updatedAt) || (labelled !== null && !isGivenAnew(entry.entry, labelled));
}

/**
 * An open pull request for an issue: one of ours from its branch, or one that says it closes it, of somebody who may write. What a
 * stranger's says keeps nobody from working.
 */
async function openPullFor(
  { account }: SeenState,
  people: People,
  { repository, pulls }: Place,
  number: number,
): Promise<number | null> {
  const here = repository.replace(/[^\w/-]/g, '\\$&');
  const closes = new RegExp(
    `\\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\\s+(?:${here})?#${number}(?!\\d)`,
    'i',
  );
  for (const item of pulls) {
    const { number: pull, user, title, body } = item;
    if (sameAccount(user, account)) {
      if (headBranch(item).startsWith(branchPrefixOf(number))) return pull;
    } else if (user != null && closes.test(`${title}\n${body.slice(0, 20_000)}`)) {
      if (namesLogin(await people.writers(repository, { of: [user.login] }), user.login)) return pull;
    }
  }
  return null;
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
