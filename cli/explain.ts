import type { Kept } from '../core/api/once.ts';
import type { Send } from '../core/api/send.ts';
import { formatFault } from '../core/errors.ts';
import { getPull, listReviews, openPulls, type Pull } from '../core/forge/pulls.ts';
import { getBranch, getRepository } from '../core/forge/repositories.ts';
import { createSnapshot, type Snapshot } from '../core/forge/snapshot.ts';
import { quoted } from '../core/text/log-line.ts';
import { parseVaultAction, type VaultAction, vaultActions } from '../core/vault/action.ts';
import type { Brought } from '../core/vault/candidate.ts';
import { type Base, readBrought, readCandidate } from '../core/vault/read-candidate.ts';
import { guardReader } from '../core/vault/read-guard.ts';
import { type Life, readLife } from '../core/vault/read-life.ts';
import { createLine } from '../core/vault/read-line.ts';
import { readPolicy } from '../core/vault/read-policy.ts';
import { createPeople } from '../core/vault/read-rights.ts';
import {
  claimedFolder,
  claimsBranch,
  endedFolder,
  firedFolder,
  recordPath,
  recordsBranch,
  rejectedFolder,
} from '../core/vault/record.ts';
import { type Obstacle, type Verdict, verdictOn } from '../core/vault/verdict.ts';
import { type ForgeAccess, withForge } from './forge.ts';

export interface ExplainOptions extends ForgeAccess {
  id: string;
  /** Where records are kept, when not with the action. */
  recordRepository: string | undefined;
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
  { repository, id, recordRepository }: ExplainOptions,
  say: (line: string) => void,
): Promise<boolean> {
  const kept: Kept = new Map();
  const branch = (await getRepository(send, repository)).default_branch;
  const { commit } = await getBranch(send, repository, branch);
  const snapshot = createSnapshot(send, repository, kept);
  const file = `${vaultActions}/${id}.toml`;
  const [found, life, policy] = await Promise.all([
    snapshot.fileAt(commit.id, file),
    readLife(send, kept, {
      ops: repository,
      commit: commit.id,
      records: recordRepository ?? repository,
      id,
    }),
    // Its settings are not known here, so what it would do is told for its defaults.
    readPolicy(send, snapshot, { commit: commit.id, source: 'ops', project: undefined }),
  ]);
  const base: Base = {
    repository,
    branch,
    commit: commit.id,
    policy: policy.policy.ok ? policy.policy.document : {},
    policyBlob: policy.blob,
    policySource: 'ops',
    people: createPeople(send),
    snapshot,
    line: createLine(send, repository, commit.id),
    account: { id: 0 },
    guardOf: guardReader(send, repository, branch, kept),
  };
  const servers = { send, kept };
  const isThere = found.kind !== 'missing';
  const brought = isThere
    ? await readBrought(servers, base, { file, formulaFile: '' })
    : ({ kind: 'unclear', why: '' } as const);
  const pull = await findRequest(send, { repository, branch, snapshot }, { file, life, brought });
  if (pull !== undefined) await tellPull(send, repository, pull, say);
  let action: VaultAction | undefined;
  if (found.kind === 'missing') say(`${file} is not on ${branch}: nothing of it can run`);
  else {
    const parsed = found.kind === 'file' ? parseVaultAction(file, found.bytes) : undefined;
    action = parsed?.ok === true ? parsed.document : undefined;
    say(
      parsed?.ok !== true
        ? `${file} is on ${branch}, and cannot be read: ${parsed?.faults[0]?.message ?? 'it is no ordinary file'}`
        : parsed.document.kind === 'human'
          ? `${file} is on ${branch}: it asks a person, and nothing runs`
          : `${file} is on ${branch}: it asks for ${parsed.document.formula}`,
    );
    if (brought.kind === 'direct')
      say(`${brought.at}  commit ${brought.commit.slice(0, 10)} put it there, without a pull request`);
    if (brought.kind === 'unclear') say(`how it came there could not be found out: ${brought.why}`);
  }
  const hasRecord = tellLife(id, life, say);
  if (action?.kind === 'formula' && found.kind === 'file' && !hasRecord) {
    if (!policy.policy.ok)
      for (const fault of policy.policy.faults) say(`the policy cannot be read: ${formatFault(fault)}`);
    else {
      const candidate = await readCandidate(servers, base, { id, file, formula: action.formula, never: [] });
      const verdict = verdictOn({
        action,
        blob: found.sha,
        candidate,
        policy: base.policy,
        settings: {
          policySource: 'ops',
          acceptsDirectCommits: false,
          acceptsExposedSecrets: false,
          acceptsOpenPolicy: false,
          maxAgeMs: 7 * 86_400_000,
          ownAccounts: [],
        },
        now: new Date().toISOString(),
      });
      say('it has no record yet. With its default settings vault-dispatch would now say:');
      for (const line of verdictLines(verdict)) say(line);
    }
  }
  return isThere || pull !== undefined || hasRecord;
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
          : `! ${branch} is not protected: whoever may push could have written what stands there`,
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
        : `started as run ${run.id} of ${run.workflow} at commit ${run.commit.slice(0, 10)} of ${run.ref}: ${run.url}`,
    );
  }
  if (claimed.kind === 'record')
    say(`${claimed.record.at}  its gate let run ${claimed.record.run.id} through`);
  if (ended.kind === 'record') say(`${ended.record.at}  ended: ${ended.record.outcome}`);
  if (isEarlier) say('the id was used before records had a branch of their own: it is spent');
  return isEarlier || [rejected, fired, ended].some(({ kind }) => kind !== 'missing');
}

function verdictLines(verdict: Verdict): string[] {
  switch (verdict.kind) {
    case 'human':
      return ['  it asks a person, and nothing runs'];
    case 'faulty':
      return verdict.faults.map((fault) => `  ${formatFault(fault)}`);
    case 'unknown':
      return [`  whether it was approved could not be found out: ${verdict.reason}`];
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

/** How many open pull requests are looked through for one that asks for an action. */
const mostOpen = 50;

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
  const open = (await openPulls(send, repository)).filter(({ base }) => base.ref === branch);
  for (const pull of open.slice(0, mostOpen)) {
    const { sha } = pull.head;
    if ((await snapshot.holds(sha)) && (await snapshot.entryAt(sha, file)) !== undefined) return pull;
  }
  return undefined;
}

async function tellPull(
  send: Send,
  repository: string,
  pull: Pull,
  say: (line: string) => void,
): Promise<void> {
  const name = `#${pull.number}`;
  say(`${name} ${quoted(pull.title)} by ${pull.user?.login ?? 'somebody who is gone'}`);
  for (const review of await listReviews(send, repository, pull.number)) {
    const { user, state, commit_id, stale, dismissed } = review;
    const flaws = [
      ...(commit_id === pull.head.sha ? [] : ['for an older commit']),
      ...(stale ? ['stale'] : []),
      ...(dismissed ? ['dismissed'] : []),
    ];
    say(
      `${review.submitted_at}  ${name} ${state.toLowerCase().replace('_', ' ')} by ${user?.login ?? 'a team'}${flaws.length === 0 ? '' : ` (${flaws.join(', ')})`}`,
    );
  }
  say(
    pull.merged
      ? `${pull.merged_at ?? ''}  ${name} was merged`
      : `${name} is ${pull.state}, and was not merged`,
  );
}
