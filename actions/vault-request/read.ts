import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sameAccount } from '../../core/accounts.ts';
import { alone } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { documentName } from '../../core/document-name.ts';
import { UserError } from '../../core/errors.ts';
import { findFile } from '../../core/forge/contents.ts';
import { listWriters } from '../../core/forge/people.ts';
import { getPull, openPulls, type Pull } from '../../core/forge/pulls.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { lastLabelling } from '../../core/forge/timeline.ts';
import { getExpectedUser, type User } from '../../core/forge/users.ts';
import { writesFile } from '../../core/plan.ts';
import { comesFrom, headBranch } from '../../core/pull-source.ts';
import { readGround, readStanding } from '../../core/read-ground.ts';
import { parseVaultAction, type Tier, type VaultAction, vaultActions } from '../../core/vault/action.ts';
import { mayApprove } from '../../core/vault/approval.ts';
import { formulaFolder, parseFormula } from '../../core/vault/formula.ts';
import { ruleOf } from '../../core/vault/policy.ts';
import { outcomeOf, readLife } from '../../core/vault/read-life.ts';
import { readPolicy } from '../../core/vault/read-policy.ts';
import { createPeople, readRights } from '../../core/vault/read-rights.ts';
import { actionFaults } from './settings.ts';
import type { Answer, AskingState, Context, OtherRequest, RequestedFormula, RequestState } from './state.ts';
import { type Awaited, awaitedOf } from './waiting.ts';

export async function read(context: Context): Promise<RequestState> {
  const { settings, send, facts, now, previous, kept } = context;
  const { id, text } = askedFor(context);
  const file = `${vaultActions}/${id}.toml`;
  const parsed = parseVaultAction(file, new TextEncoder().encode(text));
  if (!parsed.ok) return { kind: 'unreadable', now, id, file, faults: parsed.faults };
  if (facts.isPullRequest) return { kind: 'local', now, id, file };
  const action = parsed.document;
  const account = await getExpectedUser(send, settings['forge-login']);
  const ground = await readGround(send, {
    repository: settings['ops-repo'],
    branch: settings['ops-branch'],
    account,
    from: settings['propose-from'],
  });
  const { repository, base: branch, commit } = ground;
  const branchName = `vault/${id}`;
  const [{ policy }, formula, onMain, life, standing, open] = await Promise.all([
    readPolicy(send, createSnapshot(send, repository, kept), {
      commit,
      source: settings['policy-source'],
      project: settings['project-repo'],
    }),
    readFormula(send, repository, commit, action),
    findFile(send, repository, file, commit),
    readLife(send, kept, {
      ops: repository,
      commit,
      records: settings['record-repo'] ?? repository,
      id,
    }),
    readStanding(send, ground, branchName, [file]),
    openPulls(send, repository),
  ]);
  if (!policy.ok) return { kind: 'policy-faulty', now, id, file, account, faults: policy.faults };
  const others = open.filter(
    (pull) =>
      pull.base.ref === branch &&
      headBranch(pull) === branchName &&
      !(sameAccount(pull.user, account) && comesFrom(pull, ground.home)),
  );
  const state: { id: string; file: string } & AskingState = {
    kind: 'asking',
    now,
    id,
    file,
    account,
    text,
    action,
    repository,
    branch,
    policy: policy.document,
    formula,
    onMain: onMain === undefined ? null : { text: onMain.bytes.toString('utf8') },
    outcome: outcomeOf(life),
    ground,
    standing,
    other: await readOther(send, repository, { account, others }, { file, text }),
    isDeclined: previous?.declined.some((change) => writesFile(change, file)) === true,
    answer: null,
  };
  const awaited = awaitedOf(settings, state);
  if (awaited === null) return state;
  const answer = await awaitAnswer(context, state, awaited);
  if (answer !== 'merged') return { ...state, answer };
  // Somebody may have merged something else than what was asked for.
  const merged = await findFile(send, repository, file, branch);
  return {
    ...state,
    answer,
    ...(merged === undefined ? {} : { onMain: { text: merged.bytes.toString('utf8') } }),
  };
}

