import { sameLogin } from '../../core/accounts.ts';
import type { Kept } from '../../core/api/once.ts';
import type { Send } from '../../core/api/send.ts';
import { type Crew, crewFile, noCrewFile, parseCrewFile } from '../../core/crew-file.ts';
import { formatFault } from '../../core/errors.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { listWriters } from '../../core/forge/people.ts';
import {
  closedPullsSince,
  getPull,
  listReviews,
  openPulls,
  type Pull,
  pullOfCommit,
  type Review,
} from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot, type FileAt, type Snapshot } from '../../core/forge/snapshot.ts';
import { retargetedAt } from '../../core/forge/timeline.ts';
import type { User } from '../../core/forge/users.ts';
import { runNumber } from '../../core/run-number.ts';
import { quoted } from '../../core/text/log-line.ts';
import { parseVaultAction, vaultActions } from '../../core/vault/action.ts';
import type { Brought } from '../../core/vault/candidate.ts';
import { type Base, readBrought, readCandidate } from '../../core/vault/read-candidate.ts';
import { guardReader } from '../../core/vault/read-guard.ts';
import { type Life, readLife } from '../../core/vault/read-life.ts';
import { createLine } from '../../core/vault/read-line.ts';
import { readPolicy } from '../../core/vault/read-policy.ts';
import { createPeople } from '../../core/vault/read-rights.ts';
import {
  claimedFolder,
  claimsBranch,
  endedFolder,
  firedFolder,
  recordPath,
  recordsBranch,
  rejectedFolder,
} from '../../core/vault/record.ts';
import { type Obstacle, type Verdict, verdictOn } from '../../core/vault/verdict.ts';
import { type ForgeAccess, withForge } from '../forge.ts';

export interface ExplainOptions extends ForgeAccess {
  id: string;
  /** Where records are kept, when not with the action. */
  recordRepository: string | undefined;
  /** The account of vault-dispatch, where it was named: what people were shown is read from its statuses. */
  dispatcher: string | undefined;
  /** Accounts that never approve. */
  bots: string[];
}

/**
 * The whole life of one vault action, from the forge alone, a line for each thing that happened: asked, reviewed, merged,
 * intended, started, finished, or why not. Resolves to whether there is anything to tell.
 */
export function explain(options: ExplainOptions, say: (line: string) => void): Promise<boolean> {
  return withForge(options, say, (send, print) => tell(send, options, print));
}

async function tell(
  send: Send,
  { repository, id, recordRepository, dispatcher, bots }: ExplainOptions,
  say: (line: string) => void,
): Promise<boolean> {
  const kept: Kept = new Map();
  const branch = (await getRepository(send, repository)).default_branch;
  const { commit } = await getBranch(send, repository, branch);
  const snapshot = createSnapshot(send, repository, kept);
  const file = `${vaultActions}/${id}.toml`;
  const people = createPeople(send);
  const crew = await crewAt(snapshot, commit.id);
  if (crew.paused !== undefined) say(`! paused by ${crewFile}, so nothing is started now: ${crew.paused}`);
  const never = [...bots, ...crew.bots, ...(dispatcher === undefined ? [] : [dispatcher])];
  const [found, life, policy, account] = await Promise.all([
    snapshot.fileAt(commit.id, file),
    readLife(send, kept, {
      ops: repository,
      commit: commit.id,
      records: recordRepository ?? repository,
      id,
    }),
    // Its settings are not known here, so what it would do is told for its defaults.
    readPolicy(send, snapshot, { commit: commit.id, source: 'ops', project: undefined }),
    dispatcher === undefined ? undefined : writerOf(send, repository, dispatcher),
  ]);
  const base: Base = {
    repository,
    branch,
    commit: commit.id,
    policy: policy.policy.ok ? policy.policy.document : {},
    policyBlob: policy.blob,
    policySource: 'ops',
    people,
    snapshot,
    line: createLine(send, repository, commit.id),
    // Without its account nothing counts as shown.
    account: account ?? { id: 0 },
    guardOf: guardReader(send, repository, branch, kept),
    pullOf: (sha) => pullOfCommit(send, repository, sha),
  };
  const servers = { send, kept };
  const isThere = found.kind !== 'missing';
  const brought = isThere
    ? await readBrought(servers, base, { file, formulaFile: '' })
    : ({ kind: 'unclear', why: '' } as const);
  const pull = await findRequest(send, { repository, branch, snapshot }, { file, life, brought });
  const reviews = pull === undefined ? [] : await listReviews(send, repository, pull.number);
  if (pull !== undefined) for (const line of pullLines(pull, reviews)) say(line);
  const text = isThere ? found : await proposedText(snapshot, pull, file);
  const parsed = text.kind === 'file' ? parseVaultAction(file, text.bytes) : undefined;
  const action = parsed?.ok === true ? parsed.document : undefined;
  const where = isThere ? `is on ${branch}` : `is not on ${branch}: nothing of it can run`;
  if (!isThere && text.kind === 'missing') say(`${file} ${where}`);
  else
    say(
      `${file} ${where}; ${
        action === undefined
          ? `it cannot be read: ${parsed?.ok === false ? parsed.faults.map(({ message }) => message).join('; ') : 'it is no ordinary file'}`
          : action.kind === 'human'
            ? 'it asks a person, and nothing runs'
            : `it asks for ${action.formula}`
      }`,
    );
  if (isThere && brought.kind === 'direct')
    say(`${brought.at}  commit ${brought.commit.slice(0, 10)} put it there, without a pull request`);
  if (isThere && brought.kind === 'unclear') say(`how it came there could not be found out: ${brought.why}`);
  const hasRecord = tellLife(id, life, say);
  const open =
    !isThere && pull?.state === 'open' && text.kind === 'file'
      ? {
          pull,
          reviews,
          retargetedAt: await retargetedAt(send, repository, pull.number),
          headBlob: text.sha,
        }
      : undefined;
  if (action?.kind === 'formula' && text.kind === 'file' && (isThere || open !== undefined) && !hasRecord) {
    if (!policy.policy.ok)
      for (const fault of policy.policy.faults) say(`the policy cannot be read: ${formatFault(fault)}`);
    else {
      const candidate = await readCandidate(servers, base, {
        id,
        file,
        action,
        never,
        own: [],
        namesGivers: true,
        ...(open === undefined ? {} : { open }),
      });
      const verdict = verdictOn({
        action,
        blob: text.sha,
        candidate,
        policy: base.policy,
        settings: {
          policySource: 'ops',
          acceptsDirectCommits: false,
          acceptsExposedSecrets: false,
          acceptsOpenPolicy: false,
          maxAgeMs: 7 * 86_400_000,
          ownAccounts: never,
        },
        now: new Date().toISOString(),
      });
      say(
        isThere
          ? 'it has no record yet. With its default settings vault-dispatch would now say:'
          : 'if it were merged now, vault-dispatch with its default settings would say:',
      );
      for (const line of verdictLines(verdict)) say(line);
    }
  }
  return isThere || pull !== undefined || hasRecord;
}

