import type { Send } from '../core/api/send.ts';
import { formatFault } from '../core/errors.ts';
import { commitsOfPath } from '../core/forge/commits.ts';
import { findFile } from '../core/forge/contents.ts';
import {
  closedPullsSince,
  findPull,
  getPull,
  listReviews,
  openPulls,
  type Pull,
  pullFiles,
} from '../core/forge/pulls.ts';
import { getBranch, getRepository } from '../core/forge/repositories.ts';
import { branchOf } from '../core/propose.ts';
import { quoted } from '../core/text/log-line.ts';
import { parseVaultAction, vaultActions } from '../core/vault/action.ts';
import { readCandidate } from '../core/vault/read-candidate.ts';
import { readPolicy } from '../core/vault/read-policy.ts';
import { createPeople } from '../core/vault/read-rights.ts';
import {
  claimedFolder,
  claimRecord,
  firedFolder,
  firedRecord,
  readRecord,
  recordPath,
  rejectedFolder,
  rejectedRecord,
} from '../core/vault/record.ts';
import { type Verdict, verdictOn } from '../core/vault/verdict.ts';
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
  const branch = (await getRepository(send, repository)).default_branch;
  const { commit } = await getBranch(send, repository, branch);
  const records = recordRepository ?? repository;
  const at =
    recordRepository === undefined ? commit.id : (await getRepository(send, recordRepository)).default_branch;
  const file = `${vaultActions}/${id}.toml`;
  const recorded = async (folder: string): Promise<Uint8Array | undefined> =>
    (await findFile(send, records, recordPath(folder, id), at))?.bytes;
  const [action, fired, rejected, claimed] = await Promise.all([
    findFile(send, repository, file, commit.id),
    recorded(firedFolder),
    recorded(rejectedFolder),
    recorded(claimedFolder),
  ]);
  const record = fired === undefined ? undefined : readRecord(firedRecord, fired);
  const pull =
    record !== undefined && record.pull !== null
      ? await getPull(send, repository, record.pull)
      : await findRequest(send, repository, branch, id);
  if (pull !== undefined) await tellPull(send, repository, file, pull, say);
  if (action === undefined) say(`${file} is not on ${branch}: nothing of it can run`);
  else {
    const parsed = parseVaultAction(file, action.bytes);
    say(
      !parsed.ok
        ? `${file} is on ${branch}, and cannot be read: ${parsed.faults[0]?.message ?? ''}`
        : parsed.document.kind === 'human'
          ? `${file} is on ${branch}: it asks a person, and nothing runs`
          : `${file} is on ${branch}: it asks for ${parsed.document.formula}`,
    );
    if (pull === undefined)
      say(
        `no pull request from a branch vault/${id} is known: it may have been asked from another, or pushed`,
      );
  }
  if (rejected !== undefined) {
    const read = readRecord(rejectedRecord, rejected);
    if (read === undefined) say(`${recordPath(rejectedFolder, id)} is there, and is no record`);
    else say(`${read.at}  rejected by ${read.by}: ${read.reasons.join('; ')}`);
  }
  if (fired !== undefined && record === undefined)
    say(`${recordPath(firedFolder, id)} is there, and is no record: somebody else made it`);
  if (record !== undefined) {
    const { intent, run, outcome, finished, tier, tier_reason, approvals } = record;
    const who = approvals.map(({ login }) => login).join(', ');
    const place = recordPath(firedFolder, id);
    const authors = new Set(
      (await commitsOfPath(send, records, place, at)).map(
        ({ author }) => author?.login ?? 'somebody unknown',
      ),
    );
    authors.delete(intent.by);
    if (authors.size > 0) say(`! ${place} was also written by ${[...authors].join(', ')}: it may be forged`);
    say(
      `${intent.at}  intended by ${intent.by}: ${tier} (${tier_reason}), ${who === '' ? 'needed no approval' : `approved by ${who}`}`,
    );
    say(
      run.id === null
        ? 'its run was not seen yet'
        : `started as run ${run.id} of ${run.workflow} at ${run.ref}: ${run.url}`,
    );
    if (claimed !== undefined) {
      const claim = readRecord(claimRecord, claimed);
      say(
        claim !== undefined
          ? `${claim.at}  its gate let run ${claim.run.id} through`
          : `${recordPath(claimedFolder, id)} is there, and is no claim: somebody else made it`,
      );
    }
    if (finished !== null) say(`${finished}  ended: ${outcome}`);
  } else if (action !== undefined && rejected === undefined)
    for (const line of await tellVerdict(send, { repository, branch, commit: commit.id, file, action }))
      say(line);
  return action !== undefined || pull !== undefined || rejected !== undefined || fired !== undefined;
}

