import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { sameRepository } from '../../core/accounts.ts';
import { alone } from '../../core/api/errors.ts';
import { once } from '../../core/api/once.ts';
import type { Send } from '../../core/api/send.ts';
import { sha256 } from '../../core/canonical.ts';
import { documentName } from '../../core/document-name.ts';
import { UserError } from '../../core/errors.ts';
import { type Branch, getBranch } from '../../core/forge/branches.ts';
import { lastMerged, type Pull, pullOfCommit } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot, type Snapshot } from '../../core/forge/snapshot.ts';
import { isFile, type TreeEntry } from '../../core/forge/trees.ts';
import { getExpectedUser } from '../../core/forge/users.ts';
import { createRuns } from '../../core/forge/workflows.ts';
import { readOpsFolder } from '../../core/ops-folder.ts';
import { conversationsOf } from '../../core/plan.ts';
import { parseVaultAction, vaultActions } from '../../core/vault/action.ts';
import { formulaFolder, parseFormula } from '../../core/vault/formula.ts';
import { parsePolicy, policyFile } from '../../core/vault/policy.ts';
import { type Base, bytesOf, readCandidate } from '../../core/vault/read-candidate.ts';
import { guardReader, readBranchGuard, readOthersAllowed } from '../../core/vault/read-guard.ts';
import { createLine } from '../../core/vault/read-line.ts';
import { readPolicy } from '../../core/vault/read-policy.ts';
import { formerIds, type Records, readRecords } from '../../core/vault/read-records.ts';
import { createPeople } from '../../core/vault/read-rights.ts';
import { claimedFolder, claimsBranch, recordsBranch } from '../../core/vault/record.ts';
import { workflowFolders } from '../../core/vault/workflow.ts';
import { readAgain } from './read-again.ts';
import { readEndedNow, readFired } from './read-fired.ts';
import { readGate } from './read-gate.ts';
import { readRequests } from './read-requests.ts';
import { readWithdrawn } from './read-withdrawn.ts';
import { neverApproving, ownAccounts } from './settings.ts';
import type {
  ActionState,
  Context,
  Decidable,
  DispatchState,
  LocalState,
  UnguardedState,
  VaultState,
} from './state.ts';

export async function read(context: Context): Promise<VaultState> {
  const { settings, send, facts, kept } = context;
  if (facts.isPullRequest && settings.mode !== 'gate') return readLocal(context);
  const again = settings.mode === 'dispatch' ? await readAgain(context) : undefined;
  if (again !== undefined) return again;
  const repository = settings['ops-repo'];
  const account = await once(kept, 'account', () => getExpectedUser(send, settings['forge-login']));
  const { default_branch, archived, allow_merge_commits } = await once(kept, `repository ${repository}`, () =>
    getRepository(send, repository),
  );
  // What an archive still answers is no longer what people decide about.
  if (archived)
    throw new UserError(
      `${repository} is archived: nothing is decided there.`,
      'Unarchive it, or stop the role.',
    );
  const branch = settings['ops-branch'] ?? default_branch;
  const records = { repository: settings['record-repo'] ?? repository, branch: recordsBranch };
  // Held against merges, approvals and starts, which the forge wrote down by its own clock.
  const ground = {
    now: context.forgeNow(),
    account,
    repository,
    branch,
    records,
    runUrl: facts.runUrl ?? null,
  };
  const isGate = settings.mode === 'gate';
  const branches = sameRepository(records.repository, repository) ? (context.opsBranches ?? []) : [];
  const found = await readRecords(send, records.repository, kept, { isOurs: !isGate, branches });
  if (found.kind === 'unguarded')
    return { ...ground, kind: 'unguarded', unguarded: { ...records, guard: found.guard } };
  const claims = { repository: records.repository, branch: claimsBranch };
  if (isGate) {
    const { guard } = await readBranchGuard(send, claims.repository, claims.branch);
    if (guard.kind !== 'guarded' || !guard.isOurs)
      return { ...ground, kind: 'unguarded', unguarded: { ...claims, guard } };
    return {
      ...ground,
      kind: 'gate',
      claims,
      isDryRun: settings['dry-run'],
      found: await readGate(context, { records, claims }),
    };
  }
  const shared =
    (await readShared(context, records.repository, recordsBranch, {
      writer: account.login,
      // Otherwise nothing would have been found there.
      isProtected: true,
    })) ??
    // Whoever looks for what may start looks at claims later on.
    (settings.mode === 'dispatch'
      ? undefined
      : await readShared(context, claims.repository, claims.branch, {
          writer: settings.gatekeeper,
          isProtected: false,
        }));
  if (shared !== undefined) return { ...ground, kind: 'unguarded', unguarded: shared };
  // What it tells of its rule is told by the same call.
  const told = context.opsBranch ?? (await getBranch(send, repository, branch));
  const { commit } = told;
  const snapshot = createSnapshot(send, repository, kept);
  await snapshot.whole(commit.id);
  const unspent =
    settings.mode === 'dispatch' ? await readUnspent(snapshot, commit.id, found.records) : undefined;
  if (unspent !== undefined)
    await readAtOnce(snapshot, commit.id, {
      open: unspent.open,
      // Records are kept in the same repository, unless somebody wants them elsewhere.
      more: sameRepository(records.repository, repository)
        ? runningOf(found.records).map(([, entry]) => entry)
        : [],
    });
  const policy = await readPolicy(send, snapshot, {
    commit: commit.id,
    source: settings['policy-source'],
    project: settings['project-repo'],
  });
  if (!policy.policy.ok) return { ...ground, kind: 'policy-faulty', faults: policy.policy.faults };
  const known: Decidable = {
    ...ground,
    commit: commit.id,
    policy: policy.policy.document,
    policyBlob: policy.blob,
    tiersBlob: policy.tiersBlob,
  };
  const base: Base = {
    repository,
    branch,
    commit: commit.id,
    policy: known.policy,
    policyBlob: known.policyBlob,
    policySource: settings['policy-source'],
    people: await once(kept, 'people', async () => createPeople(context.audit ?? send)),
    snapshot,
    line: createLine(send, repository, commit.id),
    account,
    guardOf: guardReader(context.audit ?? send, repository, branch, kept, told),
    pullOf: pullReader(send, repository, unspent?.open.length ?? 0),
  };
  if (unspent === undefined)
    return {
      ...known,
      kind: 'review',
      mergesByCommit: allow_merge_commits !== false,
      ...(await readRequests(context, base, account, found.records)),
      closedToUs: [
        ...(context.previous?.state.kind === 'review' ? context.previous.state.closedToUs : []),
        ...(context.previous?.declined.flatMap(conversationsOf) ?? []),
      ],
    };
  return readDispatch(context, known, base, { records: found.records, unspent, branches });
}