/** What holds for all roles at a commit of the ops repo. */
async function crewAt(snapshot: Snapshot, commit: string): Promise<Crew> {
  const found = await snapshot.fileAt(commit, crewFile);
  if (found.kind === 'missing') return noCrewFile;
  const parsed = parseCrewFile(crewFile, found.kind === 'file' ? found.bytes : new Uint8Array());
  if (found.kind === 'file' && parsed.ok) return parsed.document;
  return { ...noCrewFile, paused: 'the file cannot be read, and then every role ends red' };
}

/** An account that may write to a repository, by its login. */
async function writerOf(send: Send, repository: string, login: string): Promise<User | undefined> {
  return (await listWriters(send, repository)).find((writer) => sameLogin(writer.login, login));
}

/** The action as its pull request has it. */
async function proposedText(snapshot: Snapshot, pull: Pull | undefined, file: string): Promise<FileAt> {
  return pull !== undefined && (await snapshot.holds(pull.head.sha))
    ? snapshot.fileAt(pull.head.sha, file)
    : { kind: 'missing' };
}

/** What stands on record, a line for each thing; resolves to whether anything does. */
function tellLife(
  id: string,
  { guards, fired, ended, rejected, claimed, isEarlier }: Life,
  say: (line: string) => void,
): boolean {
  for (const [branch, guard] of [
    [recordsBranch, guards.records],
    [claimsBranch, guards.claims],
  ] as const)
    if (guard.kind !== 'guarded')
      say(
        guard.kind === 'missing'
          ? `! there is no branch ${branch}: nothing is on record, and nothing is started before forgecrew protect made it`
          : `! ${branch} is not protected as it has to be: whoever may write could have written what stands there, and vault-dispatch believes none of it. forgecrew protect says what is wrong`,
      );
  for (const [folder, record] of [
    [rejectedFolder, rejected],
    [firedFolder, fired],
    [claimedFolder, claimed],
    [endedFolder, ended],
  ] as const)
    if (record.kind === 'unreadable') say(`! ${recordPath(folder, id)} is there, and is no record`);
  if (rejected.kind === 'record')
    say(`${rejected.record.at}  rejected by ${rejected.record.by}: ${rejected.record.reasons.join('; ')}`);
  if (fired.kind === 'record') {
    const { intent, run, tier, tier_reason, approvals } = fired.record;
    const who = approvals.map(({ login }) => login).join(', ');
    say(
      `${intent.at}  intended by ${intent.by}: ${tier} (${tier_reason}), ${who === '' ? 'needed no approval' : `approved by ${who}`}`,
    );
    say(
      run.id === null
        ? 'its run was not seen yet'
        : `started as run ${runNumber({ ...run, id: run.id })} of ${run.workflow} at commit ${run.commit.slice(0, 10)} of ${run.ref}: ${run.url}`,
    );
  }
  if (claimed.kind === 'record') {
    const { at, run } = claimed.record;
    const started = fired.kind === 'record' ? fired.record.run : undefined;
    say(
      started === undefined
        ? `! ${at}  a gate says that it let ${exactRun(run)} through, and nothing on record was started`
        : started.id !== null && started.id !== run.id
          ? `! ${at}  a gate let ${exactRun(run)} through, and ${exactRun({ ...started, id: started.id })} is the one that was started`
          : `${at}  its gate let run ${runNumber(run)} through`,
    );
  }
  if (ended.kind === 'record') say(`${ended.record.at}  ended: ${ended.record.outcome}`);
  if (isEarlier) say('the id was used before records had a branch of their own: it is spent');
  return isEarlier || [rejected, fired, ended].some(({ kind }) => kind !== 'missing');
}

