import { namesLogin, sameAccount, sameLogin, sameRepository } from '../../core/accounts.ts';
import { alone } from '../../core/api/errors.ts';
import { documentName } from '../../core/document-name.ts';
import { addressesEscalation } from '../../core/escalation/addressing.ts';
import { proposalsIn } from '../../core/escalation/answer.ts';
import { escalationPolicyFile, parseEscalationPolicy } from '../../core/escalation/policy.ts';
import {
  type AnswerRecord,
  answerFolder,
  answerRecord,
  dayOf,
  readEscalation,
  toldFolder,
} from '../../core/escalation/record.ts';
import { whyNotRecord } from '../../core/escalation/record-repo.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { type PlacedComment, recentComments } from '../../core/forge/comments.ts';
import { defaultHead } from '../../core/forge/commits.ts';
import { listWriters } from '../../core/forge/people.ts';
import { getRepository, type Repository } from '../../core/forge/repositories.ts';
import { createSnapshot, type Snapshot } from '../../core/forge/snapshot.ts';
import { lastOfLabels } from '../../core/forge/timeline.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { hasWebhooks } from '../../core/forge/webhooks.ts';
import { conversationsOf } from '../../core/plan.ts';
import { createPeople, type People } from '../../core/vault/read-rights.ts';
import { checkActions } from './read-actions.ts';
import { readMaterial } from './read-material.ts';
import { readProposals } from './read-proposals.ts';
import type { AnswerSeen, Context, EscalationState, KnownPolicy, OfferSeen, RequestSeen } from './state.ts';
import { actionsOf, requestKey, threadName, toldKeys } from './text.ts';

export async function read(context: Context): Promise<EscalationState> {
  const { facts, now, settings, send, previous, kept } = context;
  if (facts.isPullRequest)
    return { kind: 'inert', now, why: 'a pull request’s own copy of the pipeline answers nobody' };
  const before = previous?.state.kind === 'live' ? previous.state : undefined;
  const account = await getExpectedUser(send, settings['forge-login']);
  const recordRepo = await getRepository(send, settings['record-repo']);
  const faults = await whyNotRecordHere(context, recordRepo, account);
  if (faults.length > 0)
    return {
      kind: 'unready',
      now,
      account,
      faults: faults.map((message) => ({ file: settings['record-repo'], line: 0, column: 0, message })),
    };
  const policy = await readPolicy(context);
  if ('faults' in policy) return { kind: 'unready', now, account, faults: policy.faults };

  const head = await defaultHead(send, settings['record-repo']);
  const snapshot = createSnapshot(send, settings['record-repo'], kept);
  const folder = async (path: string): Promise<string[]> =>
    head === undefined
      ? []
      : (await snapshot.folderAt(head, path)).map(({ path: name }) => name.replace(/\.json$/, ''));
  const told = new Set(await folder(toldFolder));
  const people = createPeople(send);
  const never = [account.login, ...settings.bots, ...settings.proposers];
  const since = new Date(Date.parse(context.forgeNow()) - settings['look-back']).toISOString();
  const repositories = settings.repositories.length > 0 ? settings.repositories : [settings['project-repo']];
  const recent = (
    await Promise.all(
      repositories.map(async (repository) =>
        (
          await recentComments(send, repository, since)
        ).map((comment) => ({
          comment,
          thread: { repository, number: comment.issue },
        })),
      ),
    )
  )
    .flat()
    // The forge lists what was edited since as well, however old it is.
    .filter(
      ({ comment }) =>
        Date.parse(comment.created_at) >= Date.parse(since) && !sameAccount(comment.user, account),
    );
  const { answers, damaged } = await readAnswers(snapshot, head, [
    ...daysBetween(since, now),
    // The clock of the forge may be in a day that this machine's is not in yet.
    ...recent.map(({ comment }) => dayOf(comment.created_at)),
  ]);
  const world = { context, policy, people };
  const proposals = await readProposals(world, { snapshot, head, told, account, never });
  return {
    kind: 'live',
    now,
    account,
    runUrl: facts.runUrl ?? null,
    records: { repository: settings['record-repo'], branch: recordRepo.default_branch },
    woodpecker: settings['woodpecker-url'] ?? '',
    policy,
    requests: await readRequests(context, people, {
      recent,
      told,
      // One that cannot be read was an answer all the same: asked again, it would be paid for again by each run.
      answered: [...answers.map(({ request }) => String(request.comment)), ...damaged.map(documentName)],
      never,
    }),
    answers: await seenAnswers(
      world,
      answers.filter(({ request }) => !told.has(toldKeys.answer(request.comment))),
    ),
    offers: await readOffers(world, { recent, told }),
    ...proposals,
    damaged,
    today: answers.filter(({ at }) => dayOf(at) === dayOf(now)),
    said: { ...before?.said, ...previous?.answers },
    closedToUs: [
      ...(before?.closedToUs ?? []),
      ...(previous?.declined ?? []).flatMap((change) =>
        'repository' in change
          ? conversationsOf(change).map((number) => threadName({ repository: change.repository, number }))
          : [],
      ),
    ],
  };
}

/** Why nothing that stands in the record repo may be believed; empty where it may. */
async function whyNotRecordHere(
  { settings, send }: Context,
  repository: Repository,
  account: User,
): Promise<string[]> {
  const name = settings['record-repo'];
  const writers = await listWriters(send, name);
  const others = writers.filter(({ id }) => id !== account.id).map(({ login }) => login);
  const isHooked = await hasWebhooks(send, name);
  const inUse = [settings['ops-repo'], settings['project-repo'], ...settings.repositories];
  return [
    ...(inUse.some((other) => sameRepository(other, name))
      ? ['is a repository that people work in: records need one of their own']
      : []),
    ...whyNotRecord({ repository, others, isHooked, login: account.login }),
  ];
}