/** Which actions of the branch were not used yet, by their names alone. */
interface Unspent {
  entries: TreeEntry[];
  open: TreeEntry[];
  planted: string[];
  earlier: number;
  /** Ids that a file among the actions' own branch calls spent. */
  former: Set<string>;
}

async function readUnspent(snapshot: Snapshot, commit: string, records: Records): Promise<Unspent> {
  const former = await formerIds(snapshot, commit);
  const entries = (await snapshot.folderAt(commit, vaultActions)).filter(({ path: name }) =>
    name.endsWith('.toml'),
  );
  const planted: string[] = [];
  let earlier = 0;
  const open = entries.filter(({ path: name }) => {
    const id = documentName(name);
    if (records.fired.has(id) || records.rejected.has(id)) return false;
    if (records.earlier.has(id)) earlier += 1;
    else if (former.has(id)) planted.push(id);
    else return true;
    return false;
  });
  return { entries, open, planted, earlier, former };
}

/** More documents than these are not asked for before it is known which of them are needed. */
const mostAhead = 45;

/** The policy, actions, formulas and workflows in one answer, before each is looked into; `more`: what else is needed of that repository. */
async function readAtOnce(
  snapshot: Snapshot,
  commit: string,
  { open, more }: { open: TreeEntry[]; more: TreeEntry[] },
): Promise<void> {
  const policy = await snapshot.entryAt(commit, policyFile);
  const folders = open.length === 0 ? [] : [formulaFolder, ...workflowFolders];
  const beside = (await Promise.all(folders.map((folder) => snapshot.folderAt(commit, folder)))).flat();
  const ahead = open.length + beside.length <= mostAhead ? beside : [];
  await snapshot.contents(
    [...(policy === undefined ? [] : [policy]), ...open, ...ahead, ...more].filter(isFile),
  );
}

/** Pull requests by the commits that their merges made: one call for many, or one for each. */
function pullReader(
  send: Send,
  repository: string,
  wanted: number,
): (commit: string) => Promise<Pull | undefined> {
  let listed: Promise<Map<string, Pull>> | undefined;
  return async (commit) => {
    if (wanted > 1) listed ??= lastMerged(send, repository);
    return (await listed)?.get(commit) ?? (await pullOfCommit(send, repository, commit));
  };
}

/** A branch of records that others may push to as well; undefined where there is none, or nobody may ask. */
async function readShared(
  { audit, kept }: Context,
  repository: string,
  branch: string,
  { writer, isProtected }: { writer: string | undefined; isProtected: boolean },
): Promise<UnguardedState['unguarded'] | undefined> {
  if (audit === undefined) return undefined;
  const others = await readOthersAllowed(audit, repository, { branch, writer, isProtected, kept });
  return others.length > 0 ? { repository, branch, guard: { kind: 'shared', others } } : undefined;
}

/** Actions that were started and did not end. */
function runningOf({ fired, ended }: Records): [id: string, entry: TreeEntry][] {
  return [...fired].filter(([id]) => !ended.has(id));
}

