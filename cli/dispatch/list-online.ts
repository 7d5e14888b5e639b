import { readMarked } from '../../core/agent/state-files.ts';
import { alone } from '../../core/api/errors.ts';
import type { Send } from '../../core/api/send.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getIssue } from '../../core/forge/issues.ts';
import { findPull, standingOfPull } from '../../core/forge/pulls.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { type DispatchConfig, secretsOf } from './config.ts';
import { openAsking } from './dispatch.ts';
import type { DispatchEntry } from './entry.ts';
import type { DispatchList } from './list.ts';
import type { Registry, Standing } from './registry.ts';

/** The same list with what the forge says of each. A forge that is down takes nothing off the list. */
export async function withForge(
  { listed, registry }: { listed: { entry: DispatchEntry; standing: Standing }[]; registry: Registry },
  {
    config,
    environment,
  }: { config: DispatchConfig; environment: Readonly<Record<string, string | undefined>> },
): Promise<DispatchList> {
  const connections = openAsking({ config, environment, secrets: secretsOf(config, environment) });
  try {
    const send = await connections.forge.send();
    const dispatches: DispatchList['dispatches'] = [];
    for (const item of listed) dispatches.push({ ...item, forge: await askForge(send, item.entry) });
    const { stateRepo } = config;
    return {
      version: 1,
      dispatches,
      elsewhere: stateRepo === undefined ? [] : await readElsewhere(send, stateRepo, registry.entries),
      faulty: registry.faulty,
    };
  } finally {
    connections.close();
  }
}

/** What the forge says of the issue of a dispatch, and of a pull request from its branch. */
export async function askForge(
  send: Send,
  entry: DispatchEntry,
): Promise<NonNullable<DispatchList['dispatches'][number]['forge']>> {
  const [repository = '', number] = entry.ref.split('#');
  if (entry.platform !== 'forgejo') return { issue: null, pull: null, trouble: 'it is not on the forge' };
  const issue = await alone(() => getIssue(send, repository, Number(number)));
  const pull =
    entry.branch === null
      ? { value: null, trouble: undefined }
      : await alone(() => findPull(send, repository, entry.base_branch, entry.branch ?? ''));
  const found = pull.value;
  return {
    issue: issue.value?.state ?? null,
    pull:
      found == null
        ? null
        : {
            number: found.number,
            state: standingOfPull(found),
          },
    trouble: issue.trouble ?? pull.trouble ?? null,
  };
}

/** Who else works on what, as the state repo says: CI, and other machines. What is in this registry stands there already. */
export async function readElsewhere(
  send: Send,
  stateRepo: string,
  known: readonly DispatchEntry[],
): Promise<DispatchList['elsewhere']> {
  const { default_branch: branch } = await getRepository(send, stateRepo);
  const { commit } = await getBranch(send, stateRepo, branch);
  const running = await readMarked(createSnapshot(send, stateRepo, new Map()), commit.id, 'running');
  const own = new Set(known.map(({ claim }) => claim?.lease));
  return running
    .filter(({ entry }) => !own.has(entry.lease.id))
    .map(({ entry }) => ({
      ref: `${entry.owner}/${entry.repo}#${entry.issue_number}`,
      agent: entry.agent_name,
      since: entry.started_at,
      where: entry.run_url ?? (entry.backend.host === 'terminal' ? entry.why : entry.backend.host),
    }));
}
