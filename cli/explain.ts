import { findFile } from '../core/forge/contents.ts';
import { findPull, getPull, listReviews, type Pull, pullFiles } from '../core/forge/pulls.ts';
import { getBranch, getRepository } from '../core/forge/repositories.ts';
import type { Send } from '../core/forge/send.ts';
import { parseVaultAction, vaultActions } from '../core/ops/vault-action.ts';
import {
  firedFolder,
  firedRecord,
  recordPath,
  rejectedFolder,
  rejectedRecord,
} from '../core/ops/vault-record.ts';
import { quoted } from '../core/plain.ts';
import { type ForgeAccess, withForge } from './forge.ts';

export interface ExplainOptions extends ForgeAccess {
  id: string;
}

/**
 * The whole life of one vault action, from the forge alone, a line for each thing that happened: asked, reviewed, merged,
 * intended, started, finished, or why not. Resolves to whether there is anything to tell.
 */
export function explain(options: ExplainOptions, say: (line: string) => void): Promise<boolean> {
  return withForge(options, say, (send, told) => tell(send, options, told));
}

async function tell(
  send: Send,
  { repository, id }: ExplainOptions,
  say: (line: string) => void,
): Promise<boolean> {
  const branch = (await getRepository(send, repository)).default_branch;
  const { commit } = await getBranch(send, repository, branch);
  const file = `${vaultActions}/${id}.toml`;
  const at = async (path: string): Promise<Uint8Array | undefined> =>
    (await findFile(send, repository, path, commit.id))?.bytes;
  const [action, fired, rejected] = await Promise.all([
    at(file),
    at(recordPath(firedFolder, id)),
    at(recordPath(rejectedFolder, id)),
  ]);
  const record = fired === undefined ? undefined : firedRecord.safeParse(json(fired));
  const pull =
    record?.success === true && record.data.pull !== null
      ? await getPull(send, repository, record.data.pull)
      : await findPull(send, repository, branch, `vault/${id}`);
  if (pull !== undefined) await tellPull(send, repository, file, pull, say);
  if (action === undefined) say(`${file} is not on ${branch}: nothing of it can run`);
  else {
    const parsed = parseVaultAction(file, action);
    say(
      !parsed.ok
        ? `${file} is on ${branch}, and cannot be read: ${parsed.faults[0]?.message ?? ''}`
        : parsed.document.kind === 'human'
          ? `${file} is on ${branch}: it asks a person, and nothing runs`
          : `${file} is on ${branch}: it asks for ${parsed.document.formula}`,
    );
    if (pull === undefined)
      say(`no pull request from vault/${id} is known: it may have been asked from another branch, or pushed`);
  }
  if (rejected !== undefined) {
    const read = rejectedRecord.safeParse(json(rejected));
    if (!read.success) say(`${recordPath(rejectedFolder, id)} is there, and is no record`);
    else say(`${read.data.at}  rejected by ${read.data.by}: ${read.data.reasons.join('; ')}`);
  }
  if (record !== undefined && !record.success)
    say(`${recordPath(firedFolder, id)} is there, and is no record: somebody else made it`);
  if (record?.success === true) {
    const { intent, run, outcome, finished, tier, tier_reason, approvals } = record.data;
    const who = approvals.map(({ login }) => login).join(', ');
    say(
      `${intent.at}  intended by ${intent.by}: ${tier} (${tier_reason}), ${who === '' ? 'needed no approval' : `approved by ${who}`}`,
    );
    say(
      run.id === null
        ? 'its run was not seen yet'
        : `started as run ${run.id} of ${run.workflow} at ${run.ref}: ${run.url}`,
    );
    if (finished !== null) say(`${finished}  ended: ${outcome}`);
  } else if (action !== undefined && rejected === undefined)
    say('it has no record yet: vault-dispatch says why when it runs');
  return action !== undefined || pull !== undefined || rejected !== undefined || record !== undefined;
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

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
