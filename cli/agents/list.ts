import { plainJson } from '../../core/text/log-line.ts';
import { type ForgeAccess, withForge } from '../forge.ts';
import { readListing } from './read.ts';
import { listingLines } from './text.ts';

export interface ListOptions extends ForgeAccess {
  stateRepo: string | undefined;
  all: boolean;
  json: boolean;
  /** Settings of forge-agent, by their names, for what comes next. */
  settings: Record<string, string | undefined>;
}

/** Says who works on what and which agents are declared. Resolves to whether nothing of it has to be mended. */
export function listAgents(options: ListOptions, say: (line: string) => void): Promise<boolean> {
  return withForge(options, say, async (send, print) => {
    const { forgeUrl, repository, stateRepo, all, json, token } = options;
    const now = new Date().toISOString();
    const settings = {
      ...options.settings,
      'forge-url': forgeUrl,
      'forge-token': token,
      'ops-repo': repository,
    };
    const listing = await readListing(send, { forgeUrl, opsRepo: repository, stateRepo, all, now, settings });
    const lines = json ? plainJson(listing).split('\n') : listingLines(listing, now);
    for (const line of lines) print(line);
    return listing.unreadable.length === 0 && listing.agents.every(({ faults }) => faults.length === 0);
  });
}