/** A run where something is wrong: what is compared is its id, and an address in a claim may name any page. */
function exactRun(run: { id: number; url: string | null }): string {
  const number = runNumber(run);
  return number === run.id ? `run ${number}` : `run ${number} (id ${run.id})`;
}

function verdictLines(verdict: Verdict): string[] {
  switch (verdict.kind) {
    case 'human':
      return ['  it asks a person, and nothing runs'];
    case 'faulty':
      return verdict.faults.map((fault) => `  ${formatFault(fault)}`);
    case 'unknown':
      return [
        `  whether it was approved could not be found out with the rights of this token: ${verdict.reason}`,
      ];
    case 'denied':
      return [
        `  not approved (${verdict.tier}: ${verdict.tierReason}): ${verdict.reasons.join('; ')}`,
        ...(verdict.givers.kind === 'known' && verdict.givers.logins.length > 0
          ? [`  an approval could come from ${verdict.givers.logins.join(', ')}`]
          : []),
      ];
    case 'held':
      return [
        verdict.hold.kind === 'frozen'
          ? `  approved, and waits: nothing of tier ${verdict.tier} runs now (${verdict.hold.reason})`
          : `  approved, and waits: ${verdict.hold.minutes} minutes after its merge`,
      ];
    case 'obstructed':
      return [
        '  approved, and not started, because for this tier these are not as they have to be:',
        ...verdict.obstacles
          .filter(({ isFatal }) => isFatal)
          .map((obstacle) => `    ${obstacleLine(obstacle)}`),
      ];
    case 'allowed':
      return [`  approved (${verdict.tier}: ${verdict.tierReason}), and started by its next run`];
  }
}

function obstacleLine(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'exposed':
      return `its secrets can be read by ${obstacle.logins.join(', ')}, who may not approve it`;
    case 'open-policy':
      return obstacle.why;
    case 'beside':
      return `it starts ${obstacle.files.join(', ')} as well, which no gate covers`;
  }
}

/** How many pull requests of a kind are looked through for one that asks for an action. */
const mostPulls = 50;

/** The pull request that asks for an action, whatever its branch is called and whoever made it. */
async function findRequest(
  send: Send,
  { repository, branch, snapshot }: { repository: string; branch: string; snapshot: Snapshot },
  { file, life, brought }: { file: string; life: Life; brought: Brought },
): Promise<Pull | undefined> {
  const { fired } = life;
  const number =
    fired.kind === 'record' && fired.record.pull !== null
      ? fired.record.pull
      : brought.kind === 'pull'
        ? brought.pull.number
        : undefined;
  if (number !== undefined) return getPull(send, repository, number);
  /** Whether the file is there at its head and was not, or was another, where its branch began. */
  const asks = async ({ head, merge_base }: Pull): Promise<boolean> => {
    if (!(await snapshot.holds(head.sha))) return false;
    const entry = await snapshot.entryAt(head.sha, file);
    if (entry === undefined || merge_base == null || !(await snapshot.holds(merge_base)))
      return entry !== undefined;
    return (await snapshot.entryAt(merge_base, file))?.sha !== entry.sha;
  };
  const firstOf = async (pulls: Pull[]): Promise<Pull | undefined> => {
    for (const pull of pulls.filter(({ base }) => base.ref === branch).slice(0, mostPulls))
      if (await asks(pull)) return pull;
    return undefined;
  };
  return (
    (await firstOf(await openPulls(send, repository))) ??
    firstOf((await closedPullsSince(send, repository, new Date(0).toISOString(), mostPulls)).pulls)
  );
}

function pullLines(pull: Pull, reviews: Review[]): string[] {
  const name = `#${pull.number}`;
  return [
    `${name} ${quoted(pull.title)} by ${pull.user?.login ?? 'somebody who is gone'}`,
    ...reviews.map(({ user, state, commit_id, stale, dismissed, submitted_at }) => {
      const flaws = [
        ...(commit_id === pull.head.sha ? [] : ['for an older commit']),
        ...(stale ? ['stale'] : []),
        ...(dismissed ? ['dismissed'] : []),
      ];
      return `${submitted_at}  ${name} ${state.toLowerCase().replace('_', ' ')} by ${user?.login ?? 'a team'}${flaws.length === 0 ? '' : ` (${flaws.join(', ')})`}`;
    }),
    pull.merged
      ? `${pull.merged_at ?? ''}  ${name} was merged`
      : `${name} is ${pull.state}, and was not merged`,
  ];
}
