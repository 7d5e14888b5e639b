import { readMarked } from '../../core/agent/state-files.ts';
import type { Send } from '../../core/api/send.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { getRepository } from '../../core/forge/repositories.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import { type DispatchConfig, secretsOf } from './config.ts';
import type { DispatchEntry } from './entry.ts';
import { type IssueHosts, issueOf, openHosts, pullOf } from './hosts.ts';
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
  const connections = openHosts({ config, environment, secrets: secretsOf(config, environment) });
  try {
    const dispatches: DispatchList['dispatches'] = [];
    for (const item of listed) dispatches.push({ ...item, forge: await askHost(connections, item.entry) });
    const { stateRepo } = config;
    return {
      version: 1,
      dispatches,
      elsewhere:
        stateRepo === undefined
          ? []
          : await readElsewhere(await connections.forge.send(), stateRepo, registry.entries),
      faulty: registry.faulty,
    };
  } finally {
    connections.close();
  }
}

/** What the host of its issue says of that, and of a pull request from the branch of the dispatch. */
async function askHost(
  hosts: IssueHosts,
  entry: DispatchEntry,
): Promise<NonNullable<DispatchList['dispatches'][number]['forge']>> {
  const issue = await issueOf(hosts, entry);
  const pull =
    entry.branch === null ? { value: null, trouble: undefined } : await pullOf(hosts, entry, entry.branch);
  const found = pull.value;
  return {
    issue: issue.value ?? null,
    pull: found == null ? null : { number: found.number, state: found.state },
    trouble: issue.trouble ?? pull.trouble ?? null,
  };
}

/** Who else works on what, as the state repo says: CI, and other machines. What is in this registry stands there already. */
async function readElsewhere(
  send: Send,
  stateRepo: string,
  known: readonly DispatchEntry[],
): Promise<DispatchList['elsewhere']> {
  const { default_branch: branch } = await getRepository(send, stateRepo);
  const { commit } = await getBranch(send, stateRepo, branch);
  const snapshot = createSnapshot(send, stateRepo, new Map());
  const running = [
    ...(await readMarked(snapshot, commit.id, 'running')),
    ...(await readMarked(snapshot, commit.id, 'running', { platform: 'github' })),
  ];
  const own = new Set(known.map(({ claim }) => claim?.lease));
  return running
    .filter(({ entry }) => !own.has(entry.lease.id))
    .map(({ entry }) => ({
      ref: `${entry.owner}/${entry.repo}#${entry.issue_number}`,
      agent: entry.agent_name,
      since: entry.started_at,
      where: `${entry.platform === 'github' ? 'on GitHub, ' : ''}${entry.run_url ?? (entry.backend.host === 'terminal' ? entry.why : entry.backend.host)}`,
    }));
}