/** What of the actions something may still come of: those that were started and did not end, and those without a record. */
async function readDispatch(
  context: Context,
  known: Decidable,
  base: Base,
  { records, unspent, branches }: { records: Records; unspent: Unspent; branches: readonly Branch[] },
): Promise<DispatchState | Extract<VaultState, { kind: 'unguarded' }>> {
  const { send } = context;
  const { entries, open, planted, earlier, former } = unspent;
  const finished = { ended: records.ended.size, rejected: records.rejected.size, earlier };
  const running = runningOf(records);
  const claims = { repository: known.records.repository, branch: claimsBranch };
  const { guard, commit: claimsAt } =
    open.length === 0
      ? { guard: undefined, commit: null }
      : await readBranchGuard(send, claims.repository, claims.branch, branches);
  if (guard !== undefined && (guard.kind !== 'guarded' || guard.isOurs || claimsAt === null))
    return { ...known, kind: 'unguarded', unguarded: { ...claims, guard } };
  const shared =
    guard === undefined
      ? undefined
      : await readShared(context, claims.repository, claims.branch, {
          writer: context.settings.gatekeeper,
          isProtected: true,
        });
  if (shared !== undefined) return { ...known, kind: 'unguarded', unguarded: shared };
  const recordSnapshot = createSnapshot(send, known.records.repository, context.kept);
  // As many at once as the forge gives, before each is looked into.
  await recordSnapshot.contents(running.map(([, entry]) => entry));
  if (claimsAt !== null) await recordSnapshot.whole(claimsAt);
  const runs = { runs: createRuns(send), areMany: running.length > 1 };
  const claimed =
    claimsAt === null
      ? new Set<string>()
      : new Set(
          (await recordSnapshot.folderAt(claimsAt, claimedFolder)).map((item) => documentName(item.path)),
        );
  const actions = await Promise.all([
    ...running.map(([id, entry]) =>
      readFired(context, known.account, recordSnapshot, {
        id,
        entry,
        now: entries.find((item) => documentName(item.path) === id)?.sha,
        runs,
      }),
    ),
    ...open.map((entry) => readOpen(context, known, base, { entry, claimed })),
  ]);
  return {
    ...known,
    kind: 'dispatch',
    finished,
    planted,
    // Where nothing is decided the newest commits would be asked for only for this, so it waits for the end of what runs, which comes.
    withdrawn:
      open.length === 0 && actions.some(isFollowed)
        ? []
        : await readWithdrawn(context, base, {
            records,
            former,
            present: new Set(entries.map(({ path: name }) => documentName(name))),
          }),
    endedNow: readEndedNow(context),
    actions: actions.sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** Whether a run of it is seen, which ends by itself or by its time. */
function isFollowed(action: ActionState): boolean {
  return action.kind === 'fired' && action.record.kind === 'seen';
}

/** An action on the branch that has no record, with everything that there is to decide about it. */
async function readOpen(
  context: Context,
  { account }: Decidable,
  base: Base,
  { entry, claimed }: { entry: TreeEntry; claimed: Set<string> },
): Promise<ActionState> {
  const { settings } = context;
  const id = documentName(entry.path);
  const file = `${vaultActions}/${entry.path}`;
  const { value, trouble } = await alone(async (): Promise<ActionState> => {
    const found = bytesOf(await base.snapshot.fileOf(entry), file);
    if (!found.ok) return { id, file, kind: 'faulty', faults: found.faults };
    const parsed = parseVaultAction(file, found.bytes);
    if (!parsed.ok) return { id, file, kind: 'faulty', faults: parsed.faults };
    const action = parsed.document;
    if (action.kind === 'human') return { id, file, kind: 'human', action };
    return {
      id,
      file,
      kind: 'open',
      action,
      blob: found.sha,
      digest: `sha256:${sha256(found.bytes)}`,
      nonce: randomBytes(16).toString('hex'),
      isClaimed: claimed.has(id),
      candidate: await readCandidate(context, base, {
        id,
        file,
        action,
        never: neverApproving(settings, account.login),
        own: ownAccounts(settings, account.login),
        namesGivers: false,
      }),
    };
  });
  return value ?? { id, file, kind: 'troubled', trouble };
}

/** What a pull request's own pipeline can look at: its files, and nothing that needs a token. */
async function readLocal({ facts, send, now, kept }: Context): Promise<LocalState> {
  const documents = async (folder: string): Promise<{ file: string; bytes: Uint8Array }[]> =>
    existsSync(path.resolve(facts.workspace, folder))
      ? (
          await readOpsFolder({
            send,
            facts,
            ops: undefined,
            branch: undefined,
            folder,
            extension: '.toml',
            kept,
          })
        ).files
      : [];
  const [policy] = (await documents('vault')).filter(({ file }) => file === policyFile);
  return {
    kind: 'local',
    now,
    actions: (await documents(vaultActions)).map(({ file, bytes }) => ({
      file,
      parsed: parseVaultAction(file, bytes),
    })),
    formulas: (await documents(formulaFolder)).map(({ file, bytes }) => ({
      file,
      parsed: parseFormula(file, bytes),
    })),
    policy: parsePolicy(policyFile, policy?.bytes ?? new Uint8Array()),
  };
}