/** The formula of an action at a commit; one that asks a person names none, and then nothing is read. */
async function readFormula(
  send: Send,
  repository: string,
  commit: string,
  action: VaultAction,
): Promise<RequestedFormula> {
  if (action.kind === 'human') return { kind: 'missing' };
  const file = `${formulaFolder}/${action.formula}.toml`;
  const found = await findFile(send, repository, file, commit);
  if (found === undefined) return { kind: 'missing' };
  const parsed = parseFormula(file, found.bytes);
  return parsed.ok ? { kind: 'known', document: parsed.document } : { kind: 'faulty', faults: parsed.faults };
}

/** Of the pull requests of others that of somebody who may write, if there is one: behind a stranger's it would not be seen. */
async function readOther(
  send: Send,
  repository: string,
  { account, others }: { account: User; others: readonly Pull[] },
  asked: { file: string; text: string },
): Promise<OtherRequest | null> {
  // One of ours from where we no longer write says as much as a colleague's.
  const ours = others.find(({ user }) => sameAccount(user, account));
  const writers = ours !== undefined || others.length === 0 ? [] : await listWriters(send, repository);
  const mayWrite = (pull: Pull): boolean =>
    pull === ours || writers.some((writer) => sameAccount(pull.user, writer));
  const other = ours ?? others.find(mayWrite) ?? others[0];
  if (other === undefined) return null;
  const { number, user, head } = other;
  return {
    number,
    author: user?.login ?? 'somebody who is gone',
    headSha: head.sha,
    // What stands there is a stranger's: a folder, or more than the forge gives.
    isSame:
      (await alone(() => findFile(send, repository, asked.file, head.sha))).value?.bytes.toString('utf8') ===
      asked.text,
    mayWrite: mayWrite(other),
  };
}

/** The action's text and id, from wherever they were given. */
function askedFor({ settings, facts }: Pick<Context, 'settings' | 'facts'>): { id: string; text: string } {
  // Checked before any run but that of a pull request's own pipeline, which is checked here.
  const [wrong] = actionFaults(settings);
  if (wrong !== undefined) throw new UserError(wrong.message);
  const { 'action-file': given, action } = settings;
  const id = settings.id ?? documentName(given ?? '');
  if (given === undefined) return { id, text: action?.endsWith('\n') === true ? action : `${action}\n` };
  try {
    const bytes = readFileSync(path.resolve(facts.workspace, given));
    return { id, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    throw new UserError(
      `action-file ${given} could not be read (${error instanceof Error ? error.message : String(error)}).`,
      'Name a file in the workspace of this step, saved as UTF-8.',
    );
  }
}

/** Waits until somebody has answered, or the time for it is over. */
async function awaitAnswer(context: Context, state: AskingState, awaited: Awaited): Promise<Answer> {
  const { settings, send, clock, pause } = context;
  const { number, headSha, tier, sign } = awaited;
  const until = clock().getTime() + settings['wait-for'];
  for (;;) {
    const now = await getPull(send, state.repository, number);
    if (now.merged) return 'merged';
    if (now.state !== 'open') return 'closed';
    // A label says yes to what was there, not to what was pushed since.
    if (sign === 'label' && now.head.sha === headSha && (await isLabelled(context, state, now, tier)))
      return 'labelled';
    const left = until - clock().getTime();
    if (left <= 0) return 'none';
    const what = sign === 'label' ? `the label ${settings['approved-label']}` : 'its merge';
    await pause(
      Math.min(settings['poll-every'], left),
      `#${number} is ${tier}, so ${what} is waited for, until ${new Date(until).toISOString()}`,
    );
  }
}

/** Whether the label is on it, and was last set by somebody who may approve it. */
async function isLabelled(
  { settings, send }: Context,
  { repository, account, policy }: AskingState,
  pull: Pull,
  tier: Tier,
): Promise<boolean> {
  const by = await lastLabelling(send, repository, pull.number, settings['approved-label']);
  if (by === undefined) return false;
  const rights = await readRights(createPeople(send), repository, policy, [...settings.bots, account.login]);
  return mayApprove(by, { author: pull.user ?? null }, ruleOf(policy, tier), rights) === true;
}
