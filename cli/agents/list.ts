import { plainJson } from '../../core/text/log-line.ts';
import { type ForgeAccess, withForge } from '../forge.ts';
import { readListing } from './read.ts';
import { listingLines } from './text.ts';

export interface ListOptions extends ForgeAccess {
  stateRepo: string | undefined;
  all: boolean;
  json: boolean;
}

/** Says who works on what and which agents are declared. Resolves to whether nothing of it has to be mended. */
export function listAgents(options: ListOptions, say: (line: string) => void): Promise<boolean> {
  return withForge(options, say, async (send, print) => {
    const { forgeUrl, repository, stateRepo, all, json } = options;
    const now = new Date().toISOString();
    const listing = await readListing(send, { forgeUrl, opsRepo: repository, stateRepo, all, now });
    const lines = json ? plainJson(listing).split('\n') : listingLines(listing, now);
    for (const line of lines) print(line);
    return listing.unreadable.length === 0 && listing.agents.every(({ faults }) => faults.length === 0);
  });
}