async function readPolicy({
  settings,
  send,
  kept,
  opsHead,
}: Context): Promise<KnownPolicy | { faults: EscalationStateFaults }> {
  const ops = settings['ops-repo'];
  const branch = settings['ops-branch'];
  const commit =
    opsHead ??
    (branch === undefined ? await defaultHead(send, ops) : (await getBranch(send, ops, branch)).commit.id);
  if (commit === undefined) return { policy: {}, commit: '', blob: null };
  const found = await createSnapshot(send, ops, kept).fileAt(commit, escalationPolicyFile);
  if (found.kind === 'missing') return { policy: {}, commit, blob: null };
  const parsed = found.kind === 'file' ? parseEscalationPolicy(escalationPolicyFile, found.bytes) : undefined;
  if (parsed?.ok === true && found.kind === 'file')
    return { policy: parsed.document, commit, blob: found.sha };
  return {
    faults:
      parsed?.ok === false
        ? parsed.faults
        : [{ file: escalationPolicyFile, line: 0, column: 0, message: 'is no file that can be read' }],
  };
}
type EscalationStateFaults = Extract<EscalationState, { kind: 'unready' }>['faults'];

/** Every answer to a request of these days. */
async function readAnswers(
  snapshot: Snapshot,
  head: string | undefined,
  days: readonly string[],
): Promise<{ answers: AnswerRecord[]; damaged: string[] }> {
  const answers: AnswerRecord[] = [];
  const damaged: string[] = [];
  if (head === undefined) return { answers, damaged };
  for (const day of new Set(days)) {
    const folder = `${answerFolder}/${day}`;
    const entries = await snapshot.folderAt(head, folder);
    const blobs = await snapshot.contents(entries);
    for (const { path, sha } of entries) {
      const blob = blobs.get(sha);
      const record = blob?.kind === 'read' ? readEscalation(answerRecord, blob.bytes) : undefined;
      if (record === undefined) damaged.push(`${folder}/${path}`);
      else answers.push(record);
    }
  }
  return { answers, damaged };
}

function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = Date.parse(dayOf(from)); day <= Date.parse(to); day += 86_400_000)
    days.push(dayOf(new Date(day).toISOString()));
  return days;
}

interface Recent {
  comment: PlacedComment;
  thread: { repository: string; number: number };
}

/** Comments that ask, and that nothing was answered to; what a model is shown of their threads. */
async function readRequests(
  context: Context,
  people: People,
  {
    recent,
    told,
    answered,
    never,
  }: { recent: Recent[]; told: Set<string>; answered: string[]; never: string[] },
): Promise<RequestSeen[]> {
  const { settings } = context;
  const how = { trigger: settings.trigger, login: settings['forge-login'] };
  const asking = recent.filter(
    ({ comment: { id, body, user } }) =>
      user != null &&
      !namesLogin(never, user.login) &&
      addressesEscalation(body, how) &&
      !told.has(toldKeys.answer(id)) &&
      !answered.includes(String(id)),
  );
  const seen: RequestSeen[] = [];
  for (const { comment, thread } of asking) {
    const { user } = comment;
    if (user == null) continue;
    const writers = await people.writers(thread.repository, { of: [user.login] });
    const mayAsk = namesLogin(writers, user.login);
    // One note a person, or a stranger could have us write without end: into every thread, and a record for each.
    if (
      !mayAsk &&
      (told.has(toldKeys.mayNot(user.id)) ||
        seen.some((other) => !other.mayAsk && other.asker.id === user.id))
    )
      continue;
    const material =
      mayAsk && !(requestKey(comment.id) in (context.previous?.answers ?? {}))
        ? await readMaterial(context, people, thread)
        : undefined;
    seen.push({ thread, comment, asker: { id: user.id, login: user.login }, mayAsk, material });
  }
  return seen;
}

async function seenAnswers(
  world: { context: Context; policy: KnownPolicy; people: People },
  records: AnswerRecord[],
): Promise<AnswerSeen[]> {
  const seen: AnswerSeen[] = [];
  for (const record of records)
    seen.push({ record, actions: await checkActions(world, actionsOf(record), record.thread.repository) });
  return seen;
}

/** Comments of accounts that may propose. */
async function readOffers(
  world: { context: Context; policy: KnownPolicy; people: People },
  { recent, told }: { recent: Recent[]; told: Set<string> },
): Promise<OfferSeen[]> {
  const { settings, send } = world.context;
  const seen: OfferSeen[] = [];
  for (const { comment, thread } of recent) {
    const { user, id, body } = comment;
    if (user == null || !namesLogin(settings.proposers, user.login) || told.has(toldKeys.offer(id))) continue;
    const written = proposalsIn(body);
    if (written.length === 0) continue;
    const label = settings['agent-label'].toLowerCase();
    const { value: asker } = await alone(() =>
      lastOfLabels(send, thread.repository, thread.number, (name) => name.toLowerCase().startsWith(label)),
    );
    seen.push({
      thread,
      comment,
      proposer: { id: user.id, login: user.login },
      asker:
        asker === undefined || sameLogin(asker.login, user.login)
          ? undefined
          : { id: asker.id, login: asker.login },
      actions: await checkActions(world, written, thread.repository),
    });
  }
  return seen;
}