/**
 * What there is to say of an action without any record: the verdict that vault-dispatch would come to now. Its settings are
 * not known here, so it is the one of its defaults, without any bots named.
 */
async function tellVerdict(
  send: Send,
  given: {
    repository: string;
    branch: string;
    commit: string;
    file: string;
    action: { bytes: Uint8Array; sha: string };
  },
): Promise<string[]> {
  const { repository, branch, commit, file, action } = given;
  const parsed = parseVaultAction(file, action.bytes);
  if (!parsed.ok || parsed.document.kind === 'human') return [];
  const { policy } = await readPolicy(send, { repository, commit, source: 'ops', project: undefined });
  if (!policy.ok) return policy.faults.map((fault) => `the policy cannot be read: ${formatFault(fault)}`);
  const candidate = await readCandidate(
    { send },
    { repository, branch, commit, policy: policy.document, people: createPeople(send) },
    { file, formula: parsed.document.formula, never: [] },
  );
  const verdict = verdictOn({
    action: parsed.document,
    blob: action.sha,
    candidate,
    policy: policy.document,
    settings: {
      policySource: 'ops',
      acceptsDirectCommits: false,
      acceptsExposedSecrets: false,
      ownAccounts: [],
    },
    now: new Date().toISOString(),
  });
  return [
    'it has no record yet. With its default settings vault-dispatch would now say:',
    ...verdictLines(verdict),
  ];
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
    case 'exposed':
      return [
        `  approved, but its secrets can be read by ${verdict.exposedTo.join(', ')}, who may not approve it`,
      ];
    case 'allowed':
      return [`  approved (${verdict.tier}: ${verdict.tierReason}), and started by its next run`];
  }
}

/** How many closed pull requests are looked through for one from a fork. */
const mostPulls = 200;

/** The pull request from a branch of that name, of the repository itself or of anybody's fork. */
async function findRequest(
  send: Send,
  repository: string,
  branch: string,
  id: string,
): Promise<Pull | undefined> {
  const name = `vault/${id}`;
  const own = await findPull(send, repository, branch, name);
  if (own !== undefined) return own;
  const from = ({ base, head }: Pull): boolean => base.ref === branch && branchOf(head) === name;
  const open = (await openPulls(send, repository)).find(from);
  return (
    open ?? (await closedPullsSince(send, repository, '1970-01-01T00:00:00Z', mostPulls)).pulls.find(from)
  );
}

async function tellPull(
  send: Send,
  repository: string,
  file: string,
  pull: Pull,
  say: (line: string) => void,
): Promise<void> {
  const name = `#${pull.number}`;
  const files = await pullFiles(send, repository, pull.number);
  const others = files.filter(({ filename }) => filename !== file).length;
  say(
    `${name} ${quoted(pull.title)} by ${pull.user?.login ?? 'somebody who is gone'}${others === 0 ? '' : `, with ${others} other ${others === 1 ? 'file' : 'files'}`}`,
  );
  for (const { user, state, commit_id, stale, dismissed } of await listReviews(
    send,
    repository,
    pull.number,
  )) {
    const flaws = [
      ...(commit_id === pull.head.sha ? [] : ['for an older commit']),
      ...(stale ? ['stale'] : []),
      ...(dismissed ? ['dismissed'] : []),
    ];
    say(
      `${name} ${state.toLowerCase().replace('_', ' ')} by ${user?.login ?? 'a team'}${flaws.length === 0 ? '' : ` (${flaws.join(', ')})`}`,
    );
  }
  say(
    pull.merged
      ? `${pull.merged_at ?? ''}  ${name} was merged`
      : `${name} is ${pull.state}, and was not merged`,
  );
}
